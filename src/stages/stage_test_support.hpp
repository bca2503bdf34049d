// stage_test_support.hpp: a Stage on scripted clouds, with a bus, a tracker, a ledger and a reporter in
// memory.
//
//   StageTest fixture:  azure and s3 are told apart by host;  clouds(request) -> reply is the test's
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "codec/url.hpp"
#include "fakes/scripted_transport.hpp"
#include "stages/stage.hpp"

namespace azs3copy::stage_test {

using fakes::FakeClock;
using fakes::ManualExecutor;
using fakes::RecordedRequest;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

class OpenCredential final : public AzureCredential {
 public:
  Task<Result<>> authorize(HttpRequest&, const Context&) override { co_return Result<>{}; }
  bool refresh() override { return false; }
  std::string describe() const override { return "none"; }
};

class MemoryBus final : public Bus {
 public:
  std::vector<FindBlobs> finds;
  std::vector<CopyBatch> batches;
  std::vector<LargeFile> files;
  std::vector<PartTask> parts;
  std::vector<Recombine> recombines;
  Task<Result<>> publish(FindBlobs work) override {
    finds.push_back(std::move(work));
    co_return Result<>{};
  }
  Task<Result<>> publish(CopyBatch batch) override {
    batches.push_back(std::move(batch));
    co_return Result<>{};
  }
  Task<Result<>> publish(LargeFile file) override {
    files.push_back(std::move(file));
    co_return Result<>{};
  }
  Task<Result<>> publish(PartTask part) override {
    parts.push_back(std::move(part));
    co_return Result<>{};
  }
  Task<Result<>> publish(Recombine recombine) override {
    recombines.push_back(std::move(recombine));
    co_return Result<>{};
  }
  std::vector<std::pair<Tally, std::size_t>> announced;  // and messages published so far
  Task<Result<>> announce(Tally to_copy) override {
    announced.emplace_back(to_copy, batches.size() + files.size());
    co_return Result<>{};
  }
  std::vector<FindBlobs> checkpoints;
  std::vector<std::size_t> batches_at_checkpoint;  // published so far
  Task<Result<>> checkpoint(const FindBlobs& rest) override {
    checkpoints.push_back(rest);
    batches_at_checkpoint.push_back(batches.size());
    co_return Result<>{};
  }
};

class MemoryTracker final : public PartTracker {
 public:
  std::map<UploadId, std::map<std::uint32_t, UploadedPart>> open;
  std::optional<SourceProof> noted;
  Task<Result<>> begin(const Upload& upload, std::vector<UploadedPart> done,
                       std::optional<SourceProof> proof) override {
    noted = proof;
    auto& parts = open[upload.id];
    for (UploadedPart& part : done) parts.insert_or_assign(part.number, std::move(part));
    co_return Result<>{};
  }
  std::optional<SourceProof> noted_proof(const Upload&) const override { return noted; }
  void note_proof(const Upload&, SourceProof proof) override { noted = proof; }
  bool redelivered = false;
  Task<Result<std::optional<UploadedPart>>> find(const Upload& upload, std::uint32_t number) override {
    const auto& parts = open[upload.id];
    const auto found = parts.find(number);
    if (!redelivered || found == parts.end()) co_return std::nullopt;
    co_return std::optional(found->second);
  }
  std::optional<Error> add_error;
  Task<Result<bool>> add(const Upload& upload, const UploadedPart& part) override {
    if (add_error) co_return std::unexpected<Error>(*add_error);
    auto& parts = open[upload.id];
    const bool is_new = parts.insert_or_assign(part.number, part).second;
    co_return is_new&& parts.size() == upload.part_count;
  }
  Task<Result<Parts>> parts(const Upload& upload) override {
    Parts all;
    all.begun = begun;
    for (const auto& [number, part] : open[upload.id]) all.parts.push_back(part);
    co_return all;
  }
  bool is_open(const Upload& upload) const override { return open.contains(upload.id); }
  bool end(const Upload& upload) override { return open.erase(upload.id) > 0; }
  bool other_process_ended_it = false;
  Steady::time_point begun{std::chrono::hours{1000}};  // when FakeClock begins
  Task<Result<bool>> ended_elsewhere(const Upload& /*upload*/) override { co_return other_process_ended_it; }
};

class MemoryLedger final : public Ledger {
 public:
  std::map<Key, UploadManifest> manifests;
  std::set<RunId> running;
  bool is_overtaken = false;  // somebody else writes each manifest between its intent and its upload's id
  Task<Result<>> save_manifest(const UploadManifest& manifest, const Context&) override {
    if (is_overtaken && !manifest.upload.id.empty()) {
      co_return fail(ErrorKind::conflict, "another delivery of this work opens the same upload");
    }
    manifests.insert_or_assign(manifest.upload.task.key, manifest);
    co_return Result<>{};
  }
  Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket&, const Key& key,
                                                            const Context&) override {
    const auto found = manifests.find(key);
    if (found == manifests.end()) co_return std::optional<UploadManifest>{};
    co_return std::optional<UploadManifest>(found->second);
  }
  Task<Result<>> weaken_proof(const Bucket&, const Key& key, SourceProof proof, const Context&) override {
    const auto found = manifests.find(key);
    if (found != manifests.end()) found->second.proof = weaker(found->second.proof.value_or(proof), proof);
    co_return Result<>{};
  }
  Task<Result<>> remove_manifest(const Bucket&, const Key& key, const Context&) override {
    manifests.erase(key);
    co_return Result<>{};
  }
  Task<Result<std::vector<UploadManifest>>> list_manifests(const Context&) override {
    co_return std::vector<UploadManifest>{};
  }
  bool is_running(const RunId& run) const override { return running.contains(run); }
};

