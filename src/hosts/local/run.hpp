// run.hpp: one command on one machine:
// starts the loops, runs the stages in process, and tells an observer how it goes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/error.hpp"
#include "hosts/local/options.hpp"
#include "messages/record.hpp"

namespace azs3copy {

// A large blob under way.
struct LargeProgress {
  std::string name;
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes = 0;
  std::uint32_t parts_done = 0;
  std::uint32_t parts = 0;
};

// A consistent look at the run, made about four times a second.
struct Progress {
  bool scanning = true;       // the listing is not at its end: `found` still grows
  std::uint64_t listed = 0;   // blobs of the source looked at, before the filters
  std::uint64_t folders = 0;  // selected by the filters; nothing to copy
  Tally found;                // selected by the filters
  Tally copied;
  Tally unchanged;
  Tally skipped;
  Tally failed;
  std::uint64_t bytes_moved = 0;     // on the wire to S3, also of parts of blobs not yet complete
  std::uint64_t bytes_planned = 0;   // to be moved, as known so far
  std::vector<LargeProgress> large;  // at most 8, the furthest first
  std::uint64_t requests_azure = 0;
  std::uint64_t requests_s3 = 0;
  std::uint64_t retries = 0;
  int streams = 0;        // under way now
  int streams_limit = 0;  // what the limiters allow now
  // "S3: 503 SlowDown 12 s ago", "waiting for S3 (503 SlowDown) since 42 s"; empty where only --transfers holds.
  std::string held_by;
  milliseconds elapsed{0};
};

struct NotCopied {  // the first of each cause, for the summary
  Outcome outcome = Outcome::failed;
  std::string cause;  // "403 AuthorizationPermissionMismatch" or "archived: rehydrate first"
  std::string advice;
  std::uint64_t count = 0;
  std::vector<std::string> first_names;  // at most 10
  std::vector<std::string> first_lines;  // Error::to_line of these; empty for skips
};

struct NotListed {  // a container whose blobs are not known, or not all of them
  Container container;
  Error error;
};

// The names of --files-from, and how many of them the source does not have.
struct NamesAsked {
  std::size_t listed = 0;
  std::size_t missing = 0;
};

struct RunSummary {
  Progress totals;
  std::optional<NamesAsked> names;  // absent without --files-from, and if not everything was listed
  std::vector<NotListed> not_listed;
  std::uint64_t verified_crc64 = 0;
  std::uint64_t verified_md5 = 0;
  std::uint64_t unverified = 0;
  std::uint64_t unconfirmed = 0;    // copied, in none of the three above: S3 confirmed nothing
  std::uint64_t confirmed_md5 = 0;  // of the three above: confirmed by S3 with MD5, not CRC64NVME
  std::uint64_t azure_reads = 0;    // GET and HEAD of blobs, and listings
  std::uint64_t azure_bytes = 0;    // read: what egress is charged on
  std::uint64_t s3_writes = 0;      // PUT, POST, and LIST, as they are priced together
  std::uint64_t s3_reads = 0;       // HEAD, GET
  std::vector<NotCopied> not_copied;
  std::string run_folder;    // empty for a dry run
  bool interrupted = false;  // stopped on request before the end
  bool cut_short = false;    // an error ended the run: what follows it was not looked at
  // Of a dry run: the first blobs that would be copied, at most 10:
  // "name (88.0 GiB, 901 parts of 100 MiB) -> s3://...".
  std::vector<std::string> would_copy;
  std::uint64_t would_copy_large = 0;
};

// Told from the run's own thread; must return quickly.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  // Once both ends were reached and may be used, before the first byte.
  struct Ends {
    std::string azure_login;  // "Entra client secret, tenant 1111…5555"
    std::string s3_login;
    std::string region;
    std::string encryption;  // "SSE-KMS with bucket key", "bucket default"
    RunId run;
    std::string run_folder;
  };
  virtual void on_start(const Ends& ends) = 0;
  virtual void on_progress(const Progress& progress) = 0;
  // Every blob's end but `unchanged`; from any thread, serialised.
  virtual void on_record(const ObjectRecord& record) = 0;
  // Something a person should know while it goes on: a retry, a throttle. Level: "info", "debug", "trace".
  virtual void on_log(std::string_view level, std::string_view event, std::string_view text) = 0;
};

// Copies. `stop`: finish what is cheap to finish, start nothing new; the summary then says interrupted. An
// error means that the run could not start or had to end (credentials refused, source missing, listing
// failed): what was done by then is in the summary's place in run.json all the same.
struct RunResult {
  RunSummary summary;
  std::optional<Error> fatal;
};
RunResult run_copy(const RunOptions& options, RunObserver& observer, std::stop_token stop);

// check: compares both sides by listings and recorded values; `deep` reads both sides.
struct CheckOptions {
  bool deep = false;
  bool one_way = false;  // don't report what is only at the destination
};
enum class CheckMark : char {
  equal = '=',
  missing_at_destination = '+',
  only_at_destination = '-',
  different = '*',
  error = '!'
};
struct CheckRow {
  CheckMark mark = CheckMark::equal;
  std::string name;    // relative to the source, or the key where only at the destination
  std::string detail;  // why: "size 10 against 12", "CRC64NVME ... against ...", an error's line
};
struct CheckSummary {
  std::uint64_t equal = 0;
  std::uint64_t equal_by_crc = 0;   // both sides were read
  std::uint64_t equal_by_etag = 0;  // the object says which version of the blob it was made from
  std::uint64_t equal_by_time = 0;
  std::uint64_t missing = 0;
  std::uint64_t different = 0;
  std::uint64_t other_version = 0;  // of `different`: equal sizes, made from another version of the blob
  std::uint64_t only_at_destination = 0;
  std::uint64_t errors = 0;
};
struct CheckResult {
  CheckSummary summary;
  std::optional<Error> fatal;
};
CheckResult run_check(const RunOptions& options, const CheckOptions& check,
                      const std::function<void(const CheckRow&)>& on_row, std::stop_token stop);

// ls: containers where the source names none, else blobs; `recursive` or one level.
struct ListRow {
  bool is_prefix = false;  // a "folder"
  std::string name;        // relative to the source
  Blob blob;               // where not a prefix
};
Result<> run_ls(const RunOptions& options, bool recursive, const std::function<void(const ListRow&)>& on_row,
                std::stop_token stop);

// cleanup: aborts open uploads that our manifests name, for this destination.
struct CleanupOptions {
  bool dry_run = false;
  milliseconds age_min{0};  // leave those begun later than this ago
};
struct CleanupRow {
  Key key;
  UploadId upload;
  UtcTime created{};
  std::string outcome;  // "aborted", "would abort", "gone already", or an error's line
};
struct CleanupResult {
  std::uint64_t aborted = 0;
  std::uint64_t failed = 0;
  std::optional<Error> fatal;
};
CleanupResult run_cleanup(const RunOptions& options, const CleanupOptions& cleanup,
                          const std::function<void(const CleanupRow&)>& on_row, std::stop_token stop);

}  // namespace azs3copy
