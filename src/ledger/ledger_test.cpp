// ledger_test.cpp: what must survive a kill does, and what cannot be read is never taken for nothing.
#include "ledger/ledger.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <thread>

#include "fakes/scripted_transport.hpp"
#include "ledger/files.hpp"

namespace azs3copy {
namespace {

namespace fs = std::filesystem;

constexpr UtcTime modified = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + milliseconds(7);
const Bucket bucket("bucket");

class LedgerTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "azs3copy-ledger-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    root = name;
    state = root / "state";
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }

  std::unique_ptr<LocalLedger> open(const std::string& run = "run",
                                    const std::string& endpoint = "https://s3") {
    auto ledger = LocalLedger::open(state, RunId(run), endpoint);
    EXPECT_TRUE(ledger) << (ledger ? "" : ledger.error().to_line());
    return ledger ? *std::move(ledger) : nullptr;
  }
  Context context() { return clock.context(); }
  Result<> flush(LocalLedger& ledger) { return fakes::run(ledger.flush(context())); }
  Result<> save(LocalLedger& ledger, const UploadManifest& manifest) {
    return fakes::run(ledger.save_manifest(manifest, context()));
  }
  auto find(LocalLedger& ledger, std::string_view key) {
    return fakes::run(ledger.find_manifest(bucket, Key(key), context()));
  }
  fs::path only_manifest() const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(state / "uploads")) files.push_back(entry.path());
    EXPECT_EQ(files.size(), 1u);
    return files.empty() ? fs::path() : files.front();
  }
  std::string objects(const std::string& run = "run") const { return state / "runs" / run / "objects.jsonl"; }

  fs::path root;
  fs::path state;
  fakes::FakeClock clock;
};

ObjectRecord record_of(std::string_view name) {
  return {.outcome = Outcome::copied,
          .blob = {.container = Container("c"), .name = BlobName(name), .size = 1, .last_modified = modified},
          .key = Key(name),
          .bytes = 1};
}

UploadManifest manifest_of(std::string_view key, std::string_view id = "upload-1") {
  return {.run = RunId("run"),
          .endpoint = "https://s3",
          .bucket = bucket,
          .source_account = "account",
          .upload = {.task = {.blob = {.container = Container("c"),
                                       .name = BlobName(key),
                                       .size = 100 * MiB + 1,
                                       .etag = ETag("0x8D1"),
                                       .last_modified = modified,
                                       .type = BlobType::page,
                                       .access_tier = "Hot"},
                              .key = Key(key)},
                     .id = UploadId(id),
                     .part_bytes = 100 * MiB,
                     .part_count = 2},
          .created = modified,
          .proof = SourceProof::content_md5};
}

// Names in the order of the file.
std::vector<std::string> names_of(const std::string& path) {
  std::vector<std::string> names;
  const auto count =
      read_records(path, [&](const ObjectRecord& record) { names.push_back(record.key.str()); });
  EXPECT_TRUE(count) << (count ? "" : count.error().to_line());
  if (count) EXPECT_EQ(*count, names.size());
  return names;
}

std::string text_of_file(const fs::path& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}
void write_text(const fs::path& path, std::string_view text) {
  std::ofstream(path) << text;
}

// ---- Folders ----

TEST_F(LedgerTest, FoldersAndFilesAreClosedToOthers) {
  auto ledger = open();
  ASSERT_TRUE(ledger);
  ASSERT_TRUE(save(*ledger, manifest_of("k")));
  ASSERT_TRUE(ledger->write_run_json("{}"));
  EXPECT_EQ(ledger->run_folder(), (state / "runs/run").string());
  for (const fs::path& folder : {state, state / "runs", state / "runs/run", state / "uploads"}) {
    EXPECT_EQ(fs::status(folder).permissions(), fs::perms::owner_all) << folder;
  }
  for (const fs::path& file : {fs::path(objects()), state / "runs/run/run.json", only_manifest()}) {
    EXPECT_EQ(fs::status(file).permissions() & (fs::perms::group_all | fs::perms::others_all),
              fs::perms::none)
        << file;
  }
}

