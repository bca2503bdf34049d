// credentials.cpp: the chain of places, and the cache that renews in time.
#include "aws/credentials.hpp"

#include <fmt/format.h>

#include <utility>

#include "aws/credential_places.hpp"
#include "aws/small_file.hpp"
#include "core/environment.hpp"
#include "core/sync.hpp"

namespace azs3copy {
namespace {

constexpr std::chrono::minutes renew_before_end{5};
// After a renewal that failed while the old credentials still hold.
constexpr seconds renew_pause{30};
constexpr std::size_t token_bytes_max = 64 * KiB;

class FixedProvider final : public AwsCredentialsProvider {
 public:
  FixedProvider(AwsCredentials credentials, std::string description)
      : credentials_(std::move(credentials)), description_(std::move(description)) {}
  Task<Result<AwsCredentials>> credentials(const Context&) override { co_return credentials_; }
  bool refresh() override { return false; }
  std::string describe() const override { return description_; }

 private:
  AwsCredentials credentials_;
  std::string description_;
};

std::string join(const std::vector<std::string>& notes) {
  std::string out;
  for (const std::string& note : notes) out += (out.empty() ? "" : "; ") + note;
  return out;
}

class ChainProvider final : public AwsCredentialsProvider {
 public:
  ChainProvider(AwsConfig config, AwsEnvironment environment, Transport& transport, Clock& clock)
      : search_{.config = std::move(config),
                .environment = std::move(environment),
                .transport = transport,
                .notes = {}},
        clock_(clock) {}

  Task<Result<AwsCredentials>> credentials(const Context& context) override {
    if (fresh()) co_return found_->credentials;
    const std::uint64_t failures_before = failures_;
    // One renewal for all who wait; meanwhile what still holds is given out.
    if (renewing_.free() == 0 && valid()) co_return found_->credentials;
    const Slots::Slot turn = co_await renewing_.acquire();
    if (fresh()) co_return found_->credentials;
    if (failures_ != failures_before) co_return std::unexpected<Error>(last_error_);
    Result<FoundCredentials> found = co_await search(context);
    if (found) {
      found_ = std::move(*found);
      found_at_ = clock_.now();
      co_return found_->credentials;
    }
    if (valid()) {
      renew_at_ = clock_.utc() + renew_pause;
      co_return found_->credentials;
    }
    ++failures_;
    last_error_ = found.error();
    co_return std::unexpected<Error>(last_error_);
  }

  bool refresh() override {
    const bool can_change = !found_ || found_->can_change;
    // Many requests are refused at once when a login ends; the first of them had it renewed for all.
    const bool just_renewed = found_ && clock_.now() - found_at_ < seconds(5);
    if (can_change && !just_renewed) found_.reset();
    return can_change;
  }

  std::string describe() const override { return found_ ? found_->source : "no AWS credentials yet"; }

 private:
  bool valid() const {
    return found_ && (!found_->credentials.expires || clock_.utc() < *found_->credentials.expires);
  }
  bool fresh() const {
    if (!valid()) return false;
    const std::optional<UtcTime> end = found_->credentials.expires;
    return !end || clock_.utc() < *end - renew_before_end || clock_.utc() < renew_at_;
  }

