// flags.cpp: what follows from a row of the table.
#include "hosts/cli/flags.hpp"

#include <algorithm>

namespace azs3copy::cli {

std::string_view title_of(Group group, Command command) {
  switch (group) {
    case Group::what:
      return command == Command::copy      ? "What to copy"
             : command == Command::check   ? "What to compare"
             : command == Command::ls      ? "What to list"
             : command == Command::status  ? "What to show"
             : command == Command::redrive ? "What to send back"
                                           : "What to abort";
    case Group::where:
      return command == Command::status || command == Command::redrive ? "Where the run is" : "Where it goes";
    case Group::speed:
      return "How fast";
    case Group::safety:
      return "Safety";
    case Group::output:
      return "Output";
    case Group::login:
      return "Login";
  }
  return "";
}

unsigned bit_of(Command command) {
  switch (command) {
    case Command::copy:
      return for_copy;
    case Command::check:
      return for_check;
    case Command::ls:
      return for_ls;
    case Command::cleanup:
      return for_cleanup;
    case Command::status:
      return for_status;
    case Command::redrive:
      return for_redrive;
    case Command::overview:
    case Command::help:
    case Command::version:
    case Command::completion:
      return 0;
  }
  return 0;
}

std::string Flag::variable() const {
  std::string text = "AZS3COPY_";
  for (const char c : name) text += c == '-' ? '_' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return text;
}

const Flag* find_flag(std::string_view name) {
  const std::span<const Flag> flags = all_flags();
  const auto found =
      std::find_if(flags.begin(), flags.end(), [name](const Flag& flag) { return flag.name == name; });
  return found == flags.end() ? nullptr : &*found;
}

}  // namespace azs3copy::cli
