// events.hpp: the run as JSON, one object a line: --json on standard output, and --log-file.
//
// Every line has "event" and "time" (UTC, ISO 8601). Names are stable; fields may be added, none is renamed.
// Counts of blobs and bytes are {"blobs": n, "bytes": n}. By event:
//
//   start     command, version, source, destination, azure_login, s3_login, region, encryption,
//             run, run_folder
//   progress  scanning, ms, found, copied, unchanged, skipped, failed, retries, bytes_moved, bytes_planned,
//             bytes_per_second, seconds_left (absent where unknown), requests_azure, requests_s3,
//             streams, streams_limit, held_by, large: [{name, bytes_done, bytes, parts_done, parts}]
//   record    record: a line of objects.jsonl (messages/record.hpp); every blob that was not unchanged
//   log       level ("warning", "info", "debug", "trace"), name, text
//   summary   exit_code, interrupted, dry_run, ms, found ... retries as above,
//             verified_crc64, verified_md5, unverified, unconfirmed, confirmed_md5, azure_reads, azure_bytes,
//             s3_writes, s3_reads, run_folder, not_copied: [{outcome, cause, advice, count, first_names}]
//             of a dry run also: would_copy: [text], would_copy_large
//   status    of each look: exit_code (were it the last), run, state ("listing", "copying", "over"), over,
//             source, destination, begun, begin_date (absent where none), ms (since begun; to the last record
//             once over), listings, listings_done, found, planned, copied, unchanged, skipped, failed,
//             waiting, retrying, verified_crc64, verified_md5, unverified, unconfirmed,
//             confirmed_md5, bytes_per_second, blobs_per_second, last_record (absent before the first),
//             silent_seconds (absent while something happens), listing_errors: [text], not_copied as above
//   error     exit_code, kind, message, operation, subject, code, status, request_id, advice, attempts
//   row       of check:   mark, name, detail
//             of ls:      kind ("blob" or "prefix"), name; of a blob also: bytes, time, tier
//             of cleanup: key, upload, created, outcome
//             of redrive: queue, message_id, class, function, run, what, outcome
//   end       of check:   exit_code, equal, equal_by_crc, equal_by_etag, equal_by_time, missing, different,
//                         only_at_destination, errors
//             of ls:      exit_code, rows
//             of cleanup: exit_code, aborted, failed
//             of redrive: exit_code, dry_run, sent_back: {class: n}, left: {class: n}, failed
#pragma once

#include <string>

#include "hosts/cli/invocation.hpp"
#include "hosts/cli/progress_view.hpp"

namespace azs3copy::cli::events {

// Each gives one line with its line end.
std::string start(UtcTime now, Command command, const RunOptions& options, const RunObserver::Ends& ends);
std::string progress(UtcTime now, const ProgressView& view);
std::string record(UtcTime now, const ObjectRecord& record);
std::string log(UtcTime now, std::string_view level, std::string_view name, std::string_view text);
std::string summary(UtcTime now, const RunSummary& summary, bool dry_run, int exit_code);
std::string error(UtcTime now, const Error& error, int exit_code);
std::string row(UtcTime now, const CheckRow& row);
std::string row(UtcTime now, const ListRow& row);
std::string row(UtcTime now, const CleanupRow& row);
std::string end(UtcTime now, const CheckSummary& summary, int exit_code);
std::string end(UtcTime now, const CleanupResult& result, int exit_code);
std::string status(UtcTime now, const RunStatus& status, int exit_code);
std::string row(UtcTime now, const RedriveRow& row);
std::string end(UtcTime now, const RedriveResult& result, bool dry_run, int exit_code);
std::string end_of_list(UtcTime now, std::uint64_t rows, int exit_code);

}  // namespace azs3copy::cli::events
