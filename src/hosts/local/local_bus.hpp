// local_bus.hpp: the stages' messages inside one process:
// bounded channels, and a count that says when all is done.
//
//   publish: pending += 1 --> channel --> worker of any loop --> stage --> done: pending -= 1
//                                                                            | 0: close all
//
// The listing is bounded by its channels: memory does not grow with the number of blobs. Messages
// that a worker sends to its own kind (a blob planned again) are taken at once, so that workers never
// wait for one another in a circle.
#pragma once

#include <atomic>

#include "core/sync.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

// Thread-safe.
class LocalBus final : public Bus {
 public:
  LocalBus(std::size_t batches, std::size_t files, std::size_t parts)
      : finds(1), batches(batches), files(files), parts(parts), recombines(1) {}

  Channel<FindBlobs> finds;
  Channel<CopyBatch> batches;
  Channel<LargeFile> files;
  Channel<PartTask> parts;
  Channel<Recombine> recombines;

  Task<Result<>> publish(FindBlobs work) override;
  Task<Result<>> publish(CopyBatch batch) override;
  Task<Result<>> publish(LargeFile file) override;
  Task<Result<>> publish(PartTask part) override;
  Task<Result<>> publish(Recombine recombine) override;
  // Nothing is delivered twice here.
  Task<Result<>> announce(Tally /*to_copy*/) override { co_return Result<>{}; }
  Task<Result<>> checkpoint(const FindBlobs& /*rest*/) override { co_return Result<>{}; }

  // Work that is not a message (a launch) holds the bus open too.
  void begin() { pending_.fetch_add(1); }
  // After each message's stage has returned.
  void done();
  // Ends everything: workers finish what they hold and find their channels closed.
  void abandon();

 private:
  void close();
  std::atomic<std::uint64_t> pending_{0};
};

}  // namespace azs3copy
