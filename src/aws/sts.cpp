// sts.cpp: a form in, XML out.
#include "aws/sts.hpp"

#include <fmt/format.h>

#include "codec/time.hpp"

namespace azs3copy {
namespace {

constexpr RetryPolicy sts_retry{.attempts_max = 4};
constexpr std::size_t reply_bytes_max = 64 * KiB;
// Source: the model of GetWebIdentityToken.
constexpr seconds lifetime_min{60};
constexpr seconds lifetime_max{3600};

// A region of the role's partition, for roles in China and elsewhere: "arn:aws-cn:iam::...".
AwsServiceOptions in_region_of(AwsServiceOptions options, std::string_view role_arn) {
  if (!options.region.empty()) return options;
  options.region = role_arn.starts_with("arn:aws-cn:")       ? "cn-north-1"
                   : role_arn.starts_with("arn:aws-us-gov:") ? "us-gov-west-1"
                                                             : "us-east-1";
  return options;
}

std::string session_name(const StsRole& role, UtcTime now) {
  if (!role.session_name.empty()) return role.session_name;
  return fmt::format("azs3copy-{}", std::chrono::duration_cast<seconds>(now.time_since_epoch()).count());
}

Result<AwsCredentials> credentials_from_reply(const XmlDocument& reply) {
  // <AssumeRoleResponse><AssumeRoleResult><Credentials>, and the same with WebIdentity in its names.
  const XmlNode given = reply.root().first_child().child("Credentials");
  AwsCredentials credentials{.access_key_id = std::string(given.child_text("AccessKeyId")),
                             .secret_access_key = Secret(std::string(given.child_text("SecretAccessKey"))),
                             .session_token = Secret(std::string(given.child_text("SessionToken"))),
                             .expires = parse_iso8601(given.child_text("Expiration"))};
  if (credentials.access_key_id.empty() || credentials.secret_access_key.empty() || !credentials.expires) {
    return fail(ErrorKind::protocol, "the reply of STS has no credentials");
  }
  return credentials;
}

// A login that cannot be renewed from in here: `login` refuses, and the chain as a whole is asked anew.
Task<Result<AwsCredentials>> ask(AwsCall call, AwsServiceOptions options,
                                 std::unique_ptr<AwsCredentialsProvider> login, Transport& transport,
                                 const Context& context) {
  const std::string_view operation = call.operation;
  const std::string role_arn = call.subject;
  AwsService sts(aws_sts, in_region_of(std::move(options), role_arn), std::move(login), transport, sts_retry);
  const Result<XmlDocument> reply = co_await sts.query(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  Result<AwsCredentials> credentials = credentials_from_reply(*reply);
  if (!credentials) co_return failed(std::move(credentials), operation, role_arn);
  co_return credentials;
}

QueryPairs role_form(const StsRole& role, UtcTime now) {
  QueryPairs form = {{"RoleArn", role.role_arn}, {"RoleSessionName", session_name(role, now)}};
  if (!role.duration_seconds.empty()) form.emplace_back("DurationSeconds", role.duration_seconds);
  return form;
}

}  // namespace

Task<Result<AwsCredentials>> assume_role(StsRole role, AwsServiceOptions options, AwsCredentials source,
                                         Transport& transport, const Context& context) {
  QueryPairs form = role_form(role, context.clock.utc());
  if (!role.external_id.empty()) form.emplace_back("ExternalId", role.external_id);
  AwsCall call{.operation = "sts.assume_role",
               .subject = role.role_arn,
               .action = "AssumeRole",
               .body = build_query(form),
               .denied_advice =
                   "the login needs sts:AssumeRole on this role, and the role's trust policy must name "
                   "the login (with the external id, where it asks for one)",
               .reply_bytes_max = reply_bytes_max};
  co_return co_await ask(std::move(call), std::move(options), static_aws_credentials(std::move(source)),
                         transport, context);
}

Task<Result<AwsCredentials>> assume_role_with_web_identity(StsRole role, AwsServiceOptions options,
                                                           Secret token, Transport& transport,
                                                           const Context& context) {
  QueryPairs form = role_form(role, context.clock.utc());
  form.emplace_back("WebIdentityToken", token.reveal());
  AwsCall call{.operation = "sts.assume_role_with_web_identity",
               .subject = role.role_arn,
               .action = "AssumeRoleWithWebIdentity",
               .body = build_query(form),
               .denied_advice =
                   "the role's trust policy must allow sts:AssumeRoleWithWebIdentity for the token's "
                   "issuer, audience and subject",
               .reply_bytes_max = reply_bytes_max};
  co_return co_await ask(std::move(call), std::move(options), anonymous_aws_credentials(), transport,
                         context);
}

Task<Result<Secret>> web_identity_assertion(AwsService& sts, WebIdentityOptions options,
                                            const Context& context) {
  constexpr std::string_view operation = "sts.get_web_identity_token";
  const seconds lifetime = options.lifetime;
  if (lifetime < lifetime_min || lifetime > lifetime_max) {
    co_return fail(ErrorKind::invalid,
                   fmt::format("a web identity token lives {} to {} s, not {} s", lifetime_min.count(),
                               lifetime_max.count(), lifetime.count()));
  }
  const QueryPairs form = {{"Audience.member.1", options.audience},
                           {"SigningAlgorithm", "RS256"},
                           {"DurationSeconds", std::to_string(lifetime.count())}};
  AwsCall call{.operation = operation,
               .subject = options.audience,
               .action = "GetWebIdentityToken",
               .body = build_query(form),
               .denied_advice = "the login needs sts:GetWebIdentityToken, for this audience",
               .reply_bytes_max = reply_bytes_max};
  const Result<XmlDocument> reply = co_await sts.query(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  const XmlNode result = reply->root().child("GetWebIdentityTokenResult");
  Secret token{std::string(result.child_text("WebIdentityToken"))};
  if (token.empty()) {
    co_return failed(Error{.kind = ErrorKind::protocol, .message = "the reply of STS has no token"},
                     operation, options.audience);
  }
  co_return token;
}

}  // namespace azs3copy
