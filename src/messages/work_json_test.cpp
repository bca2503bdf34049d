// work_json_test.cpp: what one stage publishes is what the next one works on, whatever the names hold; and
// nothing that SQS, SNS or another release makes of it passes for work.
#include "messages/work_json.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "codec/json.hpp"
#include "core/bytes.hpp"
#include "core/limits.hpp"
#include "core/secret.hpp"
#include "messages/test_support.hpp"

namespace azs3copy {
namespace {

// A message cannot hold a secret: there is no way to write one into JSON.
template <class T>
concept can_be_written = requires(JsonWriter& json, const T& value) { json.value(value); };
static_assert(can_be_written<std::string> && !can_be_written<Secret>);

constexpr UtcTime modified = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

CopyTask task_of(std::string_view name, std::string_view key) {
  return {.blob = {.container = Container("photos"),
                   .name = BlobName(name),
                   .size = 48'213,
                   .etag = ETag("0x8DC0C1B2A3F4E5D"),
                   .last_modified = modified,
                   .access_tier = "Hot"},
          .key = Key(key)};
}

Upload upload_of() {
  Upload upload{.task = task_of("a/film.mov", "2024/film.mov"), .id = UploadId("VXBsb2Fk"), .replans = 2};
  upload.task.blob.size = 25 * MiB;
  upload.part_bytes = 10 * MiB;
  upload.part_count = 3;
  return upload;
}

template <class Message>
Message read_as(std::string_view text) {
  Result<WorkMessage> message = work_message_from_json(text);
  if (!message) {
    ADD_FAILURE() << message.error().to_line() << " in " << text;
    return {};
  }
  const auto* read = std::get_if<Message>(&*message);
  EXPECT_NE(read, nullptr) << "another type than was written: " << text;
  return read != nullptr ? *read : Message{};
}

// The text is the promise: two releases that differ in it must differ in their version.
TEST(WorkJson, FindBlobsIsWrittenSo) {
  EXPECT_EQ(to_json(FindBlobs{.run = RunId("r1"), .container = Container("photos")}),
            R"({"v":1,"type":"find_blobs","run":"r1","container":"photos"})");
  EXPECT_EQ(
      to_json(FindBlobs{
          .run = RunId("r1"), .container = Container("photos"), .prefix = "a/", .marker = "2!92!MDAw"}),
      R"({"v":1,"type":"find_blobs","run":"r1","container":"photos","prefix":"a/","marker":"2!92!MDAw"})");
}

TEST(WorkJson, ABatchSaysOnceWhatItsBlobsShare) {
  CopyBatch batch{.run = RunId("r1")};
  batch.tasks = {task_of("a/2024/b.jpg", "dest/2024/b.jpg"), task_of("a/2024/c.jpg", "dest/2024/c.jpg")};
  EXPECT_EQ(
      to_json(batch),
      R"({"v":1,"type":"copy_batch","run":"r1","container":"photos","name_prefix":"a/2024/",)"
      R"("key_prefix":"dest/2024/","tier":"Hot","blobs":[["b.jpg",48213,"0x8DC0C1B2A3F4E5D",1795392000],)"
      R"(["c.jpg",48213,"0x8DC0C1B2A3F4E5D",1795392000]]})");
  EXPECT_EQ(read_as<CopyBatch>(to_json(batch)), batch);
}

TEST(WorkJson, ABlobThatDiffersSaysInWhat) {
  CopyBatch batch{.run = RunId("r1")};
  batch.tasks = {task_of("a/b.jpg", "b.jpg"), task_of("a/c/d.jpg", "d.jpg"), task_of("a/e", "e")};
  batch.tasks[2].blob.container = Container("films");
  batch.tasks[2].blob.last_modified += milliseconds(7);
  batch.tasks[2].blob.type = BlobType::append;
  batch.tasks[2].blob.access_tier = "";
  batch.tasks[2].blob.is_directory = true;
  batch.tasks[2].blob.archived = true;
  batch.tasks[2].blob.rehydrating = true;
  EXPECT_EQ(to_json(batch),
            R"({"v":1,"type":"copy_batch","run":"r1","container":"photos","name_prefix":"a/","tier":"Hot",)"
            R"("blobs":[["b.jpg",48213,"0x8DC0C1B2A3F4E5D",1795392000],)"
            R"(["c/d.jpg",48213,"0x8DC0C1B2A3F4E5D",1795392000,{"key":"d.jpg"}],)"
            R"(["e",48213,"0x8DC0C1B2A3F4E5D",1795392000,{"container":"films","ms":7,"blob_type":"append",)"
            R"("tier":"","directory":true,"archived":true,"rehydrating":true}]]})");
  EXPECT_EQ(read_as<CopyBatch>(to_json(batch)), batch);
}

TEST(WorkJson, LargeFilePartTaskAndRecombineAreWrittenSo) {
  LargeFile file{.run = RunId("r1"), .task = task_of("a/film.mov", "2024/film.mov")};
  file.task.blob.last_modified += milliseconds(999);
  EXPECT_EQ(to_json(file),
            R"({"v":1,"type":"large_file","run":"r1","container":"photos","name":"a/film.mov",)"
            R"("key":"2024/film.mov","size":48213,"etag":"0x8DC0C1B2A3F4E5D","mtime":1795392000,"ms":999,)"
            R"("tier":"Hot"})");
  const std::string_view upload =
      R"("run":"r1","container":"photos","name":"a/film.mov","key":"2024/film.mov","size":26214400,)"
      R"("etag":"0x8DC0C1B2A3F4E5D","mtime":1795392000,"tier":"Hot","upload_id":"VXBsb2Fk",)"
      R"("part_bytes":10485760,"part_count":3,"replans":2)";
  EXPECT_EQ(to_json(PartTask{.run = RunId("r1"), .upload = upload_of(), .number = 3}),
            fmt::format(R"({{"v":1,"type":"part_task",{},"number":3}})", upload));
  EXPECT_EQ(to_json(Recombine{.run = RunId("r1"), .upload = upload_of()}),
            fmt::format(R"({{"v":1,"type":"recombine",{}}})", upload));
}

TEST(WorkJson, FieldsOfOtherNamesArePassedOver) {
  const auto work = read_as<FindBlobs>(
      R"({"later":{"a":[1]},"v":1,"type":"find_blobs","run":"r1","container":"photos","x":null})");
  EXPECT_EQ(work, (FindBlobs{.run = RunId("r1"), .container = Container("photos")}));
}

// SQS refuses what XML 1.0 has no place for; a name must not make its message undeliverable.
void expect_xml_safe(std::string_view text) {
  for (const char c : text) ASSERT_GE(static_cast<unsigned char>(c), 0x20) << text;
  ASSERT_FALSE(text.contains("\xEF\xBF\xBE")) << text;
  ASSERT_FALSE(text.contains("\xEF\xBF\xBF")) << text;
}

TEST(WorkJson, NamesWithCharactersThatXmlRefusesTravel) {
  const std::string name = std::string("a\0\x01\x1f\t\n\r\"\\", 9) + "\xEF\xBF\xBE\xEF\xBF\xBF\x7F é 🎉";
  CopyBatch batch{.run = RunId("r1")};
  batch.tasks = {task_of(name + "1", name + "1"), task_of(name + "2", name + "2")};
  expect_xml_safe(to_json(batch));
  EXPECT_EQ(read_as<CopyBatch>(to_json(batch)), batch);
}

TEST(WorkJson, ACharacterIsNotCutInTwoByWhatNamesShare) {
  // é and è, and two emoji, differ in their last byte only.
  for (const auto& [one, other] : {std::pair("xé", "xè"), std::pair("🎉", "🎊"), std::pair("é", "éa")}) {
    CopyBatch batch{.run = RunId("r1")};
    batch.tasks = {task_of(one, one), task_of(other, other)};
    EXPECT_EQ(read_as<CopyBatch>(to_json(batch)), batch) << one;
  }
}

// ---- Any work, round trip. ----

BlobType any_type() {
  return *rc::gen::element(BlobType::block, BlobType::append, BlobType::page);
}

std::string any_filled() {
  return *rc::gen::element<std::string>("a", "/", "é", "\x01") + *unicode_text();
}

UtcTime any_time() {
  // Years 0 to 9999; most as Azure has them, in whole seconds.
  const auto seconds_of = *rc::gen::inRange(-62'167'219'200, 253'402'300'800);
  return UtcTime(seconds(seconds_of)) + milliseconds(*rc::gen::element(0, 0, 1, 999));
}

CopyTask any_task() {
  return {.blob = {.container = Container(*rc::gen::element("photos", "films")),
                   .name = BlobName(any_filled()),
                   .size = *rc::gen::arbitrary<std::uint64_t>(),
                   .etag = ETag(any_filled()),
                   .last_modified = any_time(),
                   .type = any_type(),
                   .is_directory = *rc::gen::arbitrary<bool>(),
                   .archived = *rc::gen::arbitrary<bool>(),
                   .rehydrating = *rc::gen::arbitrary<bool>(),
                   .access_tier = *rc::gen::element<std::string>("", "Hot", "Cool", "\x02")},
          .key = Key(any_filled())};
}

Upload any_upload() {
  Upload upload{.task = any_task(),
                .id = UploadId(any_filled()),
                .part_bytes = *rc::gen::inRange<std::uint64_t>(1, part_bytes_max + 1),
                .part_count = *rc::gen::inRange<std::uint32_t>(1, part_count_max + 1),
                .replans = *rc::gen::inRange(0, 5)};
  const std::uint64_t last = *rc::gen::inRange<std::uint64_t>(1, upload.part_bytes + 1);
  upload.task.blob.size = (upload.part_count - 1) * upload.part_bytes + last;
  return upload;
}

// Names below a folder, their keys below another: mostly, for a batch may hold anything.
CopyBatch any_batch() {
  const std::string folder = *unicode_text();
  const std::string destination = *unicode_text();
  CopyBatch batch{.run = RunId(any_filled())};
  const int count = *rc::gen::inRange(1, 20);
  for (int i = 0; i < count; ++i) {
    CopyTask task = any_task();
    const std::string name = task.blob.name.str();
    task.blob.name = BlobName(folder + name);
    if (*rc::gen::element(true, true, true, false)) task.key = Key(destination + name);
    batch.tasks.push_back(std::move(task));
  }
  return batch;
}

template <class Message>
void expect_round_trip(const Message& message) {
  const std::string text = to_json(message);
  expect_xml_safe(text);
  const Result<WorkMessage> back = work_message_from_json(text);
  RC_ASSERT(back.has_value());
  RC_ASSERT(std::holds_alternative<Message>(*back));
  RC_ASSERT(std::get<Message>(*back) == message);
}

RC_GTEST_PROP(WorkJson, FindBlobsComesBackAsItWasWritten, ()) {
  expect_round_trip(FindBlobs{.run = RunId(any_filled()),
                              .container = Container(any_filled()),
                              .prefix = *unicode_text(),
                              .marker = *unicode_text(),
                              .levels = *rc::gen::inRange<std::uint32_t>(0, folder_levels_max + 1)});
}

RC_GTEST_PROP(WorkJson, ABatchComesBackAsItWasWritten, ()) {
  expect_round_trip(any_batch());
}

RC_GTEST_PROP(WorkJson, LargeFileComesBackAsItWasWritten, ()) {
  expect_round_trip(LargeFile{.run = RunId(any_filled()),
                              .task = any_task(),
                              .replans = *rc::gen::inRange(0, 5),
                              .parts_sent = *rc::gen::inRange<std::uint32_t>(0, part_count_max + 1)});
}

RC_GTEST_PROP(WorkJson, PartTaskComesBackAsItWasWritten, ()) {
  PartTask part{.run = RunId(any_filled()), .upload = any_upload()};
  part.number = *rc::gen::inRange<std::uint32_t>(1, part.upload.part_count + 1);
  expect_round_trip(part);
}

RC_GTEST_PROP(WorkJson, RecombineComesBackAsItWasWritten, ()) {
  expect_round_trip(Recombine{.run = RunId(any_filled()), .upload = any_upload()});
}

RC_GTEST_PROP(WorkJson, ASplitBatchIsTheSameBlobsInTheirOrder, ()) {
  const CopyBatch batch = any_batch();
  const auto bytes_max = *rc::gen::inRange<std::size_t>(0, 6000);
  std::vector<CopyTask> back;
  for (const std::string& text : to_json_messages(batch, bytes_max)) {
    const Result<WorkMessage> message = work_message_from_json(text);
    RC_ASSERT(message.has_value());
    const auto& part = std::get<CopyBatch>(*message);
    RC_ASSERT(part.run == batch.run);
    RC_ASSERT(text.size() <= bytes_max || part.tasks.size() == 1);
    back.insert(back.end(), part.tasks.begin(), part.tasks.end());
  }
  RC_ASSERT(back == batch.tasks);
}

TEST(WorkJson, AnEmptyBatchIsNoMessage) {
  EXPECT_TRUE(to_json_messages({.run = RunId("r1")}).empty());
}

// ---- Sizes. ----

constexpr std::string_view run_id = "20261123T074210Z-1f3a9c";

// Names of `size` bytes below a few folders, as cameras, exporters and loggers give them.
CopyBatch common_batch(std::size_t count, std::size_t name_size) {
  CopyBatch batch{.run = RunId(run_id)};
  for (std::size_t i = 0; i < count; ++i) {
    std::string name = fmt::format("year={}/month={:02}/part-{:05}-", 2020 + i % 7, 1 + i % 12, i);
    while (name.size() + 4 < name_size) name += static_cast<char>('a' + (i * 7 + name.size() * 3) % 26);
    name += ".csv";
    CopyTask task = task_of(name, "imports/azure/" + name);
    task.blob.size = 1'000'000 + i * 104'729;
    task.blob.etag = ETag(fmt::format("0x8DC0C1B{:08X}", i * 2'654'435'761U & 0xFFFF'FFFFU));
    task.blob.last_modified = modified + seconds(i * 86'399);
    batch.tasks.push_back(std::move(task));
  }
  return batch;
}

double bytes_a_blob(const CopyBatch& batch) {
  const std::string text = to_json(batch);
  EXPECT_EQ(read_as<CopyBatch>(text), batch);
  return static_cast<double>(text.size()) / static_cast<double>(batch.tasks.size());
}

TEST(WorkJsonSize, ASmallBlobTakes150BytesAtMost) {
  const double common = bytes_a_blob(common_batch(100, 60));
  const double long_names = bytes_a_blob(common_batch(100, 100));
  RecordProperty("bytes_a_blob_of_60", fmt::format("{:.1f}", common));
  RecordProperty("bytes_a_blob_of_100", fmt::format("{:.1f}", long_names));
  EXPECT_LE(common, 110);
  EXPECT_LE(long_names, 150);

  // The worst of common cases: no name shares anything, and each key has to be told (--flatten).
  CopyBatch flat = common_batch(100, 60);
  for (std::size_t i = 0; i < flat.tasks.size(); ++i) {
    CopyTask& task = flat.tasks[i];
    std::string name = task.blob.name.str();
    name[0] = static_cast<char>('A' + i % 26);
    task.key = Key(name.substr(name.rfind('/') + 1));
    task.blob.name = BlobName(std::move(name));
  }
  const double flattened = bytes_a_blob(flat);
  RecordProperty("bytes_a_blob_flattened", fmt::format("{:.1f}", flattened));
  EXPECT_LE(flattened, 160);
}

TEST(WorkJsonSize, AThousandBlobsFitOneMessage) {
  EXPECT_EQ(to_json_messages(common_batch(1000, 60)).size(), 1u);
  EXPECT_EQ(to_json_messages(common_batch(1000, 200)).size(), 1u);
}

TEST(WorkJsonSize, NoMessageExceedsWhatSnsTakes) {
  // The longest names and keys there are: 1,024 characters, each of which is six in JSON.
  CopyBatch batch{.run = RunId(run_id)};
  for (int i = 0; i < 100; ++i) {
    std::string name(1024, static_cast<char>(1 + i % 7));
    CopyTask task = task_of(name, name);
    task.blob.name = BlobName(name.replace(0, 1, 1, 'x'));
    batch.tasks.push_back(std::move(task));
  }
  const std::vector<std::string> messages = to_json_messages(batch);
  EXPECT_GT(messages.size(), 1u);
  std::size_t blobs = 0;
  for (const std::string& text : messages) {
    EXPECT_LE(text.size(), work_message_bytes_max);
    blobs += read_as<CopyBatch>(text).tasks.size();
  }
  EXPECT_EQ(blobs, batch.tasks.size());
}

// ---- What is no work. ----

void expect_refused(const std::string& text, std::string_view why, ErrorKind kind = ErrorKind::protocol) {
  const Result<WorkMessage> message = work_message_from_json(text);
  ASSERT_FALSE(message) << text;
  EXPECT_EQ(message.error().kind, kind) << text;
  EXPECT_TRUE(message.error().message.contains(why)) << message.error().message << " for " << text;
}

std::string changed(std::string text, std::string_view part, std::string_view instead) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part << " in " << text;
  return at == std::string::npos ? text : text.replace(at, part.size(), instead);
}

TEST(WorkJsonVersion, AnotherVersionIsRefusedByName) {
  const std::string good = to_json(FindBlobs{.run = RunId("r1"), .container = Container("photos")});
  for (const auto& [version, advice] :
       {std::pair("0", "Start the run again"), std::pair("2", "Update this function"),
        std::pair("18446744073709551615", "Update this function")}) {
    const std::string text = changed(good, R"("v":1)", fmt::format(R"("v":{})", version));
    const Result<WorkMessage> message = work_message_from_json(text);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().kind, ErrorKind::unsupported);
    EXPECT_EQ(message.error().retry, RetryVerdict::never);
    EXPECT_TRUE(message.error().message.contains(fmt::format("of version {},", version)));
    EXPECT_TRUE(message.error().message.contains("understands version 1"));
    EXPECT_TRUE(message.error().advice.contains(advice)) << message.error().advice;
  }
  // Whatever else another version may hold.
  expect_refused(R"({"v":2,"type":7,"work":[]})", "of version 2", ErrorKind::unsupported);
}

TEST(WorkJsonVersion, AMessageWithoutAVersionIsNoneOfOurs) {
  expect_refused(R"({"type":"find_blobs","run":"r1","container":"photos"})", R"("v" is missing)");
  expect_refused(R"({"v":"1","type":"find_blobs","run":"r1","container":"photos"})",
                 R"("v" is not a whole number)");
  expect_refused(R"({"v":-1})", R"("v" is not)");
  expect_refused(R"({"v":1.5})", R"("v" is not)");
}

TEST(WorkJsonRefusal, WhatIsNotJsonOrNoObject) {
  for (const char* text : {"", "{", "work", "{\"v\":1,}", "\xff"}) expect_refused(text, "malformed JSON");
  for (const char* text : {"null", "[]", "1", "\"v\""}) expect_refused(text, "a JSON object is expected");
}

struct Malformed {
  std::string_view part;
  std::string_view instead;
  std::string_view why;
};

TEST(WorkJsonRefusal, EveryFieldOfFindBlobs) {
  const std::string good =
      to_json(FindBlobs{.run = RunId("r1"), .container = Container("photos"), .prefix = "a/", .marker = "m"});
  const Malformed cases[] = {
      {R"("type":"find_blobs",)", "", R"("type" is missing)"},
      {R"("find_blobs")", R"("find_blob")", R"("type" has a value that is not known)"},
      {R"("find_blobs")", "1", R"("type" is not a string)"},
      {R"("run":"r1",)", "", R"("run" is missing)"},
      {R"("r1")", R"("")", R"("run" is empty)"},
      {R"(,"container":"photos")", "", R"("container" is missing)"},
      {R"("photos")", R"("")", R"("container" is empty)"},
      {R"("a/")", "7", R"("prefix" is not a string)"},
      {R"("m")", "null", R"("marker" is not a string)"},
  };
  for (const auto& [part, instead, why] : cases) expect_refused(changed(good, part, instead), why);
}

TEST(WorkJsonRefusal, EveryFieldOfABatch) {
  CopyBatch batch{.run = RunId("r1")};
  batch.tasks = {task_of("a/b", "d/b"), task_of("a/c", "other"), task_of("a/d", "d/d")};
  batch.tasks[0].blob.type = BlobType::append;
  batch.tasks[1].blob.last_modified += milliseconds(5);
  batch.tasks[1].blob.container = Container("films");
  batch.tasks[1].blob.archived = true;
  const std::string good = to_json(batch);
  ASSERT_EQ(read_as<CopyBatch>(good), batch);
  const std::string long_name(5000, 'x');
  const std::string long_name_json = fmt::format("[\"{}\",", long_name);
  const std::string long_prefix_json = fmt::format(R"("name_prefix":"{}")", long_name);
  const std::string long_key_json = fmt::format(R"("key_prefix":"{}")", std::string(1025, 'x'));
  const std::string too_long_key_json = fmt::format(R"("key_prefix":"{}")", std::string(1024, 'x'));
  const Malformed cases[] = {
      {R"("container":"photos",)", "", R"("container" is missing)"},
      {R"("photos")", R"("")", R"("container" is empty)"},
      {R"("name_prefix":"a/")", R"("name_prefix":1)", R"("name_prefix" is not a string)"},
      {R"("name_prefix":"a/")", long_prefix_json, R"("name_prefix" is too long)"},
      {R"("key_prefix":"d/")", R"("key_prefix":[])", R"("key_prefix" is not a string)"},
      {R"("key_prefix":"d/")", long_key_json, R"("key_prefix" is too long)"},
      {R"("key_prefix":"d/")", too_long_key_json, R"("blobs[0].key" is too long)"},
      {R"("append")", R"("tape")", R"("blob_type" has a value)"},
      {R"("tier":"Hot")", R"("tier":{})", R"("tier" is not a string)"},
      {R"("blobs":)", R"("blob":)", R"("blobs" is missing)"},
      {R"("blobs":[)", R"("blobs":"","rows":[)", R"("blobs" is not an array)"},
      {R"("blobs":[)", R"("blobs":[],"rows":[)", R"("blobs" is empty)"},
      {R"(["b",)", R"({"name":"b"},[)", R"("blobs[0]" is not an array)"},
      {R"(["b",)", R"([],["b",)", R"("blobs[0].name" is missing)"},
      {R"(["b",)", R"([1,)", R"("blobs[0].name" is not a string)"},
      {R"(["b",)", long_name_json, R"("blobs[0].name" is too long)"},
      {R"(["d",48213)", R"(["d",-1)", R"("blobs[2].size" is not a whole number from 0)"},
      {R"(["d",48213)", R"(["d")", R"("blobs[2].size" is not a whole number from 0)"},
      {R"(["d",48213,"0x8DC0C1B2A3F4E5D")", R"(["d",48213,"")", R"("blobs[2].etag" is empty)"},
      {R"("0x8DC0C1B2A3F4E5D",1795392000])", R"("0x8DC0C1B2A3F4E5D"])", R"("blobs[0].mtime" is missing)"},
      {R"(1795392000])", R"("1795392000"])", R"("blobs[0].mtime" is not a whole number)"},
      {R"(1795392000])", R"(253402300800])", R"("blobs[0].mtime" is too large)"},
      {R"(1795392000])", R"(-62167219201])", R"("blobs[0].mtime" is too small)"},
      {R"(1795392000])", R"(1795392000,[]])", R"("blobs[0].rest" is not an object)"},
      {R"(1795392000])", R"(1795392000,{},1])", R"("blobs[0]" has too many values)"},
      {R"("key":"other")", R"("key":"")", R"("blobs[1].key" is empty)"},
      {R"("container":"films")", R"("container":"")", R"("blobs[1].container" is empty)"},
      {R"("ms":5)", R"("ms":1000)", R"("blobs[1].ms" is too large)"},
      {R"("ms":5)", R"("ms":5,"tier":0)", R"("blobs[1].tier" is not a string)"},
      {R"("blob_type":"block")", R"("blob_type":"")", R"("blobs[1].blob_type" has a value)"},
      {R"("archived":true)", R"("archived":1)", R"("blobs[1].archived" is neither true nor false)"},
      {R"("archived":true)", R"("directory":"")", R"("blobs[1].directory" is neither)"},
      {R"("archived":true)", R"("rehydrating":null)", R"("blobs[1].rehydrating" is neither)"},
  };
  for (const auto& [part, instead, why] : cases) expect_refused(changed(good, part, instead), why);
  expect_refused(
      R"({"v":1,"type":"copy_batch","run":"r","container":"c","blobs":[["",1,"e",1,{"key":"k"}]]})",
      R"("blobs[0].name" is empty)");
  expect_refused(
      R"({"v":1,"type":"copy_batch","run":"r","container":"c","name_prefix":"n","blobs":[["",1,"e",1]]})",
      R"("blobs[0].key" is empty)");
}

TEST(WorkJsonRefusal, EveryFieldOfAPart) {
  const std::string good = to_json(PartTask{.run = RunId("r1"), .upload = upload_of(), .number = 3});
  const std::string long_key = fmt::format("\"{}\"", std::string(1025, 'k'));
  const Malformed cases[] = {
      {R"("container":"photos",)", "", R"("container" is missing)"},
      {R"("name":"a/film.mov",)", "", R"("name" is missing)"},
      {R"("a/film.mov")", R"("")", R"("name" is empty)"},
      {R"("2024/film.mov")", R"("")", R"("key" is empty)"},
      {R"("2024/film.mov")", long_key, R"("key" is too long)"},
      {R"("size":26214400)", R"("size":"26214400")", R"("size" is not a whole number)"},
      {R"("0x8DC0C1B2A3F4E5D")", R"("")", R"("etag" is empty)"},
      {R"("mtime":1795392000,)", "", R"("mtime" is missing)"},
      {R"("tier":"Hot")", R"("tier":1)", R"("tier" is not a string)"},
      {R"("tier":"Hot")", R"("ms":-1)", R"("ms" is not a whole number)"},
      {R"("tier":"Hot")", R"("blob_type":"tape")", R"("blob_type" has a value)"},
      {R"("VXBsb2Fk")", R"("")", R"("upload_id" is empty)"},
      {R"("upload_id":"VXBsb2Fk",)", "", R"("upload_id" is missing)"},
      {R"("part_bytes":10485760)", R"("part_bytes":0)", R"("part_bytes" is 0)"},
      {R"("part_bytes":10485760)", R"("part_bytes":5368709121)", R"("part_bytes" is too large)"},
      {R"("part_count":3)", R"("part_count":10001)", R"("part_count" is too large)"},
      {R"("part_count":3)", R"("part_count":4)", R"("part_count" does not fit)"},
      {R"("part_count":3)", R"("part_count":2)", R"("part_count" does not fit)"},
      {R"("size":26214400)", R"("size":0)", R"("part_count" does not fit)"},
      {R"("replans":2)", R"("replans":2147483648)", R"("replans" is too large)"},
      {R"("number":3)", R"("number":0)", R"("number" is 0)"},
      {R"("number":3)", R"("number":4)", R"("number" is too large)"},
      {R"(,"number":3)", "", R"("number" is missing)"},
  };
  for (const auto& [part, instead, why] : cases) expect_refused(changed(good, part, instead), why);
}

TEST(WorkJsonRefusal, EveryFieldOfALargeFileAndARecombine) {
  const std::string file = to_json(LargeFile{.run = RunId("r1"), .task = task_of("a", "b"), .replans = 1});
  expect_refused(changed(file, R"("replans":1)", R"("replans":-1)"), R"("replans" is not a whole number)");
  expect_refused(changed(file, R"("key":"b",)", ""), R"("key" is missing)");
  // Refused, and not multiplied to milliseconds before.
  expect_refused(changed(file, "1795392000", "9223372036854775807"), R"("mtime" is too large)");
  const std::string recombine = to_json(Recombine{.run = RunId("r1"), .upload = upload_of()});
  expect_refused(changed(recombine, R"("part_count":3,)", ""), R"("part_count" is missing)");
  expect_refused(changed(recombine, R"("part_bytes":10485760,)", ""), R"("part_bytes" is missing)");
}

TEST(WorkJsonRefusal, AMessageThatWasCutShortIsNoShorterMessage) {
  const std::string good = to_json(common_batch(3, 60));
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(work_message_from_json(std::string_view(good).substr(0, size))) << size;
  }
}

}  // namespace
}  // namespace azs3copy
