// Harms: an upload completed that is reported as failed, or the reverse; parts that are paid for and thrown
// away; another run's upload aborted under its hands; a blob that is planned again for ever.
#include "stages/outcome.hpp"
#include "stages/stage_test_support.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {
namespace {

using namespace stage_test;

class LargeFileTest : public StageTest {
 protected:
  LargeFileTest() {
    upload_.task = {
        .blob = {.container = Container("c"), .name = BlobName("big"), .size = 12 * MiB, .etag = ETag("0x1")},
        .key = Key("big")};
    upload_.id = UploadId("u1");
    upload_.part_bytes = 5 * MiB;
    upload_.part_count = 3;
  }
  ScriptedReply clouds(const RecordedRequest& request) override {
    if (is_azure(request)) {
      return {.headers = {{"ETag", "\"" + blob_etag_ + "\""},
                          {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                          {"Content-Length", std::to_string(12 * MiB)},
                          {"x-ms-blob-type", "BlockBlob"}},
              .content_length = 12 * MiB};
    }
    if (request.method == Method::head) {
      open_when_looked_at_ = tracker.is_open(upload_);
      if (--looks_until_ended_ == 0) tracker.other_process_ended_it = true;
      return head_;
    }
    if (request.method == Method::del) return {.status = 204};
    if (request.method == Method::get) return parts_;
    if (request.query() == "uploads" || request.query() == "uploads=") {
      return {.body =
                  "<InitiateMultipartUploadResult><UploadId>new</UploadId></InitiateMultipartUploadResult>"};
    }
    return complete_;
  }
  static ScriptedReply object_made_from(const std::string& etag) {
    return {.headers = {{"ETag", "\"o\""},
                        {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                        {"Content-Length", std::to_string(12 * MiB)},
                        {"x-amz-meta-azs3copy-etag", etag}},
            .content_length = 12 * MiB};
  }
  static std::string part_xml(int number) {
    return fmt::format(
        "<Part><PartNumber>{}</PartNumber><ETag>\"p\"</ETag><Size>{}</Size>"
        "<ChecksumCRC64NVME>AAAAAAAAAAA=</ChecksumCRC64NVME></Part>",
        number, number < 3 ? 5 * MiB : 2 * MiB);
  }
  static ScriptedReply parts_page(const std::string& parts, int next) {
    return {.body = fmt::format("<ListPartsResult>{}<IsTruncated>{}</IsTruncated>"
                                "<NextPartNumberMarker>{}</NextPartNumberMarker></ListPartsResult>",
                                parts, next != 0, next)};
  }
  UploadManifest manifest(std::string run = "old-run") const {
    return {.run = RunId(std::move(run)),
            .endpoint = "https://s3.test",
            .bucket = Bucket("bucket"),
            .source_account = "acme",
            .upload = upload_,
            .created = clock.utc()};
  }
  void begin_upload(std::uint32_t parts = 3) {
    ledger.manifests[upload_.task.key] = manifest();
    auto& known = tracker.open[upload_.id];
    for (std::uint32_t number = 1; number <= parts; ++number) {
      known[number] = {
          .number = number, .etag = ETag("p"), .size = number < 3 ? 5 * MiB : 2 * MiB, .crc = Crc64{}};
    }
  }
  Result<> recombine() {
    return azs3copy::stage_test::run(
        largefile_recombine({.run = stage.run, .upload = upload_}, stage, context));
  }
  Result<> initialize() {
    return azs3copy::stage_test::run(
        largefile_initialize({.run = stage.run, .task = upload_.task}, stage, context));
  }
  Result<> give_up(Error error) {
    return azs3copy::stage_test::run(give_up_upload(stage, upload_, std::move(error), context));
  }

  Upload upload_;
  std::string blob_etag_ = "0x1";
  ScriptedReply head_{.status = 404};
  ScriptedReply parts_ = parts_page("", 0);
  ScriptedReply complete_;
  bool open_when_looked_at_ = false;
  int looks_until_ended_ = 0;  // at the object; then another process has ended the upload
};

TEST_F(LargeFileTest, AnUploadThatIsGoneAndAnObjectMadeFromOurBlobAreSuccess) {
  begin_upload();
  complete_ = s3_error(404, "NoSuchUpload");  // an earlier Complete was heard
  head_ = object_made_from("0x1");
  ASSERT_TRUE(recombine());
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].outcome, Outcome::copied);
  EXPECT_EQ(reporter.records[0].bytes, 12 * MiB);
  EXPECT_TRUE(ledger.manifests.empty());
  EXPECT_FALSE(tracker.is_open(upload_));
}

TEST_F(LargeFileTest, AnUploadThatIsGoneAndAnObjectOfAnotherVersionAreNot) {
  begin_upload();
  complete_ = s3_error(404, "NoSuchUpload");
  head_ = object_made_from("0x0");
  ASSERT_TRUE(recombine());
  EXPECT_TRUE(reporter.records.empty());
  ASSERT_EQ(bus.files.size(), 1u) << "copied from the beginning";
  EXPECT_EQ(bus.files[0].replans, 1);
}

// Suspended, or slow: what would be completed now is an old version under a new time.
TEST_F(LargeFileTest, ABlobThatChangedIsNotCompletedAfterALongUpload) {
  begin_upload();
  clock.advance(std::chrono::minutes(20));
  blob_etag_ = "0x2";
  ASSERT_TRUE(recombine());
  EXPECT_EQ(count(Method::post, "uploadId=u1"), 0u);
  EXPECT_TRUE(reporter.records.empty());
  ASSERT_EQ(bus.files.size(), 1u);
  EXPECT_EQ(bus.files[0].task.blob.etag, ETag("0x2"));
}

// SQS may deliver a part twice: between the list of parts and Complete the second one replaces the first.
TEST_F(LargeFileTest, APartThatIsReplacedMeanwhileEndsNoUpload) {
  begin_upload();
  complete_ = {.body = "<CompleteMultipartUploadResult><ETag>\"o\"</ETag></CompleteMultipartUploadResult>"};
  wire.replies(s3_error(400, "InvalidPart")).replies(s3_error(400, "InvalidPart"));
  ASSERT_TRUE(recombine());
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].outcome, Outcome::copied);
  EXPECT_EQ(count(Method::post, "uploadId=u1"), 3u);
  EXPECT_EQ(count(Method::del, "uploadId=u1"), 0u);

  begin_upload();
  reporter.records.clear();
  complete_ = s3_error(400, "InvalidPart");
  ASSERT_TRUE(recombine());
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].error->service_code, "InvalidPart");
  EXPECT_TRUE(is_passing(*reporter.records[0].error)) << "all parts may be on their way a second time";
  EXPECT_EQ(count(Method::post, "uploadId=u1"), 3u + 5u);
  EXPECT_EQ(count(Method::del, "uploadId=u1"), 0u);
  EXPECT_EQ(ledger.manifests.size(), 1u);
}

