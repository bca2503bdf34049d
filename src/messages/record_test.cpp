// record_test.cpp: what a line of objects.jsonl says is what happened, whatever the names hold.
#include "messages/record.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/json.hpp"
#include "messages/test_support.hpp"

namespace azs3copy {
namespace {

constexpr UtcTime modified = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + milliseconds(123);

std::string json_of(const ObjectRecord& record) {
  std::string line;
  append_json(line, record);
  return line;
}

ObjectRecord copied() {
  return {.outcome = Outcome::copied,
          .blob = {.container = Container("photos"),
                   .name = BlobName("a/b.jpg"),
                   .size = 10,
                   .etag = ETag("0x8D1"),
                   .last_modified = modified},
          .key = Key("2024/a/b.jpg"),
          .bytes = 10,
          .crc = Crc64{0xAE8B14860A799888},
          .proof = SourceProof::crc64,
          .confirmed = Confirmation::crc64nvme,
          .s3_etag = ETag("abc"),
          .s3_version_id = "v1",
          .duration = milliseconds(12)};
}

TEST(Record, FieldsComeInTheOrderThatTheReportPromises) {
  EXPECT_EQ(
      json_of(copied()),
      R"({"outcome":"copied","container":"photos","source":"a/b.jpg","key":"2024/a/b.jpg","bytes":10,)"
      R"("etag":"0x8D1","mtime":"2026-11-23T00:00:00.123Z","crc64nvme":"rosUhgp5mIg=","verified":"crc64",)"
      R"("confirmed":"crc64nvme","s3_etag":"abc","version_id":"v1","attempts":1,"ms":12})");

  ObjectRecord record = copied();
  record.outcome = Outcome::failed;
  record.bytes = 0;
  record.crc.reset();
  record.proof = SourceProof::none;
  record.s3_etag = ETag();
  record.s3_version_id.clear();
  record.parts = 3;
  record.reason = "why";
  record.attempts = 8;
  record.error = Error{.kind = ErrorKind::throttled,
                       .message = "slow down",
                       .operation = "s3.upload_part",
                       .service_code = "SlowDown",
                       .request_id = "R1",
                       .http_status = 503};
  EXPECT_EQ(
      json_of(record),
      R"({"outcome":"failed","container":"photos","source":"a/b.jpg","key":"2024/a/b.jpg","bytes":0,)"
      R"("size":10,"etag":"0x8D1","mtime":"2026-11-23T00:00:00.123Z","parts":3,"reason":"why",)"
      R"("error":{"kind":"throttled","message":"slow down","code":"SlowDown","request_id":"R1","status":503,)"
      R"("operation":"s3.upload_part"},"attempts":8,"ms":12})");
}

TEST(Record, ACopyThatNobodyProvedSaysSo) {
  ObjectRecord record = copied();
  record.proof = SourceProof::none;
  EXPECT_NE(json_of(record).find(R"("verified":"none")"), std::string::npos);
}

TEST(Record, UnconfirmedCopyReportsThat) {
  ObjectRecord record = copied();
  record.confirmed = Confirmation::none;
  EXPECT_NE(json_of(record).find(R"("confirmed":"none")"), std::string::npos);
}

TEST(Record, LineWithoutConfirmationIsOfAnOlderVersion) {
  std::string line = json_of(copied());
  const std::string field = R"("confirmed":"crc64nvme",)";
  line.erase(line.find(field), field.size());
  EXPECT_EQ(object_record_from_json(line)->confirmed, Confirmation::crc64nvme);
}

TEST(Record, AppendsAndLeavesWhatWasThere) {
  std::string lines = "first\n";
  append_json(lines, copied());
  EXPECT_TRUE(lines.starts_with("first\n{\"outcome\""));
  EXPECT_EQ(lines.find('\n', 6), std::string::npos) << "one record is one line";
}

TEST(Record, ALineThatIsNoRecordIsAnErrorThatNamesTheField) {
  const std::string good = json_of(copied());
  EXPECT_TRUE(object_record_from_json(good));
  const auto refused = [&](std::string_view part, std::string_view instead) {
    std::string line = good;
    line.replace(line.find(part), part.size(), instead);
    const auto record = object_record_from_json(line);
    EXPECT_FALSE(record) << line;
    if (record) return std::string();
    EXPECT_EQ(record.error().kind, ErrorKind::protocol);
    return record.error().message;
  };
  EXPECT_NE(refused(R"("outcome":"copied",)", "").find("\"outcome\" is missing"), std::string::npos);
  EXPECT_NE(refused("\"copied\"", "\"moved\"").find("\"outcome\""), std::string::npos);
  EXPECT_NE(refused("\"bytes\":10", "\"bytes\":-1").find("\"bytes\""), std::string::npos);
  EXPECT_NE(refused("\"bytes\":10", "\"bytes\":\"10\"").find("\"bytes\""), std::string::npos);
  EXPECT_NE(refused("\"a/b.jpg\"", "7").find("\"source\" is not a string"), std::string::npos);
  EXPECT_NE(refused("rosUhgp5mIg=", "rosUhgp5mI").find("\"crc64nvme\""), std::string::npos);
  EXPECT_NE(refused("2026-11-23T", "2026-13-23T").find("\"mtime\""), std::string::npos);
  EXPECT_NE(refused("\"attempts\":1", "\"attempts\":4294967297").find("\"attempts\""), std::string::npos);
  EXPECT_NE(refused("\"attempts\":1", "\"error\":{},\"attempts\":1").find("\"kind\""), std::string::npos);
  EXPECT_NE(refused("\"attempts\":1", "\"error\":1,\"attempts\":1").find("\"error\""), std::string::npos);
  // A line that kill -9 cut anywhere does not pass for a shorter record.
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(object_record_from_json(std::string_view(good).substr(0, size))) << size;
  }
}

TEST(BlobNames, EveryEnumerationIsReadBackFromItsName) {
  for (const BlobType type : {BlobType::block, BlobType::append, BlobType::page}) {
    EXPECT_EQ(blob_type_from(to_string(type)), type);
  }
  for (const SourceProof proof : {SourceProof::none, SourceProof::content_md5, SourceProof::crc64}) {
    EXPECT_EQ(source_proof_from(to_string(proof)), proof);
  }
  for (const Confirmation value : {Confirmation::none, Confirmation::md5, Confirmation::crc64nvme}) {
    EXPECT_EQ(confirmation_from(to_string(value)), value);
  }
  for (const Outcome outcome : {Outcome::copied, Outcome::unchanged, Outcome::skipped, Outcome::failed}) {
    EXPECT_EQ(outcome_from(to_string(outcome)), outcome);
  }
  EXPECT_EQ(blob_type_from("Block"), std::nullopt);
  EXPECT_EQ(source_proof_from(""), std::nullopt);
  EXPECT_EQ(outcome_from("done"), std::nullopt);
}

TEST(BlobNames, OfTwoProofsTheWeakerCounts) {
  EXPECT_EQ(weaker(SourceProof::crc64, SourceProof::none), SourceProof::none);
  EXPECT_EQ(weaker(SourceProof::content_md5, SourceProof::crc64), SourceProof::content_md5);
  EXPECT_EQ(weaker(SourceProof::crc64, SourceProof::crc64), SourceProof::crc64);
}

RC_GTEST_PROP(Record, ComesBackAsItWasWritten, ()) {
  ObjectRecord record;
  record.outcome = *rc::gen::element(Outcome::copied, Outcome::unchanged, Outcome::skipped, Outcome::failed);
  record.blob = {.container = Container(*unicode_text()),
                 .name = BlobName(*unicode_text()),
                 .size = *rc::gen::arbitrary<std::uint64_t>(),
                 .etag = ETag(*unicode_text()),
                 // Years 0 to 9999: what four digits hold.
                 .last_modified = UtcTime(milliseconds(*rc::gen::inRange(-62167219200000, 253402300800000)))};
  record.key = Key(*unicode_text());
  record.bytes = *rc::gen::arbitrary<bool>() ? record.blob.size : *rc::gen::arbitrary<std::uint64_t>();
  if (*rc::gen::arbitrary<bool>()) record.crc = Crc64{*rc::gen::arbitrary<std::uint64_t>()};
  record.proof = *rc::gen::element(SourceProof::none, SourceProof::content_md5, SourceProof::crc64);
  record.s3_etag = ETag(*unicode_text());
  record.s3_version_id = *unicode_text();
  record.parts = *rc::gen::arbitrary<std::uint32_t>();
  record.reason = *unicode_text();
  if (*rc::gen::arbitrary<bool>()) {
    record.error = Error{.kind = static_cast<ErrorKind>(*rc::gen::inRange(0, 16)),
                         .message = *unicode_text(),
                         .operation = *unicode_text(),
                         .service_code = *unicode_text(),
                         .request_id = *unicode_text(),
                         .http_status = *rc::gen::inRange(0, 600)};
  }
  record.attempts = *rc::gen::inRange(0, 1000);
  record.duration = milliseconds(*rc::gen::inRange(0, 1'000'000'000));

  const std::string line = json_of(record);
  RC_ASSERT(line.find('\n') == std::string::npos);
  const auto back = object_record_from_json(line);
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->outcome == record.outcome);
  RC_ASSERT(back->blob == record.blob);
  RC_ASSERT(back->key == record.key);
  RC_ASSERT(back->bytes == record.bytes);
  RC_ASSERT(back->crc == record.crc);
  RC_ASSERT(back->proof == record.proof);
  RC_ASSERT(back->error.has_value() == record.error.has_value());
  if (record.error) {
    RC_ASSERT(back->error->kind == record.error->kind);
    RC_ASSERT(back->error->message == record.error->message);
    RC_ASSERT(back->error->service_code == record.error->service_code);
    RC_ASSERT(back->error->http_status == record.error->http_status);
  }
  // The rest in one: it is written again as it was.
  RC_ASSERT(json_of(*back) == line);
}

}  // namespace
}  // namespace azs3copy
