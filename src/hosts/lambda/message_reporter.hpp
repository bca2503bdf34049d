// message_reporter.hpp: what one message came to, gathered while its stage runs.
//
//   ended:  unchanged, of a listing ------------------> a count in the plan
//           copied, skipped, failed for good ---------> a line of the message's records; found done counts as copied
//           failed for a passing reason --------------> `passing`: to be tried again
#pragma once

#include <set>

#include "hosts/lambda/telemetry.hpp"
#include "ledger/run_store.hpp"
#include "stages/stage.hpp"

namespace azs3copy {

// A listing that has published more messages for folders hands its rest on, to a plan of its own: a plan names
// them all, is written anew at each page, and must stay below what can be read (16 MiB).
inline constexpr std::size_t folders_a_plan_max = 10'000;

// For one message; on one loop.
class MessageReporter final : public Reporter {
 public:
  // Once `stop_at` has passed nothing new is begun. `listing`: of find_blobs.
  MessageReporter(Telemetry& telemetry, const Clock& clock, RunId run, Steady::time_point stop_at,
                  bool listing, InvocationMetrics& metrics)
      : telemetry_(telemetry),
        clock_(clock),
        run_(std::move(run)),
        stop_at_(stop_at),
        listing_(listing),
        metrics_(metrics) {}

  void listed(std::uint64_t /*blobs*/, std::uint64_t folders) override { plan.folders += folders; }
  void found(const Blob& blob) override;
  void planned(std::uint64_t bytes) override;
  void moved(std::int64_t bytes) override { metrics_.moved_bytes += bytes; }
  void already_there(std::uint64_t /*bytes*/) override {}
  void ended(const ObjectRecord& record) override;
  void would_copy(const CopyTask& /*task*/) override {}
  void log(std::string_view level, std::string_view event, std::string text) override;
  bool stopping() const override {
    return clock_.now() >= stop_at_ || plan.next.size() >= folders_a_plan_max;
  }

  // A line of the records, whatever the error.
  void record(const ObjectRecord& record);

  std::string lines;
  std::uint64_t line_count = 0;
  std::uint64_t not_copied = 0;  // of the lines: skipped and failed
  std::vector<ObjectRecord> passing;
  bool found_done = false;         // a blob was found copied by somebody else
  std::set<BlobName> ended_blobs;  // with a line or in `passing`; not of a listing
  ListingPlan plan;                // of a listing: with what an earlier delivery has counted

 private:
  Telemetry& telemetry_;
  const Clock& clock_;
  RunId run_;
  Steady::time_point stop_at_;
  bool listing_;
  InvocationMetrics& metrics_;
};

}  // namespace azs3copy
