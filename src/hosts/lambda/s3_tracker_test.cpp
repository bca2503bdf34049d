// Harms: a damaged part taken for good, a part read from Azure though it is there, an upload told of by two.
#include "hosts/lambda/s3_tracker.hpp"

#include <fmt/format.h>

#include "aws/s3_test_support.hpp"
#include "stages/stage_test_support.hpp"

namespace azs3copy {
namespace {

class S3TrackerTest : public s3_test::S3Fixture {
 protected:
  S3TrackerTest() {
    upload_.task = {.blob = {.container = Container("c"), .name = BlobName("big"), .size = 12 * MiB},
                    .key = Key("big")};
    upload_.id = UploadId("u1");
    upload_.part_bytes = 5 * MiB;
    upload_.part_count = 3;
    ledger_.manifests[upload_.task.key] = {.upload = upload_, .created = clock.utc()};
  }
  S3Tracker tracker(bool redelivered = true) { return {*client, ledger_, context, redelivered}; }

  static std::string part(std::uint32_t number, std::uint64_t size, std::string_view checksum) {
    return fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"p\"</ETag><Size>{}</Size>{}</Part>", number,
                       size, checksum);
  }
  void list(const std::string& parts) {
    wire.replies(
        {.body = "<ListPartsResult>" + parts + "<IsTruncated>false</IsTruncated></ListPartsResult>"});
  }
  bool finds_second(const std::string& listed) {
    list(listed);
    S3Tracker tracker = this->tracker();
    return fakes::run(tracker.find(upload_, 2)).value().has_value();
  }

  const std::string crc_ = "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>";
  stage_test::MemoryLedger ledger_;
  Upload upload_;
};

TEST_F(S3TrackerTest, FindsAPartThatIsWholeAndVouchedForAndNoOther) {
  EXPECT_TRUE(finds_second(part(2, 5 * MiB, crc_)));
  EXPECT_EQ(wire.requests.back().target, "/big?uploadId=u1&max-parts=1&part-number-marker=1");
  EXPECT_FALSE(finds_second(part(2, 5 * MiB - 1, crc_)));
  EXPECT_FALSE(finds_second(part(2, 5 * MiB, "")));
  EXPECT_FALSE(finds_second(part(3, 2 * MiB, crc_)));
  EXPECT_FALSE(finds_second(""));
}

TEST_F(S3TrackerTest, LooksForAPartOnlyWhereItsMessageComesAgain) {
  S3Tracker tracker = this->tracker(false);
  EXPECT_FALSE(fakes::run(tracker.find(upload_, 2)).value());
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(S3TrackerTest, APartThatIsNotTheLastToComeCostsOneSmallRequest) {
  list("");
  S3Tracker tracker = this->tracker(false);
  EXPECT_FALSE(fakes::run(tracker.add(upload_, {.number = 2})).value());
  EXPECT_EQ(wire.requests.size(), 1u);

  list(part(3, 2 * MiB, crc_));
  list(part(1, 5 * MiB, crc_) + part(3, 2 * MiB, crc_));
  EXPECT_FALSE(fakes::run(tracker.add(upload_, {.number = 1})).value()) << "the second is missing";
  list(part(3, 2 * MiB, crc_));
  list(part(1, 5 * MiB, crc_) + part(2, 5 * MiB, crc_) + part(3, 2 * MiB, crc_));
  EXPECT_TRUE(fakes::run(tracker.add(upload_, {.number = 2})).value());
}

TEST_F(S3TrackerTest, APartWhoseUploadHasEndedSaysSo) {
  S3Tracker tracker = this->tracker(false);
  for (const std::uint32_t number : {2u, 3u}) {
    wire.replies(s3_test::error_reply(404, "NoSuchUpload"));
    EXPECT_EQ(fakes::run(tracker.add(upload_, {.number = number})).error().service_code, "NoSuchUpload");
  }
}

// Who ends an upload removes its manifest, or begins another.
TEST_F(S3TrackerTest, TheManifestTellsWhetherAnotherMessageHasEndedTheUpload) {
  S3Tracker tracker = this->tracker();
  EXPECT_EQ(fakes::run(tracker.look(upload_)).value(), S3Tracker::Manifest::names_it);
  EXPECT_TRUE(tracker.is_open(upload_));
  EXPECT_TRUE(tracker.end(upload_));
  EXPECT_FALSE(tracker.end(upload_)) << "once";
  EXPECT_FALSE(fakes::run(tracker.ended_elsewhere(upload_)).value());
  EXPECT_FALSE(tracker.is_open(upload_)) << "looking opens nothing";
  ledger_.manifests[upload_.task.key].upload.id = UploadId("u2");
  EXPECT_TRUE(fakes::run(tracker.ended_elsewhere(upload_)).value());
  ledger_.manifests.clear();
  EXPECT_TRUE(fakes::run(tracker.ended_elsewhere(upload_)).value());
  tracker.take_for_open(upload_);
  EXPECT_TRUE(tracker.end(upload_));
  EXPECT_FALSE(fakes::run(tracker.ended_elsewhere(upload_)).value()) << "an earlier delivery of this one did";
}

}  // namespace
}  // namespace azs3copy
