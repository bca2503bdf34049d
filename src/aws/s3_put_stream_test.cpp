// s3_put_stream_test.cpp: streamed bodies: framing, gathering, early answers, checksums.
#include <gtest/gtest.h>

#include "aws/aws_chunked.hpp"
#include "aws/s3_test_support.hpp"

namespace azs3copy::s3_test {
namespace {

using S3Stream = S3Fixture;

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i % 23);
  return text;
}

ScriptedReply ok_for(std::string_view data) {
  return {
      .headers = {{"ETag", "\"e1\""}, {"x-amz-checksum-crc64nvme", to_s3_base64(crc64({}, bytes_of(data)))}}};
}

// Takes the framing off, checking it: chunk sizes, line ends, trailer.
std::string unframe(std::string_view wire, std::string_view checksum) {
  std::string data;
  for (;;) {
    const std::size_t line = wire.find("\r\n");
    const std::size_t size = std::stoull(std::string(wire.substr(0, line)), nullptr, 16);
    wire.remove_prefix(line + 2);
    if (size == 0) break;
    data += wire.substr(0, size);
    EXPECT_EQ(wire.substr(size, 2), "\r\n");
    wire.remove_prefix(size + 2);
  }
  EXPECT_EQ(wire, "x-amz-checksum-crc64nvme:" + std::string(checksum) + "\r\n\r\n");
  return data;
}

Task<Result<PutReply>> send(S3Client& client, PutTarget target, std::string_view data, std::size_t piece,
                            const Context& context) {
  Result<std::unique_ptr<S3PutStream>> stream =
      co_await client.put_stream(target, data.size(), {}, {}, context);
  if (!stream) co_return passed(std::move(stream));
  Crc64 crc;
  for (std::size_t at = 0; at < data.size(); at += piece) {
    const Bytes bytes = bytes_of(data.substr(at, piece));
    crc = crc64(crc, bytes);
    Result<bool> answered = co_await (*stream)->write(bytes);
    if (!answered) co_return passed(std::move(answered));
    if (*answered) break;
  }
  co_return co_await (*stream)->finish(crc);
}

