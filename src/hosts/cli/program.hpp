// program.hpp: the whole program but for the process around it: words in, text and exit code out.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "hosts/cli/command_line.hpp"
#include "hosts/cli/output.hpp"
#include "hosts/local/redrive.hpp"
#include "hosts/local/run.hpp"
#include "hosts/local/status.hpp"

namespace azs3copy::cli {

// What does the work: run.hpp's functions; tests have their own.
struct Engine {
  std::function<RunResult(const RunOptions&, RunObserver&, std::stop_token)> copy;
  std::function<CheckResult(const RunOptions&, const CheckOptions&,
                            const std::function<void(const CheckRow&)>&, std::stop_token)>
      check;
  std::function<Result<>(const RunOptions&, bool, const std::function<void(const ListRow&)>&,
                         std::stop_token)>
      ls;
  std::function<CleanupResult(const RunOptions&, const CleanupOptions&,
                              const std::function<void(const CleanupRow&)>&, std::stop_token)>
      cleanup;
  std::function<StatusResult(const RunOptions&, const StatusOptions&, StatusObserver&, std::stop_token)>
      status;
  std::function<RedriveResult(const RunOptions&, const RedriveOptions&, const OnRedriveRow&, std::stop_token)>
      redrive;
};

// The exit code. Stray exceptions end here, as code 7 and "this is a bug".
int run_program(std::span<const std::string> arguments, const Surroundings& surroundings,
                const Engine& engine, Output& out, Output& err);

}  // namespace azs3copy::cli
