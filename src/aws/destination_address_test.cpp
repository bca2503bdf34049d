// destination_address_test.cpp: what people write for a destination, and what they are told.
#include "aws/destination_address.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace azs3copy {
namespace {

// As for a bucket on AWS.
Result<DestinationAddress> parse(std::string_view text) {
  Result<DestinationAddress> address = parse_destination_address(text);
  if (!address) return address;
  if (Result<> named = check_aws_bucket(*address); !named) return std::unexpected(named.error());
  return address;
}

TEST(DestinationAddress, KeepsThePrefixToTheByte) {
  const std::vector<std::array<std::string_view, 3>> cases = {
      {"s3://bucket", "bucket", ""},
      {"s3://bucket/", "bucket", ""},
      {"S3://bucket/a", "bucket", "a"},
      {"s3://bucket/a/", "bucket", "a/"},
      {"s3://bucket//a//b", "bucket", "/a//b"},
      {"s3://my.dotted-bucket1/a b/%2F+?x=1#y/..", "my.dotted-bucket1", "a b/%2F+?x=1#y/.."},
      {"s3://abc/\xF0\x9F\x98\x80", "abc", "\xF0\x9F\x98\x80"},
  };
  for (const auto& [text, bucket, prefix] : cases) {
    const Result<DestinationAddress> address = parse(text);
    ASSERT_TRUE(address) << address.error().to_line();
    EXPECT_EQ(address->bucket.view(), bucket);
    EXPECT_EQ(address->prefix, prefix);
  }
}

TEST(DestinationAddress, SaysWhatIsWrongAndWhatWasMeant) {
  const std::string long_name(64, 'a');
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"s3://my_bucket", "bucket names have no underscore; did you mean s3://my-bucket?"},
      {"s3://my_bucket/x_y", "bucket names have no underscore; did you mean s3://my-bucket/x_y?"},
      {"s3://MyBucket/A", "bucket names have no upper-case letters; did you mean s3://mybucket/A?"},
      {"s3://my bucket", "bucket names have no spaces; did you mean s3://my-bucket?"},
      {"s3://my_b\xC3\xA4r", "bucket names have no underscore"},
      {"s3://b\xC3\xA4r", "bucket names have lower-case letters, digits, hyphens and dots only"},
      {"s3://bucket?versionId=1", "bucket names have lower-case letters, digits, hyphens and dots only"},
      {"s3://ab", "bucket names have 3 to 63 characters"},
      {"s3://" + long_name, "bucket names have 3 to 63 characters"},
      {"s3://-bucket", "bucket names begin and end with a letter or digit"},
      {"s3://bucket.", "bucket names begin and end with a letter or digit"},
      {"s3://buc..ket", "bucket names have no two dots in a row"},
      {"s3://192.168.5.4", "a bucket name does not read like an IP address"},
      {"s3://xn--bucket", "no bucket name begins with xn--"},
      {"s3://", "the bucket is missing: s3://bucket/prefix"},
      {"s3:///prefix", "the bucket is missing: s3://bucket/prefix"},
      {"bucket/prefix", "a destination is an s3:// address; did you mean s3://bucket/prefix?"},
      {"", "a destination is an s3:// address, such as s3://bucket/prefix"},
      {"gs://bucket", "a destination is an s3:// address, such as s3://bucket/prefix"},
      {"arn:aws:s3:::bucket/a", "a destination is an s3:// address; did you mean s3://bucket/a?"},
      {"https://bucket.s3.eu-west-1.amazonaws.com/a",
       "a destination is an s3:// address; a server other than AWS's is named by --endpoint-url; did you "
       "mean "
       "s3://bucket/a?"},
      {"https://s3.eu-west-1.amazonaws.com/bucket/a",
       "a destination is an s3:// address; a server other than AWS's is named by --endpoint-url; did you "
       "mean "
       "s3://bucket/a?"},
      {"https://minio.local/bucket",
       "a destination is an s3:// address; a server other than AWS's is named by --endpoint-url"},
      {"s3://bucket/" + std::string(1025, 'k'), "the prefix has 1025 bytes; a whole S3 key has 1024 at most"},
  };
  for (const auto& [text, message] : cases) {
    const Result<DestinationAddress> address = parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().message, message);
    EXPECT_EQ(address.error().kind, ErrorKind::invalid);
    EXPECT_EQ(address.error().subject, text);
  }
}

// They look like buckets and speak another protocol: a copy would end in signature errors.
TEST(DestinationAddress, RefusesAccessPointsAndOtherKindsOfBuckets) {
  for (const char* text : {"s3://arn:aws:s3:eu-west-1:123456789012:accesspoint/mine/prefix",
                           "arn:aws:s3:eu-west-1:123456789012:accesspoint/mine",
                           "s3://arn:aws:s3::123456789012:accesspoint/abc.mrap", "s3://abcdef.mrap/x",
                           "s3://fast--use1-az4--x-s3/x", "s3://t--table-s3", "s3://lambda--ol-s3"}) {
    const Result<DestinationAddress> address = parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().kind, ErrorKind::unsupported) << text;
  }
}

TEST(DestinationAddress, OtherServersNameBucketsAsTheyLike) {
  for (const char* bucket : {"my_bucket", "MyBucket", "ab", "192.168.5.4", "b\xC3\xA4r", "x.mrap", "-"}) {
    const Result<DestinationAddress> address = parse_destination_address(fmt::format("s3://{}/p", bucket));
    ASSERT_TRUE(address) << bucket;
    EXPECT_EQ(address->bucket.view(), bucket);
  }
  for (const char* text : {"s3://./p", "s3://..", "s3://a\nb", "s3://"}) {
    EXPECT_FALSE(parse_destination_address(text)) << text;
  }
}

TEST(DestinationAddress, LegacyNamesAreToldFromMistakes) {
  for (const std::string& name : {std::string("my_bucket"), std::string("MyBucket"), std::string(255, 'a')}) {
    EXPECT_TRUE(is_legacy_bucket_name(name)) << name;
  }
  for (const std::string& name :
       {std::string("ab"), std::string("my bucket"), std::string(256, 'a'), std::string("x--x-s3")}) {
    EXPECT_FALSE(is_legacy_bucket_name(name)) << name;
  }
}

TEST(DestinationAddress, ASasIsRefused) {
  const auto address = parse_destination_address("s3://bucket/p?sv=2024&sig=abc");
  ASSERT_FALSE(address);
  EXPECT_NE(address.error().message.find("takes no SAS"), std::string::npos);
}

TEST(DestinationAddress, TakesEveryLegalName) {
  for (const std::string& name :
       {std::string("abc"), std::string("1-2"), std::string("a.b"), std::string("1.2.3"),
        std::string("256.1.1.1.1"), std::string(63, 'z'), std::string("mybucket-s3alias")}) {
    EXPECT_EQ(bucket_name_problem(name), "") << name;
  }
}

}  // namespace
}  // namespace azs3copy
