// credentials.hpp: where AWS credentials come from, in the order that AWS's own tools look:
//
//   environment -> web identity -> profile files (static, role_arn + source_profile, credential_process)
//     -> container endpoint -> instance metadata (IMDSv2)
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.hpp"
#include "core/secret.hpp"
#include "net/http.hpp"

namespace azs3copy {

struct AwsCredentials {
  std::string access_key_id;  // empty: anonymous, nothing is signed
  Secret secret_access_key;
  Secret session_token;            // empty: long-term keys
  std::optional<UtcTime> expires;  // none: they stay
};

// Gives credentials, cached and renewed five minutes before their end. One per loop; not thread-safe.
class AwsCredentialsProvider {
 public:
  virtual ~AwsCredentialsProvider() = default;
  virtual Task<Result<AwsCredentials>> credentials(const Context& context) = 0;
  // After ExpiredToken or InvalidAccessKeyId: forget what is cached. False where a new attempt can't help.
  virtual bool refresh() = 0;
  virtual std::string describe() const = 0;  // "profile work, role arn:aws:iam::1234:role/copier": no secret
};

// What is read from the environment and files, passed in so that tests need neither.
struct AwsEnvironment {
  std::function<std::optional<std::string>(std::string_view)> variable;  // getenv
  std::string home;                                                      // for ~/.aws
};
AwsEnvironment process_aws_environment();

struct AwsConfig {
  std::string profile;           // --profile, AWS_PROFILE; empty: "default"
  std::string region;            // --region, AWS_REGION, AWS_DEFAULT_REGION, the profile's; empty: discover
  std::string endpoint_url;      // --endpoint-url, AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, the profile's
  std::string sts_endpoint_url;  // AWS_ENDPOINT_URL_STS and so on; empty: regional
  std::string sns_endpoint_url;
  std::string sqs_endpoint_url;
  std::string secrets_endpoint_url;  // AWS_ENDPOINT_URL_SECRETS_MANAGER
  bool profile_was_asked_for =
      false;  // set by resolve_aws_config: by --profile, which wins over keys in variables
  // AWS_REQUEST_CHECKSUM_CALCULATION or the profile's request_checksum_calculation is when_required.
  bool checksums_when_required = false;
};
// Fills what is empty in `config` from the environment and the profile files. A named profile that is in no
// file is an error that lists those there are.
Result<AwsConfig> resolve_aws_config(AwsConfig config, const AwsEnvironment& environment);

std::unique_ptr<AwsCredentialsProvider> static_aws_credentials(AwsCredentials credentials);
// No login: requests go out without a signature.
std::unique_ptr<AwsCredentialsProvider> anonymous_aws_credentials();
// The chain. An error says each place that was looked at and what was found there.
std::unique_ptr<AwsCredentialsProvider> default_aws_credentials(AwsConfig config, AwsEnvironment environment,
                                                                Transport& transport, Clock& clock);

}  // namespace azs3copy
