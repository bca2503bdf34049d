// settings.hpp: what was set and where, before it is applied: command line > environment > file > default.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"
#include "hosts/cli/flags.hpp"

namespace azs3copy::cli {

struct Setting {
  const Flag* flag = nullptr;
  std::string value;  // "true" of a switch that stands alone
  std::string
      origin;  // for errors: "--part-size 3MiB", "AZS3COPY_PART_SIZE=3MiB", "config.toml:12: part-size"
};

struct Arguments {
  std::vector<Setting> settings;  // in the order given
  std::vector<std::string> positionals;
  bool help = false;
};

// What follows the command. ErrorKind::invalid with the nearest known flag for one that is unknown.
Result<Arguments> split_arguments(Command command, std::span<const std::string> arguments);

using Environment = std::map<std::string, std::string, std::less<>>;

// The AZS3COPY_ variables that this command takes. Those that no command knows become warnings: an old shell
// profile must not stop the program.
std::vector<Setting> settings_of_environment(Command command, const Environment& environment,
                                             std::vector<std::string>& warnings);

// A configuration file in TOML: keys are the names of flags; arrays for flags that repeat. Keys that
// only other commands know are passed over. Unknown keys, wrong types and syntax errors are
// ErrorKind::invalid with file and line.
struct ConfigFile {
  std::vector<Setting> settings;  // in the order of lines
  bool holds_secrets = false;
};
Result<ConfigFile> read_config_file(Command command, std::string_view text, const std::string& path);

// Of the layers, strongest first: the settings that count.
// A family is taken from the strongest layer that has it.
std::vector<Setting> merge(std::span<const std::vector<Setting>> layers);

}  // namespace azs3copy::cli