TEST_F(LedgerTest, AFolderThatCannotBeMadeIsNamed) {
  write_text(root / "file", "");
  const auto ledger = LocalLedger::open(root / "file" / "state", RunId("run"), "");
  ASSERT_FALSE(ledger);
  EXPECT_NE(ledger.error().to_line().find((root / "file").string()), std::string::npos)
      << ledger.error().to_line();
  EXPECT_NE(ledger.error().advice.find("AZS3COPY_STATE_DIR"), std::string::npos);

  const auto nowhere = LocalLedger::open("", RunId("run"), "");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().kind, ErrorKind::invalid);
  EXPECT_NE(nowhere.error().advice.find("AZS3COPY_STATE_DIR"), std::string::npos);
}

TEST_F(LedgerTest, TheStateFolderFollowsTheVariables) {
  std::map<std::string, std::optional<std::string>> before;
  for (const char* name : {"AZS3COPY_STATE_DIR", "XDG_STATE_HOME", "HOME"}) {
    const char* value = std::getenv(name);
    before[name] = value == nullptr ? std::nullopt : std::optional<std::string>(value);
    unsetenv(name);
  }
  EXPECT_EQ(default_state_folder(), "");
  setenv("HOME", "/home/u", 1);
  EXPECT_EQ(default_state_folder(), "/home/u/.local/state/azs3copy");
  setenv("XDG_STATE_HOME", "relative", 1);
  EXPECT_EQ(default_state_folder(), "/home/u/.local/state/azs3copy") << "to be ignored";
  setenv("XDG_STATE_HOME", "/x", 1);
  EXPECT_EQ(default_state_folder(), "/x/azs3copy");
  setenv("AZS3COPY_STATE_DIR", "/mine", 1);
  EXPECT_EQ(default_state_folder(), "/mine");
  for (const auto& [name, value] : before)
    value ? setenv(name.c_str(), value->c_str(), 1) : unsetenv(name.c_str());
}

TEST(RunIdTest, TellsItsStartAndDiffersFromItsTwin) {
  const std::string id = new_run_id(modified).str();
  EXPECT_TRUE(id.starts_with("20261123T000000Z-")) << id;
  EXPECT_EQ(id.size(), std::string("20261123T074210Z-7f3a").size());
  std::set<std::string> ids;
  for (int i = 0; i < 20; ++i) ids.insert(new_run_id(modified).str());
  EXPECT_GT(ids.size(), 15u);
}

// ---- Records ----

TEST_F(LedgerTest, RecordsAreOnDiskAtFlushAndAtTheEnd) {
  auto ledger = open();
  ledger->append(record_of("a"));
  ledger->append(record_of("b"));
  EXPECT_EQ(fs::file_size(objects()), 0u) << "buffered";
  ASSERT_TRUE(flush(*ledger));
  EXPECT_EQ(names_of(objects()), (std::vector<std::string>{"a", "b"}));
  ledger->append(record_of("c"));
  ledger.reset();
  EXPECT_EQ(names_of(objects()), (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(LedgerTest, AFullBufferIsWrittenWithoutAFlush) {
  auto ledger = open();
  const ObjectRecord record = record_of(std::string(1000, 'x'));
  for (int i = 0; i < 300; ++i) ledger->append(record);
  const auto written = fs::file_size(objects());
  EXPECT_GE(written, 256u * 1024);
  EXPECT_LE(written, 300u * 1024 * 8);
  EXPECT_EQ(text_of_file(objects()).back(), '\n');
}

TEST_F(LedgerTest, ThreadsDoNotMixTheirLines) {
  auto ledger = open();
  constexpr int threads = 4;
  constexpr int each = 3000;
  {
    std::vector<std::jthread> writers;
    writers.reserve(threads);
    for (int t = 0; t < threads; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < each; ++i) {
          ledger->append(record_of(std::to_string(t) + "/" + std::to_string(i) + std::string(i % 200, 'x')));
          if (i % 500 == 0) EXPECT_TRUE(flush(*ledger));
        }
      });
    }
  }
  ASSERT_TRUE(flush(*ledger));
  const auto names = names_of(objects());
  EXPECT_EQ(names.size(), threads * each);
  EXPECT_EQ(std::set(names.begin(), names.end()).size(), names.size()) << "each once";
}

