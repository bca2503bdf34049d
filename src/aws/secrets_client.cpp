// secrets_client.cpp: one call.
#include "aws/secrets_client.hpp"

#include <utility>

namespace azs3copy {

SecretsClient::SecretsClient(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
                             Transport& transport, RetryPolicy retry)
    : service_(aws_secrets_manager, std::move(options), std::move(credentials), transport, retry) {}

Task<Result<SecretVersion>> SecretsClient::get_secret_value(std::string id, const Context& context) {
  constexpr std::string_view operation = "secrets.get_secret_value";
  std::string body;
  JsonWriter(body).begin_object().field("SecretId", id).end_object();
  AwsCall call{.operation = operation,
               .subject = id,
               .action = "GetSecretValue",
               .body = std::move(body),
               .denied_advice =
                   "the login needs secretsmanager:GetSecretValue on this secret, and kms:Decrypt "
                   "where a key of the customer's encrypts it"};
  const Result<Json> reply = co_await service_.json(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  std::optional<std::string> value = (*reply)["SecretString"].string();
  if (!value) {
    const bool binary = reply->contains("SecretBinary");
    co_return failed(Error{.kind = binary ? ErrorKind::unsupported : ErrorKind::protocol,
                           .message = binary ? "this secret is binary"
                                             : "the reply of Secrets Manager has no SecretString",
                           .advice = binary ? "store it as text (SecretString)" : ""},
                     operation, id);
  }
  co_return SecretVersion{.value = Secret(std::move(*value)),
                          .version_id = (*reply)["VersionId"].string_or("")};
}

}  // namespace azs3copy
