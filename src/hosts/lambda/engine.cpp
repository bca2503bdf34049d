// engine.cpp: see engine.hpp.
#include "hosts/lambda/engine.hpp"

#include <fmt/format.h>

#include <charconv>

#include "aws/s3_endpoint.hpp"
#include "aws/sts.hpp"
#include "core/environment.hpp"
#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

constexpr std::chrono::minutes secret_age_max{5};
// Listings and state, in addition to one HEAD a stream.
constexpr int other_requests = 8;
// A function that waits is paid for: after a minute the queue waits instead. Its deadline ends retries too.
constexpr RetryPolicy lambda_retry{.time_max = std::chrono::minutes(1)};

// A login of AWS's as Entra takes it: no secret of Azure's is kept anywhere.
class StsAssertion final : public AssertionSource {
 public:
  StsAssertion(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
               Transport& transport)
      : sts_(aws_sts, std::move(options), std::move(credentials), transport) {}
  Task<Result<Secret>> fetch_assertion(const Context& context) override {
    return web_identity_assertion(sts_, {}, context);
  }

 private:
  AwsService sts_;
};

struct NumberVariable {
  const char* name;
  int standard;
  int most;
  std::string_view advice;
};
constexpr NumberVariable receives_variable{.name = "AZS3COPY_RECEIVES_MAX",
                                           .standard = 5,
                                           .most = 1000,
                                           .advice = "Give the maxReceiveCount of the queue."};
constexpr NumberVariable retry_variable{.name = "AZS3COPY_RETRY_SECONDS",
                                        .standard = 60,
                                        .most = 5400,
                                        .advice = "Give the seconds until the first retry of a message."};

Result<int> number_from(const NumberVariable& variable) {
  const std::string text = environment_variable(variable.name);
  if (text.empty()) return variable.standard;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size();
  if (is_number && value >= 1 && value <= variable.most) return value;
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is not a number from 1 to {}", text, variable.most),
              variable.name, variable.advice);
}

void log_keys_without_effect(Telemetry& telemetry, const LambdaParameters& parameters) {
  for (const UnknownKey& key : parameters.unknown_keys) {
    telemetry.log(LogLevel::info, "unknown_parameter", {{"name", key.name}, {"meant", key.meant}});
  }
  for (const std::string& key : parameters.trimmed_keys) {
    telemetry.log(
        LogLevel::info, "trimmed_parameter",
        {{"name", key}, {"text", "the value had white space or a line break around it, which is left out"}});
  }
  for (const std::string& key : parameters.overruled_keys) {
    telemetry.log(LogLevel::info, "overruled_parameter",
                  {{"name", key}, {"text", "the secret's value is not used: the deployment gives another"}});
  }
}

}  // namespace

Engine::Engine(const Startup& startup, std::shared_ptr<TlsContext> tls, AwsConfig aws, HttpClientOptions http)
    : startup_(startup),
      aws_(std::move(aws)),
      http_(startup.loop, std::move(tls), std::move(http)),
      credentials_(default_aws_credentials(aws_, process_aws_environment(), http_, startup.loop)),
      secrets_(service(aws_.secrets_endpoint_url), credentials_, http_, lambda_retry),
      redelivery_(service(aws_.sqs_endpoint_url), credentials_, http_, startup.telemetry) {}

Result<std::unique_ptr<Engine>> Engine::make(const Startup& startup) {
  const std::string secret = environment_variable("AZS3COPY_SECRET");
  if (secret.empty()) {
    return fail(ErrorKind::invalid, "the name or ARN of the secret is not set", "AZS3COPY_SECRET",
                "Set it in the function's environment.");
  }
  const Result<int> receives = number_from(receives_variable);
  if (!receives) return std::unexpected(receives.error());
  const Result<int> retry_seconds = number_from(retry_variable);
  if (!retry_seconds) return std::unexpected(retry_seconds.error());
  Result<AwsConfig> aws = resolve_aws_config({}, process_aws_environment());
  if (!aws) return passed(std::move(aws));
  if (aws->region.empty())
    return fail(ErrorKind::invalid, "no region is set", "AWS_REGION", "Lambda sets it; a test host must.");
  Result<ProxyOptions> proxy =
      proxy_from_environment(environment_variable("HTTPS_PROXY"), environment_variable("NO_PROXY"));
  if (!proxy) return passed(std::move(proxy));
  Result<std::shared_ptr<TlsContext>> tls = TlsContext::make("");
  if (!tls) return passed(std::move(tls));
  std::unique_ptr<Engine> engine(
      new Engine(startup, std::move(*tls), std::move(*aws), {.proxy = std::move(*proxy)}));
  engine->secret_id_ = secret;
  engine->login_secret_id_ = environment_variable("AZS3COPY_LOGIN_SECRET");
  engine->deployed_ =
      deployed_parameters([](const std::string& name) { return environment_variable(name.c_str()); });
  engine->receives_max_ = *receives;
  engine->redelivery_.start_with(seconds(*retry_seconds));
  return engine;
}

