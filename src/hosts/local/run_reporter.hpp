// run_reporter.hpp: counts every blob's end once, writes its record, and tells the observer.
#pragma once

#include <atomic>
#include <mutex>

#include "hosts/local/causes.hpp"
#include "hosts/local/run.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

// Thread-safe. Counters are single atomics:
// a look at them is consistent enough for a display, and exact at the end.
class RunReporter final : public Reporter {
 public:
  RunReporter(LocalLedger* ledger, RunObserver& observer) : ledger_(ledger), observer_(observer) {}

  void listed(std::uint64_t blobs, std::uint64_t folders) override;
  void found(const Blob& blob) override;
  void planned(std::uint64_t bytes) override;
  void moved(std::int64_t bytes) override;
  void already_there(std::uint64_t bytes) override;
  void ended(const ObjectRecord& record) override;
  void would_copy(const CopyTask& task) override;
  void log(std::string_view level, std::string_view event, std::string text) override;
  bool stopping() const override { return stopping_.load(std::memory_order_relaxed); }

  void stop() { stopping_ = true; }
  // The first error that ended the run.
  void fatal(Error error);
  // The container's listing failed: the run goes on with the others.
  void not_listed(Container container, Error error);
  bool knows_all() const;  // every listing succeeded so far
  std::optional<Error> take_fatal();

  void set_rules(const CopyRules& rules) { rules_ = &rules; }
  void set_destination(std::string destination) { destination_ = std::move(destination); }

  // Counts and the list of what was not copied, as they stand.
  void fill(Progress& progress) const;
  void fill(RunSummary& summary) const;

 private:
  struct AtomicTally {
    std::atomic<std::uint64_t> blobs{0};
    std::atomic<std::uint64_t> bytes{0};
    void add(std::uint64_t size) {
      blobs.fetch_add(1, std::memory_order_relaxed);
      bytes.fetch_add(size, std::memory_order_relaxed);
    }
    Tally load() const {
      return {blobs.load(std::memory_order_relaxed), bytes.load(std::memory_order_relaxed)};
    }
  };

  void remember(const ObjectRecord& record);

  LocalLedger* ledger_;  // nullptr: a dry run keeps none
  RunObserver& observer_;
  const CopyRules* rules_ = nullptr;
  std::string destination_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> listed_{0};
  std::atomic<std::uint64_t> folders_{0};
  AtomicTally found_;
  AtomicTally ended_[4];  // by Outcome
  std::atomic<std::uint64_t> planned_bytes_{0};
  std::atomic<std::int64_t> moved_bytes_{0};
  std::atomic<std::uint64_t> proofs_[3] = {};         // by SourceProof, of the copies that S3 confirmed
  std::atomic<std::uint64_t> confirmations_[3] = {};  // by Confirmation, of all copies

  mutable std::mutex mutex_;  // of what follows: the rare ends, and the observer
  Causes causes_;
  std::vector<std::string> would_copy_;
  std::uint64_t would_copy_large_ = 0;
  std::vector<NotListed> not_listed_;
  std::optional<Error> fatal_;
};

}  // namespace azs3copy
