// exit_code.hpp: what the shell is told. The one place where an end becomes a number.
#pragma once

#include <optional>

#include "core/error.hpp"
#include "hosts/local/redrive.hpp"
#include "hosts/local/run.hpp"
#include "hosts/local/status.hpp"

namespace azs3copy::cli {

enum ExitCode : int {
  exit_ok = 0,
  exit_some_failed = 1,  // blobs or listings failed, or `check` found differences
  exit_usage = 2,
  exit_not_found = 3,    // source or destination
  exit_credentials = 4,  // refused, or without the right
  exit_temporary = 5,    // after all retries: the same command may work later
  exit_fatal = 7,
  exit_skips = 9,          // all done but for what was skipped
  exit_interrupted = 130,  // SIGINT, as shells have it; SIGTERM likewise
  exit_broken_pipe = 141,  // the reader of our output went away
};

// Of an error that ended the command.
int exit_code(const Error& fatal);
// Of a copy: a fatal error first, then an interrupt, failures, skips.
int exit_code(const RunResult& result);
int exit_code(const CheckResult& result);
int exit_code(const CleanupResult& result);
// Of a run of the Lambda functions: 0 while it is not over, then as of a copy.
int exit_code(const RunStatus& status);
int exit_code(const StatusResult& result);
int exit_code(const RedriveResult& result);

}  // namespace azs3copy::cli