Task<Result<std::shared_ptr<Setup>>> Engine::setup(bool fresh, const Context& context) {
  const UtcTime now = context.clock.utc();
  const bool recent = now >= read_at_ && now - read_at_ < secret_age_max;
  if (setup_ && recent && !fresh) co_return setup_;
  Result<SecretVersion> secret = co_await secrets_.get_secret_value(secret_id_, context);
  if (!secret) co_return failed(std::move(secret), "read the parameters");
  Result<SecretVersion> login = co_await read_login(context);
  if (!login) co_return failed(std::move(login), "read the client secret");
  std::string version = fmt::format("{} {}", secret->version_id, login->version_id);
  if (setup_ && version == version_) {
    read_at_ = now;
    co_return setup_;
  }
  deployed_.login = std::move(login->value);
  Result<std::shared_ptr<Setup>> made = make_setup(secret->value, now);
  if (!made) co_return made;
  setup_ = std::move(*made);
  read_at_ = now;
  version_ = std::move(version);
  log_keys_without_effect(startup_.telemetry, setup_->parameters);
  co_return setup_;
}

Task<Result<SecretVersion>> Engine::read_login(const Context& context) {
  if (login_secret_id_.empty()) co_return SecretVersion{};
  co_return co_await secrets_.get_secret_value(login_secret_id_, context);
}

Result<std::shared_ptr<Setup>> Engine::make_setup(const Secret& text, UtcTime now) {
  Result<LambdaParameters> parameters = parse_lambda_parameters(text, deployed_);
  if (!parameters) return passed(std::move(parameters));
  auto setup = std::make_shared<Setup>();
  setup->parameters = std::move(*parameters);
  LambdaParameters& given = setup->parameters;
  given.rules.retry = lambda_retry;
  const int streams = given.limits.transfers;
  setup->slots = std::make_unique<Slots>(static_cast<std::size_t>(streams));
  setup->transport = std::make_unique<LimitedTransport>(
      http_, startup_.loop,
      LimiterOptions{.streams_max = streams,
                     .others_max = streams + other_requests,
                     .requests_per_second_max = given.limits.requests_per_second_max,
                     .bytes_per_second_max = given.limits.bandwidth_bytes_max});

  AzureLogin login = given.azure;
  std::shared_ptr<AssertionSource> assertion;
  if (login.client_secret.empty() && given.source.sas.empty()) {
    login.kind = AzureLoginKind::federated;
    assertion =
        std::make_shared<StsAssertion>(service(aws_.sts_endpoint_url), credentials_, *setup->transport);
  }
  // A SAS need not list the account if the containers are named.
  const Container container = given.source.container;
  if (!given.containers.empty()) given.source.container = given.containers.front();
  Result<AzureLogin> resolved =
      resolve_azure_login(std::move(login), given.source, process_azure_environment(), now);
  given.source.container = container;
  if (!resolved) return passed(std::move(resolved));
  setup->login = std::move(*resolved);
  Result<std::unique_ptr<AzureCredential>> credential =
      azure_credential(setup->login, given.source, *setup->transport, startup_.loop, std::move(assertion));
  if (!credential) return passed(std::move(credential));
  setup->azure = std::make_unique<BlobClient>(given.source.account, std::move(*credential), *setup->transport,
                                              lambda_retry);

  setup->s3_traits = std::make_shared<S3Traits>();
  S3Options s3{.region = aws_.region,
               .endpoint_url = aws_.endpoint_url,
               .checksum = aws_.checksums_when_required ? S3Checksum::none : S3Checksum::unset,
               .expected_bucket_owner = given.expected_bucket_owner,
               .traits = setup->s3_traits};
  setup->s3_origin = s3.endpoint_url;
  if (const Result<S3Endpoint> endpoint = s3_endpoint(given.destination.bucket, s3); !endpoint)
    return std::unexpected(endpoint.error());
  setup->s3 = std::make_unique<S3Client>(given.destination.bucket, std::move(s3), credentials_,
                                         *setup->transport, lambda_retry);
  setup->sns = std::make_unique<SnsClient>(service(aws_.sns_endpoint_url), credentials_, http_, lambda_retry);
  setup->store =
      std::make_unique<StateStore>(*setup->s3, given.state_prefix, encryption_attributes(given.rules));
  setup->runs = std::make_unique<RunStore>(*setup->store);
  return setup;
}

}  // namespace azs3copy
