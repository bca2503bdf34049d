// secrets_client_test.cpp: the secret comes, and its value goes nowhere else.
#include "aws/secrets_client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/aws_service_test_support.hpp"

namespace azs3copy::service_test {
namespace {

struct Secrets : ServiceFixture {
  Result<SecretVersion> get() { return run(client.get_secret_value("azs3copy/copy", context)); }
  SecretsClient client{options, login, wire};
};

TEST_F(Secrets, GetsTheCurrentValue) {
  wire.replies({.body = R"({"ARN":"a","Name":"n","VersionId":"v-1","VersionStages":["AWSCURRENT"],)"
                        R"("SecretString":"{\"appsecret\":\"TOPSECRET\"}","CreatedDate":1.7E9})"});
  const Result<SecretVersion> secret = get();
  ASSERT_TRUE(secret) << secret.error().to_line();
  EXPECT_EQ(secret->value.reveal(), R"({"appsecret":"TOPSECRET"})");
  EXPECT_EQ(secret->version_id, "v-1");
  EXPECT_EQ(fmt::format("{}", secret->value), "***");
  EXPECT_EQ(wire.requests[0].endpoint.authority(), "secretsmanager.eu-central-1.amazonaws.com");
  EXPECT_EQ(wire.requests[0].header("x-amz-target"), "secretsmanager.GetSecretValue");
  EXPECT_EQ(wire.requests[0].header("content-type"), "application/x-amz-json-1.1");
  EXPECT_EQ(wire.requests[0].body, R"({"SecretId":"azs3copy/copy"})");
}

TEST_F(Secrets, RefusesABinarySecretClearly) {
  wire.replies({.body = R"({"SecretBinary":"VE9QU0VDUkVU","VersionId":"v"})"});
  const Result<SecretVersion> secret = get();
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().kind, ErrorKind::unsupported);
  EXPECT_EQ(secret.error().to_line(), "secrets.get_secret_value azs3copy/copy: this secret is binary");
  EXPECT_NE(secret.error().advice.find("SecretString"), std::string::npos);
}

TEST_F(Secrets, RefusalsNameTheSecretAndTheRight) {
  wire.replies(json_error(400, "AccessDeniedException"))
      .replies(json_error(400, "DecryptionFailure"))
      .replies(json_error(400, "ResourceNotFoundException"))
      .replies(json_error(400, "InvalidRequestException"));
  const Error denied = get().error();
  EXPECT_EQ(denied.kind, ErrorKind::permission);
  EXPECT_NE(denied.advice.find("secretsmanager:GetSecretValue"), std::string::npos);
  EXPECT_EQ(denied.subject, "azs3copy/copy");
  EXPECT_NE(get().error().advice.find("kms:Decrypt"), std::string::npos);
  EXPECT_EQ(get().error().kind, ErrorKind::not_found);
  EXPECT_EQ(get().error().kind, ErrorKind::invalid);  // being deleted
}

// However a reply breaks, its value must not come out with the error.
TEST_F(Secrets, NoErrorShowsAnythingOfTheValue) {
  const std::vector<ScriptedReply> broken = {
      {.body = R"({"SecretString":"TOPSECRET","VersionId":)"},
      {.body = R"({"SecretString":["TOPSECRET"]})"},
      {.body = R"("TOPSECRET")"},
      {.body = R"({"Value":"TOPSECRET"})"},
      {.body = R"({"SecretString":"TOPSECRET)" + std::string(2 * MiB, 'x') + "\"}"},
      {.status = 500, .body = R"({"SecretString":"TOPSECRET"})"},
  };
  for (const ScriptedReply& reply : broken) {
    wire.replies(20, reply);
    const Result<SecretVersion> secret = get();
    ASSERT_FALSE(secret);
    const Error& error = secret.error();
    EXPECT_EQ((error.to_line() + error.advice).find("TOPSECRET"), std::string::npos) << error.to_line();
    while (wire.replies_left() > 0) (void)get();
  }
}

}  // namespace
}  // namespace azs3copy::service_test
