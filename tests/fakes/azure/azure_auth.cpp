// azure_auth.cpp: who may do what. The string to sign is built here once more, from the documentation, so
// that a mistake in src/azure shows.
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/time.hpp"
#include "fakes/azure/azure_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::chrono::minutes clock_skew_max{15};

[[noreturn]] void refuse_authentication(std::string message) {
  throw AzureRefusal{
      403, "AuthenticationFailed",
      "Server failed to authenticate the request. Make sure the value of Authorization header is "
      "formed correctly including the signature. " +
          message};
}

[[noreturn]] void challenge(std::string code) {
  throw AzureRefusal{401,
                     std::move(code),
                     "Server failed to authenticate the request. Please refer to the information in the "
                     "www-authenticate header.",
                     {{"WWW-Authenticate",
                       "Bearer authorization_uri=https://login.microsoftonline.com/tenant/oauth2/authorize "
                       "resource_id=https://storage.azure.com"}}};
}

std::string canonical_headers(const RequestHead& request) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : request.fields()) {
    std::string lower = lower_case(name);
    if (!lower.starts_with("x-ms-")) continue;
    auto [place, fresh] = sorted.emplace(std::move(lower), value);
    if (!fresh) place->second.append(",").append(value);
  }
  std::string text;
  for (const auto& [name, value] : sorted) text.append(name).append(":").append(value).append("\n");
  return text;
}

std::string canonical_resource(const RequestHead& request, std::string_view account) {
  std::map<std::string, std::vector<std::string>> sorted;
  const Query query(request.query());
  for (const auto& [name, value] : query.pairs()) sorted[lower_case(name)].push_back(value);
  std::string text = fmt::format("/{}{}", account, request.path());
  for (auto& [name, values] : sorted) {
    std::sort(values.begin(), values.end());
    text.append("\n").append(name).append(":");
    for (std::size_t i = 0; i < values.size(); ++i) text.append(i == 0 ? "" : ",").append(values[i]);
  }
  return text;
}

}  // namespace

std::string shared_key_string_to_sign(const RequestHead& request, std::string_view account) {
  const std::string_view length = request.get("content-length");
  const bool own_date = request.contains("x-ms-date");
  std::string text(request.method());
  text.append("\n").append(request.get("content-encoding"));
  text.append("\n").append(request.get("content-language"));
  text.append("\n").append(length == "0" ? "" : length);
  text.append("\n").append(request.get("content-md5"));
  text.append("\n").append(request.get("content-type"));
  text.append("\n").append(own_date ? "" : request.get("date"));
  text.append("\n").append(request.get("if-modified-since"));
  text.append("\n").append(request.get("if-match"));
  text.append("\n").append(request.get("if-none-match"));
  text.append("\n").append(request.get("if-unmodified-since"));
  text.append("\n").append(request.get("range"));
  text.append("\n").append(canonical_headers(request)).append(canonical_resource(request, account));
  return text;
}

void AzureService::authorize(const Exchange& exchange, const AzureTarget& target, char permission) {
  const RequestHead& request = exchange.request();
  const auto account = accounts_.find(target.account);
  if (account == accounts_.end()) throw AzureRefusal{404, "ResourceNotFound", "There is no such account."};
  const std::string_view authorization = request.get("authorization");
  const std::string_view version = request.get("x-ms-version");
  if (!version.empty() && (version.size() != 10 || version[4] != '-' || version[7] != '-')) {
    throw AzureRefusal{400, "InvalidHeaderValue", "x-ms-version is not a version."};
  }
  if (!authorization.empty() && version.empty()) {
    throw AzureRefusal{400, "MissingRequiredHeader",
                       "An HTTP header that's mandatory is missing: x-ms-version."};
  }
  if (!authorization.empty() && target.query.contains("sig")) {
    refuse_authentication("Both a SAS and an Authorization header were given.");
  }
  if (authorization.starts_with("SharedKey ")) return check_shared_key(request, target);
  if (authorization.starts_with("Bearer ")) {
    return check_bearer(const_cast<Exchange&>(exchange).stream().tls(), authorization.substr(7), permission);
  }
  if (!authorization.empty()) refuse_authentication("The scheme is not known.");
  if (target.query.contains("sig")) return check_sas(target, permission);

  const auto container = account->second.containers.find(target.container);
  const std::string access =
      container == account->second.containers.end() ? "" : container->second.public_access;
  const bool blob_read = permission == 'r' && !target.blob.empty() && !access.empty();
  const bool listing = permission == 'l' && !target.container.empty() && access == "container";
  if (!blob_read && !listing) challenge("NoAuthenticationInformation");
}

void AzureService::check_shared_key(const RequestHead& request, const AzureTarget& target) {
  if (!options_.check_signatures) return;
  const std::string_view given = request.get("authorization").substr(std::string_view("SharedKey ").size());
  const std::size_t colon = given.find(':');
  if (colon == std::string_view::npos || given.substr(0, colon) != target.account) {
    refuse_authentication("The account in Authorization is another one.");
  }
  const std::string_view date =
      request.contains("x-ms-date") ? request.get("x-ms-date") : request.get("date");
  const auto time = parse_rfc1123(date);
  if (!time) refuse_authentication("The date is missing or malformed.");
  if (std::chrono::abs(now() - *time) > clock_skew_max) refuse_authentication("The date is not of now.");

  const std::string to_sign = shared_key_string_to_sign(request, target.account);
  const std::string& key = accounts_.at(target.account).key;
  if (base64_encode(hmac_sha256(bytes_of(key), bytes_of(to_sign))) != given.substr(colon + 1)) {
    std::string shown = to_sign;
    std::replace(shown.begin(), shown.end(), '\n', '|');
    refuse_authentication(
        "The MAC signature found in the HTTP request is not the same as any computed signature. "
        "Server used following string to sign: '" +
        shown + "'.");
  }
}

void AzureService::check_sas(const AzureTarget& target, char permission) {
  const auto found = sas_.find(target.query.get("sig"));
  if (found == sas_.end()) refuse_authentication("Signature did not match.");
  const IssuedSas& sas = found->second;
  for (const auto& [name, value] : sas.pairs) {
    if (target.query.get(name) != value) refuse_authentication("Signature did not match: " + name + ".");
  }
  if (sas.account != target.account) refuse_authentication("Signature did not match.");
  if (sas.expires < now()) refuse_authentication("Signature not valid in the specified time frame.");
  if (!sas.grant.container.empty() && sas.grant.container != target.container) {
    throw AzureRefusal{403, "AuthorizationFailure",
                       "This request is not authorized to perform this operation."};
  }
  if (sas.grant.permissions.find(permission) == std::string::npos) {
    throw AzureRefusal{403, "AuthorizationPermissionMismatch",
                       "This request is not authorized to perform this operation using this permission."};
  }
}

void AzureService::check_bearer(bool tls, std::string_view token, char permission) {
  if (options_.bearer_needs_https && !tls) {
    refuse_authentication("Authentication scheme Bearer is not supported over HTTP.");
  }
  const auto found = tokens_.find(std::string(token));
  if (found == tokens_.end() || found->second <= now()) challenge("InvalidAuthenticationInfo");
  if (bearer_permissions_.find(permission) == std::string::npos) {
    throw AzureRefusal{403, "AuthorizationPermissionMismatch",
                       "This request is not authorized to perform this operation using this permission."};
  }
}

}  // namespace azs3copy::fakes
