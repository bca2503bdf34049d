// command_line.hpp: words, environment and configuration file in;
// one Invocation, checked, out. No I/O of its own.
//
//   arguments ----+
//   AZS3COPY_* ---+--> merge --> apply each flag --> check together --> Invocation
//   config.toml --+
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "hosts/cli/invocation.hpp"
#include "hosts/cli/settings.hpp"

namespace azs3copy::cli {

// What is read besides the arguments; tests give their own.
struct Surroundings {
  Environment environment;
  // The whole file; "-" is standard input. ErrorKind::not_found where there is none.
  std::function<Result<std::string>(const std::string& path)> read_file;
  std::function<bool(const std::string& path)> readable_by_others;
  UtcTime now{};
};
// Of this process. `variables` as main got it.
Surroundings process_surroundings(char** variables);

// `arguments` without the program's name.
// Every error is ErrorKind::invalid or not_found (of a file that was named).
Result<Invocation> parse_command_line(std::span<const std::string> arguments,
                                      const Surroundings& surroundings);

}  // namespace azs3copy::cli
