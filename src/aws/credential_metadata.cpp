// credential_metadata.cpp: credentials that the machine itself hands out:
// a container's agent, an EC2 instance.
//
//   ECS, EKS   GET http://169.254.170.2/...  or a full URI, with a token in Authorization
//   EC2        PUT /latest/api/token, then GET /latest/meta-data/iam/security-credentials/ROLE (IMDSv2 only)
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "aws/credential_json.hpp"
#include "aws/credential_places.hpp"
#include "aws/small_file.hpp"
#include "codec/url.hpp"
#include "net/retry.hpp"

namespace azs3copy {
namespace {

constexpr milliseconds request_time_max{1000};  // they are on the same machine, or not there at all
constexpr RetryPolicy metadata_retry{.attempts_max = 3, .pause_cap = milliseconds(1000)};
constexpr std::size_t reply_bytes_max = 64 * KiB;
constexpr std::size_t token_bytes_max = 16 * KiB;

struct MetadataCall {
  std::string_view place;  // "container", for messages
  HttpRequest request;
};

Task<Result<std::string>> ask_once(const MetadataCall& call, Transport& transport, const Context& context) {
  const Context limited = context.with_timeout(request_time_max);
  Result<HttpResponse> response = co_await fetch(transport, call.request, limited, reply_bytes_max);
  if (!response) {
    if (context.stopped()) co_return passed(std::move(response));
    // A name that is not there stays so; a slow answer may come.
    if (response.error().kind == ErrorKind::timed_out) response.error().retry = RetryVerdict::later;
    co_return passed(std::move(response));
  }
  if (response->ok()) co_return std::move(response->body);
  const int status = response->head.status;
  co_return std::unexpected<Error>(
      Error{.kind = status >= 500 ? ErrorKind::unavailable : ErrorKind::credentials,
            .retry = status >= 500 || status == 429 ? RetryVerdict::later : RetryVerdict::never,
            .message = fmt::format("{} answered with status {}", call.request.endpoint.authority(), status),
            .http_status = status});
}

Task<Result<std::string>> ask(MetadataCall call, Transport& transport, const Context& context) {
  co_return co_await with_retry<std::string>(metadata_retry, context,
                                             [&] { return ask_once(call, transport, context); });
}

HttpRequest get_request(const Url& url) {
  HttpRequest request{.endpoint = {.host = url.host, .port = url.port, .tls = url.scheme == "https"},
                      .target = url.path};
  if (!url.query.empty()) request.target += '?' + url.query;
  return request;
}

FoundOrNot credentials_from_body(std::string_view place, std::string_view body, std::string source) {
  const Result<Json> json = Json::parse(body);
  if (!json || !json->is_object()) {
    return fail(ErrorKind::credentials, fmt::format("{}: the reply is no JSON object", place));
  }
  if (const std::string code = (*json)["Code"].string_or("Success"); code != "Success") {
    return fail(ErrorKind::credentials, fmt::format("{}: it says {}", place, code));
  }
  Result<AwsCredentials> credentials = credentials_from_json(*json, "Token");
  if (!credentials) return failed(std::move(credentials), place);
  return FoundCredentials{.credentials = std::move(*credentials), .source = std::move(source)};
}

bool breaks_header(std::string_view value) {
  return std::any_of(value.begin(), value.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7F; });
}

// ---- Containers.

constexpr std::string_view ecs_host = "169.254.170.2";

// Over plain http the token and the credentials may only travel inside the machine.
bool may_ask_without_tls(const std::string& host) {
  constexpr std::array<std::string_view, 3> agents = {ecs_host, "169.254.170.23", "fd00:ec2::23"};
  if (std::find(agents.begin(), agents.end(), host) != agents.end()) return true;
  return is_loopback(host);
}

Result<Url> container_url(const CredentialSearch& search) {
  const std::string relative = search.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const std::string full = search.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative.empty() && !relative.starts_with('/')) {
    return fail(ErrorKind::credentials, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin with a slash");
  }
  Result<Url> url = parse_url(relative.empty() ? full : fmt::format("http://{}{}", ecs_host, relative));
  if (!url) return failed(std::move(url), "container credentials");
  if (url->scheme != "https" && !may_ask_without_tls(url->host)) {
    return fail(
        ErrorKind::credentials,
        fmt::format(
            "AWS_CONTAINER_CREDENTIALS_FULL_URI: plain http is allowed to this machine only, not to {}",
            url->host));
  }
  return url;
}

// Authorization's value; the file wins, and is read anew, for it is rotated.
Result<Secret> container_token(const CredentialSearch& search) {
  std::string token = search.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
  if (const std::string path = search.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !path.empty()) {
    Result<std::string> text = read_small_file(path, token_bytes_max);
    if (!text) {
      text.error().kind = ErrorKind::credentials;
      return failed(std::move(text), "container credentials, token file");
    }
    token = std::move(*text);
  }
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (breaks_header(token)) {
    return fail(ErrorKind::credentials,
                "the container's authorization token has a line break or control character");
  }
  return Secret(std::move(token));
}

// ---- EC2.

Result<Url> instance_url(const CredentialSearch& search) {
  std::string base = search.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
  if (base.empty()) {
    const std::string mode = search.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
    const bool ipv6 = mode == "IPv6" || mode == "ipv6" || mode == "IPV6";
    base = ipv6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
  }
  Result<Url> url = parse_url(base);
  if (!url) return failed(std::move(url), "instance metadata");
  while (url->path.ends_with('/')) url->path.pop_back();
  return url;
}

std::string describe_silence(const Url& url, const Error& error) {
  return fmt::format("instance metadata: {} {}", url.authority(),
                     error.kind == ErrorKind::timed_out || error.kind == ErrorKind::connection
                         ? "does not answer"
                         : "refuses: " + error.message);
}

}  // namespace

