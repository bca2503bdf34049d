// invocation.hpp: one call of the program, understood: which command, and everything that it was told.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hosts/local/redrive.hpp"
#include "hosts/local/run.hpp"
#include "hosts/local/status.hpp"

namespace azs3copy::cli {

enum class Command : std::uint8_t {
  overview,
  copy,
  check,
  ls,
  cleanup,
  status,
  redrive,
  help,
  version,
  completion
};
std::string_view to_string(Command command);
std::optional<Command> command_from(std::string_view word);

struct OutputOptions {
  std::optional<bool> progress;       // unset: on a terminal
  std::optional<milliseconds> stats;  // between lines of progress; unset: a minute, a second with --json
  int verbosity = 0;                  // 1: each blob and each retry; 2: all that is known
  bool quiet = false;                 // errors only
  bool json = false;
  std::string log_file;
  bool combined = false;   // check: every row, marked
  bool human = false;      // ls: sizes in units
  bool recursive = false;  // ls
};

struct Invocation {
  Command command = Command::overview;
  std::string topic;  // of help: a command, "" for all; of completion: the shell
  RunOptions run;
  CheckOptions check;
  CleanupOptions cleanup;
  StatusOptions status;
  RedriveOptions redrive;
  OutputOptions output;
  std::vector<std::string> warnings;  // for standard error, before the run

  // What was said, until all of it is known and can be checked together.
  std::string files_from;  // a path or "-"
  std::string sse;         // "", "none", "AES256", "aws:kms"
};

}  // namespace azs3copy::cli