TEST_F(S3Stream, ArrivesWholeWithItsChecksumBehindIt) {
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, std::size_t{8191}, std::size_t{8192}, std::size_t{1048577}}) {
    for (const std::size_t piece : {std::size_t{100}, std::size_t{5000}, std::size_t{262'144}}) {
      const std::string data = pattern(size);
      wire.replies(ok_for(data));
      const Result<PutReply> reply = run(send(*client, {.key = Key("k")}, data, piece, context));
      ASSERT_TRUE(reply) << reply.error().to_line();
      const RecordedRequest& request = wire.requests.back();
      EXPECT_EQ(request.body.size(), request.streamed_size) << size;
      EXPECT_EQ(unframe(request.body, to_s3_base64(crc64({}, bytes_of(data)))), data);
      EXPECT_EQ(request.header("x-amz-content-sha256"), "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
      EXPECT_EQ(request.header("content-encoding"), "aws-chunked");
      EXPECT_EQ(request.header("x-amz-trailer"), "x-amz-checksum-crc64nvme");
      EXPECT_EQ(request.header("x-amz-decoded-content-length"), std::to_string(size));
      EXPECT_TRUE(request.read_to_end);
      EXPECT_EQ(reply->etag.view(), "e1");
    }
  }
}

TEST_F(S3Stream, APartNamesItsUploadAndCarriesNoAttributes) {
  make({.expected_bucket_owner = "1234"});
  const std::string data = pattern(10);
  wire.replies(ok_for(data));
  ASSERT_TRUE(run(
      send(*client, {.key = Key("a b"), .upload = UploadId("x/+="), .part_number = 7}, data, 10, context)));
  const RecordedRequest& request = wire.requests[0];
  EXPECT_EQ(request.target, "/a%20b?partNumber=7&uploadId=x%2F%2B%3D");
  EXPECT_EQ(request.header("x-amz-expected-bucket-owner"), "1234");
}

Task<Result<std::unique_ptr<S3PutStream>>> open_with_attributes(S3Client& client, PutTarget target,
                                                                const Context& context) {
  co_return co_await client.put_stream(target, 5,
                                       {.headers = {.content_encoding = "gzip"},
                                        .storage_class = "GLACIER",
                                        .sse = "aws:kms",
                                        .bucket_key = true},
                                       {.if_match = ETag("old")}, context);
}

TEST_F(S3Stream, AWholeObjectTakesAttributesAndItsOwnEncoding) {
  wire.replies({});
  ASSERT_TRUE(run(open_with_attributes(*client, {.key = Key("k")}, context)));
  EXPECT_EQ(wire.requests[0].header("content-encoding"), "aws-chunked,gzip");
  EXPECT_EQ(wire.requests[0].header("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(wire.requests[0].header("x-amz-storage-class"), "GLACIER");
  EXPECT_EQ(wire.requests[0].header("if-match"), "\"old\"");
  // S3 answers 400 to encryption headers on a part.
  wire.replies({});
  ASSERT_TRUE(run(
      open_with_attributes(*client, {.key = Key("k"), .upload = UploadId("u"), .part_number = 1}, context)));
  EXPECT_EQ(wire.requests[1].header("content-encoding"), "aws-chunked");
  EXPECT_FALSE(wire.requests[1].headers.contains("x-amz-server-side-encryption"));
  EXPECT_FALSE(wire.requests[1].headers.contains("x-amz-storage-class"));
  EXPECT_FALSE(wire.requests[1].headers.contains("if-match"));
}

// versitygw and others keep "aws-chunked" as the object's encoding: browsers would refuse what we copied.
TEST_F(S3Stream, OtherServersGetTheObjectsOwnEncodingOnly) {
  make({.endpoint_url = "https://gateway.example.com"});
  wire.replies({}).replies({});
  ASSERT_TRUE(run(open_with_attributes(*client, {.key = Key("k")}, context)));
  EXPECT_EQ(wire.requests[0].header("content-encoding"), "gzip");
  make({.endpoint_url = "https://bucket.vpce-1.s3.eu-west-1.vpce.amazonaws.com"});
  ASSERT_TRUE(run(open_with_attributes(*client, {.key = Key("k")}, context)));
  EXPECT_EQ(wire.requests[1].header("content-encoding"), "aws-chunked,gzip");
}

TEST_F(S3Stream, IsAPlainBodyWhereTheServerKnowsNoChecksums) {
  make({.checksum = S3Checksum::none});
  const std::string data = pattern(100'000);
  wire.replies({.headers = {{"ETag", "\"e1\""}}});
  const Result<PutReply> reply = run(send(*client, {.key = Key("k")}, data, 33'333, context));
  ASSERT_TRUE(reply) << reply.error().to_line();
  EXPECT_EQ(wire.requests[0].body, data);
  EXPECT_EQ(wire.requests[0].streamed_size, data.size());
  EXPECT_EQ(wire.requests[0].header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_FALSE(wire.requests[0].headers.contains("content-encoding"));
  EXPECT_FALSE(wire.requests[0].headers.contains("x-amz-trailer"));
}

TEST_F(S3Stream, AnotherChecksumInTheReplyIsCorruptAndTheObjectDeleted) {
  const std::string data = pattern(10);
  wire.replies(ok_for("other")).replies({.status = 204});
  const Result<PutReply> reply = run(send(*client, {.key = Key("k")}, data, 10, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(reply.error().retry, RetryVerdict::later);
  ASSERT_EQ(wire.requests.size(), 2U);
  EXPECT_EQ(wire.requests[1].method, Method::del);
}

// Its upload stays, and the part sent again replaces it.
TEST_F(S3Stream, AnotherChecksumOfAPartDeletesNothing) {
  const std::string data = pattern(10);
  wire.replies(ok_for("other"));
  const PutTarget part{.key = Key("k"), .upload = UploadId("u"), .part_number = 1};
  const Result<PutReply> reply = run(send(*client, part, data, 10, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(wire.requests.size(), 1U);
}

// S3 says 503 while we write: the rest of a 100 MiB body would be read from Azure, and paid for, for nothing.
TEST_F(S3Stream, AnEarlyRefusalEndsTheWriting) {
  ScriptedReply refusal = error_reply(503, "SlowDown");
  refusal.answers_after = 40'000;
  wire.replies(refusal);
  const std::string data = pattern(1'000'000);
  const Result<PutReply> reply = run(send(*client, {.key = Key("k")}, data, 20'000, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::throttled);
  EXPECT_LT(wire.requests[0].body.size(), 100'000U);
}

const PutTarget a_part{.key = Key("k"), .upload = UploadId("u"), .part_number = 1};

TEST_F(S3Stream, PartRefusedByItsHeadIsNeverStarted) {
  for (const auto& [status, code] : {std::pair{503, "SlowDown"}, std::pair{404, "NoSuchUpload"}}) {
    ScriptedReply refusal = error_reply(status, code);
    refusal.answers_after = 0;
    wire.replies(refusal);
    const auto stream = run(client->put_stream(a_part, 10, {}, {}, context));
    ASSERT_FALSE(stream) << code;
    EXPECT_EQ(stream.error().service_code, code);
    EXPECT_EQ(wire.requests.back().header("expect"), "100-continue");
    EXPECT_TRUE(wire.requests.back().body.empty());
  }
}

TEST_F(S3Stream, ServerThatIgnoresExpectIsAskedOnce) {
  const std::string data = pattern(10);
  wire.replies(ok_for(data)).replies(ok_for(data)).replies(ok_for(data));
  ScriptedReply ignores = ok_for(data);
  ignores.asks_for_body = false;
  wire.replies(ignores).replies(ok_for(data));
  ASSERT_TRUE(run(send(*client, {.key = Key("k")}, data, 10, context)));
  EXPECT_EQ(wire.requests.back().header("expect"), "") << "a whole object's attributes come from Azure first";
  for (int part = 0; part < 2; ++part) {
    ASSERT_TRUE(run(send(*client, a_part, data, 10, context)));
    EXPECT_EQ(wire.requests.back().header("expect"), "100-continue");
  }
  make({});
  ASSERT_TRUE(run(send(*client, a_part, data, 10, context)));
  ASSERT_TRUE(run(send(*client, a_part, data, 10, context)));
  EXPECT_EQ(wire.requests.back().header("expect"), "");
}

TEST_F(S3Stream, ExpectationFailedIsTriedAgainWithoutIt) {
  ScriptedReply refusal{.status = 417};
  refusal.answers_after = 0;
  wire.replies(refusal).replies(ok_for("x"));
  const auto refused = run(client->put_stream(a_part, 1, {}, {}, context));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry, RetryVerdict::other_form);
  ASSERT_TRUE(run(send(*client, a_part, "x", 1, context)));
  EXPECT_EQ(wire.requests.back().header("expect"), "");
}

// A success before the end was sent is the success of something else.
TEST_F(S3Stream, AnEarlySuccessIsNone) {
  ScriptedReply early = ok_for("");
  early.answers_after = 1;
  wire.replies(early);
  const Result<PutReply> reply = run(send(*client, {.key = Key("k")}, pattern(100'000), 20'000, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::protocol);
}

Task<Result<PutReply>> send_less(S3Client& client, const Context& context) {
  Result<std::unique_ptr<S3PutStream>> stream =
      co_await client.put_stream({.key = Key("k")}, 10, {}, {}, context);
  if (!stream) co_return passed(std::move(stream));
  Result<bool> written = co_await (*stream)->write(bytes_of("123"));
  if (!written) co_return passed(std::move(written));
  co_return co_await (*stream)->finish({});
}
Task<Result<bool>> send_more(S3Client& client, const Context& context) {
  Result<std::unique_ptr<S3PutStream>> stream =
      co_await client.put_stream({.key = Key("k")}, 2, {}, {}, context);
  if (!stream) co_return passed(std::move(stream));
  co_return co_await (*stream)->write(bytes_of("123"));
}

// The trailer of a body that is too short would make S3 store a truncated object as good.
TEST_F(S3Stream, ABodyOfAnotherSizeIsNeverFinished) {
  wire.replies({}).replies({});
  const Result<PutReply> shorter = run(send_less(*client, context));
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(wire.requests[0].body.find("x-amz-checksum"), std::string::npos);
  EXPECT_FALSE(wire.requests[0].response_asked);
  EXPECT_EQ(run(send_more(*client, context)).error().kind, ErrorKind::internal);
}

TEST_F(S3Stream, ABrokenConnectionIsNamed) {
  wire.replies({.write_fails_after = 1000});
  const Result<PutReply> reply = run(send(*client, {.key = Key("k")}, pattern(100'000), 50'000, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::connection);
  EXPECT_EQ(reply.error().operation, "s3.put_stream");
  EXPECT_EQ(reply.error().subject, "k");
}

// The stage tries again by itself: what the next attempt needs must be in place by then.
TEST_F(S3Stream, ANewLoginOrRegionIsReadyForTheNextAttempt) {
  wire.replies(error_reply(400, "ExpiredToken"))
      .replies(error_reply(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-west-1"}}))
      .replies(ok_for("x"));
  const Result<PutReply> ended = run(send(*client, {.key = Key("k")}, "x", 1, context));
  EXPECT_EQ(ended.error().retry, RetryVerdict::fresh_login);
  EXPECT_EQ(refreshes, 1);
  const Result<PutReply> moved = run(send(*client, {.key = Key("k")}, "x", 1, context));
  EXPECT_EQ(moved.error().retry, RetryVerdict::other_form);
  ASSERT_TRUE(run(send(*client, {.key = Key("k")}, "x", 1, context)));
  EXPECT_NE(wire.requests[2].header("authorization").find("AKID2"), std::string_view::npos);
  EXPECT_EQ(wire.requests[2].endpoint.host, "photos.s3.eu-west-1.amazonaws.com");
}

TEST_F(S3Stream, SizesAndNumbersThatS3RefusesAreNotSent) {
  const auto open = [&](PutTarget target, std::uint64_t size) {
    return run(client->put_stream(target, size, {}, {}, context));
  };
  EXPECT_EQ(open({.key = Key("k")}, put_bytes_max + 1).error().kind, ErrorKind::invalid);
  EXPECT_EQ(open({.key = Key("k"), .upload = UploadId("u"), .part_number = 0}, 1).error().kind,
            ErrorKind::internal);
  EXPECT_EQ(open({.key = Key("k"), .upload = UploadId("u"), .part_number = 10'001}, 1).error().kind,
            ErrorKind::internal);
  EXPECT_TRUE(wire.requests.empty());
}

}  // namespace
}  // namespace azs3copy::s3_test
