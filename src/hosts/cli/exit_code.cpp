// exit_code.cpp: see exit_code.hpp.
#include "hosts/cli/exit_code.hpp"

namespace azs3copy::cli {

int exit_code(const Error& fatal) {
  switch (fatal.kind) {
    case ErrorKind::invalid:
      return exit_usage;
    case ErrorKind::not_found:
      return exit_not_found;
    case ErrorKind::credentials:
    case ErrorKind::permission:
      return exit_credentials;
    case ErrorKind::changed:
    case ErrorKind::conflict:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
    case ErrorKind::connection:
      return exit_temporary;
    case ErrorKind::cancelled:
      return exit_interrupted;
    case ErrorKind::archived:
    case ErrorKind::protocol:
    case ErrorKind::corrupt:
    case ErrorKind::unsupported:
    case ErrorKind::internal:
      return exit_fatal;
  }
  return exit_fatal;
}

int exit_code(const RunResult& result) {
  if (result.fatal) return exit_code(*result.fatal);
  if (result.summary.interrupted) return exit_interrupted;
  if (result.summary.totals.failed.blobs > 0 || !result.summary.not_listed.empty()) return exit_some_failed;
  return result.summary.totals.skipped.blobs > 0 ? exit_skips : exit_ok;
}

int exit_code(const CheckResult& result) {
  if (result.fatal) return exit_code(*result.fatal);
  const CheckSummary& summary = result.summary;
  const bool same = summary.missing + summary.different + summary.only_at_destination + summary.errors == 0;
  return same ? exit_ok : exit_some_failed;
}

int exit_code(const CleanupResult& result) {
  if (result.fatal) return exit_code(*result.fatal);
  return result.failed > 0 ? exit_some_failed : exit_ok;
}

int exit_code(const RunStatus& status) {
  if (!status.over) return exit_ok;
  // What a listing did not find has failed, too.
  if (status.failed.blobs > 0 || !status.listing_errors.empty()) return exit_some_failed;
  return status.skipped.blobs > 0 ? exit_skips : exit_ok;
}

int exit_code(const StatusResult& result) {
  if (result.fatal) return exit_code(*result.fatal);
  if (result.interrupted) return exit_interrupted;
  return result.last ? exit_code(*result.last) : exit_ok;
}

int exit_code(const RedriveResult& result) {
  if (result.fatal) return exit_code(*result.fatal);
  return result.failed > 0 ? exit_some_failed : exit_ok;
}

}  // namespace azs3copy::cli
