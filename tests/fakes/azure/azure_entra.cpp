// azure_entra.cpp: the token endpoint of Entra ID and the managed identity endpoint of a virtual machine.
#include "codec/base64.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"
#include "fakes/azure/azure_service.hpp"

namespace azs3copy::fakes {
namespace {

Response json_reply(int status, std::string body) {
  Response reply{.status = status};
  reply.header("Content-Type", "application/json; charset=utf-8").header("Cache-Control", "no-store");
  reply.body = std::move(body);
  return reply;
}

Response entra_error(int status, std::string_view error, int code, std::string_view description) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("error", error);
  json.field("error_description",
             fmt::format("AADSTS{}: {} Trace ID: 0 Correlation ID: 0", code, description));
  json.key("error_codes").begin_array().value(code).end_array();
  json.field("trace_id", "00000000-0000-0000-0000-000000000000").end_object();
  Response reply = json_reply(status, std::move(out));
  reply.header("x-fake-code", std::string(error));
  return reply;
}

std::string form_value(const QueryPairs& form, std::string_view name) {
  for (const auto& [key, value] : form) {
    if (key == name) return value;
  }
  return {};
}

// A form's '+' is a space.
QueryPairs parse_form(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  return parse_query(text);
}

}  // namespace

std::string AzureService::issue_token(milliseconds lifetime) {
  ++tokens_issued_;
  const std::string claims =
      fmt::format("{{\"aud\":\"https://storage.azure.com\",\"n\":{}}}", tokens_issued_);
  std::string token = fmt::format("{}.{}.{}", base64url_encode(bytes_of("{\"alg\":\"none\"}")),
                                  base64url_encode(bytes_of(claims)),
                                  base64url_encode(bytes_of(fmt::format("not signed {}", tokens_issued_))));
  tokens_[token] = now() + lifetime;
  return token;
}

Task<Response> AzureService::token(Exchange& exchange, const Call& call) {
  const RequestHead& request = exchange.request();
  const std::string body = co_await exchange.read_text();
  const std::lock_guard lock(mutex_);
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(token_lifetime_).count();
  if (call.operation == "ManagedIdentityToken") {
    const Query query(request.query());
    if (!same_name(request.get("metadata"), "true") ||
        query.get("resource") != "https://storage.azure.com/" || !query.contains("api-version")) {
      co_return entra_error(400, "invalid_request", 90100,
                            "Metadata: true, api-version and resource are wanted.");
    }
    // This endpoint gives numbers as strings.
    const auto expires =
        std::chrono::duration_cast<std::chrono::seconds>(now().time_since_epoch()).count() + seconds;
    co_return json_reply(
        200, fmt::format("{{\"access_token\":\"{}\",\"expires_in\":\"{}\",\"expires_on\":\"{}\","
                         "\"resource\":\"https://storage.azure.com/\",\"token_type\":\"Bearer\"}}",
                         issue_token(token_lifetime_), seconds, expires));
  }
  const std::string_view path = request.path();
  const std::string tenant(path.substr(1, path.find('/', 1) - 1));
  const QueryPairs form = parse_form(body);
  const std::string client = form_value(form, "client_id");
  const auto application = applications_.find(tenant + " " + client);
  if (request.get("content-type") != "application/x-www-form-urlencoded") {
    co_return entra_error(400, "invalid_request", 900144, "The body must be a form.");
  }
  if (form_value(form, "grant_type") != "client_credentials") {
    co_return entra_error(400, "unsupported_grant_type", 70003, "The grant type is not supported.");
  }
  if (form_value(form, "scope") != "https://storage.azure.com/.default") {
    co_return entra_error(400, "invalid_scope", 70011, "The provided value for 'scope' is not valid.");
  }
  if (application == applications_.end()) {
    co_return entra_error(400, "unauthorized_client", 700016, "Application was not found in the directory.");
  }
  const std::string assertion = form_value(form, "client_assertion");
  if (!assertion.empty()) {
    const bool jwt =
        form_value(form, "client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    if (!jwt || !assertions_.contains({client, assertion})) {
      co_return entra_error(401, "invalid_client", 70021, "No matching federated identity record found.");
    }
  } else if (form_value(form, "client_secret") != application->second) {
    co_return entra_error(401, "invalid_client", 7000215, "Invalid client secret provided.");
  }
  co_return json_reply(200,
                       fmt::format("{{\"token_type\":\"Bearer\",\"expires_in\":{0},\"ext_expires_in\":{0},"
                                   "\"access_token\":\"{1}\"}}",
                                   seconds, issue_token(token_lifetime_)));
}

}  // namespace azs3copy::fakes
