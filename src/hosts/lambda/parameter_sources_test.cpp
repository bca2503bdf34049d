// parameter_sources_test.cpp: what counts if the secret and the template's environment both have a key.
#include "hosts/lambda/parameter_sources.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "core/bytes.hpp"
#include "hosts/lambda/parameters.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view client_secret = "q8Q~Never.Shown_42";

std::string arn(std::string_view name) {
  return fmt::format("arn:aws:sns:eu-west-1:999999999999:{}", name);
}

// What both templates give.
DeployedParameters by_template() {
  return {.values = {{"bloburl", "https://acme.blob.core.windows.net"},
                     {"tenantid", "a-tenant"},
                     {"appid", "an-app"},
                     {"bucket_name", "made-bucket"},
                     {"expected_bucket_owner", "999999999999"},
                     {"isactive", "true"},
                     {"begindate", "20220820"},
                     {"sns_arn_l1", arn("1")},
                     {"sns_arn_l2", arn("2")},
                     {"sns_arn_l3", arn("3")},
                     {"sns_arn_l4", arn("4")},
                     {"sns_arn_l5", arn("5")},
                     {"partition_size", "8388608"},
                     {"use_full_file_path", "false"},
                     {"containers", "photos"},
                     {"key_prefix", "from azure"},
                     {"storage_class", "GLACIER_IR"},
                     {"state_prefix", "state/"},
                     {"kms_key_id", "a-key"}},
          .login = Secret(fmt::format(R"({{"appsecret":"{}"}})", client_secret))};
}

LambdaParameters deployed_with(std::string_view secret) {
  Result<LambdaParameters> parameters = parse_lambda_parameters(Secret(std::string(secret)), by_template());
  if (parameters) return std::move(*parameters);
  ADD_FAILURE() << parameters.error().to_line() << " for " << secret;
  return {};
}

TEST(LambdaParametersDeployed, TheEnvironmentAloneIsEnough) {
  const LambdaParameters p = deployed_with(R"({"isactive":"true","begindate":"","appsecret":""})");
  EXPECT_TRUE(p.is_active);
  EXPECT_EQ(p.begin_date, UtcTime(std::chrono::sys_days(std::chrono::year(2022) / 8 / 20)));
  EXPECT_EQ(p.destination.bucket, Bucket("made-bucket"));
  EXPECT_EQ(p.expected_bucket_owner, "999999999999");
  EXPECT_EQ(p.topics.find_blobs, arn("1"));
  EXPECT_EQ(p.topics.recombine, arn("5"));
  EXPECT_EQ(p.azure.client_secret.reveal(), client_secret);
  EXPECT_EQ(p.rules.part_bytes, 8 * MiB);
  EXPECT_EQ(p.rules.part_threshold, 8 * MiB);
  EXPECT_TRUE(p.rules.mapping.flatten);
  EXPECT_EQ(p.state_prefix, "state/");
  EXPECT_EQ(p.rules.sse_kms_key_id, "a-key");
  EXPECT_TRUE(p.unknown_keys.empty() && p.overruled_keys.empty());
}

TEST(LambdaParametersDeployed, TheSecretWinsInGeneral) {
  const LambdaParameters p = deployed_with(
      R"({"appsecret":"another","begindate":"2024-01-31","containers":"a1b, c1d","partition_size":"5MiB",
          "storage_class":"STANDARD_IA","use_full_file_path":"yes","key_prefix":"x","tenantid":"t","appid":"a"})");
  EXPECT_EQ(p.azure.client_secret.reveal(), "another");
  EXPECT_EQ(p.azure.tenant_id, "t");
  EXPECT_EQ(p.azure.client_id, "a");
  EXPECT_EQ(p.begin_date, UtcTime(std::chrono::sys_days(std::chrono::year(2024) / 1 / 31)));
  EXPECT_EQ(p.containers.size(), 2u);
  EXPECT_EQ(p.rules.part_bytes, 5 * MiB);
  EXPECT_FALSE(p.rules.mapping.flatten);
  EXPECT_TRUE(p.overruled_keys.empty());
}

// A secret that was brought along names topics and a bucket that the roles of this deployment may not use.
TEST(LambdaParametersDeployed, TheEnvironmentWinsWhereRightsHangOnIt) {
  const LambdaParameters p = deployed_with(fmt::format(
      R"({{"bucket_name":"old-bucket","sns_arn_l1":"{}","sns_arn_l2":"{}","kms_key_id":"old-key",
          "state_prefix":"old/","expected_bucket_owner":"111111111111"}})",
      arn("old"), arn("2")));
  EXPECT_EQ(p.destination.bucket, Bucket("made-bucket"));
  EXPECT_EQ(p.topics.find_blobs, arn("1"));
  EXPECT_EQ(p.rules.sse_kms_key_id, "a-key");
  EXPECT_EQ(p.state_prefix, "state/");
  EXPECT_EQ(p.expected_bucket_owner, "999999999999");
  EXPECT_EQ(p.overruled_keys, std::vector<std::string>({"bucket_name", "expected_bucket_owner", "sns_arn_l1",
                                                        "kms_key_id", "state_prefix"}))
      << "sns_arn_l2 is the same in both";
}

TEST(LambdaParametersDeployed, EitherSwitchPauses) {
  EXPECT_FALSE(deployed_with(R"({"isactive":"False"})").is_active);
  EXPECT_FALSE(deployed_with(R"({"isactive":""})").is_active);
  EXPECT_TRUE(deployed_with("{}").is_active);
  DeployedParameters paused = by_template();
  paused.values["isactive"] = "false";
  const auto p = parse_lambda_parameters(Secret(R"({"isactive":"true"})"), paused);
  ASSERT_TRUE(p) << p.error().to_line();
  EXPECT_FALSE(p->is_active);
}

TEST(LambdaParametersDeployed, ErrorsNameTheVariable) {
  DeployedParameters wrong = by_template();
  wrong.values["partition_size"] = "1";
  const auto p = parse_lambda_parameters(Secret("{}"), wrong);
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().subject, "environment variable AZS3COPY_PARTITION_SIZE");
}

TEST(LambdaParametersDeployed, ASasInTheEnvironmentIsRefused) {
  DeployedParameters open = by_template();
  open.values["bloburl"] = "https://acme.blob.core.windows.net/?sv=1&sp=rl&sig=Never.Shown";
  const auto p = parse_lambda_parameters(Secret("{}"), open);
  ASSERT_FALSE(p);
  EXPECT_EQ(p.error().subject, "AZS3COPY_BLOBURL");
  EXPECT_FALSE(p.error().to_line().contains("Never.Shown"));
}

TEST(LambdaParametersDeployed, EveryKeyButTheClientSecretHasAVariable) {
  std::vector<std::string> asked;
  const DeployedParameters deployed = deployed_parameters([&asked](const std::string& name) {
    asked.push_back(name);
    return name == "AZS3COPY_SNS_ARN_L1" ? arn("1") : std::string();
  });
  EXPECT_EQ(deployed.values, (std::map<std::string, std::string>{{"sns_arn_l1", arn("1")}}));
  EXPECT_NE(std::ranges::find(asked, "AZS3COPY_USE_FULL_FILE_PATH"), asked.end());
  EXPECT_EQ(std::ranges::find(asked, "AZS3COPY_APPSECRET"), asked.end());
}

}  // namespace
}  // namespace azs3copy
