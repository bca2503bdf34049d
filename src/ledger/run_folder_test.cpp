// run_folder_test.cpp: run.json tells how a run ended, whatever ended it; a manifest that cannot be opened is
// not called broken.
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "fakes/scripted_transport.hpp"
#include "ledger/files.hpp"
#include "ledger/ledger.hpp"

namespace azs3copy {
namespace {

namespace fs = std::filesystem;

const std::string running = R"({"version":1,"run":"r","state":"running"})";
const std::string finished = R"({"version":1,"run":"r","state":"finished"})";

// No descriptor can be opened meanwhile.
class DescriptorLimit {
 public:
  DescriptorLimit() {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit none{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class RunFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "azs3copy-run-XXXXXX";
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    state = name;
  }
  void TearDown() override {
    std::error_code ignored;
    fs::remove_all(state, ignored);
  }
  std::unique_ptr<LocalLedger> open(const std::string& run) {
    auto ledger = LocalLedger::open(state, RunId(run), "");
    EXPECT_TRUE(ledger) << (ledger ? "" : ledger.error().to_line());
    return ledger ? *std::move(ledger) : nullptr;
  }
  std::string run_json(const std::string& run) const {
    std::ifstream file(state / "runs" / run / "run.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::set<std::string> files(const std::string& run) const {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(state / "runs" / run))
      names.insert(entry.path().filename());
    return names;
  }
  auto find(LocalLedger& ledger) {
    return fakes::run(ledger.find_manifest(Bucket("bucket"), Key("k"), clock.context()));
  }
  void save_manifest(LocalLedger& ledger) {
    UploadManifest manifest{.run = RunId("r"), .bucket = Bucket("bucket")};
    manifest.upload = {.task = {.key = Key("k")}, .id = UploadId("u"), .part_bytes = 1, .part_count = 1};
    ASSERT_TRUE(fakes::run(ledger.save_manifest(manifest, clock.context())));
  }
  // In a child, which is then gone without a word.
  template <class Do>
  int in_child(Do act) {
    const pid_t child = fork();
    if (child == 0) _exit(act());
    int status = -1;
    waitpid(child, &status, 0);
    return status;
  }

  fs::path state;
  fakes::FakeClock clock;
};

TEST_F(RunFolderTest, LastReportIsWrittenWithoutADescriptor) {
  auto ledger = open("r");
  ASSERT_TRUE(ledger->write_run_json(running));
  {
    const DescriptorLimit limit;
    EXPECT_FALSE(ledger->write_run_json(finished)) << "or this test shows nothing";
    ASSERT_TRUE(ledger->write_last_run_json(finished));
  }
  EXPECT_EQ(run_json("r"), finished);
  EXPECT_FALSE(ledger->is_running(RunId("r")));
  ledger.reset();
  EXPECT_EQ(files("r"), (std::set<std::string>{"objects.jsonl", "run.json"}));
}

TEST_F(RunFolderTest, NothingReservedStaysBehind) {
  auto ledger = open("r");
  ASSERT_TRUE(ledger->write_run_json(running));
  ASSERT_TRUE(ledger->write_last_run_json(finished));
  ledger.reset();
  EXPECT_EQ(files("r"), (std::set<std::string>{"objects.jsonl", "run.json"}));
}

TEST_F(RunFolderTest, ReservedFileTakesItsSpaceAtOnce) {
  const std::string path = state / "x";
  auto reserved = ReservedFile::make(path, 64 * 1024);
  ASSERT_TRUE(reserved);
  const auto unfinished = names_in(state, unfinished_suffix);
  ASSERT_TRUE(unfinished && unfinished->size() == 1);
  struct stat status{};
  ASSERT_EQ(stat((state / unfinished->front()).c_str(), &status), 0);
  EXPECT_GE(status.st_blocks * 512, 64 * 1024) << "a full disk takes nothing of it";
  ASSERT_TRUE(reserved->write("text"));
  EXPECT_EQ(read_file(path, 100).value_or(""), "text");
}

TEST_F(RunFolderTest, KilledRunIsMarkedByTheNextCommand) {
  const int status = in_child([&] {
    auto ledger = LocalLedger::open(state, RunId("killed"), "");
    if (!ledger || !(*ledger)->write_run_json(running)) return 1;
    return kill(getpid(), SIGKILL);
  });
  ASSERT_TRUE(WIFSIGNALED(status));
  EXPECT_EQ(run_json("killed"), running);
  auto alive = open("alive");
  ASSERT_TRUE(alive->write_run_json(running));

  ASSERT_TRUE(LocalLedger::open_manifests(state, ""));

  EXPECT_EQ(run_json("killed"), R"({"version":1,"run":"r","state":"interrupted"})");
  EXPECT_EQ(files("killed"), (std::set<std::string>{"objects.jsonl", "run.json"}));
  EXPECT_EQ(run_json("alive"), running);
  EXPECT_TRUE(alive->is_running(RunId("alive")));
}

TEST_F(RunFolderTest, ManifestWithoutADescriptorIsNotBroken) {
  auto ledger = open("r");
  save_manifest(*ledger);
  Result<std::optional<UploadManifest>> found = std::nullopt;
  {
    const DescriptorLimit limit;
    found = find(*ledger);
  }
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::unavailable) << "the blob may be copied later";
  EXPECT_NE(found.error().message.find("Too many open files"), std::string::npos) << found.error().message;
  EXPECT_NE(found.error().advice.find("ulimit -n"), std::string::npos) << found.error().advice;
  EXPECT_TRUE(find(*ledger));
}

TEST_F(RunFolderTest, ManifestOfAnotherUserIsNotBroken) {
  auto ledger = open("r");
  save_manifest(*ledger);
  for (const auto& entry : fs::directory_iterator(state / "uploads")) chmod(entry.path().c_str(), 0);
  const int status = in_child([&] {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) return 1;
    const auto found = find(*ledger);
    if (found || found.error().kind != ErrorKind::permission) return 2;
    if (found.error().message.find("Permission denied") == std::string::npos) return 3;
    return found.error().advice.find("remove the file") == std::string::npos ? 0 : 4;
  });
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace azs3copy
