// help.hpp: what `azs3copy`, `--help`, `help` and `--version` print. Lines of at most 100 columns; a
// command's help fits two screens of 40 lines.
#pragma once

#include <string>
#include <vector>

#include "hosts/cli/invocation.hpp"

namespace azs3copy::cli {

inline constexpr std::size_t help_columns_max = 100;
inline constexpr std::size_t help_lines_max = 80;

// Six lines: what it is, the commands, an example, where to read on.
std::vector<std::string> overview_lines();
// Of a command's name, "config", or "" for the overview with the exit codes.
std::vector<std::string> help_lines(std::string_view topic);
// Program, compiler, OpenSSL, and which CRC implementation this machine runs.
std::vector<std::string> version_lines();

}  // namespace azs3copy::cli