// Who aborts an upload removes its manifest a moment later, and has told of the blob: it is not planned anew.
TEST_F(LargeFileTest, AnUploadThatAnotherMessageEndsAtThisMomentIsThatOnesToTell) {
  begin_upload();
  looks_until_ended_ = 2;
  ASSERT_TRUE(give_up(
      {.kind = ErrorKind::not_found, .message = "gone", .service_code = "NoSuchUpload", .http_status = 404}));
  EXPECT_EQ(looks_until_ended_, -1) << "looked three times";
  EXPECT_FALSE(open_when_looked_at_) << "its other parts would be begun meanwhile";
  EXPECT_TRUE(reporter.records.empty());
  EXPECT_TRUE(bus.files.empty());
}

// A run that overlaps completed it while this one's last part was on its way: each tells of the blob.
TEST_F(LargeFileTest, AnUploadThatAnotherRunCompletesIsToldHereToo) {
  begin_upload();
  tracker.redelivered = true;  // its part is there
  tracker.add_error = Error{.kind = ErrorKind::not_found, .service_code = "NoSuchUpload"};
  tracker.other_process_ended_it = true;
  head_ = object_made_from("0x1");
  const PartTask task{.run = stage.run, .upload = upload_, .number = 2};
  ASSERT_TRUE(azs3copy::stage_test::run(largefile_part(task, stage, context)));
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].outcome, Outcome::unchanged);
  EXPECT_EQ(count(Method::head, ""), 1u) << "no waiting: the object stood before the manifest went";
  EXPECT_EQ(ledger.manifests.size(), 1u) << "what stands there is another's";
}

