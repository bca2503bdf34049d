// run_store.hpp: a run of the Lambda functions, as it lies in the bucket. Nothing is ever counted in one place
// that several would have to write: each message has objects of its own, named by what the message says, so
// that a second delivery overwrites what the first one wrote.
//
//   current.json                              which run is the latest, and from which begin date it copies
//   runs/<run>/run.json                       what is copied, and the first messages
//   runs/<run>/plan/<work>.json               of each FindBlobs: how far it is, what it found, what follows it
//   runs/<run>/records/<name>.<lines>.<not copied>.jsonl
//                                             ObjectRecords: of a batch, of one blob, or of what a listing ended
//   runs/<run>/failing/<name>.json            one ObjectRecord: failed for a passing reason, to be tried again
//
// A run is over once every listing that run.json leads to is done, and there are as many lines as there were
// blobs to copy and blobs that the listings ended (skipped, failed). A listing of records/ tells.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ledger/state_store.hpp"
#include "messages/record.hpp"
#include "messages/work.hpp"

namespace azs3copy {

// current.json
struct CurrentRun {
  RunId run;
  UtcTime begun{};
  std::optional<UtcTime> begin_date;  // only blobs modified at or after it are copied
  std::string copies;                 // what from where to where: a fingerprint
};

// run.json
struct RunInfo {
  RunId run;
  UtcTime begun{};
  std::string source;       // without a SAS
  std::string destination;  // s3://bucket/prefix
  std::optional<UtcTime> begin_date;
  bool flattened = false;          // blobs of different folders may have one key
  std::vector<std::string> works;  // of the first FindBlobs messages
};

// plan/<work>.json
struct ListingPlan {
  bool done = false;
  std::string marker;         // what lies before it is published; a second delivery begins here
  Tally found;                // selected by the filters
  std::uint64_t folders = 0;  // the same; nothing to copy
  Tally unchanged;
  Tally to_copy;            // sent on as work
  Tally sending;            // of the page behind the marker: may be with SNS, in part or whole
  bool resumed = false;     // by a second delivery: some blobs may have two lines, or one that nothing counts
  std::uint64_t ended = 0;  // skipped or failed by the listing itself: lines of its records
  std::uint64_t chunks = 0;    // record objects written so far
  std::set<std::string> next;  // FindBlobs messages that it has published: its rest, its folders
  std::string error;           // why it was given up; done with it
  std::string error_kind;      // ... as ErrorKind's name; empty where an earlier release wrote it
};

// The name of what a message does: of its plan, and of its records. Hex digits.
std::string work_name(std::string_view message);
// Of the record of one blob, whichever message ends it. Hex digits.
std::string blob_record_name(const Blob& blob);

// Used by one function, or by one command. One per loop, as its store.
class RunStore {
 public:
  explicit RunStore(StateStore& store) : store_(store) {}

  struct Current {
    CurrentRun current;
    ETag etag;
  };
  Task<Result<std::optional<Current>>> find_current(const Context& context);
  // ErrorKind::changed where another launch was faster than `before` knows.
  Task<Result<>> save_current(const CurrentRun& current, const std::optional<Current>& before,
                              const Context& context);

  Task<Result<>> save_run(const RunInfo& info, const Context& context);
  Task<Result<std::optional<RunInfo>>> find_run(const RunId& run, const Context& context);
  Task<Result<std::vector<RunId>>> list_runs(const Context& context);  // oldest first

  Task<Result<>> save_plan(const RunId& run, const std::string& work, const ListingPlan& plan,
                           const Context& context);
  Task<Result<std::optional<ListingPlan>>> find_plan(const RunId& run, const std::string& work,
                                                     const Context& context);

  struct Records {
    std::string name;              // work_name or blob_record_name
    std::string lines;             // of append_json, each with its end
    std::uint64_t count = 0;       // of the lines
    std::uint64_t not_copied = 0;  // of these: skipped and failed
    bool overwrite = true;         // false: what is there stays
  };
  Task<Result<>> save_records(const RunId& run, Records records, const Context& context);
  // True where there are records of this name, whatever they tell.
  Task<Result<bool>> has_ended(const RunId& run, const std::string& name, const Context& context);
  // True where the records of this name with so many lines are there, and none tells of a skip or failure.
  Task<Result<bool>> is_done(const RunId& run, const std::string& name, std::uint64_t count,
                             const Context& context);
  Task<Result<>> save_failing(const RunId& run, const std::string& name, const ObjectRecord& record,
                              const Context& context);
  // A name's records, or why it fails at present; none where neither is there.
  Task<Result<std::vector<ObjectRecord>>> find_records(const RunId& run, const std::string& name,
                                                       const Context& context);
  // The last of them.
  Task<Result<std::optional<ObjectRecord>>> find_record(const RunId& run, const std::string& name,
                                                        const Context& context);

  struct RecordsEntry {
    std::string object;  // for read_lines
    std::string name;
    std::uint64_t lines = 0;
    std::uint64_t not_copied = 0;
    UtcTime written{};
  };
  // One a name. Of a name that was written more than once (its batch was cut up the first time, or a blob failed
  // before it was copied) the one with most copies, the longest, the latest.
  Task<Result<std::vector<RecordsEntry>>> list_records(const RunId& run, const Context& context);
  // Of the same: how many lines there are. Memory does not grow with their number.
  struct RecordsSum {
    std::uint64_t lines = 0;
    std::uint64_t not_copied = 0;
    std::optional<UtcTime> last_written;
  };
  Task<Result<RecordsSum>> sum_records(const RunId& run, const Context& context);
  // How many blobs have a line: each counts once. Reads all records; in memory are their names, and 8 bytes a line.
  Task<Result<std::uint64_t>> count_blobs(const RunId& run, const Context& context);
  Task<Result<std::vector<std::string>>> list_failing(const RunId& run, const Context& context);  // names
  Task<Result<std::vector<ObjectRecord>>> read_records(const std::string& object, const Context& context);
  // When a plan was written last, or why something fails; nothing where neither was.
  Task<Result<std::optional<UtcTime>>> find_last_sign(const RunId& run, const Context& context);

 private:
  Task<Result<std::vector<RecordsEntry>>> list_some(const RunId& run, const std::string& names_below,
                                                    const Context& context);
  Task<Result<>> each_name(const RunId& run, const std::string& names_below,
                           const std::function<void(RecordsEntry)>& take, const Context& context);

  StateStore& store_;
};

// What the plans say together.
struct PlanSummary {
  bool done = false;  // no message of a listing is outstanding
  std::uint64_t listings = 0;
  std::uint64_t listings_done = 0;
  Tally found;
  std::uint64_t folders = 0;
  Tally unchanged;
  Tally to_copy;
  std::uint64_t ended = 0;
  bool resumed = false;  // some listing was: lines and blobs prove nothing of each other
  std::vector<std::string> errors;
};
// Follows the plans from run.json on. `known` keeps those that are done from one look to the next.
Task<Result<PlanSummary>> look_at_plans(RunStore& store, const RunInfo& info,
                                        std::map<std::string, ListingPlan>& known, const Context& context);

// True once the plans are done and every blob that they tell of has a line.
bool is_over(const PlanSummary& plans, std::uint64_t lines);

}  // namespace azs3copy
