// s3_client_test.cpp: objects and buckets: what goes on the wire, what is made of the reply.
#include "aws/s3_client.hpp"

#include <gtest/gtest.h>

#include "aws/s3_test_support.hpp"
#include "codec/url.hpp"

namespace azs3copy::s3_test {
namespace {

const std::string body_text = "123456789";  // CRC64NVME rosUhgp5mIg=
const Crc64 body_crc{0xAE8B14860A799888U};
const ScriptedReply put_ok{.headers = {{"ETag", "\"e1\""},
                                       {"x-amz-checksum-crc64nvme", "rosUhgp5mIg="},
                                       {"x-amz-checksum-type", "FULL_OBJECT"},
                                       {"x-amz-version-id", "v1"}}};

// S3 has stored it, and reports another checksum than was sent.
const ScriptedReply put_doubtful{
    .headers = {{"ETag", "\"e1\""}, {"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}}};

using S3Put = S3Fixture;
using S3Head = S3Fixture;
using S3Get = S3Fixture;
using S3Read = S3Fixture;
using S3Bucket = S3Fixture;
using S3Login = S3Fixture;

TEST_F(S3Put, SendsOneRequestWithItsChecksumSigned) {
  wire.replies(put_ok);
  const Result<PutReply> reply = run(client->put_object(
      Key("a b"), bytes_of(body_text), body_crc, {.headers = {.content_type = "text/plain"}, .sse = "AES256"},
      {.if_absent = true}, context));
  ASSERT_TRUE(reply) << reply.error().to_line();
  EXPECT_EQ(reply->etag.view(), "e1");
  EXPECT_EQ(reply->version_id, "v1");
  EXPECT_EQ(reply->crc, body_crc);
  ASSERT_EQ(wire.requests.size(), 1U);
  const RecordedRequest& request = wire.requests[0];
  EXPECT_EQ(request.method, Method::put);
  EXPECT_EQ(request.endpoint.authority(), "photos.s3.us-east-1.amazonaws.com");
  EXPECT_EQ(request.target, "/a%20b");
  EXPECT_EQ(request.body, body_text);
  EXPECT_EQ(request.header("x-amz-content-sha256"), "UNSIGNED-PAYLOAD");
  EXPECT_EQ(request.header("x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
  EXPECT_EQ(request.header("x-amz-sdk-checksum-algorithm"), "CRC64NVME");
  EXPECT_EQ(request.header("if-none-match"), "*");
  EXPECT_EQ(request.header("x-amz-server-side-encryption"), "AES256");
  EXPECT_NE(request.header("authorization").find("x-amz-checksum-crc64nvme"), std::string_view::npos);
}

// Over plain http nothing else protects the bytes, and AWS refuses an unsigned payload there.
TEST_F(S3Put, SignsThePayloadWithoutTls) {
  make({.endpoint_url = "http://127.0.0.1:7070"});
  wire.replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests[0].header("x-amz-content-sha256"),
            "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
  EXPECT_EQ(wire.requests[0].target, "/photos/k");
}

TEST_F(S3Put, SendsNoChecksumWhereTheServerKnowsNone) {
  make({.checksum = S3Checksum::none});
  wire.replies({.headers = {{"ETag", "\"e1\""}, {"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}}});
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_TRUE(reply);
  for (const auto& [name, value] : wire.requests[0].headers)
    EXPECT_EQ(name.find("checksum"), std::string::npos) << name;
}

// The server stored other bytes: silence would be a corrupt copy reported as good.
TEST_F(S3Put, AnotherChecksumInTheReplyIsCorruptAndTriedAgain) {
  for (int attempt = 0; attempt < 8; ++attempt) wire.replies(put_doubtful).replies({.status = 204});
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  EXPECT_EQ(reply.error().attempts, 4);
  EXPECT_EQ(reply.error().subject, "k");
  EXPECT_EQ(reply.error().operation, "s3.put_object");
  EXPECT_NE(reply.error().message.find("the object was deleted again"), std::string::npos);
  ASSERT_EQ(wire.requests.size(), 8U);
  EXPECT_EQ(wire.requests[6].body, body_text);
  EXPECT_EQ(wire.requests[7].method, Method::del);
  EXPECT_EQ(wire.requests[7].target, "/k");
}

// The error that the caller gets is the last attempt's, and tells nothing of an object that an earlier one left.
TEST_F(S3Put, ADoubtfulObjectIsGoneBeforeAnotherAttemptMayFailOtherwise) {
  wire.replies({.headers = {{"ETag", "\"e1\""}, {"x-amz-checksum-crc64nvme", "nonsense!"}}})
      .replies({.status = 204})
      .replies(error_reply(403, "AccessDenied"));
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::permission);
  ASSERT_EQ(wire.requests.size(), 3U);
  EXPECT_EQ(wire.requests[1].method, Method::del);
  EXPECT_EQ(wire.requests[1].header("if-match"), "\"e1\"") << "not what another writer put there since";
}

TEST_F(S3Put, AnotherWritersObjectIsNotDeleted) {
  make({}, {.attempts_max = 1});
  wire.replies(put_doubtful).replies(error_reply(412, "PreconditionFailed"));
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("another writer has replaced"), std::string::npos);
  EXPECT_EQ(wire.requests.size(), 2U);
}

// The condition needs s3:GetObject; a damaged object that stays would be taken for unchanged for ever.
TEST_F(S3Put, DoubtfulObjectIsDeletedWithoutReadRight) {
  make({}, {.attempts_max = 1});
  wire.replies(put_doubtful).replies(error_reply(403, "AccessDenied")).replies({.status = 204});
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("deleted again"), std::string::npos);
  EXPECT_FALSE(wire.requests[2].headers.contains("if-match"));
}

// Nor does the end of the time for the work leave it there.
TEST_F(S3Put, ADoubtfulObjectIsDeletedThoughTheTimeForTheWorkIsOver) {
  context.deadline = clock.now() + seconds(10);
  context.clean_up_deadline = clock.now() + seconds(20);
  wire.fallback = [this](const RecordedRequest& request) -> ScriptedReply {
    if (request.method == Method::del) return {.status = 204};
    clock.advance(seconds(11));
    return put_doubtful;
  };
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_NE(reply.error().message.find("deleted again; no time is left"), std::string::npos)
      << reply.error().message;
}

TEST_F(S3Put, ADoubtfulObjectThatCannotBeDeletedIsTold) {
  make({}, {.attempts_max = 1});
  wire.replies(put_doubtful).replies(2, error_reply(403, "AccessDenied"));
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  EXPECT_NE(
      reply.error().message.find("stands and could not be deleted (s3.delete_object k: 403 AccessDenied"),
      std::string::npos)
      << reply.error().message;
}

TEST_F(S3Put, IsTriedAgainWithAFreshSignature) {
  wire.replies(error_reply(503, "SlowDown"))
      .replies({.start_error = ScriptedTransport::broken_connection()})
      .replies(put_ok);
  clock.on_sleep = [this](milliseconds) { clock.advance(seconds(2)); };
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  ASSERT_EQ(wire.requests.size(), 3U);
  EXPECT_NE(wire.requests[0].header("x-amz-date"), wire.requests[2].header("x-amz-date"));
  EXPECT_EQ(wire.requests[2].headers.size(), wire.requests[0].headers.size());
}

TEST_F(S3Put, KeysThatS3HasNoRoomForAreRefusedBeforeTheyAreSent) {
  for (const Key& key : {Key(""), Key(std::string(1025, 'k'))}) {
    const Result<PutReply> reply = run(client->put_object(key, {}, {}, {}, {}, context));
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().kind, ErrorKind::invalid);
  }
  EXPECT_TRUE(wire.requests.empty());
  wire.replies(put_ok);
  EXPECT_TRUE(
      run(client->put_object(Key(std::string(1024, 'k')), bytes_of(body_text), body_crc, {}, {}, context)));
}

// Normalised or wrongly encoded, a key would be another object, and two blobs might become one.
TEST_F(S3Put, OddKeysArriveExactly) {
  const std::vector<std::string> keys = {
      "a//b", "/x", "//", "..",      "a/../b",           "./a",   "a%2Fb", "a+b", "a=b", "a?b", "a#b", "a b",
      "a\\b", "a.", "\n", "a&b;c,d", "\xF0\x9F\x98\x80", "~*'()!"};
  for (const std::string& key : keys) {
    wire.replies(put_ok);
    ASSERT_TRUE(run(client->put_object(Key(key), bytes_of(body_text), body_crc, {}, {}, context))) << key;
    const std::string& target = wire.requests.back().target;
    EXPECT_EQ(target.find_first_of("?# +=&;"), std::string::npos) << target;
    EXPECT_EQ(url_decode(std::string_view(target).substr(1)).value(), key);
  }
}

TEST_F(S3Put, AReplyWithoutETagIsNoSuccess) {
  wire.replies({.headers = {}});
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::protocol);
}

TEST_F(S3Put, ARefusalNamesTheFlagThatAddedTheHeader) {
  make({.endpoint_url = "https://s3.local", .expected_bucket_owner = "123456789012"}, {.attempts_max = 1});
  const auto advice = [&](const ScriptedReply& reply) {
    wire.replies(reply);
    const ObjectAttributes attributes{.storage_class = "COLD", .sse = "AES256"};
    return run(client->put_object(Key("k"), bytes_of(body_text), body_crc, attributes, {}, context))
        .error()
        .advice;
  };
  const auto named = [](std::string_view header) {
    return ScriptedReply{.status = 501,
                         .body =
                             "<Error><Code>NotImplemented</Code><Message>A header you provided implies "
                             "functionality that is not implemented</Message><Header>" +
                             std::string(header) + "</Header></Error>"};
  };
  EXPECT_EQ(advice(named("x-amz-storage-class")), "this server does not take it: leave out --storage-class");
  EXPECT_EQ(advice(named("x-amz-server-side-encryption")), "this server does not take it: leave out --sse");
  EXPECT_EQ(advice(named("X-Amz-Checksum-Crc64nvme")),
            "this server does not take it: give --s3-checksum none");
  EXPECT_EQ(
      advice(error_reply(400, "InvalidArgument")),
      "this may be what the server refuses: leave out --storage-class, or leave out --sse, or leave out "
      "--expected-bucket-owner, or give --s3-checksum none");
  EXPECT_NE(advice(error_reply(400, "InvalidStorageClass")).find("--storage-class"), std::string::npos);
  EXPECT_NE(advice(error_reply(403, "AccessDenied")).find("--expected-bucket-owner"), std::string::npos);
}

TEST_F(S3Put, AnOddMetadataNameIsSuspectedOfABadSignature) {
  make({}, {.attempts_max = 1});
  wire.fallback = [](const RecordedRequest&) { return error_reply(403, "SignatureDoesNotMatch"); };
  const Result<PutReply> reply = run(client->put_object(Key("k"), bytes_of(body_text), body_crc,
                                                        {.metadata = {{"my_name", "v"}}}, {}, context));
  EXPECT_NE(reply.error().advice.find("x-amz-meta-my_name"), std::string::npos) << reply.error().advice;
}

TEST_F(S3Put, NamesTheBucketOwnerThatItExpects) {
  make({.expected_bucket_owner = "123456789012"});
  wire.replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests[0].header("x-amz-expected-bucket-owner"), "123456789012");
}

TEST_F(S3Head, GivesWhatWasStored) {
  wire.replies({.headers = {{"Content-Length", "10485772"},
                            {"ETag", "\"abc-2\""},
                            {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                            {"Content-Type", "text/plain"},
                            {"Content-Encoding", "gzip"},
                            {"x-amz-meta-azs3copy-etag", "0x8D"},
                            {"X-Amz-Meta-Name", "=?UTF-8?B?w6Q=?="},
                            {"x-amz-checksum-crc64nvme", "ZMNX55lZurA="},
                            {"x-amz-checksum-type", "FULL_OBJECT"},
                            {"x-amz-storage-class", "GLACIER"},
                            {"x-amz-server-side-encryption", "aws:kms"},
                            {"x-amz-version-id", "v"}},
                .content_length = 10485772});
  const Result<ObjectHead> head = run(client->head_object(Key("k"), context));
  ASSERT_TRUE(head) << head.error().to_line();
  EXPECT_EQ(wire.requests[0].header("x-amz-checksum-mode"), "ENABLED");
  EXPECT_EQ(head->size, 10485772U);
  EXPECT_EQ(head->etag.view(), "abc-2");
  EXPECT_EQ(head->last_modified, FakeClock::start);
  EXPECT_EQ(head->headers.content_type, "text/plain");
  EXPECT_EQ(head->headers.content_encoding, "gzip");
  EXPECT_EQ(head->metadata, (Metadata{{"azs3copy-etag", "0x8D"}, {"name", "\xC3\xA4"}}));
  ASSERT_TRUE(head->crc);
  EXPECT_EQ(to_s3_base64(*head->crc), "ZMNX55lZurA=");
  EXPECT_EQ(head->storage_class, "GLACIER");
  EXPECT_EQ(head->sse, "aws:kms");
  EXPECT_EQ(head->version_id, "v");
}

TEST_F(S3Head, AMissingKeyIsNotFoundAndAForbiddenOneSaysWhyItMayBeMissing) {
  wire.replies({.status = 404}).replies({.status = 403});
  EXPECT_EQ(run(client->head_object(Key("k"), context)).error().kind, ErrorKind::not_found);
  const Result<ObjectHead> forbidden = run(client->head_object(Key("k"), context));
  EXPECT_EQ(forbidden.error().kind, ErrorKind::permission);
  EXPECT_NE(forbidden.error().advice.find("s3:ListBucket"), std::string::npos);
}

TEST_F(S3Get, GivesTheBodyAndChecksIt) {
  wire.replies({.headers = {{"x-amz-checksum-crc64nvme", "rosUhgp5mIg="}}, .body = body_text});
  EXPECT_EQ(run(client->get_object(Key("k"), 1000, context)).value().body, body_text);
}

TEST_F(S3Get, ABodyThatDoesNotMatchItsChecksumIsCorrupt) {
  wire.replies(8, {.headers = {{"x-amz-checksum-crc64nvme", "AAAAAAAAAAA="}}, .body = body_text});
  EXPECT_EQ(run(client->get_object(Key("k"), 1000, context)).error().kind, ErrorKind::corrupt);
}

// The limit is the object's, not that of an error's text.
TEST_F(S3Get, AMissingSmallObjectIsNotFound) {
  wire.replies(error_reply(404, "NoSuchKey"));
  EXPECT_EQ(run(client->get_object(Key("k"), 8, context)).error().kind, ErrorKind::not_found);
}

TEST_F(S3Get, ABodyAboveTheLimitIsRefused) {
  wire.replies({.body = body_text});
  EXPECT_EQ(run(client->get_object(Key("k"), 8, context)).error().kind, ErrorKind::protocol);
}

TEST_F(S3Read, GoesOnWhereTheConnectionBroke) {
  wire.replies({.headers = {{"ETag", "\"e\""}}, .body = body_text, .body_fails_after = 4})
      .replies({.status = 206, .headers = {{"ETag", "\"e\""}}, .body = body_text.substr(4)});
  const Result<Crc64> crc = run(client->read_object_crc(Key("k"), {}, context));
  ASSERT_TRUE(crc) << crc.error().to_line();
  EXPECT_EQ(*crc, body_crc);
  EXPECT_EQ(wire.requests[1].header("range"), "bytes=4-");
  EXPECT_EQ(wire.requests[1].header("if-match"), "\"e\"");
}

// A server that ignores Range sends the whole again: adding it up would give a wrong CRC.
TEST_F(S3Read, StartsAnewWhenTheWholeComesAgain) {
  wire.replies({.headers = {{"ETag", "\"e\""}}, .body = body_text, .body_fails_after = 4})
      .replies({.status = 200, .headers = {{"ETag", "\"e\""}}, .body = body_text});
  EXPECT_EQ(run(client->read_object_crc(Key("k"), ETag("e"), context)).value(), body_crc);
}

TEST_F(S3Read, EndsWhenTheObjectChangedOrNoProgressIsMade) {
  wire.replies({.body = body_text, .body_fails_after = 4}).replies(error_reply(412, "PreconditionFailed"));
  EXPECT_EQ(run(client->read_object_crc(Key("k"), ETag("e"), context)).error().kind, ErrorKind::changed);
  wire.fallback = [](const RecordedRequest&) { return ScriptedReply{.body = "x", .body_fails_after = 0}; };
  const Result<Crc64> stuck = run(client->read_object_crc(Key("k"), ETag("e"), context));
  EXPECT_EQ(stuck.error().kind, ErrorKind::connection);
  EXPECT_GE(stuck.error().attempts, 8);
}

TEST_F(S3Bucket, DeleteOfWhatIsGoneIsASuccess) {
  wire.replies({.status = 204});
  EXPECT_TRUE(run(client->delete_object(Key("k"), {}, context)));
  EXPECT_EQ(wire.requests[0].method, Method::del);
  EXPECT_EQ(wire.requests[0].header("if-match"), "");
}

TEST_F(S3Bucket, LearnsItsRegionFromAnyReply) {
  for (const int status : {200, 301, 400, 403}) {
    make({});
    wire.replies({.status = status, .headers = {{"x-amz-bucket-region", "eu-west-1"}}})
        .replies({.status = 200});
    EXPECT_EQ(run(client->discover_region(context)).value(), "eu-west-1") << status;
    ASSERT_TRUE(run(client->head_bucket(context)));
    EXPECT_EQ(wire.requests.back().endpoint.host, "photos.s3.eu-west-1.amazonaws.com");
    EXPECT_NE(wire.requests.back().header("authorization").find("/eu-west-1/s3/"), std::string_view::npos);
  }
}

class NoCredentials final : public AwsCredentialsProvider {
 public:
  Task<Result<AwsCredentials>> credentials(const Context&) override {
    co_return fail(ErrorKind::credentials, "none");
  }
  bool refresh() override { return false; }
  std::string describe() const override { return "none"; }
};

TEST_F(S3Bucket, LearnsItsRegionWithoutALogin) {
  client = std::make_unique<S3Client>(Bucket("photos"), S3Options{}, std::make_unique<NoCredentials>(), wire);
  wire.replies({.status = 403, .headers = {{"x-amz-bucket-region", "eu-west-1"}}});
  EXPECT_EQ(run(client->discover_region(context)).value(), "eu-west-1");
  EXPECT_EQ(wire.requests[0].header("authorization"), "");
}

TEST_F(S3Bucket, AMissingBucketIsNotFoundByName) {
  wire.replies({.status = 404});
  const Result<std::string> region = run(client->discover_region(context));
  EXPECT_EQ(region.error().kind, ErrorKind::not_found);
  EXPECT_EQ(region.error().service_code, "NoSuchBucket");
  EXPECT_NE(region.error().advice.find("photos"), std::string::npos);
  wire.replies({.status = 404});
  EXPECT_NE(run(client->head_bucket(context)).error().advice.find("no bucket photos"), std::string::npos);
}

TEST_F(S3Bucket, AnotherServerNeedNotTellARegion) {
  make({.region = "here", .endpoint_url = "http://127.0.0.1:7070"});
  wire.replies({.status = 200});
  EXPECT_EQ(run(client->discover_region(context)).value(), "here");
  wire.replies({.status = 403}).replies({.status = 403});
  EXPECT_EQ(run(client->discover_region(context)).value(), "here");
}

TEST_F(S3Bucket, ARedirectIsFollowedOnceToTheRegionItNames) {
  wire.replies(error_reply(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-west-1"}})).replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests[1].endpoint.host, "photos.s3.eu-west-1.amazonaws.com");
  EXPECT_TRUE(clock.sleeps.empty());
  // A second one in the same call is an error, not a loop; a Location is never followed.
  wire.replies(error_reply(301, "PermanentRedirect", {{"x-amz-bucket-region", "us-west-2"}}))
      .replies(error_reply(301, "PermanentRedirect", {{"x-amz-bucket-region", "eu-west-1"}}));
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().advice, "use --region eu-west-1");
  EXPECT_EQ(wire.requests.size(), 4U);
}

TEST_F(S3Bucket, AnotherServersRegionChangesTheSignatureOnly) {
  make({.endpoint_url = "https://minio.local"});
  wire.replies({.status = 400,
                .body = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>home</Region></Error>"})
      .replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests[1].endpoint.host, "minio.local");
  EXPECT_NE(wire.requests[1].header("authorization").find("/home/s3/"), std::string_view::npos);
}

// A region out of a reply goes into a host name.
TEST_F(S3Bucket, AHostileRegionIsNotFollowed) {
  wire.replies(error_reply(301, "PermanentRedirect", {{"x-amz-bucket-region", "x.evil.com/"}}));
  EXPECT_FALSE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests.size(), 1U);
}

TEST_F(S3Login, AnEndedLoginIsRenewed) {
  wire.replies(error_reply(400, "ExpiredToken")).replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(refreshes, 1);
  EXPECT_NE(wire.requests[1].header("authorization").find("AKID2"), std::string_view::npos);
  wire.replies(9, error_reply(400, "ExpiredToken"));
  const Result<PutReply> reply =
      run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context));
  EXPECT_EQ(reply.error().kind, ErrorKind::credentials);
  EXPECT_EQ(wire.requests.size(), 6U);
}

// The machine's clock is an hour behind; FakeClock says 07:42.
TEST_F(S3Login, ARefusedDateIsTakenFromTheServicesClock) {
  wire.replies(error_reply(403, "RequestTimeTooSkewed", {{"Date", "Mon, 23 Nov 2026 08:42:10 GMT"}}))
      .replies(2, put_ok);
  for (int call = 0; call < 2; ++call)
    ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests[0].header("x-amz-date"), "20261123T074210Z");
  EXPECT_EQ(wire.requests[1].header("x-amz-date"), "20261123T084210Z");
  EXPECT_EQ(wire.requests[2].header("x-amz-date"), "20261123T084210Z") << "kept";
  EXPECT_TRUE(clock.sleeps.empty());
}

// One request that waited behind a proxy while the clock is right.
TEST_F(S3Login, AClockThatIsRightIsNotCorrected) {
  wire.replies(error_reply(403, "RequestTimeTooSkewed", {{"Date", "Mon, 23 Nov 2026 07:42:40 GMT"}}))
      .replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_EQ(wire.requests[1].header("x-amz-date"), "20261123T074210Z");
}

TEST_F(S3Login, ARefusedSignatureIsSignedAnew) {
  wire.replies(error_reply(403, "SignatureDoesNotMatch")).replies(put_ok);
  EXPECT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
}

TEST_F(S3Login, AnonymousRequestsCarryNoSignature) {
  client = std::make_unique<S3Client>(Bucket("photos"), S3Options{}, anonymous_aws_credentials(), wire);
  wire.replies(put_ok);
  ASSERT_TRUE(run(client->put_object(Key("k"), bytes_of(body_text), body_crc, {}, {}, context)));
  EXPECT_FALSE(wire.requests[0].headers.contains("authorization"));
}

TEST_F(S3Login, AWrongConfigurationIsTheAnswerToEveryCall) {
  make({.region = "no region"});
  EXPECT_EQ(run(client->head_object(Key("k"), context)).error().kind, ErrorKind::invalid);
  EXPECT_EQ(run(client->discover_region(context)).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(wire.requests.empty());
}

}  // namespace
}  // namespace azs3copy::s3_test
