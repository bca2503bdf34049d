// s3_uploads_contract_test.cpp: multipart uploads, from Create to Complete or Abort, at each server.
#include "contract/s3_servers.hpp"

namespace azs3copy::contract {
namespace {

class S3Uploads : public S3Contract {
 protected:
  static constexpr std::size_t part_bytes = 5 * MiB;

  CompleteUpload upload_of(const std::string& key, const UploadId& id,
                           std::vector<UploadedPart> parts) const {
    CompleteUpload upload{.key = Key(key), .id = id, .parts = std::move(parts), .crc = Crc64{}};
    for (const UploadedPart& part : upload.parts) {
      upload.size += part.size;
      upload.crc = crc64_combine(*upload.crc, *part.crc, part.size);
    }
    return upload;
  }
  // An upload of one small part, ready to be completed.
  CompleteUpload small_upload(const std::string& key, std::string_view content) {
    const UploadId id = open_upload(key);
    const Result<UploadedPart> part = put_part(key, id, 1, {.bytes = content});
    EXPECT_TRUE(done(part));
    return upload_of(key, id, {part.value_or(UploadedPart{.number = 1, .crc = Crc64{}})});
  }
  std::vector<std::pair<std::string, std::string>> open_uploads(const std::string& prefix) {
    std::vector<std::pair<std::string, std::string>> found;
    std::string key_marker;
    std::string id_marker;
    do {
      const Result<UploadPage> page =
          wire_->run(client_->list_uploads(prefix, key_marker, id_marker, context()));
      EXPECT_TRUE(done(page));
      if (!page) break;
      for (const OpenUpload& upload : page->uploads) found.emplace_back(upload.key.str(), upload.id.str());
      key_marker = page->next_key_marker;
      id_marker = page->next_upload_id_marker;
    } while (!key_marker.empty());
    return found;
  }
};
INSTANTIATE_TEST_SUITE_P(Servers, S3Uploads, testing::ValuesIn(s3_servers()), ServerName());

// Parts come from many streams, in any order, some twice: the object is their bytes in order of number.
TEST_P(S3Uploads, PartsInAnyOrderBecomeTheObject) {
  const std::string content = noise(2 * part_bytes + 1000);
  const std::string_view view = content;
  const std::string key = "odd +%2F/\u00fc key";
  const UploadId id = open_upload(key);
  ASSERT_TRUE(done(put_part(key, id, 2, {.bytes = view.substr(7, part_bytes)}))) << "a first try";
  const Result<UploadedPart> third = put_part(key, id, 3, {.bytes = view.substr(2 * part_bytes)});
  const Result<UploadedPart> first = put_part(key, id, 1, {.bytes = view.substr(0, part_bytes)});
  const Result<UploadedPart> second = put_part(key, id, 2, {.bytes = view.substr(part_bytes, part_bytes)});
  for (const auto* part : {&first, &second, &third}) ASSERT_TRUE(done(*part));
  EXPECT_TRUE(fails_with(head(key), ErrorKind::not_found)) << "nothing is there before Complete";

  const Result<PutReply> completed = complete(upload_of(key, id, {*first, *second, *third}));
  ASSERT_TRUE(done(completed));
  if (quirks().no_crc_of_uploads) {
    EXPECT_TRUE(fails_with(get(key), ErrorKind::corrupt));
    leave_checksums_out();
  } else {
    EXPECT_EQ(completed->crc, reported(crc_of_text(content)));
  }
  const Result<std::string> got = get(key);
  ASSERT_TRUE(done(got));
  EXPECT_TRUE(*got == content);
  const Result<ObjectHead> head = this->head(key);
  ASSERT_TRUE(done(head));
  EXPECT_EQ(head->size, content.size());
  EXPECT_EQ(head->etag, completed->etag);
  if (!quirks().no_crc_of_uploads) EXPECT_EQ(head->crc, reported(crc_of_text(content)));
  EXPECT_TRUE(open_uploads("").empty());
}

// A resumed copy takes up what is there: a part that is listed wrongly is a hole in the object.
TEST_P(S3Uploads, ListedPartsAreWhatWasSent) {
  const UploadId id = open_upload("object");
  std::vector<UploadedPart> sent;
  for (const std::uint32_t number : {3U, 1U, 7U, 10'000U}) {
    const Result<UploadedPart> part = put_part("object", id, number, {.bytes = noise(1000 + number, number)});
    ASSERT_TRUE(done(part));
    sent.push_back(*part);
  }
  std::ranges::sort(sent, {}, &UploadedPart::number);
  const Result<PartPage> page = parts("object", id);
  ASSERT_TRUE(done(page));
  EXPECT_EQ(page->next_part_number_marker, 0);
  ASSERT_EQ(page->parts.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i) {
    EXPECT_EQ(page->parts[i].number, sent[i].number);
    EXPECT_EQ(page->parts[i].etag, sent[i].etag);
    EXPECT_EQ(page->parts[i].size, sent[i].size);
    EXPECT_EQ(page->parts[i].crc, quirks().no_crc_of_uploads ? std::nullopt : reported(*sent[i].crc));
  }
  const Result<PartPage> later = parts("object", id, 3);
  ASSERT_TRUE(done(later));
  if (quirks().part_marker_is_a_count) {
    ASSERT_EQ(later->parts.size(), 1);
  } else {
    ASSERT_EQ(later->parts.size(), 2) << "the marker is exclusive";
    EXPECT_EQ(later->parts[0].number, 7);
  }
}

// One page has 1,000 parts, and no call asks for fewer. Only the fakes take 1,001 of them in no time.
using S3ManyParts = S3Uploads;
INSTANTIATE_TEST_SUITE_P(Servers, S3ManyParts, testing::Values(s3_servers()[0], s3_servers()[1]),
                         ServerName());

TEST_P(S3ManyParts, PartsBeyondOnePageAreListed) {
  const UploadId id = open_upload("object");
  for (std::uint32_t number = 1; number <= 1001; ++number) {
    ASSERT_TRUE(done(put_part("object", id, number, {.bytes = "x"})));
  }
  const Result<PartPage> first = parts("object", id);
  ASSERT_TRUE(done(first));
  EXPECT_EQ(first->parts.size(), 1000);
  const Result<PartPage> second = parts("object", id, first->next_part_number_marker);
  ASSERT_TRUE(done(second));
  ASSERT_EQ(second->parts.size(), 1);
  EXPECT_EQ(second->parts[0].number, 1001);
  EXPECT_EQ(second->next_part_number_marker, 0);
}

TEST_P(S3Uploads, APartWithAWrongCrcIsNoPart) {
  const UploadId id = open_upload("object");
  const Result<UploadedPart> part = put_part("object", id, 1, {.bytes = "bytes", .crc = Crc64{1}});
  if (!checks_crc()) {
    EXPECT_TRUE(done(part));
    return;
  }
  EXPECT_TRUE(fails_with(part, ErrorKind::corrupt));
  const Result<PartPage> page = parts("object", id);
  ASSERT_TRUE(done(page));
  EXPECT_TRUE(page->parts.empty());
}

TEST_P(S3Uploads, APartThatIsCutOffIsNoPart) {
  const UploadId id = open_upload("object");
  const std::string content = noise(3 * MiB);
  ASSERT_TRUE(done(put_part("object", id, 1, {.bytes = content, .cut_at_bytes = 2 * MiB, .finish = false})));
  const Result<PartPage> page = parts("object", id);
  ASSERT_TRUE(done(page));
  EXPECT_TRUE(page->parts.empty());
}

// Each part arrived, yet the whole is another: parts of two versions of the blob, or in the wrong place.
TEST_P(S3Uploads, AWrongCrcOfTheWholeIsRefused) {
  CompleteUpload upload = small_upload("object", "bytes");
  upload.crc = Crc64{1};
  const Result<PutReply> completed = complete(upload);
  if (!checks_crc()) {
    EXPECT_TRUE(done(completed));
    return;
  }
  EXPECT_TRUE(fails_with(completed, ErrorKind::corrupt));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

TEST_P(S3Uploads, AWrongSizeOfTheWholeIsRefused) {
  CompleteUpload upload = small_upload("object", "bytes");
  upload.size = 6;
  const Result<PutReply> completed = complete(upload);
  if (quirks().ignores_upload_size) {
    EXPECT_TRUE(done(completed));
    return;
  }
  EXPECT_TRUE(fails_with(completed, ErrorKind::invalid));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

TEST_P(S3Uploads, APartBelowFiveMebibytesIsRefused) {
  const UploadId id = open_upload("object");
  const Result<UploadedPart> first = put_part("object", id, 1, {.bytes = "small"});
  const Result<UploadedPart> second = put_part("object", id, 2, {.bytes = "last"});
  ASSERT_TRUE(done(first));
  ASSERT_TRUE(done(second));
  const Result<PutReply> completed = complete(upload_of("object", id, {*first, *second}));
  EXPECT_TRUE(fails_with(completed, ErrorKind::invalid));
  EXPECT_EQ(code_of(completed), "EntityTooSmall");
}

TEST_P(S3Uploads, APartThatWasReplacedIsRefusedByItsOldETag) {
  CompleteUpload upload = small_upload("object", "bytes");
  ASSERT_TRUE(done(put_part("object", upload.id, 1, {.bytes = "other"})));
  EXPECT_FALSE(complete(upload));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

// The reply to a Complete may be lost; the second says that the upload is gone, and a HEAD tells the rest.
TEST_P(S3Uploads, CompletingTwiceFindsNoUpload) {
  const CompleteUpload upload = small_upload("object", "bytes");
  ASSERT_TRUE(done(complete(upload)));
  const Result<PutReply> again = complete(upload);
  if (quirks().repeated_complete_succeeds) {
    EXPECT_TRUE(done(again));
  } else {
    EXPECT_TRUE(fails_with(again, ErrorKind::not_found));
    EXPECT_EQ(code_of(again), "NoSuchUpload");
  }
  if (quirks().no_crc_of_uploads) leave_checksums_out();
  EXPECT_TRUE(holds("object", "bytes"));
}

TEST_P(S3Uploads, CompletingOverwritesNothingThatMustBeAbsent) {
  CompleteUpload upload = small_upload("object", "bytes");
  ASSERT_TRUE(done(put("object", "somebody else's")));
  upload.condition.if_absent = true;
  EXPECT_TRUE(fails_with(complete(upload), ErrorKind::changed));
  EXPECT_TRUE(holds("object", "somebody else's"));
}

// Parts of an upload cost money until they are gone.
TEST_P(S3Uploads, AnAbortedUploadIsGoneAndAbortingAgainIsNoError) {
  const CompleteUpload upload = small_upload("object", "bytes");
  EXPECT_TRUE(done(abort("object", upload.id)));
  EXPECT_TRUE(open_uploads("").empty());
  EXPECT_TRUE(fails_with(parts("object", upload.id), ErrorKind::not_found));
  const ErrorKind gone = quirks().missing_upload_is_500 ? ErrorKind::unavailable : ErrorKind::not_found;
  EXPECT_TRUE(fails_with(complete(upload), gone));
  EXPECT_TRUE(fails_with(put_part("object", upload.id, 1, {.bytes = "x"}), gone));
  EXPECT_TRUE(done(abort("object", upload.id)));
  EXPECT_TRUE(fails_with(head("object"), ErrorKind::not_found));
}

// `cleanup` aborts what it lists: never what lies beside the prefix.
TEST_P(S3Uploads, OpenUploadsAreListedByPrefix) {
  using Uploads = std::vector<std::pair<std::string, std::string>>;
  const UploadId inside = open_upload("a+b/1 \u00fc");
  const UploadId twice_1 = open_upload("a+b/2");
  const UploadId twice_2 = open_upload("a+b/2");
  const UploadId outside = open_upload("b/a+b/3");
  Uploads below = open_uploads("a+b/");
  std::ranges::sort(below);
  Uploads wanted = {{"a+b/1 \u00fc", inside.str()}, {"a+b/2", twice_1.str()}, {"a+b/2", twice_2.str()}};
  std::ranges::sort(wanted);
  EXPECT_EQ(below, wanted);
  EXPECT_EQ(open_uploads("").size(), 4);
  EXPECT_EQ(open_uploads("b/"), (Uploads{{"b/a+b/3", outside.str()}}));
}

}  // namespace
}  // namespace azs3copy::contract
