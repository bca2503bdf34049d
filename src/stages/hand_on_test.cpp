// Harms: work that a stage was told not to begin and that nobody does; a listing that begins from its start again
// each time it is cut off; folders that are listed twice or not at all.
#include "stages/stage_test_support.hpp"

namespace azs3copy {
namespace {

using namespace stage_test;

std::string blob_xml(std::string_view name) {
  return fmt::format(
      "<Blob><Name>{}</Name><Properties><Last-Modified>Mon, 23 Nov 2026 07:42:10 GMT</Last-Modified>"
      "<Etag>0x1</Etag><Content-Length>3</Content-Length><BlobType>BlockBlob</BlobType></Properties></Blob>",
      name);
}

class HandOnTest : public StageTest {
 protected:
  ScriptedReply clouds(const RecordedRequest& request) override {
    if (is_azure(request) && request.target.find("comp=list") != std::string::npos) {
      return {.body = pages_.at(request.target.find("marker=m1") == std::string::npos ? 0 : 1)};
    }
    if (is_azure(request)) {
      return {.headers = {{"ETag", "\"0x1\""},
                          {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                          {"x-ms-blob-type", "BlockBlob"}},
              .body = "abc"};
    }
    if (request.method == Method::put) return {.headers = {{"ETag", "\"o\""}}};
    return {.body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"};
  }
  static std::string page(const std::string& rows, std::string_view next) {
    return fmt::format(
        "<EnumerationResults><Blobs>{}</Blobs><NextMarker>{}</NextMarker></EnumerationResults>", rows, next);
  }
  static CopyTask task(const std::string& name) {
    return {.blob = {.container = Container("c"), .name = BlobName(name), .size = 3, .etag = ETag("0x1")},
            .key = Key(name)};
  }
  Result<> list(FindBlobs work) {
    work.run = stage.run;
    work.container = Container("c");
    return azs3copy::stage_test::run(find_blobs(std::move(work), stage, context));
  }

  std::vector<std::string> pages_{page(blob_xml("a"), "m1"), page(blob_xml("b"), "")};
};

TEST_F(HandOnTest, ABatchThatIsToStopPublishesTheBlobsThatItHasNotBegun) {
  reporter.looks_until_stop = 2;
  const CopyBatch batch{.run = stage.run, .tasks = {task("a"), task("b"), task("c"), task("d")}};
  ASSERT_TRUE(azs3copy::stage_test::run(download(batch, stage, context)));
  EXPECT_EQ(reporter.records.size(), 2U);
  ASSERT_EQ(bus.batches.size(), 1U);
  EXPECT_EQ(bus.batches[0].run, stage.run);
  EXPECT_EQ(bus.batches[0].tasks, (std::vector<CopyTask>{task("c"), task("d")}));
}

TEST_F(HandOnTest, AListingThatIsToStopPublishesThePageThatItHasNotDecided) {
  reporter.looks_until_stop = 1;
  ASSERT_TRUE(list({.prefix = "p"}));
  ASSERT_EQ(bus.finds.size(), 1U);
  EXPECT_EQ(bus.finds[0],
            (FindBlobs{.run = stage.run, .container = Container("c"), .prefix = "p", .marker = "m1"}));
}

TEST_F(HandOnTest, AListingGoesOnWithTheMarkerThatItIsGiven) {
  ASSERT_TRUE(list({.marker = "m1"}));
  ASSERT_EQ(bus.batches.size(), 1U);
  EXPECT_EQ(bus.batches[0].tasks.at(0).blob.name, BlobName("b"));
  EXPECT_TRUE(bus.finds.empty());
}

// What was published of a page is published before the checkpoint behind it.
TEST_F(HandOnTest, AListingSaysAfterEachPageHowFarItIs) {
  ASSERT_TRUE(list({}));
  ASSERT_EQ(bus.checkpoints.size(), 1U) << "the last page's end is the listing's";
  EXPECT_EQ(bus.checkpoints[0].marker, "m1");
  EXPECT_EQ(bus.batches_at_checkpoint, std::vector<std::size_t>{1});
}

TEST_F(HandOnTest, FoldersAreListedByOthersWhereThereAreLevels) {
  pages_ = {page(
      blob_xml("top") + "<BlobPrefix><Name>x/</Name></BlobPrefix><BlobPrefix><Name>y/</Name></BlobPrefix>",
      "")};
  ASSERT_TRUE(list({.levels = 2}));
  EXPECT_EQ(count(Method::get, "delimiter=%2F"), 1U);
  ASSERT_EQ(bus.batches.size(), 1U);
  EXPECT_EQ(bus.batches[0].tasks.at(0).blob.name, BlobName("top"));
  ASSERT_EQ(bus.finds.size(), 2U);
  EXPECT_EQ(bus.finds[1],
            (FindBlobs{.run = stage.run, .container = Container("c"), .prefix = "y/", .levels = 1}));
}

TEST_F(HandOnTest, WithoutLevelsThereIsNoDelimiter) {
  ASSERT_TRUE(list({}));
  EXPECT_EQ(count(Method::get, "delimiter="), 0U);
}

TEST_F(HandOnTest, APartThatIsToStopPublishesItself) {
  reporter.looks_until_stop = 0;
  PartTask part{.run = stage.run,
                .upload = {.task = task("big"), .id = UploadId("u1"), .part_bytes = 3, .part_count = 1},
                .number = 1};
  tracker.open[part.upload.id] = {};
  ASSERT_TRUE(azs3copy::stage_test::run(largefile_part(part, stage, context)));
  EXPECT_EQ(bus.parts, std::vector<PartTask>{part});
  EXPECT_TRUE(wire.requests.empty());
}

}  // namespace
}  // namespace azs3copy
