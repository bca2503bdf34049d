// local_tracker.hpp: which parts have arrived, in memory: this process sees them all.
#pragma once

#include <map>
#include <mutex>

#include "hosts/local/run.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

// Thread-safe. Grows with the parts of the uploads that are open, which are few.
class LocalTracker final : public PartTracker {
 public:
  Task<Result<>> begin(const Upload& upload, std::vector<UploadedPart> done,
                       std::optional<SourceProof> proof) override;
  std::optional<SourceProof> noted_proof(const Upload& upload) const override;
  void note_proof(const Upload& upload, SourceProof proof) override;
  // Each is sent once.
  Task<Result<std::optional<UploadedPart>>> find(const Upload& /*upload*/,
                                                 std::uint32_t /*number*/) override {
    co_return std::nullopt;
  }
  Task<Result<bool>> add(const Upload& upload, const UploadedPart& part) override;
  Task<Result<Parts>> parts(const Upload& upload) override;
  bool is_open(const Upload& upload) const override;
  bool end(const Upload& upload) override;
  // No other run sends parts of it: its lock is held.
  Task<Result<bool>> ended_elsewhere(const Upload& /*upload*/) override { co_return false; }

  // The uploads that are furthest, for the progress display.
  std::vector<LargeProgress> progress(std::size_t rows_max) const;
  // Keys of uploads that are neither complete nor given up: to be resumed.
  std::size_t open_count() const;

 private:
  struct Open {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t bytes_done = 0;
    std::uint32_t part_count = 0;
    std::map<std::uint32_t, UploadedPart> parts;
    std::optional<SourceProof> proof;
    bool recombining = false;
    Steady::time_point begun = Steady::now();
  };

  mutable std::mutex mutex_;
  std::map<UploadId, Open> open_;
};

}  // namespace azs3copy