class MemoryReporter final : public Reporter {
 public:
  std::vector<ObjectRecord> records;
  int looks_until_stop = -1;  // -1: never told to stop
  std::uint64_t blobs_listed = 0;
  std::uint64_t folders = 0;
  void listed(std::uint64_t more_blobs, std::uint64_t more_folders) override {
    blobs_listed += more_blobs;
    folders += more_folders;
  }
  void found(const Blob&) override {}
  void planned(std::uint64_t) override {}
  void moved(std::int64_t) override {}
  void already_there(std::uint64_t) override {}
  void ended(const ObjectRecord& record) override { records.push_back(record); }
  void would_copy(const CopyTask&) override {}
  void log(std::string_view, std::string_view, std::string) override {}
  bool stopping() const override { return looks_until_stop >= 0 && looks_++ >= looks_until_stop; }

 private:
  mutable int looks_ = 0;
};

class StageTest : public ::testing::Test {
 protected:
  StageTest() {
    wire.fallback = [this](const RecordedRequest& request) { return clouds(request); };
  }
  virtual ScriptedReply clouds(const RecordedRequest& request) {
    return {.status = 500, .body = "not expected: " + request.target};
  }
  static bool is_azure(const RecordedRequest& request) { return request.endpoint.host == "acme.test"; }
  std::size_t count(Method method, std::string_view in_target) const {
    return static_cast<std::size_t>(
        std::count_if(wire.requests.begin(), wire.requests.end(), [&](const RecordedRequest& request) {
          return request.method == method && request.target.find(in_target) != std::string::npos;
        }));
  }
  static ScriptedReply s3_error(int status, std::string_view code) {
    return {.status = status,
            .body = fmt::format("<Error><Code>{}</Code><Message>text</Message></Error>", code)};
  }

  FakeClock clock;
  Context context = clock.context();
  ScriptedTransport wire;
  BlobClient azure{{.name = Account("acme"), .endpoint = {.host = "acme.test"}},
                   std::make_unique<OpenCredential>(),
                   wire,
                   {.attempts_max = 1}};
  S3Client s3{Bucket("bucket"),
              {.endpoint_url = "https://s3.test"},
              anonymous_aws_credentials(),
              wire,
              RetryPolicy{.attempts_max = 1}};
  MemoryBus bus;
  MemoryTracker tracker;
  MemoryReporter reporter;
  MemoryLedger ledger;
  Slots slots{4};
  Breaker breaker{clock};
  CopyRules rules{.part_threshold = 5 * MiB, .part_bytes = 5 * MiB, .retry = {.attempts_max = 1}};
  Filter filter;
  Stage stage{.azure = azure,
              .s3 = s3,
              .bus = bus,
              .tracker = tracker,
              .reporter = reporter,
              .ledger = ledger,
              .slots = slots,
              .breaker = breaker,
              .rules = rules,
              .filter = filter,
              .run = RunId("this-run"),
              .s3_origin = "https://s3.test"};
};

}  // namespace azs3copy::stage_test
