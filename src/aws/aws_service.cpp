// aws_service.cpp: where a service answers, and a call from its form to its reply.
#include "aws/aws_service.hpp"

#include <fmt/format.h>

#include <utility>

#include "aws/aws_error.hpp"
#include "aws/s3_endpoint.hpp"
#include "codec/base64.hpp"

namespace azs3copy {
namespace {

std::string_view content_type(AwsProtocol protocol) {
  switch (protocol) {
    case AwsProtocol::query:
      return "application/x-www-form-urlencoded; charset=utf-8";
    case AwsProtocol::json_1_0:
      return "application/x-amz-json-1.0";
    case AwsProtocol::json_1_1:
      return "application/x-amz-json-1.1";
  }
  return {};
}

// What a refusal that came in time proves: the call was not carried out.
bool was_not_carried_out(const Error& error) {
  return error.kind == ErrorKind::throttled || error.retry == RetryVerdict::fresh_login;
}

}  // namespace

Result<AwsServiceEndpoint> aws_service_endpoint(const AwsServiceKind& kind,
                                                const AwsServiceOptions& options) {
  if (!is_aws_region_name(options.region)) {
    return fail(ErrorKind::invalid, "this is no AWS region", options.region,
                "regions read like eu-central-1; AWS_REGION names one");
  }
  if (options.endpoint_url.empty()) {
    const bool plain = kind.gov_name_is_fips && options.region.starts_with("us-gov-");
    return AwsServiceEndpoint{
        .server = {.host = fmt::format("{}{}.{}.{}", kind.name, options.fips && !plain ? "-fips" : "",
                                       options.region, aws_dns_suffix(options.region))}};
  }
  Result<Url> url = parse_url(options.endpoint_url);
  if (!url) return passed(std::move(url));
  if (!url->query.empty()) {
    return fail(ErrorKind::invalid, "an endpoint URL has no query", options.endpoint_url);
  }
  return AwsServiceEndpoint{.server = {.host = url->host, .port = url->port, .tls = url->scheme == "https"},
                            .path = url->path};
}

AwsService::AwsService(AwsServiceKind kind, AwsServiceOptions options,
                       std::shared_ptr<AwsCredentialsProvider> credentials, Transport& transport,
                       RetryPolicy retry)
    : kind_(kind),
      options_(std::move(options)),
      credentials_(std::move(credentials)),
      transport_(transport),
      retry_(retry),
      endpoint_(aws_service_endpoint(kind_, options_)),
      signer_(options_.region, std::string(kind_.name)) {}

HttpRequest AwsService::request_for(const AwsCall& call) const {
  HttpRequest request{.method = Method::post, .endpoint = endpoint_->server, .target = endpoint_->path};
  request.headers.add("content-type", content_type(kind_.protocol));
  if (kind_.protocol != AwsProtocol::query) {
    request.headers.add("x-amz-target", fmt::format("{}.{}", kind_.version, call.action));
  }
  return request;
}

std::unexpected<Error> AwsService::refusal(const AwsCall& call, const HttpResponse& response, UtcTime now) {
  AwsFailure failure = aws_failure(response.head, response.body, {.region = options_.region, .now = now});
  if (failure.clock_offset) clock_offset_ = *failure.clock_offset;
  Error error = std::move(failure.error);
  if (error.kind == ErrorKind::permission && error.advice.empty()) error.advice = call.denied_advice;
  return std::unexpected<Error>(std::move(error));
}

Task<Result<std::string>> AwsService::send(const AwsCall& call, const Context& context) {
  if (!endpoint_) co_return std::unexpected<Error>(endpoint_.error());
  const Result<AwsCredentials> login = co_await credentials_->credentials(context);
  if (!login) co_return std::unexpected<Error>(login.error());
  std::string form;
  HttpRequest request = request_for(call);
  if (kind_.protocol == AwsProtocol::query) {
    form = fmt::format("Action={}&Version={}{}{}", call.action, kind_.version, call.body.empty() ? "" : "&",
                       call.body);
    request.body = bytes_of(form);
  } else {
    request.body = bytes_of(call.body);
  }
  if (!login->access_key_id.empty()) {
    signer_.sign(request, *login, hex_encode(sha256(request.body)), context.clock.utc() + clock_offset_);
  }
  Result<HttpResponse> response = co_await fetch(transport_, request, context, call.reply_bytes_max);
  if (response && response->ok()) co_return std::move(response->body);
  Result<std::string> result =
      response ? refusal(call, *response, context.clock.utc()) : passed(std::move(response));
  if (!call.repeatable && !was_not_carried_out(result.error())) result.error().retry = RetryVerdict::never;
  co_return result;
}

std::function<bool()> AwsService::login_again() {
  return [this] { return credentials_->refresh(); };
}

Task<Result<std::string>> AwsService::send_with_retry(AwsCall call, const Context& context) {
  Result<std::string> body =
      co_await with_retry<std::string>(retry_, context, [&] { return send(call, context); }, login_again());
  if (!body) co_return failed(std::move(body), call.operation, call.subject);
  co_return body;
}

Task<Result<XmlDocument>> AwsService::query(AwsCall call, const Context& context) {
  const std::string_view operation = call.operation;
  const std::string subject = call.subject;
  const std::string_view action = call.action;
  Result<std::string> body = co_await send_with_retry(std::move(call), context);
  if (!body) co_return passed(std::move(body));
  Result<XmlDocument> document = parse_query_reply(std::move(*body), action);
  if (!document) co_return failed(std::move(document), operation, subject);
  co_return document;
}

Task<Result<Json>> AwsService::json(AwsCall call, const Context& context) {
  const std::string_view operation = call.operation;
  const std::string subject = call.subject;
  const Result<std::string> body = co_await send_with_retry(std::move(call), context);
  if (!body) co_return std::unexpected<Error>(body.error());
  Result<Json> reply = parse_json_reply(*body);
  if (!reply) co_return failed(std::move(reply), operation, subject);
  co_return reply;
}

Result<XmlDocument> parse_query_reply(std::string body, std::string_view action) {
  Result<XmlDocument> document = XmlDocument::parse(std::move(body));
  if (!document) return document;
  const std::string_view root = document->root().name();
  if (!root.starts_with(action) || root.substr(action.size()) != "Response") {
    return fail(ErrorKind::protocol, fmt::format("the reply is a <{}>, no <{}Response>", root, action));
  }
  return document;
}

Result<Json> parse_json_reply(std::string_view body) {
  Result<Json> reply = Json::parse(body.empty() ? "{}" : body);
  if (reply && !reply->is_object()) return fail(ErrorKind::protocol, "the reply is no JSON object");
  return reply;
}

}  // namespace azs3copy