Task<FoundOrNot> find_in_container(CredentialSearch& search, const Context& context) {
  if (search.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").empty() &&
      search.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI").empty()) {
    search.note("container: AWS_CONTAINER_CREDENTIALS_RELATIVE_URI and _FULL_URI are not set");
    co_return std::nullopt;
  }
  const Result<Url> url = container_url(search);
  if (!url) co_return std::unexpected<Error>(url.error());
  const Result<Secret> token = container_token(search);
  if (!token) co_return std::unexpected<Error>(token.error());
  MetadataCall call{.place = "container", .request = get_request(*url)};
  call.request.headers.add("accept", "application/json");
  if (!token->empty()) call.request.headers.add("authorization", token->reveal());
  Result<std::string> body = co_await ask(std::move(call), search.transport, context);
  if (!body) {
    if (body.error().kind != ErrorKind::cancelled) body.error().kind = ErrorKind::credentials;
    co_return failed(std::move(body), "container credentials", url->origin());
  }
  co_return credentials_from_body("container", *body,
                                  fmt::format("container credentials from {}", url->host));
}

Task<FoundOrNot> find_on_instance(CredentialSearch& search, const Context& context) {
  std::string disabled = search.variable("AWS_EC2_METADATA_DISABLED");
  if (disabled == "true" || disabled == "True" || disabled == "TRUE") {
    search.note("instance metadata: turned off by AWS_EC2_METADATA_DISABLED");
    co_return std::nullopt;
  }
  const Result<Url> base = instance_url(search);
  if (!base) co_return std::unexpected<Error>(base.error());
  constexpr std::string_view roles_path = "/latest/meta-data/iam/security-credentials/";

  MetadataCall call{.place = "instance metadata", .request = get_request(*base)};
  call.request.method = Method::put;
  call.request.target = base->path + "/latest/api/token";
  call.request.headers.add("x-aws-ec2-metadata-token-ttl-seconds", "21600");
  Result<std::string> token = co_await ask(call, search.transport, context);
  if (!token) {
    if (token.error().kind == ErrorKind::cancelled) co_return passed(std::move(token));
    search.note(describe_silence(*base, token.error()));
    co_return std::nullopt;
  }
  if (breaks_header(*token))
    co_return fail(ErrorKind::credentials, "instance metadata: its token is no header's value");
  call.request.method = Method::get;
  call.request.target = base->path + std::string(roles_path);
  call.request.headers.clear();
  call.request.headers.add("x-aws-ec2-metadata-token", *token);
  Result<std::string> roles = co_await ask(call, search.transport, context);
  if (!roles) {
    if (roles.error().kind == ErrorKind::cancelled) co_return passed(std::move(roles));
    search.note(roles.error().http_status == 404 ? "instance metadata: the instance has no role"
                                                 : describe_silence(*base, roles.error()));
    co_return std::nullopt;
  }
  const std::string role = roles->substr(0, roles->find_first_of("\r\n"));
  if (role.empty()) {
    search.note("instance metadata: the instance has no role");
    co_return std::nullopt;
  }
  call.request.target = base->path + std::string(roles_path) + url_encode(role);
  Result<std::string> body = co_await ask(call, search.transport, context);
  if (!body) co_return failed(std::move(body), "instance metadata", role);
  co_return credentials_from_body("instance metadata", *body, "EC2 instance role " + role);
}

}  // namespace azs3copy