TEST_F(LedgerTest, AFullDiskIsReportedByEveryFlushNamingTheFile) {
  if (!fs::exists("/dev/full")) GTEST_FAIL() << "there is no /dev/full to write to";
  fs::create_directories(state / "runs/run");
  fs::create_symlink("/dev/full", objects());
  auto ledger = open();
  for (int i = 0; i < 3; ++i) {
    ledger->append(record_of("a"));
    const auto flushed = flush(*ledger);
    ASSERT_FALSE(flushed);
    EXPECT_EQ(flushed.error().kind, ErrorKind::internal);
    EXPECT_NE(flushed.error().to_line().find(objects()), std::string::npos) << flushed.error().to_line();
    EXPECT_NE(flushed.error().message.find("No space left"), std::string::npos);
    EXPECT_NE(flushed.error().advice.find("make room"), std::string::npos);
  }
}

// Lets files grow to `bytes` and no further while it lives: a disk that fills up in the middle of a write.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(LedgerTest, NoRecordFollowsHalfAnotherWhenRoomComesBack) {
  auto ledger = open();
  ledger->append(record_of("a"));
  ASSERT_TRUE(flush(*ledger));
  {
    const FileSizeLimit limit(fs::file_size(objects()) + 20);
    ledger->append(record_of("b"));
    EXPECT_FALSE(flush(*ledger));
  }
  ledger->append(record_of("c"));
  EXPECT_FALSE(flush(*ledger)) << "what is missing stays said";
  EXPECT_EQ(names_of(objects()), std::vector<std::string>{"a"});
}

TEST_F(LedgerTest, ALastLineCutByAKillIsLeftOut) {
  auto ledger = open();
  ledger->append(record_of("a"));
  ledger->append(record_of("b"));
  ledger.reset();
  const std::string whole = text_of_file(objects());
  const std::size_t first = whole.find('\n') + 1;
  for (std::size_t size = first; size + 1 < whole.size(); ++size) {
    write_text(objects(), whole.substr(0, size));
    ASSERT_EQ(names_of(objects()), std::vector<std::string>{"a"}) << size;
  }
  write_text(objects(), whole.substr(0, whole.size() - 1));
  EXPECT_EQ(names_of(objects()), (std::vector<std::string>{"a", "b"})) << "only the line end is missing";
  write_text(objects(), "");
  EXPECT_EQ(names_of(objects()), std::vector<std::string>{});
}

TEST_F(LedgerTest, ABrokenLineElsewhereIsAnErrorWithItsNumber) {
  auto ledger = open();
  ledger->append(record_of("a"));
  ledger.reset();
  const std::string line = text_of_file(objects());
  write_text(objects(), line + line.substr(0, 30) + "\n" + line);
  const auto read = read_records(objects(), [](const ObjectRecord&) {});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().subject, objects() + ":2");
  const auto none = read_records(root / "no-such", [](const ObjectRecord&) {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().kind, ErrorKind::not_found);
}

TEST_F(LedgerTest, RecordsAcrossTheReadersStepsComeWhole) {
  auto ledger = open();
  for (int i = 0; i < 2000; ++i) ledger->append(record_of(std::to_string(i) + std::string(i % 997, 'x')));
  ledger.reset();
  EXPECT_GT(fs::file_size(objects()), 1024u * 1024);
  EXPECT_EQ(names_of(objects()).size(), 2000u);
}

// ---- Manifests ----

TEST_F(LedgerTest, AManifestIsFoundAgainByTheNextProcess) {
  ASSERT_TRUE(save(*open(), manifest_of("a//b", "")));
  auto ledger = open("second");
  auto found = find(*ledger, "a//b");
  ASSERT_TRUE(found && *found);
  EXPECT_TRUE((*found)->upload.id.empty()) << "an intent";
  ASSERT_TRUE(save(*ledger, manifest_of("a//b", "id-2")));
  found = find(*ledger, "a//b");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->upload.id, UploadId("id-2"));
  EXPECT_EQ(to_json(**found), to_json(manifest_of("a//b", "id-2")));

  EXPECT_TRUE(fakes::run(ledger->remove_manifest(bucket, Key("a//b"), context())));
  EXPECT_TRUE(fakes::run(ledger->remove_manifest(bucket, Key("a//b"), context()))) << "twice is no error";
  found = find(*ledger, "a//b");
  ASSERT_TRUE(found);
  EXPECT_FALSE(*found);
}

