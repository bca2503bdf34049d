// status.hpp: `azs3copy status`: how a run of the Lambda functions stands, read from its state in the bucket
// (ledger/run_store.hpp). Nothing is written.
//
//   plans   -> found, unchanged, planned, listings that failed
//   records -> copied, unchanged, skipped, failed: each object is read once, each blob counted once
//   failing -> retrying
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hosts/local/causes.hpp"
#include "ledger/run_store.hpp"

namespace azs3copy {

// Longer than any function works: what has not ended by then is a dead letter, or waits out its time in a queue.
inline constexpr std::chrono::minutes silence_max{15};

struct RunStatus {
  RunId run;
  UtcTime looked{};
  UtcTime begun{};
  std::string source;
  std::string destination;
  std::optional<UtcTime> begin_date;
  std::uint64_t listings = 0;  // known so far
  std::uint64_t listings_done = 0;
  bool listed = false;        // no listing is outstanding
  Tally found;                // selected by the filters
  std::uint64_t folders = 0;  // the same; nothing to copy
  Tally unchanged;
  Tally planned;  // to be copied
  Tally copied;
  Tally skipped;
  Tally failed;
  Tally waiting;               // planned, and not ended
  std::uint64_t retrying = 0;  // of these: failed for a passing reason, to be tried again
  std::uint64_t verified_crc64 = 0;
  std::uint64_t verified_md5 = 0;
  std::uint64_t unverified = 0;
  std::uint64_t unconfirmed = 0;    // copied, in none of the three above: S3 confirmed nothing
  std::uint64_t confirmed_md5 = 0;  // of the three above: confirmed by S3 with MD5, not CRC64NVME
  bool over = false;
  std::optional<UtcTime> last_record;
  // Not over, and no sign of life for so long: silence_max or more.
  std::optional<milliseconds> silent;
  milliseconds elapsed{0};  // since begun, to the last record once over
  double bytes_per_second = 0;
  double blobs_per_second = 0;
  std::vector<std::string> listing_errors;
  std::vector<NotCopied> not_copied;
};

// What became of each blob, whatever the number and the order of the records that tell of it. A blob costs
// about 56 bytes: 16 of its name's hash, 16 of its end, the rest is the map's; ten million take 560 MB, and
// flattened, where their keys are kept too, twice as much.
class BlobEnds {
 public:
  // `flattened`: of blobs that were copied to one key, by listings that knew nothing of each other, one counts as
  // copied and the others as failed. Which of them is there, their records do not tell.
  explicit BlobEnds(bool flattened) : flattened_(flattened) {}

  // As `blob_record_name` has it.
  using Id = std::array<std::uint64_t, 2>;
  static Id id_of(std::string_view hex_name);

  // `of_listing`: it ended where it was found, and was never planned.
  void add(const ObjectRecord& record, bool of_listing, UtcTime written);
  bool contains(const Id& id) const { return ends_.contains(id); }
  void fill(RunStatus& status) const;
  std::uint64_t count() const { return ends_.size(); }

  struct HashId {
    std::size_t operator()(const Id& id) const noexcept { return id[0]; }  // a piece of a SHA-256
  };

 private:
  struct End {
    std::uint64_t size = 0;
    std::uint32_t written = 0;  // seconds since 1970: all that S3 tells
    Causes::Id cause = 0;       // of a skip or a failure
    Outcome outcome = Outcome::copied;
    std::uint8_t copied : 4 = 0;  // 0: never; else the weakest of its copies (copied_as, status.cpp)
    bool of_listing : 1 = false;

    // "Unchanged" of a message that came again says less than the copy that it found.
    Outcome counted() const {
      return outcome == Outcome::unchanged && copied != 0 ? Outcome::copied : outcome;
    }
  };
  static_assert(sizeof(End) == 16);
  static bool is_later(const End& a, const End& b);
  void count(const End& end, bool add);
  std::optional<ObjectRecord> overwritten(const ObjectRecord& record, const Id& id);

  bool flattened_;
  std::unordered_map<Id, End, HashId> ends_;
  std::unordered_map<Id, Id, HashId> owners_;  // of the keys, by their hash: the blob that was read first
  Tally tallies_[4];                           // by Outcome
  std::uint64_t copied_as_[8] = {};            // by End::copied
  Tally of_plans_;                             // those that were planned
  Causes causes_;
};

// One run, looked at again and again. On one loop.
class RunReader {
 public:
  RunReader(RunStore& store, RunInfo info) : store_(store), info_(std::move(info)), ends_(info_.flattened) {}

  // Told how many record objects are read, and how many there are to read at this look.
  using OnReading = std::function<void(std::uint64_t done, std::uint64_t all)>;
  Task<Result<RunStatus>> look(const OnReading& on_reading, const Context& context);

 private:
  Task<Result<>> read_records(const OnReading& on_reading, const Context& context);
  Task<Result<>> count_retrying(RunStatus& status, const Context& context);
  Task<Result<>> judge_time(RunStatus& status, const Context& context);

  RunStore& store_;
  RunInfo info_;
  std::map<std::string, ListingPlan> plans_;                 // those that are done
  std::unordered_set<BlobEnds::Id, BlobEnds::HashId> read_;  // record objects, as they were written
  std::optional<UtcTime> last_record_;
  BlobEnds ends_;
};

struct StatusOptions {
  RunId run;  // empty: the latest
  bool watch = false;
  std::string state_prefix{state_prefix_default};
  milliseconds interval{2'000};  // between two looks
};

// Told from the thread of run_status.
class StatusObserver {
 public:
  virtual ~StatusObserver() = default;
  virtual void on_reading(std::uint64_t done, std::uint64_t all) = 0;
  virtual void on_look(const RunStatus& status) = 0;
};

struct StatusResult {
  std::optional<RunStatus> last;
  bool interrupted = false;  // a watch, before the run was over
  std::optional<Error> fatal;
};
// Looks once; with `watch` until the run is over or the stop is asked for. ErrorKind::not_found where there
// is no such run.
StatusResult run_status(RunOptions options, const StatusOptions& status, StatusObserver& observer,
                        std::stop_token stop);

// The run of that name, or the latest where the name is empty; ErrorKind::not_found says what to do about it.
Task<Result<RunInfo>> find_run_info(RunStore& store, RunId run, std::string place, const Context& context);

}  // namespace azs3copy
