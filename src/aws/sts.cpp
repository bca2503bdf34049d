// sts.cpp: a form in, XML out.
#include "aws/sts.hpp"

#include <fmt/format.h>

#include "aws/aws_error.hpp"
#include "aws/s3_endpoint.hpp"
#include "aws/sigv4.hpp"
#include "codec/base64.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "codec/xml.hpp"
#include "net/retry.hpp"

namespace azs3copy {
namespace {

constexpr RetryPolicy sts_retry{.attempts_max = 4};
constexpr std::size_t reply_bytes_max = 64 * KiB;

// A region of the role's partition, for roles in China and elsewhere: "arn:aws-cn:iam::...".
std::string region_of(const StsEndpoint& endpoint, std::string_view role_arn) {
  if (!endpoint.region.empty()) return endpoint.region;
  if (role_arn.starts_with("arn:aws-cn:")) return "cn-north-1";
  if (role_arn.starts_with("arn:aws-us-gov:")) return "us-gov-west-1";
  return "us-east-1";
}

Result<HttpRequest> sts_request(const StsEndpoint& endpoint, const std::string& region) {
  if (!is_aws_region_name(region)) return fail(ErrorKind::invalid, "this is no AWS region", region);
  const std::string url =
      !endpoint.url.empty()
          ? endpoint.url
          : fmt::format("https://sts{}.{}.{}", endpoint.fips ? "-fips" : "", region, aws_dns_suffix(region));
  Result<Url> parsed = parse_url(url);
  if (!parsed) return passed(std::move(parsed));
  HttpRequest request{
      .method = Method::post,
      .endpoint = {.host = parsed->host, .port = parsed->port, .tls = parsed->scheme == "https"},
      .target = parsed->path};
  request.headers.add("content-type", "application/x-www-form-urlencoded; charset=utf-8");
  request.headers.add("accept", "application/xml");
  return request;
}

std::string session_name(const StsRole& role, UtcTime now) {
  if (!role.session_name.empty()) return role.session_name;
  return fmt::format("azs3copy-{}", std::chrono::duration_cast<seconds>(now.time_since_epoch()).count());
}

Result<AwsCredentials> credentials_from_reply(std::string body) {
  const Result<XmlDocument> document = XmlDocument::parse(std::move(body));
  if (!document) return std::unexpected<Error>(document.error());
  // <AssumeRoleResponse><AssumeRoleResult><Credentials>, and the same with WebIdentity in its names.
  const XmlNode given = document->root().first_child().child("Credentials");
  AwsCredentials credentials{.access_key_id = std::string(given.child_text("AccessKeyId")),
                             .secret_access_key = Secret(std::string(given.child_text("SecretAccessKey"))),
                             .session_token = Secret(std::string(given.child_text("SessionToken"))),
                             .expires = parse_iso8601(given.child_text("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || !credentials.expires) {
    return fail(ErrorKind::protocol, "the reply of STS has no credentials");
  }
  return credentials;
}

struct StsCall {
  HttpRequest request;
  std::string body;
  std::string region;
  const AwsCredentials* login = nullptr;  // null: not signed
  std::string_view advice;                // to AccessDenied
};

Task<Result<AwsCredentials>> ask_once(StsCall& call, Transport& transport, const Context& context) {
  call.request.body = bytes_of(call.body);
  if (call.login != nullptr) {
    SigV4Signer signer(call.region, "sts");
    signer.sign(call.request, *call.login, hex_encode(sha256(call.request.body)), context.clock.utc());
  }
  Result<HttpResponse> response = co_await fetch(transport, call.request, context, reply_bytes_max);
  if (!response) co_return passed(std::move(response));
  if (response->ok()) co_return credentials_from_reply(std::move(response->body));
  Error error =
      aws_failure(response->head, response->body, {.region = call.region, .now = context.clock.utc()}).error;
  if (error.kind == ErrorKind::permission) error.advice = call.advice;
  // A login that the source cannot renew from in here; the chain as a whole is asked anew.
  if (error.retry == RetryVerdict::fresh_login) error.retry = RetryVerdict::never;
  co_return std::unexpected<Error>(std::move(error));
}

Task<Result<AwsCredentials>> ask(StsCall call, std::string role_arn, Transport& transport,
                                 const Context& context) {
  Result<AwsCredentials> credentials = co_await with_retry<AwsCredentials>(
      sts_retry, context, [&] { return ask_once(call, transport, context); });
  if (!credentials) co_return failed(std::move(credentials), "sts", role_arn);
  co_return credentials;
}

}  // namespace

Task<Result<AwsCredentials>> assume_role(StsRole role, StsEndpoint endpoint, AwsCredentials source,
                                         Transport& transport, const Context& context) {
  const std::string region = region_of(endpoint, role.role_arn);
  Result<HttpRequest> request = sts_request(endpoint, region);
  if (!request) co_return failed(std::move(request), "sts.assume_role", role.role_arn);
  QueryPairs form = {{"Action", "AssumeRole"},
                     {"Version", "2011-06-15"},
                     {"RoleArn", role.role_arn},
                     {"RoleSessionName", session_name(role, context.clock.utc())}};
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  if (!role.duration_seconds.empty()) form.emplace_back("DurationSeconds", role.duration_seconds);
  co_return co_await ask(
      {.request = std::move(*request),
       .body = build_query(form),
       .region = region,
       .login = &source,
       .advice = "the login needs sts:AssumeRole on this role, and the role's trust policy must name "
                 "the login (with the external id, where it asks for one)"},
      role.role_arn, transport, context);
}

Task<Result<AwsCredentials>> assume_role_with_web_identity(StsRole role, StsEndpoint endpoint, Secret token,
                                                           Transport& transport, const Context& context) {
  const std::string region = region_of(endpoint, role.role_arn);
  Result<HttpRequest> request = sts_request(endpoint, region);
  if (!request) co_return failed(std::move(request), "sts.assume_role_with_web_identity", role.role_arn);
  QueryPairs form = {{"Action", "AssumeRoleWithWebIdentity"},
                     {"Version", "2011-06-15"},
                     {"RoleArn", role.role_arn},
                     {"RoleSessionName", session_name(role, context.clock.utc())},
                     {"WebIdentityToken", token.reveal()}};
  if (!role.duration_seconds.empty()) form.emplace_back("DurationSeconds", role.duration_seconds);
  co_return co_await ask(
      {.request = std::move(*request),
       .body = build_query(form),
       .region = region,
       .advice = "the role's trust policy must allow sts:AssumeRoleWithWebIdentity for the token's "
                 "issuer, audience and subject"},
      role.role_arn, transport, context);
}

}  // namespace azs3copy
