// ends.hpp: reaching both ends before the first byte: login, names, permissions to list, region, clock.
#pragma once

#include <string>
#include <vector>

#include "hosts/local/worker.hpp"
#include "ledger/ledger.hpp"
#include "stages/reach_source.hpp"

namespace azs3copy {

struct Ends {
  std::vector<Container> containers;  // to be copied
  std::string region;
};

// Lists one row of each side. Errors say which end, what it said, and what to do. Runs on the worker's loop.
Result<Ends> reach_ends(Worker& worker, const RunOptions& options, std::stop_token stop);

// For commands whose one end is the bucket: a worker whose client is of the bucket's region, which is asked
// for and put into `options` where nobody named one. Lists one row below `prefix`.
Result<std::unique_ptr<Worker>> reach_bucket(RunOptions& options, std::string prefix, std::stop_token stop);

KeyMapping mapping_of(const RunOptions& options);
std::string encryption_text(const RunOptions& options);

// Runs one task on a loop from outside and gives its value.
template <class T>
T run_on(Loop& loop, Task<T> task) {
  std::optional<T> value;
  loop.run([](Task<T> inner, std::optional<T>& out) -> Task<void> { out.emplace(co_await std::move(inner)); }(
                                                        std::move(task), value));
  return std::move(*value);
}

// For dry runs: remembers nothing, finds nothing.
class NoLedger final : public Ledger {
 public:
  Task<Result<>> save_manifest(const UploadManifest&, const Context&) override { co_return Result<>{}; }
  Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket&, const Key&,
                                                            const Context&) override {
    co_return std::optional<UploadManifest>{};
  }
  Task<Result<>> weaken_proof(const Bucket&, const Key&, SourceProof, const Context&) override {
    co_return Result<>{};
  }
  Task<Result<>> remove_manifest(const Bucket&, const Key&, const Context&) override { co_return Result<>{}; }
  Task<Result<std::vector<UploadManifest>>> list_manifests(const Context&) override {
    co_return std::vector<UploadManifest>{};
  }
  bool is_running(const RunId&) const override { return false; }
};

}  // namespace azs3copy
