// Harms: a small blob that is read again for each PUT that fails, or put 64 times; an old version stored after a
// newer one was written; a batch that ends with its first refused blob.
#include "stages/stage_test_support.hpp"

namespace azs3copy {
namespace {

using namespace stage_test;

class DownloadTest : public StageTest {
 protected:
  DownloadTest() { rules.retry = {}; }

  ScriptedReply clouds(const RecordedRequest& request) override {
    if (is_azure(request)) {
      if (request.target.find("refused") != std::string::npos)
        return {.status = 403, .headers = {{"x-ms-error-code", "AuthenticationFailed"}}};
      if (request.method == Method::get && request.header("If-Match") != "\"" + etag_ + "\"")
        return {.status = 412, .headers = {{"x-ms-error-code", "ConditionNotMet"}}};
      ScriptedReply reply{.headers = {{"ETag", "\"" + etag_ + "\""},
                                      {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                                      {"x-ms-blob-type", "BlockBlob"}},
                          .content_length = 3};
      if (request.method == Method::get) reply.body = etag_ == "0x1" ? "old" : "new";
      return reply;
    }
    if (request.method != Method::put) return {.status = 404};
    if (on_put_) on_put_();
    if (puts_that_fail_ > 0 && puts_that_fail_-- > 0) return s3_error(fails_with_, fails_as_);
    clock.advance(put_takes_);
    return {.headers = {{"ETag", "\"o\""}}};
  }
  Result<> copy(std::initializer_list<std::string_view> names) {
    CopyBatch batch{.run = stage.run};
    for (const std::string_view name : names) {
      batch.tasks.push_back({.blob = {.container = Container("c"),
                                      .name = BlobName(name),
                                      .size = 3,
                                      .etag = ETag("0x1"),
                                      .type = BlobType::block},
                             .key = Key(name)});
    }
    return azs3copy::stage_test::run(download(std::move(batch), stage, context));
  }

  std::string etag_ = "0x1";
  int puts_that_fail_ = 0;
  int fails_with_ = 503;
  std::string fails_as_ = "SlowDown";
  std::function<void()> on_put_;
  milliseconds put_takes_{0};
};

TEST_F(DownloadTest, ABodyIsReadOnceHoweverOftenItIsPut) {
  puts_that_fail_ = 12;
  ASSERT_TRUE(copy({"a"}));
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].outcome, Outcome::copied);
  EXPECT_EQ(reporter.records[0].attempts, 13);
  EXPECT_EQ(count(Method::get, "/c/a"), 1u);
  EXPECT_EQ(count(Method::put, "/a"), 13u);
}

TEST_F(DownloadTest, APutThatAlwaysFailsIsGivenUpInMinutes) {
  puts_that_fail_ = 1'000'000;
  fails_with_ = 500;
  fails_as_ = "InternalError";
  ASSERT_TRUE(copy({"a"}));
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].error->http_status, 500);
  EXPECT_EQ(count(Method::get, "/c/a"), 1u);
  EXPECT_LE(count(Method::put, "/a"), 40u);
}

TEST_F(DownloadTest, ABodyOfAnOldVersionIsNotPutAgain) {
  puts_that_fail_ = 1;
  on_put_ = [this] { etag_ = "0x2"; };
  ASSERT_TRUE(copy({"a"}));
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].outcome, Outcome::copied);
  EXPECT_EQ(reporter.records[0].blob.etag, ETag("0x2"));
  EXPECT_EQ(wire.requests.back().body, "new");
}

// The machine sleeps between GET and PUT: the object is later than the version that was written meanwhile.
TEST_F(DownloadTest, AnOldVersionThatWasStoredLateIsReplaced) {
  put_takes_ = std::chrono::minutes(20);
  on_put_ = [this] { etag_ = "0x2"; };
  ASSERT_TRUE(copy({"a"}));
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].blob.etag, ETag("0x2"));
  EXPECT_EQ(count(Method::put, "/a"), 2u);
}

TEST_F(DownloadTest, ARefusedBlobFailsAlone) {
  ASSERT_TRUE(copy({"a", "refused", "b"}));
  ASSERT_EQ(reporter.records.size(), 3u);
  EXPECT_EQ(count(Method::get, "/c/refused"), 4u) << "signed anew";
  for (const ObjectRecord& record : reporter.records) {
    const bool refused = record.blob.name == BlobName("refused");
    EXPECT_EQ(record.outcome, refused ? Outcome::failed : Outcome::copied);
  }
}

TEST_F(DownloadTest, AFullBucketEndsTheRunAtOnce) {
  puts_that_fail_ = 1'000'000;
  fails_with_ = 507;
  fails_as_ = "XMinioStorageFull";
  const Result<> ended = copy({"a", "b", "c", "d", "e", "f", "g", "h"});
  ASSERT_FALSE(ended);
  EXPECT_NE(ended.error().message.find("no more can be stored"), std::string::npos) << ended.error().message;
  EXPECT_LT(count(Method::get, "/c/"), 8u) << "what is not read costs nothing";
}

}  // namespace
}  // namespace azs3copy