  Task<Result<FoundCredentials>> search(const Context& context) {
    search_.notes.clear();
    FoundOrNot found = std::nullopt;
    // --profile is a clearer wish than a variable that was set for something else.
    if (!search_.config.profile_was_asked_for) {
      found = find_in_environment(search_);
      if (found && !*found) found = co_await find_web_identity(search_, context);
    }
    if (found && !*found) found = co_await find_in_profile(search_, context);
    if (found && !*found) found = co_await find_in_container(search_, context);
    if (found && !*found) found = co_await find_on_instance(search_, context);
    if (!found) co_return failed(std::move(found), "aws.credentials");
    if (*found) co_return std::move(**found);
    Error error{
        .kind = ErrorKind::credentials,
        .message = "no AWS credentials were found; looked at " + join(search_.notes),
        .operation = "aws.credentials",
        .advice = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or name a profile with --profile"};
    co_return std::unexpected<Error>(std::move(error));
  }

  CredentialSearch search_;
  Clock& clock_;
  std::optional<FoundCredentials> found_;
  Steady::time_point found_at_;
  UtcTime renew_at_;
  Slots renewing_{1};
  std::uint64_t failures_ = 0;
  Error last_error_;
};

}  // namespace

AwsEnvironment process_aws_environment() {
  return {.variable = login_variable, .home = environment_variable("HOME")};
}

std::unique_ptr<AwsCredentialsProvider> static_aws_credentials(AwsCredentials credentials) {
  return std::make_unique<FixedProvider>(std::move(credentials), "fixed AWS keys");
}

std::unique_ptr<AwsCredentialsProvider> anonymous_aws_credentials() {
  return std::make_unique<FixedProvider>(AwsCredentials{}, "anonymous");
}

std::unique_ptr<AwsCredentialsProvider> default_aws_credentials(AwsConfig config, AwsEnvironment environment,
                                                                Transport& transport, Clock& clock) {
  return std::make_unique<ChainProvider>(std::move(config), std::move(environment), transport, clock);
}

// ---- The environment.

AwsServiceOptions CredentialSearch::sts_options(std::string_view region) const {
  return {.region = region.empty() ? config.region : std::string(region),
          .endpoint_url = config.sts_endpoint_url,
          .fips = variable("AWS_USE_FIPS_ENDPOINT") == "true"};
}

FoundOrNot find_in_environment(CredentialSearch& search) {
  const std::string id = search.variable("AWS_ACCESS_KEY_ID");
  const std::string secret = search.variable("AWS_SECRET_ACCESS_KEY");
  if (id.empty() && secret.empty()) {
    search.note("environment: AWS_ACCESS_KEY_ID is not set");
    return std::nullopt;
  }
  if (id.empty() || secret.empty()) {
    return fail(ErrorKind::credentials,
                fmt::format("of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only {} is set",
                            id.empty() ? "AWS_SECRET_ACCESS_KEY" : "AWS_ACCESS_KEY_ID"),
                {}, "set both, or neither");
  }
  return FoundCredentials{.credentials = {.access_key_id = id,
                                          .secret_access_key = Secret(secret),
                                          .session_token = Secret(search.variable("AWS_SESSION_TOKEN"))},
                          .source = "environment, access key " + id,
                          .can_change = false};
}

Task<FoundOrNot> find_web_identity(CredentialSearch& search, const Context& context) {
  const std::string path = search.variable("AWS_WEB_IDENTITY_TOKEN_FILE");
  const std::string role = search.variable("AWS_ROLE_ARN");
  if (path.empty()) {
    search.note("web identity: AWS_WEB_IDENTITY_TOKEN_FILE is not set");
    co_return std::nullopt;
  }
  if (role.empty()) {
    co_return fail(ErrorKind::credentials, "AWS_WEB_IDENTITY_TOKEN_FILE is set, but AWS_ROLE_ARN is not");
  }
  Result<AwsCredentials> credentials = co_await web_identity_credentials(
      search, {.role_arn = role, .session_name = search.variable("AWS_ROLE_SESSION_NAME")}, path, {},
      "environment", context);
  if (!credentials) co_return passed(std::move(credentials));
  co_return FoundCredentials{.credentials = std::move(*credentials), .source = "web identity, role " + role};
}

Task<Result<AwsCredentials>> web_identity_credentials(CredentialSearch& search, StsRole role,
                                                      std::string token_path, std::string region,
                                                      std::string whose, const Context& context) {
  Result<std::string> token =
      read_small_file(expand_home(token_path, search.environment.home), token_bytes_max);
  if (!token) {
    token.error().kind = ErrorKind::credentials;
    co_return failed(std::move(token), fmt::format("{}, web identity token", whose));
  }
  while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
  if (token->empty()) {
    co_return fail(ErrorKind::credentials,
                   fmt::format("the web identity token file {} is empty", token_path));
  }
  co_return co_await assume_role_with_web_identity(std::move(role), search.sts_options(region),
                                                   Secret(std::move(*token)), search.transport, context);
}

}  // namespace azs3copy
