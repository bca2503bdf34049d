// secrets_client.hpp: the secret that holds a copy's parameters. JSON 1.1,
// x-amz-target "secretsmanager.<...>".
//
//   {"SecretId":"azs3copy/copy"}  -->  {"ARN","Name","VersionId","SecretString"}
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
#pragma once

#include <string>

#include "aws/aws_service.hpp"
#include "core/secret.hpp"

namespace azs3copy {

struct SecretVersion {
  Secret value;
  std::string version_id;  // another one says that the value was changed
};

// Secrets of one region. One per loop; not thread-safe.
class SecretsClient {
 public:
  SecretsClient(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
                Transport& transport, RetryPolicy retry = {});

  // The current version's SecretString, 65,536 bytes at most. `id`: the secret's name or its ARN, which
  // another account's needs. Safe to repeat; not cached. ErrorKind::not_found, permission (KMS's too),
  // unsupported for a binary secret. No error holds anything of the value.
  Task<Result<SecretVersion>> get_secret_value(std::string id, const Context& context);

 private:
  AwsService service_;
};

}  // namespace azs3copy