// A part that Azure did not prove must not pass for proved because another part was.
TEST_F(LedgerTest, TheWeakestProofOfManyPartsStays) {
  auto ledger = open();
  UploadManifest manifest = manifest_of("k");
  manifest.proof.reset();
  ASSERT_TRUE(save(*ledger, manifest));
  const auto proof_after = [&](SourceProof proof) {
    EXPECT_TRUE(fakes::run(ledger->weaken_proof(bucket, Key("k"), proof, context())));
    return (*find(*ledger, "k"))->proof;
  };
  EXPECT_EQ(proof_after(SourceProof::crc64), SourceProof::crc64);
  EXPECT_EQ(proof_after(SourceProof::none), SourceProof::none);
  EXPECT_EQ(proof_after(SourceProof::crc64), SourceProof::none);
  EXPECT_TRUE(fakes::run(ledger->weaken_proof(bucket, Key("not there"), SourceProof::crc64, context())));
}

TEST_F(LedgerTest, OfManyThreadsTheWeakestProofStays) {
  auto ledger = open();
  UploadManifest manifest = manifest_of("k");
  manifest.proof.reset();
  ASSERT_TRUE(save(*ledger, manifest));
  {
    std::vector<std::jthread> parts;
    for (int t = 0; t < 8; ++t) {
      const SourceProof proof = t == 3 ? SourceProof::none : SourceProof::crc64;
      parts.emplace_back(
          [&, proof] { EXPECT_TRUE(fakes::run(ledger->weaken_proof(bucket, Key("k"), proof, context()))); });
    }
  }
  EXPECT_EQ((*find(*ledger, "k"))->proof, SourceProof::none);
}

TEST_F(LedgerTest, KeysBucketsAndEndpointsDoNotShareAManifest) {
  auto ledger = open();
  ASSERT_TRUE(save(*ledger, manifest_of("k")));
  UploadManifest other = manifest_of("k", "other-bucket");
  other.bucket = Bucket("bucke");
  ASSERT_TRUE(save(*ledger, other));
  other = manifest_of("tk", "other-key");
  other.bucket = Bucket("bucke");  // "bucke" + "tk" reads like "bucket" + "k"
  ASSERT_TRUE(save(*ledger, other));
  auto elsewhere = open("second", "https://elsewhere");
  other = manifest_of("k", "other-endpoint");
  other.endpoint = "https://elsewhere";
  ASSERT_TRUE(save(*elsewhere, other));

  EXPECT_EQ((*find(*ledger, "k"))->upload.id, UploadId("upload-1"));
  EXPECT_EQ((*find(*elsewhere, "k"))->upload.id, UploadId("other-endpoint"));
  const auto all = fakes::run(ledger->list_manifests(context()));
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), 4u) << "the list is of all";
}

TEST_F(LedgerTest, AManifestThatCannotBeReadIsNeverNoManifest) {
  auto ledger = open();
  ASSERT_TRUE(save(*ledger, manifest_of("k")));
  const fs::path file = only_manifest();
  const std::string good = text_of_file(file);
  std::vector<std::string> bad = {"", "{}", "null", good + "x", good.substr(0, good.size() - 1)};
  for (std::size_t size = 1; size < good.size(); size += 7) bad.push_back(good.substr(0, size));
  bad.push_back(std::string(good).replace(good.find("\"version\":1"), 11, "\"version\":2"));
  bad.push_back(std::string(300 * 1024, ' '));
  for (const std::string& text : bad) {
    write_text(file, text);
    for (const Error& error :
         {find(*ledger, "k").error(), fakes::run(ledger->list_manifests(context())).error()}) {
      EXPECT_NE(error.to_line().find(file.string()), std::string::npos) << error.to_line();
      EXPECT_NE(error.advice.find("remove the file"), std::string::npos) << text;
    }
  }
  fs::remove(file);
  fs::create_directory(file);  // unreadable as a file
  EXPECT_FALSE(find(*ledger, "k"));
}

