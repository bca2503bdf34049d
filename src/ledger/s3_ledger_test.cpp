// s3_ledger_test.cpp: what happens between one message's look at a manifest and its writing. How the ledger works with
// servers: tests/contract/s3_state_contract_test.cpp.
#include "ledger/s3_ledger.hpp"

#include "aws/s3_test_support.hpp"

namespace azs3copy::s3_test {
namespace {

struct S3LedgerTest : S3Fixture {
  StateStore store{*client, ".azs3copy/"};
  S3Ledger ledger{store, "https://s3"};
  const Bucket bucket{"b"};
  const Key key{"k"};

  // A manifest as the bucket gives it.
  ScriptedReply stored(std::string_view upload, std::string_view etag) {
    UploadManifest manifest{.run = RunId("r"), .endpoint = "https://s3", .bucket = bucket};
    manifest.source_account = "acme";
    manifest.upload = {.id = UploadId(upload), .part_bytes = 5 * MiB, .part_count = 2};
    manifest.upload.task = {
        .blob = {.container = Container("c"), .name = BlobName("n"), .size = 6 * MiB, .etag = ETag("source")},
        .key = key};
    return {.headers = {{"ETag", fmt::format("\"{}\"", etag)}}, .body = to_json(manifest)};
  }
  std::string_view if_match(std::size_t request) { return wire.requests.at(request).header("if-match"); }
};

TEST_F(S3LedgerTest, AManifestThatWasOverwrittenSinceTheLookStays) {
  wire.replies(stored("ours", "1"))
      .replies(error_reply(412, "PreconditionFailed"))
      .replies(stored("of-another", "2"));
  EXPECT_TRUE(run(ledger.remove_manifest(bucket, key, context)));
  EXPECT_EQ(if_match(1), "\"1\"");
  EXPECT_EQ(wire.requests.size(), 3u) << "the other's was removed, or nobody looked again";
}

// As where another part noted that nobody proved it.
TEST_F(S3LedgerTest, OneThatStillNamesTheUploadIsRemovedAsItIsNow) {
  wire.replies(stored("ours", "1"))
      .replies(error_reply(412, "PreconditionFailed"))
      .replies(stored("ours", "2"))
      .replies({.status = 204});
  EXPECT_TRUE(run(ledger.remove_manifest(bucket, key, context)));
  EXPECT_EQ(if_match(3), "\"2\"");
}

TEST_F(S3LedgerTest, OneThatNamesAnotherUploadThanTheOneLookedAtStays) {
  wire.replies(stored("ours", "1")).replies(stored("of-another", "2"));
  ASSERT_TRUE(run(ledger.find_manifest(bucket, key, context)));
  EXPECT_TRUE(run(ledger.remove_manifest(bucket, key, context)));
  EXPECT_EQ(wire.requests.size(), 2u) << "no DELETE";
}

TEST_F(S3LedgerTest, OneThatIsGoneMeanwhileNeedsNoRemoval) {
  wire.replies(stored("ours", "1")).replies(error_reply(404, "NoSuchKey"));
  EXPECT_TRUE(run(ledger.remove_manifest(bucket, key, context)));
}

}  // namespace
}  // namespace azs3copy::s3_test
