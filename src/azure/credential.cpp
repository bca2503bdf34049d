// credential.cpp: the four ways to prove who asks. Where tokens come from is token_sources.cpp.
#include "azure/credential.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "azure/sas.hpp"
#include "azure/shared_key.hpp"
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/url.hpp"
#include "core/age.hpp"
#include "core/sync.hpp"

namespace azs3copy {
namespace {

class Anonymous final : public AzureCredential {
 public:
  Task<Result<>> authorize(HttpRequest&, const Context&) override { co_return Result<>{}; }
  bool refresh() override { return false; }
  bool is_anonymous() const override { return true; }
  std::string describe() const override { return "anonymous"; }
};

class Sas final : public AzureCredential {
 public:
  explicit Sas(Secret query) : query_(std::move(query)) {
    if (query_.reveal().starts_with('?')) query_ = Secret(query_.reveal().substr(1));
    for (const auto& [name, value] : parse_query(query_.reveal())) {
      if (name == "sig") signature_ = Secret(value);
    }
    may_list_ = sas_may_list(query_);
  }
  Task<Result<>> authorize(HttpRequest& request, const Context&) override {
    request.target += request.target.find('?') == std::string::npos ? '?' : '&';
    request.target += query_.reveal();
    co_return Result<>{};
  }
  bool refresh() override { return false; }
  bool may_list() const override { return may_list_; }
  std::string describe() const override { return "SAS"; }
  void hide_in(Error& error) const override {
    redact(error);
    hide(error, signature_.reveal());
    hide(error, url_encode(signature_.reveal()));
  }

 private:
  Secret query_;
  Secret signature_;  // decoded
  bool may_list_ = true;
};

class SharedKey final : public AzureCredential {
 public:
  SharedKey(Account account, std::vector<std::byte> key)
      : account_(std::move(account)), key_(std::string(text_of(key))) {
    std::ranges::fill(key, std::byte{0});
  }
  Task<Result<>> authorize(HttpRequest& request, const Context&) override {
    const std::string text = shared_key_string_to_sign(request, account_);
    const Sha256Digest digest = hmac_sha256(bytes_of(key_.reveal()), bytes_of(text));
    std::string value;
    value.reserve(64 + account_.size());
    value.append("SharedKey ").append(account_.view()).append(1, ':').append(base64_encode(digest));
    request.headers.set("Authorization", value);
    co_return Result<>{};
  }
  bool refresh() override { return false; }
  std::string describe() const override { return fmt::format("shared key of account {}", account_.view()); }

 private:
  Account account_;
  Secret key_;  // decoded
};

// One token for all requests of a loop. While one request renews it, the others go on with the old one as
// long as it is valid, and wait when it is not. A token ages by wall clock too: see age.hpp.
class Bearer final : public AzureCredential {
 public:
  Bearer(std::shared_ptr<TokenSource> source, Clock& clock)
      : source_(std::move(source)), clock_(clock), since_(Moment::now(clock)) {}

  Task<Result<>> authorize(HttpRequest& request, const Context& context) override {
    if (!request.endpoint.tls && !is_loopback(request.endpoint.host)) {
      co_return fail(ErrorKind::invalid, "a token is not sent over plain http", request.endpoint.host,
                     "Write the source with https://.");
    }
    if (now() >= renew_from_ && !(renewing_ && valid())) {
      if (Result<> ready = co_await renew(context); !ready) co_return ready;
    }
    request.headers.set("Authorization", header_.reveal());
    co_return Result<>{};
  }

  // Many requests may meet 401 with one and the same old token: only the first of them throws it away.
  bool refresh() override {
    constexpr seconds once_in{10};
    if (!thrown_away_ || thrown_away_->age(clock_) >= once_in) {
      thrown_away_ = Moment::now(clock_);
      expires_ = renew_from_ = Steady::time_point::min();
    }
    return true;
  }
  std::string describe() const override { return source_->describe(); }

 private:
  static constexpr std::chrono::minutes renew_early{5};
  static constexpr seconds renew_pause{30};  // after a renewal that failed while the old token is still good

  // The steady clock, and what it missed since the last token was asked for.
  Steady::time_point now() const { return since_.steady + since_.age(clock_); }
  bool valid() const { return now() < expires_; }

  Task<Result<>> renew(const Context& context) {
    const Slots::Slot slot = co_await one_at_a_time_.acquire();
    if (now() < renew_from_) co_return Result<>{};  // another request did it meanwhile
    renewing_ = true;
    const Moment asked = Moment::now(clock_);
    Result<AccessToken> token = co_await source_->fetch_token(context);
    renewing_ = false;
    if (!token) {
      if (!valid()) co_return failed(std::move(token), "azure.login", source_->describe());
      renew_from_ = now() + renew_pause;
      co_return Result<>{};
    }
    since_ = asked;
    header_ = Secret("Bearer " + token->value.reveal());
    expires_ = token->expires;
    // A token that lives shorter than ten minutes is renewed at half its life,
    // or each request would fetch one.
    const auto half = (expires_ - since_.steady) / 2;
    renew_from_ = expires_ - std::min<Steady::duration>(renew_early, half);
    co_return Result<>{};
  }

  std::shared_ptr<TokenSource> source_;
  Clock& clock_;
  Moment since_;  // when the last token was asked for
  Slots one_at_a_time_{1};
  bool renewing_ = false;
  Secret header_;
  Steady::time_point expires_ = Steady::time_point::min();
  Steady::time_point renew_from_ = Steady::time_point::min();
  std::optional<Moment> thrown_away_;
};

}  // namespace

std::unique_ptr<AzureCredential> anonymous_credential() {
  return std::make_unique<Anonymous>();
}

std::unique_ptr<AzureCredential> sas_credential(Secret query) {
  return std::make_unique<Sas>(std::move(query));
}

Result<std::unique_ptr<AzureCredential>> shared_key_credential(Account account, const Secret& key) {
  std::optional<std::vector<std::byte>> decoded = base64_decode(key.reveal());
  if (!decoded || decoded->empty()) {
    return fail(ErrorKind::invalid, "the account key is not base64", account.view(),
                "Copy it whole from the account's page \"Access keys\"; it usually ends in \"==\".");
  }
  return std::make_unique<SharedKey>(std::move(account), std::move(*decoded));
}

std::unique_ptr<AzureCredential> bearer_credential(std::shared_ptr<TokenSource> source, Clock& clock) {
  return std::make_unique<Bearer>(std::move(source), clock);
}

}  // namespace azs3copy