TEST_F(LedgerTest, AManifestUnderAnotherFilesNameIsNotBelieved) {
  auto ledger = open();
  ASSERT_TRUE(save(*ledger, manifest_of("other")));
  const std::string other = text_of_file(only_manifest());
  ASSERT_TRUE(fakes::run(ledger->remove_manifest(bucket, Key("other"), context())));
  ASSERT_TRUE(save(*ledger, manifest_of("k")));
  write_text(only_manifest(), other);
  const auto found = find(*ledger, "k");
  ASSERT_FALSE(found) << "it would go on with another object's upload";
  EXPECT_EQ(found.error().kind, ErrorKind::corrupt);
}

TEST_F(LedgerTest, AWriteThatFailsLeavesTheManifestThatWasThere) {
  auto ledger = open();
  ASSERT_TRUE(save(*ledger, manifest_of("k", "first")));
  ASSERT_TRUE(ledger->write_run_json(R"({"first":1})"));
  {
    const FileSizeLimit limit(8);
    const auto saved = save(*ledger, manifest_of("k", "second"));
    ASSERT_FALSE(saved);
    EXPECT_NE(saved.error().to_line().find("/uploads/"), std::string::npos) << saved.error().to_line();
    EXPECT_FALSE(ledger->write_run_json(R"({"second":"is longer than the limit"})"));
  }
  EXPECT_EQ((*find(*ledger, "k"))->upload.id, UploadId("first"));
  EXPECT_EQ(text_of_file(state / "runs/run/run.json"), R"({"first":1})");
  EXPECT_FALSE(only_manifest().empty()) << "nothing half-written stays";
}

// A kill between writing and renaming leaves a file of another name.
TEST_F(LedgerTest, WhatAKillLeftUnfinishedIsNoManifestAndGoesInTime) {
  auto ledger = open();
  ASSERT_TRUE(save(*ledger, manifest_of("k", "first")));
  const std::string manifest = only_manifest();
  const std::string fresh = manifest + ".0123456789abcdef.tmp";
  const std::string old = manifest + ".fedcba9876543210.tmp";
  write_text(fresh, to_json(manifest_of("k", "second")).substr(0, 40));
  write_text(old, "");
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(2));
  EXPECT_EQ((*find(*ledger, "k"))->upload.id, UploadId("first"));
  EXPECT_EQ(fakes::run(ledger->list_manifests(context()))->size(), 1u);
  open("second");
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(fresh)) << "another process may be at it";
}

TEST_F(LedgerTest, AKillAtAnyMomentLeavesAWholeManifestOrNone) {
  std::set<std::string> seen;
  // On a machine that is busy no child of the first rounds may come as far as to write: later ones have longer.
  for (int round = 0; round < 30 || (seen.empty() && round < 60); ++round) {
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      auto ledger = LocalLedger::open(state, RunId("child" + std::to_string(round)), "https://s3");
      for (int i = 0; ledger; ++i)
        (void)save(**ledger, manifest_of("k", std::string(20'000, static_cast<char>('a' + i % 26))));
      _exit(1);
    }
    const auto life = round < 30 ? std::chrono::microseconds(500 + round * 211) : std::chrono::seconds(1);
    std::this_thread::sleep_for(life);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    auto ledger = open("reader" + std::to_string(round));
    const auto found = find(*ledger, "k");
    ASSERT_TRUE(found) << found.error().to_line();
    if (*found) seen.insert((*found)->upload.id.str());
  }
  EXPECT_FALSE(seen.empty()) << "no child lived long enough to write";
}

TEST_F(LedgerTest, ThreadsSavingOneManifestLeaveOneWhole) {
  auto ledger = open();
  {
    std::vector<std::jthread> writers;
    writers.reserve(4);
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&, t] {
        for (int i = 0; i < 25; ++i) EXPECT_TRUE(save(*ledger, manifest_of("k", "id-" + std::to_string(t))));
      });
    }
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(find(*ledger, "k"));
  }
  EXPECT_TRUE((*find(*ledger, "k"))->upload.id.str().starts_with("id-"));
  EXPECT_FALSE(only_manifest().empty());
}

