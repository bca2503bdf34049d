// s3_objects_contract_test.cpp: whole objects, written and read back, and who may, at each server.
#include "contract/s3_servers.hpp"

namespace azs3copy::contract {
namespace {

using S3Objects = S3Contract;
INSTANTIATE_TEST_SUITE_P(Servers, S3Objects, testing::ValuesIn(s3_servers()), ServerName());
using S3Streams = S3Contract;
INSTANTIATE_TEST_SUITE_P(Servers, S3Streams, testing::ValuesIn(s3_servers()), ServerName());
using S3Login = S3Contract;
INSTANTIATE_TEST_SUITE_P(Servers, S3Login, testing::ValuesIn(s3_servers()), ServerName());

TEST_P(S3Objects, WhatWasPutComesBack) {
  for (const std::size_t size : {0UL, 1UL, 5000UL, 256 * KiB}) {
    const std::string content = noise(size);
    const Result<PutReply> put = this->put("object", content);
    ASSERT_TRUE(done(put)) << size;
    const Result<std::string> got = get("object");
    ASSERT_TRUE(done(got)) << size;
    EXPECT_TRUE(*got == content) << size;
    const Result<ObjectHead> head = this->head("object");
    ASSERT_TRUE(done(head)) << size;
    EXPECT_EQ(head->size, size);
    EXPECT_EQ(head->etag, put->etag);
    EXPECT_LT(std::chrono::abs(head->last_modified - context().clock.utc()), std::chrono::minutes(5));
    const Result<Crc64> read = wire_->run(client_->read_object_crc(Key("object"), put->etag, context()));
    ASSERT_TRUE(done(read)) << size;
    EXPECT_EQ(*read, crc_of_text(content));
  }
}

// The proof of a copy: S3's own checksum, at the PUT and at any later HEAD.
TEST_P(S3Objects, TheCrcOfTheBytesIsReported) {
  const std::string content = noise(5000);
  const Result<PutReply> put = this->put("object", content);
  ASSERT_TRUE(done(put));
  EXPECT_EQ(put->crc, reported(crc_of_text(content)));
  const Result<ObjectHead> head = this->head("object");
  ASSERT_TRUE(done(head));
  EXPECT_EQ(head->crc, reported(crc_of_text(content)));
}

// Bytes that changed on the way must not become an object.
TEST_P(S3Objects, AWrongCrcStoresNothing) {
  const Result<PutReply> put = wire_->run(
      client_->put_object(Key("object"), bytes_of("bytes"), crc_of_text("other"), {}, {}, context()));
  if (!checks_crc()) {
    EXPECT_TRUE(done(put));
    return;
  }
  EXPECT_TRUE(fails_with(put, ErrorKind::corrupt));
  EXPECT_EQ(code_of(put), "BadDigest");
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

TEST_P(S3Objects, HeadersAndMetadataAreKept) {
  const ObjectAttributes attributes{.headers = {.content_type = "text/csv; charset=utf-8",
                                                .content_encoding = "br",
                                                .content_language = "de-DE, en",
                                                .content_disposition = "attachment; filename=\"a b;c.csv\"",
                                                .cache_control = "max-age=60, must-revalidate"},
                                    .metadata = {{"note", "a=b; c, d%20e"}, {"owner", "somebody"}}};
  ASSERT_TRUE(done(put("whole", "1,2,3", attributes)));
  const UploadId id = open_upload("parts", attributes);
  const Result<UploadedPart> part = put_part("parts", id, 1, {.bytes = "1,2,3"});
  ASSERT_TRUE(done(part));
  ASSERT_TRUE(done(complete({.key = Key("parts"), .id = id, .parts = {*part}, .size = 5})));
  for (const char* key : {"whole", "parts"}) {
    Result<ObjectHead> head = this->head(key);
    ASSERT_TRUE(done(head)) << key;
    EXPECT_EQ(head->headers, attributes.headers) << key;
    std::ranges::sort(head->metadata);
    EXPECT_EQ(head->metadata, attributes.metadata) << key;
  }
}

TEST_P(S3Objects, WhatIsMissingIsNotFound) {
  EXPECT_TRUE(fails_with(head("missing"), ErrorKind::not_found));
  EXPECT_TRUE(fails_with(get("missing"), ErrorKind::not_found));
  EXPECT_TRUE(
      fails_with(wire_->run(client_->read_object_crc(Key("missing"), {}, context())), ErrorKind::not_found));
}

TEST_P(S3Objects, DeletingTwiceIsNoError) {
  ASSERT_TRUE(done(put("object", "x")));
  EXPECT_TRUE(done(wire_->run(client_->delete_object(Key("object"), {}, context()))));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
  EXPECT_TRUE(done(wire_->run(client_->delete_object(Key("object"), {}, context()))));
}

// `check --deep` of an object that is overwritten meanwhile would add up two versions.
TEST_P(S3Objects, APinnedReadRefusesAnotherVersion) {
  const Result<PutReply> first = put("object", "first");
  ASSERT_TRUE(done(first));
  ASSERT_TRUE(done(put("object", "other")));
  EXPECT_TRUE(fails_with(wire_->run(client_->read_object_crc(Key("object"), first->etag, context())),
                         ErrorKind::changed));
}

// --ignore-existing: what somebody else wrote meanwhile stays.
TEST_P(S3Objects, NothingIsOverwrittenWhereItMustBeAbsent) {
  const WriteCondition if_absent{.if_absent = true};
  ASSERT_TRUE(done(put("object", "first", {}, if_absent)));
  EXPECT_TRUE(fails_with(put("object", "second", {}, if_absent), ErrorKind::changed));
  EXPECT_TRUE(holds("object", "first"));
  EXPECT_TRUE(fails_with(put_stream("object", {.bytes = "third"}, if_absent), ErrorKind::changed));
  EXPECT_TRUE(holds("object", "first"));
  EXPECT_TRUE(done(put_stream("streamed", {.bytes = "new"}, if_absent)));
}

TEST_P(S3Objects, OnlyTheVersionThatWasSeenIsOverwritten) {
  const Result<PutReply> first = put("object", "first");
  ASSERT_TRUE(done(first));
  const Result<PutReply> second = put("object", "second", {}, {.if_match = first->etag});
  ASSERT_TRUE(done(second));
  EXPECT_TRUE(fails_with(put("object", "third", {}, {.if_match = first->etag}), ErrorKind::changed));
  EXPECT_TRUE(holds("object", "second"));
}

TEST_P(S3Objects, OnlyTheVersionThatWasSeenIsDeleted) {
  const Result<PutReply> first = put("object", "first");
  ASSERT_TRUE(done(first));
  ASSERT_TRUE(done(put("object", "second")));
  const Result<> late = wire_->run(client_->delete_object(Key("object"), first->etag, context()));
  EXPECT_TRUE(fails_with(late, ErrorKind::changed));
  EXPECT_TRUE(holds("object", "second"));
  const Result<PutReply> third = put("object", "third");
  ASSERT_TRUE(done(third));
  for (int time = 0; time < 2; ++time)
    EXPECT_TRUE(done(wire_->run(client_->delete_object(Key("object"), third->etag, context()))));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

// ---- Streams: chunks of 1 MiB, pieces gathered below 16 KiB

TEST_P(S3Streams, EverySizeAroundAChunksEdgeArrives) {
  const std::string content = noise(3 * MiB + 1);
  for (const std::size_t size :
       {0UL, 1UL, 8191UL, 8192UL, 16 * KiB, 1 * MiB - 1, 1 * MiB, 1 * MiB + 1, 2 * MiB, 3 * MiB + 1}) {
    const std::string_view bytes = std::string_view(content).substr(0, size);
    for (const std::size_t piece : {4999UL, 300'000UL}) {
      const Result<PutReply> put = put_stream("object", {.bytes = bytes, .piece_bytes = piece});
      ASSERT_TRUE(done(put)) << size << " in pieces of " << piece;
      const Result<std::string> got = get("object");
      ASSERT_TRUE(done(got)) << size;
      ASSERT_TRUE(*got == bytes) << size << " in pieces of " << piece;
    }
    const Result<ObjectHead> head = this->head("object");
    ASSERT_TRUE(done(head));
    EXPECT_EQ(head->headers.content_encoding, "") << "aws-chunked is the transfer's, not the object's";
  }
}

TEST_P(S3Streams, AWrongCrcInTheTrailerStoresNothing) {
  const std::string content = noise(20'000);
  const Result<PutReply> put = put_stream("object", {.bytes = content, .crc = Crc64{1}});
  if (!checks_crc()) {
    EXPECT_TRUE(done(put));
    return;
  }
  EXPECT_TRUE(fails_with(put, ErrorKind::corrupt));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

// Azure's side may break in mid-body: a half object would look like a whole one.
TEST_P(S3Streams, ABodyThatIsCutOffStoresNothing) {
  const std::string content = noise(3 * MiB);
  for (const std::size_t cut : {2 * MiB, 3 * MiB - 1}) {
    ASSERT_TRUE(done(put_stream("object", {.bytes = content, .cut_at_bytes = cut, .finish = false})));
    EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
    EXPECT_TRUE(
        fails_with(put_stream("object", {.bytes = content, .cut_at_bytes = cut}), ErrorKind::corrupt));
    EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
  }
  EXPECT_TRUE(done(put("object", "the connection's end harms no later call")));
}

// ---- Who may, and where

TEST_P(S3Login, AWrongSecretIsARefusedLogin) {
  AwsCredentials wrong = login_;
  wrong.secret_access_key = Secret("not-the-secret");
  client_ = make_client(bucket_, options(), wrong);
  const Result<PutReply> put = this->put("object", "x");
  const Result<ObjectPage> page = list({});
  const Result<PutReply> streamed = put_stream("object", {.bytes = "x"});
  if (quirks().takes_any_login) {
    EXPECT_TRUE(done(put));
    return;
  }
  EXPECT_TRUE(fails_with(put, ErrorKind::credentials));
  EXPECT_TRUE(fails_with(page, ErrorKind::credentials));
  EXPECT_TRUE(fails_with(streamed, ErrorKind::credentials));
}

TEST_P(S3Login, AnUnknownAccessKeyIsARefusedLogin) {
  client_ = make_client(bucket_, options(),
                        {.access_key_id = "AKIDUNKNOWN", .secret_access_key = login_.secret_access_key});
  const Result<PutReply> put = this->put("object", "x");
  EXPECT_TRUE(quirks().takes_any_login ? done(put) : fails_with(put, ErrorKind::credentials));
}

// A mistyped bucket ends the run with its name.
TEST_P(S3Login, AMissingBucketIsNotFound) {
  client_ = make_client(Bucket(new_name()), options(), login_);
  const Result<PutReply> put = this->put("object", "x");
  EXPECT_TRUE(fails_with(put, ErrorKind::not_found));
  EXPECT_EQ(code_of(put), "NoSuchBucket");
  const Result<ObjectPage> page = list({});
  EXPECT_TRUE(fails_with(page, ErrorKind::not_found));
  EXPECT_EQ(code_of(page), "NoSuchBucket");
  EXPECT_TRUE(fails_with(wire_->run(client_->head_bucket(context())), ErrorKind::not_found));
  EXPECT_TRUE(fails_with(wire_->run(client_->discover_region(context())), ErrorKind::not_found));
}

TEST_P(S3Login, TheBucketsRegionIsFound) {
  S3Options elsewhere = options();
  elsewhere.region = "eu-central-1";
  client_ = make_client(bucket_, elsewhere, login_);
  const Result<std::string> region = wire_->run(client_->discover_region(context()));
  ASSERT_TRUE(done(region));
  EXPECT_EQ(*region, "us-east-1");
  EXPECT_TRUE(done(put("object", "x")));
}

// Somebody else may have taken the name of a bucket that was deleted.
TEST_P(S3Login, AnotherOwnersBucketIsRefused) {
  S3Options other = options();
  other.expected_bucket_owner = "999999999999";
  client_ = make_client(bucket_, other, login_);
  if (quirks().ignores_expected_owner) {
    EXPECT_TRUE(done(put("object", "x")));
    return;
  }
  EXPECT_TRUE(fails_with(put("object", "x"), ErrorKind::permission));
  EXPECT_TRUE(fails_with(wire_->run(client_->head_bucket(context())), ErrorKind::permission));
}

}  // namespace
}  // namespace azs3copy::contract