TEST_F(LargeFileTest, APartsListWithAGapIsNeverCompleted) {
  begin_upload(2);
  ASSERT_TRUE(recombine()) << "the others go on";
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].error->kind, ErrorKind::internal);
  EXPECT_EQ(count(Method::post, ""), 0u);
}

TEST_F(LargeFileTest, WhatMayPassKeepsTheUploadAndWhatMayNotEndsIt) {
  struct Case {
    ErrorKind kind;
    bool keeps;
    RetryVerdict retry = RetryVerdict::never;
  };
  for (const Case& one : {Case{ErrorKind::throttled, true}, Case{ErrorKind::unavailable, true},
                          Case{ErrorKind::connection, true}, Case{ErrorKind::timed_out, true},
                          Case{ErrorKind::permission, true}, Case{ErrorKind::corrupt, false},
                          Case{ErrorKind::corrupt, false, RetryVerdict::later},
                          Case{ErrorKind::conflict, true, RetryVerdict::later},
                          Case{ErrorKind::invalid, false}, Case{ErrorKind::not_found, false}}) {
    begin_upload();
    wire.requests.clear();
    reporter.records.clear();
    const Error error{.kind = one.kind, .retry = one.retry, .message = "text", .http_status = 400};
    ASSERT_TRUE(give_up(error)) << to_string(one.kind);
    ASSERT_TRUE(give_up(error)) << "the failure of another part of the same upload";
    EXPECT_EQ(count(Method::del, "uploadId=u1"), one.keeps ? 0u : 1u) << to_string(one.kind);
    EXPECT_EQ(ledger.manifests.size(), one.keeps ? 1u : 0u) << to_string(one.kind);
    EXPECT_EQ(reporter.records.size(), 1u) << to_string(one.kind) << ": one record a blob";
  }
}

TEST_F(LargeFileTest, AnUploadThatAnotherCompletedIsNoFailure) {
  begin_upload();
  head_ = object_made_from("0x1");
  ASSERT_TRUE(give_up(
      {.kind = ErrorKind::not_found, .message = "gone", .service_code = "NoSuchUpload", .http_status = 404}));
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].outcome, Outcome::unchanged);
  EXPECT_TRUE(ledger.manifests.empty());
}

TEST_F(LargeFileTest, ABlobThatChangesIsPlannedAgainAFewTimesOnly) {
  for (int replans = 0; replans <= replans_max; ++replans) {
    blob_etag_ = "0x" + std::to_string(replans + 2);
    begin_upload();
    upload_.replans = replans;
    bus.files.clear();
    ASSERT_TRUE(give_up({.kind = ErrorKind::changed, .message = "changed", .http_status = 412}));
    if (replans < replans_max) {
      ASSERT_EQ(bus.files.size(), 1u);
      EXPECT_EQ(bus.files[0].replans, replans + 1);
      EXPECT_EQ(bus.files[0].task.blob.etag.str(), blob_etag_) << "pinned to what it is now";
    } else {
      EXPECT_TRUE(bus.files.empty());
      ASSERT_EQ(reporter.records.size(), 1u);
      EXPECT_EQ(reporter.records[0].error->kind, ErrorKind::changed);
    }
  }
}

