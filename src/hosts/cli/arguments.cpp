// arguments.cpp: the command line, over CLI11 (heavy: kept in this file alone). CLI11 only takes words apart;
// what they mean, and what is said when they mean nothing, is ours.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "core/suggest.hpp"
#include "hosts/cli/settings.hpp"

namespace azs3copy::cli {
namespace {

std::vector<std::string> flag_names(Command command) {
  std::vector<std::string> names = {"--help"};
  for (const Flag& flag : all_flags()) {
    if (flag.belongs_to(command) && flag.place != Place::file_only)
      names.push_back("--" + std::string(flag.name));
  }
  return names;
}

// CLI11 takes the next word for the value of "--name=", and a flag for the value of the flag before it.
Result<> check_values(Command command, std::span<const std::string> arguments) {
  const Flag* waiting = nullptr;  // for its value
  for (const std::string& word : arguments) {
    if (word == "--") break;
    if (waiting != nullptr && word.starts_with("--") && word.size() > 2) {
      return fail(ErrorKind::invalid, fmt::format("needs a value ({}), but {} follows", waiting->value, word),
                  "--" + std::string(waiting->name));
    }
    const bool was_value = waiting != nullptr;
    waiting = nullptr;
    if (was_value || !word.starts_with("--")) continue;
    const std::size_t equals = word.find('=');
    const Flag* flag =
        find_flag(std::string_view(word).substr(2, equals == std::string::npos ? equals : equals - 2));
    if (flag == nullptr || flag->is_switch() || !flag->belongs_to(command)) continue;
    if (equals == std::string::npos) {
      waiting = flag;
    } else if (equals + 1 == word.size()) {
      return fail(ErrorKind::invalid, fmt::format("needs a value ({})", flag->value),
                  "--" + std::string(flag->name));
    }
  }
  if (waiting == nullptr || std::find(arguments.begin(), arguments.end(), "--") != arguments.end()) return {};
  return fail(ErrorKind::invalid, fmt::format("needs a value ({})", waiting->value),
              "--" + std::string(waiting->name));
}

std::unexpected<Error> unknown_flag(Command command, const std::string& word) {
  const std::string name = word.substr(0, word.find('='));
  const std::vector<std::string> names = flag_names(command);
  const Flag* elsewhere = name.starts_with("--") ? find_flag(std::string_view(name).substr(2)) : nullptr;
  if (elsewhere != nullptr && elsewhere->place == Place::file_only) {
    return fail(
        ErrorKind::invalid,
        fmt::format(
            "a secret is not taken from the command line, where every user of this machine can read it"),
        name, "Set the service's environment variable, or the key in the configuration file.");
  }
  if (elsewhere != nullptr) {
    return fail(ErrorKind::invalid, fmt::format("{} does not take {}", to_string(command), name));
  }
  return fail(ErrorKind::invalid, fmt::format("unknown flag {}{}", name, did_you_mean(name, names)), {},
              fmt::format("`azs3copy {} --help` lists them.", to_string(command)));
}

// Words that belong to no option: SOURCE and DEST, or flags that nobody knows.
Result<> take_rest(Command command, const std::vector<std::string>& rest,
                   std::vector<std::string>& positionals) {
  bool only_positionals = false;
  for (const std::string& word : rest) {
    if (!only_positionals && word == "--") {
      only_positionals = true;
    } else if (!only_positionals && word.size() > 1 && word[0] == '-') {
      return unknown_flag(command, word);
    } else {
      positionals.push_back(word);
    }
  }
  return {};
}

}  // namespace

Result<Arguments> split_arguments(Command command, std::span<const std::string> arguments) {
  if (Result<> checked = check_values(command, arguments); !checked) return std::unexpected(checked.error());
  CLI::App app;
  app.allow_extras();
  app.set_help_flag();
  std::vector<const Flag*> known;  // by the place of their option
  std::map<const CLI::Option*, std::pair<const Flag*, std::size_t>>
      options;  // and how many of its values were taken
  for (const Flag& flag : all_flags()) {
    if (!flag.belongs_to(command) || flag.place == Place::file_only) continue;
    std::string names = "--" + std::string(flag.name);
    if (flag.letter != 0) names = fmt::format("-{},{}", flag.letter, names);
    CLI::Option* option = flag.is_switch() ? app.add_flag(names) : app.add_option(names);
    option->expected(flag.is_switch() ? 0 : 1)->allow_extra_args(false);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    options[option] = {&flag, 0};
  }
  const bool h_is_free = app.get_option_no_throw("-h") == nullptr;
  CLI::Option* help = app.add_flag(h_is_free ? "-h,--help" : "--help");
  help->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);

  Arguments found;
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ParseError& error) {
    return fail(ErrorKind::invalid, error.what());
  }
  found.help = help->count() > 0;
  if (found.help) return found;
  for (const CLI::Option* option : app.parse_order()) {
    const auto entry = options.find(option);
    if (entry == options.end()) continue;
    auto& [flag, taken] = entry->second;
    std::string value = option->results().at(taken++);
    std::string origin = "--" + std::string(flag->name);
    if (!flag->is_switch()) origin += " " + value;
    found.settings.push_back({.flag = flag, .value = std::move(value), .origin = std::move(origin)});
  }
  if (Result<> rest = take_rest(command, app.remaining(), found.positionals); !rest) {
    return std::unexpected(rest.error());
  }
  return found;
}

}  // namespace azs3copy::cli
