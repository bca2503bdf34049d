// Harms: copies that wait for places of each other for ever; bytes read from Azure that wait for S3.
#include "codec/crc64.hpp"
#include "net/limiter.hpp"
#include "stages/stage_test_support.hpp"

namespace azs3copy {
namespace {

using namespace stage_test;

// Gives others their turn before each request, as a network does.
class YieldingTransport final : public Transport {
 public:
  explicit YieldingTransport(Transport& inner) : inner_(inner) {}
  Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request, const Context& context) override {
    co_await Yield{};
    co_return co_await inner_.start(request, context);
  }

 private:
  struct Yield {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> handle) const { Executor::current()->post(handle); }
    void await_resume() const noexcept {}
  };
  Transport& inner_;
};

class CopyPlacesTest : public StageTest {
 protected:
  static constexpr std::uint64_t blob_bytes = 12 * MiB;

  CopyPlacesTest() {
    upload_.task = {.blob = {.container = Container("c"),
                             .name = BlobName("big"),
                             .size = blob_bytes,
                             .etag = ETag("0x1")},
                    .key = Key("big")};
    upload_.id = UploadId("u1");
    upload_.part_bytes = 5 * MiB;
    upload_.part_count = 3;
    tracker.open[upload_.id];
  }
  // Azure without structured bodies: with `always` each part is read in ranges of 4 MiB.
  ScriptedReply clouds(const RecordedRequest& request) override {
    if (!is_azure(request)) {
      const std::string sent(std::stoull(std::string(request.header("x-amz-decoded-content-length"))), 'x');
      return {.headers = {{"ETag", "\"p\""},
                          {"x-amz-checksum-crc64nvme", to_s3_base64(crc64({}, bytes_of(sent)))}}};
    }
    const std::string_view range = request.header("range");
    const std::size_t dash = range.find('-');
    const std::uint64_t first = std::stoull(std::string(range.substr(6, dash - 6)));
    const std::uint64_t last = std::stoull(std::string(range.substr(dash + 1)));
    const std::string body(last - first + 1, 'x');
    ScriptedReply reply{.status = 206,
                        .headers = {{"ETag", "\"0x1\""},
                                    {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                                    {"Content-Length", std::to_string(body.size())},
                                    {"Content-Range", fmt::format("bytes {}-{}/{}", first, last, blob_bytes)},
                                    {"x-ms-blob-type", "BlockBlob"}},
                        .body = body};
    if (request.header("x-ms-range-get-content-crc64") == "true")
      reply.headers.emplace_back("x-ms-content-crc64", to_azure_base64(crc64({}, bytes_of(body))));
    return reply;
  }
  Task<void> part_into(std::uint32_t number, std::vector<Result<>>& results) {
    results.push_back(
        co_await largefile_part({.run = stage_.run, .upload = upload_, .number = number}, stage_, context));
  }
  Task<void> all_parts(std::vector<Result<>>& results) {
    Group group;
    for (std::uint32_t number = 1; number <= upload_.part_count; ++number)
      group.spawn(part_into(number, results));
    co_await group.join();
  }

  Upload upload_;
  YieldingTransport yielding_{wire};
  LimitedTransport limited_{yielding_, clock, {.streams_max = 1, .others_max = 1}};
  BlobClient azure_{{.name = Account("acme"), .endpoint = {.host = "acme.test"}},
                    std::make_unique<OpenCredential>(),
                    limited_,
                    {.attempts_max = 1}};
  S3Client s3_{Bucket("bucket"),
               {.endpoint_url = "https://s3.test"},
               anonymous_aws_credentials(),
               limited_,
               RetryPolicy{.attempts_max = 1}};
  CopyRules rules_{.part_threshold = 5 * MiB,
                   .part_bytes = 5 * MiB,
                   .verify_source = VerifySource::always,
                   .retry = {.attempts_max = 1}};
  Stage stage_{.azure = azure_,
               .s3 = s3_,
               .bus = bus,
               .tracker = tracker,
               .reporter = reporter,
               .ledger = ledger,
               .slots = slots,
               .breaker = breaker,
               .rules = rules_,
               .filter = filter,
               .run = RunId("this-run"),
               .s3_origin = "https://s3.test",
               .limiter = &limited_};
};

TEST_F(CopyPlacesTest, RangedCopiesDoNotWaitForEachOther) {
  std::vector<Result<>> results;
  azs3copy::stage_test::run(all_parts(results));
  ASSERT_EQ(results.size(), 3u);
  for (const Result<>& result : results) EXPECT_TRUE(result) << result.error().to_line();
  EXPECT_TRUE(reporter.records.empty()) << reporter.records.front().error->to_line();
  EXPECT_EQ(tracker.open[upload_.id].size(), 3u);
}

TEST_F(CopyPlacesTest, NothingIsReadWhileS3HasNoPlace) {
  fakes::ManualExecutor executor;
  std::stop_source stop;
  std::optional<Result<Pass>> taken;
  taken.emplace(run(limited_.admit({.host = "other.test"}, s3_.server(), context), executor));
  std::vector<Result<>> results;
  context.stop = stop.get_token();
  Group group;
  group.spawn(part_into(1, results));
  executor.drain();
  EXPECT_TRUE(wire.requests.empty()) << wire.requests.front().target;
  stop.request_stop();
  clock.look();
  executor.drain();
  ASSERT_EQ(results.size(), 1u) << "the wait does not end with a stop";
  ASSERT_FALSE(results[0]);
  EXPECT_EQ(results[0].error().kind, ErrorKind::cancelled);
}

TEST_F(CopyPlacesTest, RefusalByTheHeadCostsNoRead) {
  ScriptedReply refusal = s3_error(503, "SlowDown");
  refusal.answers_after = 0;  // by the head alone
  wire.replies(std::move(refusal));
  std::vector<Result<>> results;
  azs3copy::stage_test::run(part_into(1, results));
  EXPECT_EQ(count(Method::get, "/c/big"), 0u) << "S3 refused before anything was read";
}

}  // namespace
}  // namespace azs3copy