RC_GTEST_PROP(UploadManifestTest, ComesBackAsItWasWritten, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127));
  UploadManifest manifest = manifest_of(*text, *text);
  manifest.run = RunId(*text);
  manifest.endpoint = *text;
  manifest.bucket = Bucket(*text);
  manifest.source_account = *text;
  manifest.upload.task.blob.size = *rc::gen::arbitrary<std::uint64_t>();
  manifest.upload.task.blob.etag = ETag(*text);
  manifest.upload.task.blob.type = *rc::gen::element(BlobType::block, BlobType::append, BlobType::page);
  manifest.upload.part_bytes = *rc::gen::inRange<std::uint64_t>(0, 5 * GiB + 1);
  manifest.upload.part_count = *rc::gen::inRange<std::uint32_t>(0, 10'001);
  manifest.proof = *rc::gen::element<std::optional<SourceProof>>(
      std::nullopt, SourceProof::none, SourceProof::content_md5, SourceProof::crc64);
  const auto back = upload_manifest_from_json(to_json(manifest));
  RC_ASSERT(back.has_value());
  RC_ASSERT(back->upload.task.blob == manifest.upload.task.blob);
  RC_ASSERT(back->upload.part_bytes == manifest.upload.part_bytes);
  RC_ASSERT(back->upload.part_count == manifest.upload.part_count);
  RC_ASSERT(back->created == manifest.created);
  RC_ASSERT(back->proof == manifest.proof);
  RC_ASSERT(to_json(*back) == to_json(manifest));
}

// Both looked before one of the two had saved.
TEST_F(LedgerTest, TwoRunsCannotOpenOneKey) {
  auto first = open("first");
  auto second = open("second");
  UploadManifest ours = manifest_of("k", "");
  ours.run = RunId("first");
  UploadManifest theirs = ours;
  theirs.run = RunId("second");
  EXPECT_FALSE(*find(*first, "k"));
  EXPECT_FALSE(*find(*second, "k"));
  ASSERT_TRUE(save(*first, ours));
  const Result<> late = save(*second, theirs);
  ASSERT_FALSE(late) << "the first run's upload would be lost";
  EXPECT_EQ(late.error().kind, ErrorKind::conflict);
  EXPECT_NE(late.error().message.find("run first is copying it"), std::string::npos);
  EXPECT_EQ((*find(*second, "k"))->run.view(), "first");
  first.reset();
  EXPECT_TRUE(save(*second, theirs)) << "a run that is over keeps nobody away";
}

// ---- Runs under way ----

TEST_F(LedgerTest, ARunIsUnderWayUntilItsProcessIsGone) {
  auto ledger = open("here");
  EXPECT_TRUE(ledger->is_running(RunId("here")));
  EXPECT_FALSE(ledger->is_running(RunId("never")));
  const auto twin = LocalLedger::open(state, RunId("here"), "");
  ASSERT_FALSE(twin) << "two runs would mix their records";
  EXPECT_EQ(twin.error().kind, ErrorKind::conflict);

  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto other = LocalLedger::open(state, RunId("child"), "");
    (void)!write(ready[1], other ? "y" : "n", 1);
    pause();
    _exit(0);
  }
  char opened = 'n';
  ASSERT_EQ(read(ready[0], &opened, 1), 1);
  EXPECT_EQ(opened, 'y');
  EXPECT_TRUE(ledger->is_running(RunId("child")));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_FALSE(ledger->is_running(RunId("child"))) << "a kill gives the lock back";
  close(ready[0]);
  close(ready[1]);
  ledger.reset();
  EXPECT_FALSE((*LocalLedger::open_manifests(state, ""))->is_running(RunId("here")));
}

}  // namespace
}  // namespace azs3copy
