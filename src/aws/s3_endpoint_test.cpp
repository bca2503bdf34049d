// s3_endpoint_test.cpp: hosts and paths against botocore's rule set (s3_endpoint_vectors.inc),
// and what is refused.
#include "aws/s3_endpoint.hpp"

#include <gtest/gtest.h>

#include "aws/s3_client.hpp"

namespace azs3copy {
namespace {

struct Vector {
  std::string_view region, bucket;
  bool dualstack, fips, path;
  std::string_view host, path_prefix;
};
const std::vector<Vector> botocore_vectors = {
#include "aws/s3_endpoint_vectors.inc"
};

TEST(S3Endpoint, GoesWhereBotocoreGoes) {
  ASSERT_GT(botocore_vectors.size(), 100U);
  for (const Vector& vector : botocore_vectors) {
    const Result<S3Endpoint> endpoint = s3_endpoint(
        Bucket(vector.bucket), {.region = std::string(vector.region),
                                .addressing = vector.path ? Addressing::path : Addressing::automatic,
                                .dualstack = vector.dualstack,
                                .fips = vector.fips});
    ASSERT_TRUE(endpoint) << endpoint.error().to_line();
    EXPECT_EQ(endpoint->server.authority(), vector.host);
    EXPECT_EQ(endpoint->path_prefix, vector.path_prefix);
    EXPECT_TRUE(endpoint->server.tls);
    EXPECT_FALSE(endpoint->custom);
  }
}

struct Custom {
  std::string_view url;
  Addressing addressing;
  std::string_view authority, path_prefix;
  bool tls;
};
const std::vector<Custom> custom_cases = {
    {"http://127.0.0.1:7070", Addressing::automatic, "127.0.0.1:7070", "/b", false},
    {"https://minio.example.com/", Addressing::automatic, "minio.example.com", "/b", true},
    {"https://minio.example.com:9000", Addressing::virtual_host, "b.minio.example.com:9000", "", true},
    {"https://gate.example.com/some/prefix/", Addressing::path, "gate.example.com", "/some/prefix/b", true},
    {"https://gate.example.com/pre", Addressing::virtual_host, "b.gate.example.com", "/pre", true},
    // One canonical form, or the signature would not match what the server decodes.
    {"https://gate.example.com/a%2fb%7e+c", Addressing::path, "gate.example.com", "/a/b~%2Bc/b", true},
    {"http://[::1]:7070", Addressing::automatic, "[::1]:7070", "/b", false},
};

TEST(S3Endpoint, TakesAnyServerWithAPathInFront) {
  for (const Custom& custom : custom_cases) {
    const Result<S3Endpoint> endpoint = s3_endpoint(
        Bucket("b"),
        {.region = "auto", .endpoint_url = std::string(custom.url), .addressing = custom.addressing});
    ASSERT_TRUE(endpoint) << endpoint.error().to_line();
    EXPECT_EQ(endpoint->server.authority(), custom.authority);
    EXPECT_EQ(endpoint->path_prefix, custom.path_prefix);
    EXPECT_EQ(endpoint->server.tls, custom.tls);
    EXPECT_TRUE(endpoint->custom);
  }
}

TEST(S3Endpoint, RefusesWhatNoServerHas) {
  const std::vector<std::pair<std::string, S3Options>> cases = {
      {"my.bucket", {.addressing = Addressing::virtual_host}},
      {"bucket", {.endpoint_url = "https://10.0.0.1", .addressing = Addressing::virtual_host}},
      {"bucket", {.endpoint_url = "https://[::1]", .addressing = Addressing::virtual_host}},
      {"bucket", {.endpoint_url = "https://h", .dualstack = true}},
      {"bucket", {.endpoint_url = "https://h", .fips = true}},
      {"bucket", {.endpoint_url = "https://h/?x=1"}},
      {"bucket", {.endpoint_url = "ftp://h"}},
      {"bucket", {.region = "cn-north-1", .fips = true}},
      {"bucket", {.region = "auto/../x", .endpoint_url = "https://h"}},
  };
  for (const auto& [bucket, options] : cases) {
    const Result<S3Endpoint> endpoint = s3_endpoint(Bucket(bucket), options);
    ASSERT_FALSE(endpoint) << bucket << ' ' << options.endpoint_url << ' ' << options.region;
    EXPECT_EQ(endpoint.error().kind, ErrorKind::invalid);
  }
}

TEST(S3Endpoint, NonHostNamesGoIntoThePath) {
  for (const std::string& bucket :
       {std::string("my_bucket"), std::string("MyBucket"), std::string(64, 'a')}) {
    const Result<S3Endpoint> endpoint = s3_endpoint(Bucket(bucket), {});
    ASSERT_TRUE(endpoint) << bucket;
    EXPECT_EQ(endpoint->server.host, "s3.us-east-1.amazonaws.com");
    EXPECT_EQ(endpoint->path_prefix, "/" + bucket);
    EXPECT_FALSE(s3_endpoint(Bucket(bucket), {.addressing = Addressing::virtual_host}));
  }
}

// A region goes into a host name:
// one with a dot or a slash would send credentials' signatures to another's server.
TEST(S3Endpoint, ARegionCannotNameAnotherHost) {
  for (const char* region :
       {"", "evil.example.com/", "eu-central-1.evil.com", "EU-CENTRAL-1", "-a", "a-", "a b", "a@b"}) {
    EXPECT_FALSE(is_aws_region_name(region)) << region;
    EXPECT_FALSE(s3_endpoint(Bucket("bucket"), {.region = region})) << region;
  }
  EXPECT_TRUE(is_aws_region_name("ap-southeast-12"));
}

}  // namespace
}  // namespace azs3copy
