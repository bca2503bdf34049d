// aws_config.cpp: profile, region and endpoints, from flags, then variables, then the profile files.
#include <fmt/format.h>

#include <algorithm>

#include "aws/profile_files.hpp"

namespace azs3copy {
namespace {

void fill(std::string& value, std::string_view with) {
  if (value.empty()) value = with;
}

std::string variable(const AwsEnvironment& environment, std::string_view name) {
  return environment.variable(name).value_or("");
}

// "services = x" in a profile: [services x] holds "s3 =\n endpoint_url = ...".
std::string_view service_endpoint(const ProfileFiles& files, const ProfileSettings& profile,
                                  std::string_view name) {
  const auto services = files.services.find(setting(profile, "services"));
  return services == files.services.end() ? std::string_view() : setting(services->second, name);
}

// What each service is called where its endpoint is set.
// https://docs.aws.amazon.com/sdkref/latest/guide/ss-endpoints-table.html
struct EndpointSetting {
  std::string AwsConfig::* url;
  std::string_view variable;
  std::string_view in_profile;  // of a [services x]
};
constexpr EndpointSetting endpoint_settings[] = {
    {&AwsConfig::endpoint_url, "AWS_ENDPOINT_URL_S3", "s3.endpoint_url"},
    {&AwsConfig::sts_endpoint_url, "AWS_ENDPOINT_URL_STS", "sts.endpoint_url"},
    {&AwsConfig::sns_endpoint_url, "AWS_ENDPOINT_URL_SNS", "sns.endpoint_url"},
    {&AwsConfig::sqs_endpoint_url, "AWS_ENDPOINT_URL_SQS", "sqs.endpoint_url"},
    {&AwsConfig::secrets_endpoint_url, "AWS_ENDPOINT_URL_SECRETS_MANAGER", "secrets_manager.endpoint_url"},
};

bool ignores_configured_endpoints(const AwsEnvironment& environment, const ProfileSettings* profile) {
  if (variable(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return true;
  return profile != nullptr && setting(*profile, "ignore_configured_endpoint_urls") == "true";
}

// https://docs.aws.amazon.com/sdkref/latest/guide/feature-dataintegrity.html; the variable wins.
bool wants_checksums_when_required(const AwsEnvironment& environment, const ProfileSettings* profile) {
  std::string value = variable(environment, "AWS_REQUEST_CHECKSUM_CALCULATION");
  if (value.empty() && profile != nullptr) value = setting(*profile, "request_checksum_calculation");
  std::ranges::transform(value, value.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return value == "when_required";
}

}  // namespace

Result<AwsConfig> resolve_aws_config(AwsConfig config, const AwsEnvironment& environment) {
  config.profile_was_asked_for = !config.profile.empty();
  fill(config.profile, variable(environment, "AWS_PROFILE"));
  fill(config.profile, variable(environment, "AWS_DEFAULT_PROFILE"));
  const bool is_named = !config.profile.empty();
  fill(config.profile, "default");
  Result<ProfileFiles> files = read_profile_files(environment);
  if (!files) return failed(std::move(files), "aws.profile");
  const ProfileSettings* profile = files->find(config.profile);
  if (profile == nullptr && is_named) {
    return fail(ErrorKind::credentials,
                fmt::format("there is no profile \"{}\" in {}", config.profile, files->describe()),
                config.profile, "profiles there are: " + files->list_profiles());
  }
  fill(config.region, variable(environment, "AWS_REGION"));
  fill(config.region, variable(environment, "AWS_DEFAULT_REGION"));
  if (profile != nullptr) fill(config.region, setting(*profile, "region"));
  config.checksums_when_required = wants_checksums_when_required(environment, profile);
  if (ignores_configured_endpoints(environment, profile)) return config;
  for (const EndpointSetting& service : endpoint_settings) {
    std::string& url = config.*service.url;
    fill(url, variable(environment, service.variable));
    fill(url, variable(environment, "AWS_ENDPOINT_URL"));
    if (profile == nullptr) continue;
    fill(url, service_endpoint(*files, *profile, service.in_profile));
    fill(url, setting(*profile, "endpoint_url"));
  }
  return config;
}

}  // namespace azs3copy