TEST_F(LargeFileTest, TheSameMessageTwiceOpensOneUpload) {
  ASSERT_TRUE(initialize());
  EXPECT_EQ(bus.parts.size(), 3u);
  EXPECT_EQ(ledger.manifests.at(Key("big")).upload.id, UploadId("new"));
  ASSERT_TRUE(initialize());
  EXPECT_EQ(count(Method::post, "uploads"), 1u);
  EXPECT_EQ(bus.parts.back().upload.id, UploadId("new"));
}

// Of two deliveries at the same moment one is overtaken: its upload, which no manifest names, stays for ever.
TEST_F(LargeFileTest, AnUploadWhoseManifestIsOvertakenIsAborted) {
  ledger.is_overtaken = true;
  ASSERT_TRUE(initialize());
  ASSERT_EQ(reporter.records.size(), 1u);
  EXPECT_EQ(reporter.records[0].error->kind, ErrorKind::conflict);
  EXPECT_EQ(count(Method::post, "uploads"), 1u);
  EXPECT_EQ(count(Method::del, "uploadId=new"), 1u);
  EXPECT_TRUE(bus.parts.empty());
}

TEST_F(LargeFileTest, OnlyWhatIsMissingIsSentThoughAPartIsListedTwice) {
  ledger.manifests[Key("big")] = manifest();
  // A server whose part-number-marker is inclusive gives the last part of a page again.
  wire.replies(clouds({.method = Method::head, .endpoint = {.host = "acme.test"}}));
  wire.replies(parts_page(part_xml(1) + part_xml(2), 2));
  wire.replies(parts_page(part_xml(2), 0));
  ASSERT_TRUE(initialize());
  ASSERT_EQ(bus.parts.size(), 1u) << "two parts and one of them again are not all three";
  EXPECT_EQ(bus.parts[0].number, 3u);
  EXPECT_TRUE(bus.recombines.empty());
}

// Parts that were numbered for another count would be taken for these.
TEST_F(LargeFileTest, AnUploadOfAnotherPartCountIsNotTakenUp) {
  upload_.part_count = 4;
  ledger.manifests[Key("big")] = manifest();
  ASSERT_TRUE(initialize());
  EXPECT_EQ(count(Method::del, "uploadId=u1"), 1u);
  EXPECT_EQ(bus.parts.size(), 3u);
  EXPECT_EQ(bus.parts.back().upload.id, UploadId("new"));
}

// What is open on this key may be another program's.
TEST_F(LargeFileTest, AnIntentWithoutAnIdAbortsNothing) {
  upload_.id = {};
  rules.retry.attempts_max = 2;
  ledger.manifests[Key("big")] = manifest();
  wire.replies(clouds({.method = Method::head, .endpoint = {.host = "acme.test"}}));
  wire.replies({.response_error = ScriptedTransport::broken_connection()});  // of CreateMultipartUpload
  ASSERT_TRUE(initialize());
  EXPECT_EQ(count(Method::del, ""), 0u);
  EXPECT_EQ(count(Method::get, ""), 0u) << "no uploads are listed";
  EXPECT_EQ(bus.parts.size(), 3u);
}

TEST_F(LargeFileTest, AnUploadOfARunThatLivesIsNotAborted) {
  for (const bool same_version : {true, false}) {
    ledger.manifests[Key("big")] = manifest("other-run");
    ledger.running.insert(RunId("other-run"));
    blob_etag_ = same_version ? "0x1" : "0x2";
    reporter.records.clear();
    ASSERT_TRUE(initialize());
    EXPECT_EQ(count(Method::del, ""), 0u) << "its parts would be lost under its hands";
    ASSERT_EQ(reporter.records.size(), 1u);
    EXPECT_EQ(reporter.records[0].error->kind, ErrorKind::conflict);
    EXPECT_EQ(ledger.manifests.at(Key("big")).run, RunId("other-run"));
  }
}

// ---- find_blobs

