// s3_traits_test.cpp: what a reply confirms, and what the client does at servers that refuse or ignore its forms.
#include "aws/s3_traits.hpp"

#include <gtest/gtest.h>

#include "aws/s3_test_support.hpp"
#include "codec/base64.hpp"

namespace azs3copy::s3_test {
namespace {

const std::string data = "123456789";
const Crc64 data_crc{0xAE8B14860A799888U};
const std::string data_md5 = hex_encode(md5_of(bytes_of(data)));
const std::string other_md5 = hex_encode(md5_of(bytes_of("other")));

ScriptedReply etag_reply(const std::string& etag, std::vector<Headers::Field> more = {}) {
  more.emplace_back("ETag", "\"" + etag + "\"");
  return {.headers = std::move(more)};
}
ScriptedReply crc_reply() {
  return etag_reply("opaque", {{"x-amz-checksum-crc64nvme", to_s3_base64(data_crc)}});
}
ScriptedReply deleted() {
  return {.status = 204};
}

Task<Result<PutReply>> stream(S3Client& client, PutTarget target, const Context& context) {
  Result<std::unique_ptr<S3PutStream>> stream =
      co_await client.put_stream(target, data.size(), {}, {}, context);
  if (!stream) co_return passed(std::move(stream));
  Result<bool> answered = co_await (*stream)->write(bytes_of(data));
  if (!answered) co_return passed(std::move(answered));
  co_return co_await (*stream)->finish(data_crc);
}

// At a server that is not AWS's: nothing is known of it.
struct S3Learning : S3Fixture {
  S3Learning() { make_elsewhere(); }
  void make_elsewhere(S3Options options = {}) {
    options.endpoint_url = "https://gateway.example.com";
    options.traits = traits = std::make_shared<S3Traits>();
    make(std::move(options));
  }
  Result<PutReply> put() {
    return run(client->put_object(Key("k"), bytes_of(data), data_crc, {}, {}, context));
  }
  Result<PutReply> put_stream() { return run(stream(*client, {.key = Key("k")}, context)); }
  Result<PutReply> put_part() {
    return run(stream(*client, {.key = Key("k"), .upload = UploadId("u"), .part_number = 1}, context));
  }
  bool last_was_plain() const {
    return wire.requests.back().header("x-amz-content-sha256") == "UNSIGNED-PAYLOAD" &&
           wire.requests.back().body == data;
  }
  std::shared_ptr<S3Traits> traits;
};

TEST_F(S3Learning, CrcInReplyConfirmsEachKindOfWrite) {
  wire.replies(3, crc_reply());
  EXPECT_EQ(put()->confirmed, Confirmation::crc64nvme);
  EXPECT_EQ(put_stream()->confirmed, Confirmation::crc64nvme);
  EXPECT_EQ(put_part()->confirmed, Confirmation::crc64nvme);
  EXPECT_TRUE(traits->take_warnings().empty());
}

TEST_F(S3Learning, Md5EtagConfirmsEachKindOfWrite) {
  wire.replies(4, etag_reply(data_md5));
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
  EXPECT_EQ(put_stream()->confirmed, Confirmation::md5);
  EXPECT_EQ(put_part()->confirmed, Confirmation::md5);
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
  EXPECT_EQ(wire.requests.back().header("content-md5"), base64_encode(md5_of(bytes_of(data))))
      << "a server that checks no CRC is given the MD5";
  EXPECT_TRUE(traits->take_warnings().empty());
}

TEST_F(S3Learning, OtherMd5EtagIsCorruptAndServerDecidesNext) {
  wire.replies(etag_reply(other_md5)).replies(deleted()).replies(error_reply(400, "BadDigest"));
  make_elsewhere();
  client = std::make_unique<S3Client>(
      Bucket("photos"), S3Options{.endpoint_url = "https://gateway.example.com"},
      static_aws_credentials({.access_key_id = "a", .secret_access_key = Secret("s")}), wire,
      RetryPolicy{.attempts_max = 2});
  const Result<PutReply> reply = put();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  ASSERT_EQ(wire.requests.size(), 3U);
  EXPECT_FALSE(wire.requests[0].headers.contains("content-md5"));
  EXPECT_EQ(wire.requests[1].method, Method::del);
  EXPECT_TRUE(wire.requests[2].headers.contains("content-md5"));
}

// Some servers' ETags have the form of an MD5 and are something else.
TEST_F(S3Learning, OpaqueEtagsAreLearntFromContentMd5) {
  wire.replies(etag_reply(other_md5)).replies(deleted()).replies(3, etag_reply(other_md5));
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
  EXPECT_EQ(put_part().error().kind, ErrorKind::corrupt) << "with a trailer, which nothing has confirmed yet";
}

TEST_F(S3Learning, UnconfirmedTrailerIsSentPlainNextTime) {
  wire.replies(etag_reply("opaque")).replies(deleted()).replies(2, etag_reply("opaque"));
  const Result<PutReply> first = put_stream();
  ASSERT_FALSE(first) << "the server may have stored the framing";
  EXPECT_EQ(first.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(first.error().retry, RetryVerdict::other_form);
  EXPECT_EQ(put_stream()->confirmed, Confirmation::md5) << "it took the MD5 of the first attempt";
  EXPECT_TRUE(last_was_plain());
  EXPECT_EQ(put_stream()->confirmed, Confirmation::none);
  EXPECT_FALSE(wire.requests.back().headers.contains("content-md5"));
  EXPECT_EQ(traits->take_warnings().size(), 1U);
}

TEST_F(S3Learning, DamagedPartIsRetriedWithItsMd5) {
  wire.replies(etag_reply(other_md5)).replies(error_reply(400, "BadDigest"));
  EXPECT_EQ(put_part().error().kind, ErrorKind::corrupt);
  EXPECT_EQ(put_part().error().kind, ErrorKind::corrupt);
  EXPECT_EQ(wire.requests.back().header("content-md5"), base64_encode(md5_of(bytes_of(data))));
  EXPECT_TRUE(last_was_plain());
}

TEST_F(S3Learning, OtherSizeInReplyIsCorrupt) {
  wire.replies(etag_reply(data_md5, {{"x-amz-object-size", "83"}})).replies(deleted());
  const Result<PutReply> reply = put_stream();
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  EXPECT_NE(reply.error().message.find("stored 83 bytes of the 9"), std::string::npos);
}

TEST_F(S3Learning, KmsEtagIsNotTakenForAnMd5) {
  wire.replies(etag_reply(other_md5, {{"x-amz-server-side-encryption", "aws:kms"}}));
  EXPECT_EQ(put()->confirmed, Confirmation::none);
  EXPECT_EQ(traits->take_warnings().size(), 1U);
}

TEST_F(S3Learning, RefusedTrailerIsLeftOutFromThenOn) {
  const ScriptedReply refusals[] = {error_reply(501, "NotImplemented"),
                                    error_reply(400, "InvalidArgument"),
                                    error_reply(400, "XAmzContentSHA256Mismatch"),
                                    {.status = 400},
                                    error_reply(411, "MissingContentLength")};
  for (const ScriptedReply& refusal : refusals) {
    make_elsewhere();
    wire.replies(refusal).replies(2, etag_reply(data_md5));
    const Result<PutReply> refused = put_part();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry, RetryVerdict::other_form) << refusal.status;
    EXPECT_EQ(put_part()->confirmed, Confirmation::md5);
    EXPECT_TRUE(last_was_plain());
    EXPECT_EQ(put_stream()->confirmed, Confirmation::md5);
    EXPECT_TRUE(last_was_plain());
    const std::vector<std::string> warnings = traits->take_warnings();
    ASSERT_EQ(warnings.size(), 1U);
    EXPECT_NE(warnings[0].find("--s3-checksum none"), std::string::npos);
    EXPECT_EQ(refreshes, 0) << "a refused form is not a refused login";
  }
}

TEST_F(S3Learning, RefusedChecksumHeadersAreLeftOutFromThenOn) {
  wire.replies(error_reply(400, "InvalidArgument")).replies(3, etag_reply(data_md5));
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
  EXPECT_EQ(put_stream()->confirmed, Confirmation::md5);
  for (std::size_t i = 1; i < wire.requests.size(); ++i)
    EXPECT_FALSE(wire.requests[i].headers.contains("x-amz-checksum-crc64nvme"));
  EXPECT_TRUE(last_was_plain());
  EXPECT_EQ(traits->take_warnings().size(), 1U);
}

TEST_F(S3Learning, AcceptedHeadSaysNothingOfPuts) {
  wire.replies({.headers = {{"ETag", "\"e\""}, {"Content-Length", "9"}}})
      .replies(error_reply(400, "InvalidArgument"))
      .replies(etag_reply(data_md5));
  ASSERT_TRUE(run(client->head_object(Key("k"), context)));
  EXPECT_EQ(put()->confirmed, Confirmation::md5);
}

// The refusal may have another cause: then nothing is concluded from it.
TEST_F(S3Learning, RefusalThatStaysIsNotBlamedOnChecksums) {
  wire.replies(2, error_reply(400, "InvalidArgument")).replies(crc_reply());
  EXPECT_EQ(put().error().service_code, "InvalidArgument");
  EXPECT_EQ(put()->confirmed, Confirmation::crc64nvme);
  EXPECT_TRUE(wire.requests.back().headers.contains("x-amz-checksum-crc64nvme"));
  EXPECT_TRUE(traits->take_warnings().empty());
}

TEST_F(S3Learning, RefusedUploadSizeIsLeftOutFromThenOn) {
  const ScriptedReply completed{
      .body = "<CompleteMultipartUploadResult><ETag>\"e-1\"</ETag></CompleteMultipartUploadResult>"};
  wire.replies(error_reply(501, "NotImplemented")).replies(2, completed);
  const CompleteUpload upload{
      .key = Key("k"),
      .id = UploadId("u"),
      .parts = {{.number = 1, .etag = ETag("p"), .crc = data_crc, .confirmed = Confirmation::md5}},
      .size = data.size(),
      .crc = data_crc};
  EXPECT_EQ(run(client->complete_upload(upload, context))->confirmed, Confirmation::md5);
  EXPECT_TRUE(wire.requests[0].headers.contains("x-amz-mp-object-size"));
  EXPECT_FALSE(wire.requests[1].headers.contains("x-amz-mp-object-size"));
  EXPECT_TRUE(wire.requests[1].headers.contains("x-amz-checksum-crc64nvme")) << "only what is refused goes";
  ASSERT_TRUE(run(client->complete_upload(upload, context)));
  EXPECT_EQ(wire.requests.size(), 3U);
}

// A server that checks the size must not be asked again without it.
TEST_F(S3Learning, RefusedWrongSizeIsNotSentWithout) {
  for (const std::string_view code : {"InvalidRequest", "InvalidArgument"}) {
    wire.replies(error_reply(400, code));
    const CompleteUpload upload{.key = Key("k"),
                                .id = UploadId("u"),
                                .parts = {{.number = 1, .etag = ETag("p")}},
                                .size = data.size()};
    EXPECT_FALSE(run(client->complete_upload(upload, context)));
    for (const RecordedRequest& request : wire.requests)
      EXPECT_TRUE(request.headers.contains("x-amz-mp-object-size")) << code;
    make_elsewhere();
  }
}

TEST_F(S3Learning, OtherSizeOfACompletedUploadIsCorrupt) {
  wire.replies(
          {.headers = {{"x-amz-object-size", "5"}},
           .body = "<CompleteMultipartUploadResult><ETag>\"e-1\"</ETag></CompleteMultipartUploadResult>"})
      .replies(deleted());
  const CompleteUpload upload{.key = Key("k"),
                              .id = UploadId("u"),
                              .parts = {{.number = 1, .etag = ETag("p"), .confirmed = Confirmation::md5}},
                              .size = data.size()};
  EXPECT_EQ(run(client->complete_upload(upload, context)).error().kind, ErrorKind::corrupt);
}

// ---- AWS itself

// The MD5 of each body would double the CPU time of a copy.
TEST_F(S3Learning, AtAwsNoMd5OfAStreamIsTaken) {
  make({});
  wire.replies(2, etag_reply(data_md5));
  EXPECT_EQ(put_stream()->confirmed, Confirmation::none);
  EXPECT_EQ(wire.requests.back().header("x-amz-content-sha256"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
  EXPECT_EQ(put_stream()->confirmed, Confirmation::md5) << "once a reply has not confirmed the CRC";
}

TEST_F(S3Learning, ElsewhereMd5EndsWithTheFirstConfirmedCrc) {
  wire.replies(crc_reply()).replies(etag_reply(data_md5));
  EXPECT_EQ(put_stream()->confirmed, Confirmation::crc64nvme);
  EXPECT_EQ(put_stream()->confirmed, Confirmation::none);
}

TEST_F(S3Learning, RefusalsAtAwsAreNotTriedInOtherForms) {
  make({});
  wire.replies(error_reply(400, "InvalidArgument")).replies(error_reply(400, "InvalidArgument"));
  EXPECT_FALSE(put());
  EXPECT_EQ(put_stream().error().retry, RetryVerdict::never);
  EXPECT_EQ(wire.requests.size(), 2U);
}

TEST_F(S3Learning, ChecksumNoneUsesMd5) {
  make_elsewhere({.checksum = S3Checksum::none});
  wire.replies(2, etag_reply(data_md5, {{"x-amz-checksum-crc64nvme", "AAAAAAAAAAE="}}));
  EXPECT_EQ(put()->confirmed, Confirmation::md5) << "checksums in replies are not read";
  EXPECT_TRUE(wire.requests[0].headers.contains("content-md5"));
  EXPECT_FALSE(wire.requests[0].headers.contains("x-amz-checksum-crc64nvme"));
  EXPECT_EQ(put_part()->confirmed, Confirmation::md5);
  EXPECT_TRUE(last_was_plain());
}

// ---- The bucket's owner

TEST_F(S3Learning, IgnoredBucketOwnerIsWarnedOf) {
  make_elsewhere({.expected_bucket_owner = "111122223333"});
  wire.replies({});
  ASSERT_TRUE(run(client->check_owner_is_checked(context)));
  EXPECT_EQ(wire.requests[0].header("x-amz-expected-bucket-owner"), "111122223330");
  const std::vector<std::string> warnings = traits->take_warnings();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("ignores x-amz-expected-bucket-owner"), std::string::npos);
}

TEST_F(S3Learning, CheckedBucketOwnerIsNotWarnedOf) {
  make_elsewhere({.expected_bucket_owner = "111122223333"});
  wire.replies({.status = 403});
  ASSERT_TRUE(run(client->check_owner_is_checked(context)));
  EXPECT_TRUE(traits->take_warnings().empty());
}

TEST_F(S3Learning, RefusedBucketOwnerIsLeftOutWithAWarning) {
  make_elsewhere({.expected_bucket_owner = "111122223333"});
  wire.replies(error_reply(501, "NotImplemented")).replies({}).replies({});
  ASSERT_TRUE(run(client->head_bucket(context)));
  ASSERT_TRUE(run(client->head_bucket(context)));
  EXPECT_FALSE(wire.requests.back().headers.contains("x-amz-expected-bucket-owner"));
  EXPECT_EQ(traits->take_warnings().size(), 1U);
}

}  // namespace
}  // namespace azs3copy::s3_test
