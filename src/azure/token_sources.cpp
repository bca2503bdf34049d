// token_sources.cpp: where Entra tokens come from.
//
//   client secret      POST {authority}/{tenant}/oauth2/v2.0/token   client_secret=...
//   federated          the same                                      client_assertion=<JWT, asked for anew>
//   managed identity   GET http://169.254.169.254/metadata/identity/oauth2/token
//                      or App Service's IDENTITY_ENDPOINT
//
// Each tries again by itself: a token is idempotent to fetch.
#include <fmt/format.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <memory>

#include "azure/azure_error.hpp"
#include "azure/credential.hpp"
#include "codec/json.hpp"
#include "codec/url.hpp"
#include "net/retry.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t token_reply_bytes_max = 1 * MiB;
constexpr std::size_t assertion_bytes_max = 64 * KiB;
// Of one attempt. The managed identity's address leads nowhere on a machine outside Azure.
constexpr seconds entra_attempt_limit{30};
constexpr seconds identity_attempt_limit{5};
// IMDS may be away for 70 seconds while it is updated.
constexpr RetryPolicy identity_retry{
    .attempts_max = 8, .pause_base = milliseconds(500), .pause_cap = milliseconds(10'000)};
constexpr RetryPolicy entra_retry{
    .attempts_max = 6, .pause_base = milliseconds(500), .pause_cap = milliseconds(10'000)};

// "11111111-2222-3333-4444-555555555555" to "1111…5555":
// enough to know it by, short enough for a status line.
std::string shortened(std::string_view id) {
  if (id.size() < 12) return std::string(id);
  return fmt::format("{}…{}", id.substr(0, 4), id.substr(id.size() - 4));
}

// A count of seconds that services write as a number or as text.
std::optional<std::int64_t> seconds_of(const Json& value) {
  if (const auto number = value.integer()) return number;
  const auto text = value.string();
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return std::nullopt;
  return number;
}

// Reads {"access_token", "expires_in" | "expires_on"}; `asked` and `asked_utc` are when the request went out.
Result<AccessToken> read_token(std::string_view body, Steady::time_point asked, UtcTime asked_utc) {
  constexpr std::int64_t life_max = 10 * 24 * 3600;  // no token lives longer; what says so is nonsense
  Result<Json> json = Json::parse(body);
  if (!json) return fail(ErrorKind::protocol, "the token endpoint's reply is not JSON");
  const auto token = (*json)["access_token"].string();
  if (!token || token->empty())
    return fail(ErrorKind::protocol, "the token endpoint's reply has no access_token");
  for (const char c : *token) {  // it becomes a header field
    if (c <= ' ' || c > '~') return fail(ErrorKind::protocol, "the access_token has an illegal character");
  }
  std::optional<std::int64_t> life = seconds_of((*json)["expires_in"]);
  if (!life) {
    if (const auto end = seconds_of((*json)["expires_on"])) {
      life = *end - std::chrono::floor<seconds>(asked_utc).time_since_epoch().count();
    }
  }
  if (!life || *life <= 0 || *life > life_max) {
    return fail(ErrorKind::protocol, "the token endpoint's reply has no usable expires_in");
  }
  return AccessToken{.value = Secret(*token), .expires = asked + seconds(*life)};
}

// One request for a token. `classify` makes the Error of a refusal.
Task<Result<AccessToken>> request_token(Transport& transport, const HttpRequest& request,
                                        Error (*classify)(const ResponseHead&, std::string_view, UtcTime),
                                        const Context& context, milliseconds limit) {
  const Context attempt = context.with_timeout(limit);
  const auto asked = context.clock.now();
  const UtcTime asked_utc = context.clock.utc();
  Result<HttpResponse> response = co_await fetch(transport, request, attempt, token_reply_bytes_max);
  if (!response) {
    // That this attempt took too long says nothing of the next.
    if (response.error().kind == ErrorKind::timed_out && !context.expired())
      response.error().retry = RetryVerdict::later;
    co_return passed(std::move(response));
  }
  const Secret body(std::move(response->body));
  if (response->head.status != 200) {
    co_return std::unexpected<Error>(classify(response->head, body.reveal(), context.clock.utc()));
  }
  co_return read_token(body.reveal(), asked, asked_utc);
}

// What both logins of an application share: the form and where it goes.
class EntraSource : public TokenSource {
 public:
  EntraSource(EntraApplication application, Transport& transport)
      : application_(std::move(application)), transport_(transport) {}

 protected:
  const EntraApplication& application() const { return application_; }

  // `proof` is "client_secret=..." or "client_assertion...", encoded.
  Task<Result<AccessToken>> request(std::string proof, const Context& context) {
    Result<Url> authority = parse_url(application_.authority);
    if (!authority) co_return failed(std::move(authority), "azure.authority", application_.authority);
    const Secret form(fmt::format("grant_type=client_credentials&client_id={}&scope={}&{}",
                                  url_encode(application_.client_id), url_encode(application_.scope), proof));
    const Secret wiped(std::move(proof));
    std::string_view base = authority->path;
    while (base.ends_with('/')) base.remove_suffix(1);
    HttpRequest request{
        .method = Method::post,
        .endpoint = {.host = authority->host, .port = authority->port, .tls = authority->scheme == "https"},
        .target = fmt::format("{}/{}/oauth2/v2.0/token", base, url_encode(application_.tenant_id)),
        .body = bytes_of(form.reveal())};
    request.headers.add("Content-Type", "application/x-www-form-urlencoded");
    request.headers.add("Accept", "application/json");
    co_return co_await request_token(transport_, request, entra_error, context, entra_attempt_limit);
  }

 private:
  EntraApplication application_;
  Transport& transport_;
};

class ClientSecret final : public EntraSource {
 public:
  ClientSecret(EntraApplication application, Secret secret, Transport& transport)
      : EntraSource(std::move(application), transport), secret_(std::move(secret)) {}

  Task<Result<AccessToken>> fetch_token(const Context& context) override {
    co_return co_await with_retry<AccessToken>(entra_retry, context, [this, &context] {
      return request("client_secret=" + url_encode(secret_.reveal()), context);
    });
  }
  std::string describe() const override {
    return fmt::format("Entra client secret, tenant {}", shortened(application().tenant_id));
  }

 private:
  Secret secret_;
};

class Federated final : public EntraSource {
 public:
  Federated(EntraApplication application, std::shared_ptr<AssertionSource> source, Transport& transport)
      : EntraSource(std::move(application), transport), source_(std::move(source)) {}

  Task<Result<AccessToken>> fetch_token(const Context& context) override {
    co_return co_await with_retry<AccessToken>(entra_retry, context,
                                               [this, &context] { return attempt(context); });
  }
  std::string describe() const override {
    return fmt::format("Entra federated credential, tenant {}", shortened(application().tenant_id));
  }

 private:
  Task<Result<AccessToken>> attempt(const Context& context) {
    Result<Secret> assertion = co_await source_->fetch_assertion(context);
    if (!assertion) co_return passed(std::move(assertion));
    co_return co_await request(
        "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_"
        "assertion=" +
            url_encode(assertion->reveal()),
        context);
  }

  std::shared_ptr<AssertionSource> source_;
};

class AssertionFile final : public AssertionSource {
 public:
  explicit AssertionFile(std::string path) : path_(std::move(path)) {}

  Task<Result<Secret>> fetch_assertion(const Context&) override {
    struct Closer {
      void operator()(std::FILE* file) const { std::fclose(file); }
    };
    const std::unique_ptr<std::FILE, Closer> file(std::fopen(path_.c_str(), "rbe"));
    if (!file) co_return unreadable(std::strerror(errno));
    std::string text(assertion_bytes_max + 1, '\0');
    text.resize(std::fread(text.data(), 1, text.size(), file.get()));
    if (std::ferror(file.get())) co_return unreadable("it cannot be read");
    if (text.size() > assertion_bytes_max) co_return unreadable("it is too large for a token");
    while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
    if (text.empty()) co_return unreadable("it is empty");
    co_return Secret(std::move(text));
  }

 private:
  std::unexpected<Error> unreadable(std::string_view why) const {
    return fail(ErrorKind::credentials, fmt::format("no assertion from the token file: {}", why), path_,
                "AZURE_FEDERATED_TOKEN_FILE must name a file that this user may read.");
  }
  std::string path_;
};

// An endpoint of this machine that gives tokens to whoever runs on it.
class ManagedIdentity final : public TokenSource {
 public:
  struct Kind {
    std::string_view api_version;
    std::string_view path;  // added to the endpoint's
    std::string_view header;
  };
  ManagedIdentity(Kind kind, std::string client_id, Secret header_value, Transport& transport,
                  std::string endpoint)
      : kind_(kind),
        client_id_(std::move(client_id)),
        header_value_(std::move(header_value)),
        transport_(transport),
        endpoint_(std::move(endpoint)) {}

  Task<Result<AccessToken>> fetch_token(const Context& context) override {
    Result<Url> endpoint = parse_url(endpoint_);
    if (!endpoint) co_return failed(std::move(endpoint), "azure.managed_identity", endpoint_);
    std::string_view base = endpoint->path;
    while (base.ends_with('/')) base.remove_suffix(1);
    HttpRequest request{
        .endpoint = {.host = endpoint->host, .port = endpoint->port, .tls = endpoint->scheme == "https"},
        .target = fmt::format("{}{}?api-version={}&resource=https%3A%2F%2Fstorage.azure.com%2F", base,
                              kind_.path, kind_.api_version)};
    if (!client_id_.empty()) request.target += "&client_id=" + url_encode(client_id_);
    request.headers.add(kind_.header, header_value_.reveal());
    int silences = 0;
    Result<AccessToken> token = co_await with_retry<AccessToken>(
        identity_retry, context, [&] { return attempt(request, silences, context); });
    if (!token && token.error().http_status == 0 && token.error().advice.empty()) {
      token.error().advice = "Nothing answers there: is this an Azure machine with a managed identity?";
    }
    co_return token;
  }
  std::string describe() const override {
    return client_id_.empty() ? "managed identity"
                              : fmt::format("managed identity {}", shortened(client_id_));
  }

 private:
  // Outside Azure the address leads nowhere: that is not waited for as long as for an endpoint that answers.
  Task<Result<AccessToken>> attempt(const HttpRequest& request, int& silences, const Context& context) {
    constexpr int silences_max = 3;
    Result<AccessToken> token =
        co_await request_token(transport_, request, managed_identity_error, context, identity_attempt_limit);
    if (!token && token.error().http_status == 0 && ++silences == silences_max) {
      token.error().retry = RetryVerdict::never;
    }
    co_return token;
  }

  Kind kind_;
  std::string client_id_;
  Secret header_value_;
  Transport& transport_;
  std::string endpoint_;
};

}  // namespace

std::shared_ptr<TokenSource> entra_client_secret(EntraApplication application, Secret secret,
                                                 Transport& transport) {
  return std::make_shared<ClientSecret>(std::move(application), std::move(secret), transport);
}

std::shared_ptr<TokenSource> entra_federated(EntraApplication application,
                                             std::shared_ptr<AssertionSource> source, Transport& transport) {
  return std::make_shared<Federated>(std::move(application), std::move(source), transport);
}

std::shared_ptr<AssertionSource> assertion_file(std::string path) {
  return std::make_shared<AssertionFile>(std::move(path));
}

std::shared_ptr<TokenSource> managed_identity(std::string client_id, Transport& transport,
                                              std::string endpoint) {
  constexpr ManagedIdentity::Kind machine = {
      .api_version = "2018-02-01", .path = "/metadata/identity/oauth2/token", .header = "Metadata"};
  return std::make_shared<ManagedIdentity>(machine, std::move(client_id), Secret("true"), transport,
                                           std::move(endpoint));
}

std::shared_ptr<TokenSource> app_service_identity(std::string client_id, Transport& transport,
                                                  std::string endpoint, Secret header) {
  constexpr ManagedIdentity::Kind app_service = {
      .api_version = "2019-08-01", .path = "", .header = "X-IDENTITY-HEADER"};
  return std::make_shared<ManagedIdentity>(app_service, std::move(client_id), std::move(header), transport,
                                           std::move(endpoint));
}

}  // namespace azs3copy