class FindBlobsTest : public StageTest {
 protected:
  ScriptedReply clouds(const RecordedRequest& request) override {
    if (!is_azure(request))
      return {.body = "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"};
    std::string rows;
    for (int i = 0; i < blobs_; ++i) {
      rows += fmt::format(
          "<Blob><Name>b{:04}</Name><Properties><Last-Modified>Mon, 23 Nov 2026 07:42:10 GMT</Last-Modified>"
          "<Etag>0x1</Etag><Content-Length>{}</Content-Length><BlobType>BlockBlob</BlobType></Properties></"
          "Blob>",
          i, blob_bytes_);
    }
    return {.body = "<EnumerationResults><Blobs>" + rows + "</Blobs><NextMarker/></EnumerationResults>"};
  }
  std::vector<std::size_t> batches() {
    EXPECT_TRUE(run(find_blobs({.run = stage.run, .container = Container("c")}, stage, context)));
    std::vector<std::size_t> sizes;
    for (const CopyBatch& batch : bus.batches) sizes.push_back(batch.tasks.size());
    return sizes;
  }
  int blobs_ = 0;
  std::uint64_t blob_bytes_ = 1;
};

TEST_F(FindBlobsTest, SmallBlobsTravelByTheHundredAndNoneStaysBehind) {
  blobs_ = 250;
  EXPECT_EQ(batches(), (std::vector<std::size_t>{100, 100, 50}));
}

// A host that is killed in mid-page must know what may be out.
TEST_F(FindBlobsTest, APageIsAnnouncedBeforeItsMessages) {
  blobs_ = 250;
  batches();
  ASSERT_EQ(bus.announced.size(), 1u);
  EXPECT_EQ(bus.announced[0].first, (Tally{.blobs = 250, .bytes = 250}));
  EXPECT_EQ(bus.announced[0].second, 0u) << "messages were out already";
}

TEST_F(FindBlobsTest, ABatchIsSentOnWithAQuarterOfAGiB) {
  blobs_ = 5;
  blob_bytes_ = 100 * MiB;
  rules.part_threshold = 100 * MiB;
  EXPECT_EQ(batches(), (std::vector<std::size_t>{3, 2}));
  EXPECT_TRUE(bus.files.empty());
}

TEST_F(FindBlobsTest, WhatIsAboveTheThresholdGoesInParts) {
  blobs_ = 2;
  blob_bytes_ = rules.part_threshold + 1;
  EXPECT_TRUE(batches().empty());
  EXPECT_EQ(bus.files.size(), 2u);
}

// One of ten parts of a batch that was cut off may have arrived: its bytes are not read a second time.
TEST_F(LargeFileTest, APartThatAnEarlierDeliveryUploadedIsNotCopiedAgain) {
  begin_upload();
  tracker.redelivered = true;
  const PartTask task{.run = stage.run, .upload = upload_, .number = 2};
  ASSERT_TRUE(azs3copy::stage_test::run(largefile_part(task, stage, context)));
  EXPECT_TRUE(wire.requests.empty());
  EXPECT_TRUE(tracker.is_open(upload_));
}

// Handed on from number to number: parts that are on their way are not sent again.
TEST_F(LargeFileTest, AnInitializerThatIsToStopHandsTheRestOfThePartsOn) {
  reporter.looks_until_stop = 1;
  ASSERT_TRUE(initialize());
  ASSERT_EQ(bus.parts.size(), 1u);
  ASSERT_EQ(bus.files.size(), 1u);
  EXPECT_EQ(bus.files[0].parts_sent, 1u);

  reporter.looks_until_stop = -1;
  ASSERT_TRUE(azs3copy::stage_test::run(largefile_initialize(bus.files[0], stage, context)));
  ASSERT_EQ(bus.parts.size(), 3u) << "the two that were missing";
  EXPECT_EQ(bus.parts[1].number, 2u);
  EXPECT_EQ(bus.parts[2].number, 3u);
}

}  // namespace
}  // namespace azs3copy
