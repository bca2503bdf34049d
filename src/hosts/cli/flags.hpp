// flags.hpp: the one table of everything that can be set. From it come the options of the parser, the
// environment variables, the keys of the configuration file, the help and the completion:
//
//   name "part-size"   ->   --part-size 64MiB    AZS3COPY_PART_SIZE=64MiB    part-size = "64MiB"
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "hosts/cli/invocation.hpp"

namespace azs3copy::cli {

enum class Group : std::uint8_t { what, where, speed, safety, output, login };
std::string_view title_of(Group group, Command command);

// Which commands take a flag: a sum of these.
inline constexpr unsigned for_copy = 1;
inline constexpr unsigned for_check = 2;
inline constexpr unsigned for_ls = 4;
inline constexpr unsigned for_cleanup = 8;
inline constexpr unsigned for_status = 16;
inline constexpr unsigned for_redrive = 32;
unsigned bit_of(Command command);  // 0 for commands without flags

// Where a flag may stand.
enum class Place : std::uint8_t {
  anywhere,
  line_only,  // not in a file, for it says which file, or is for one call only
  file_only,  // a secret: never on the command line, where every user of the machine sees it
};

struct Flag {
  std::string_view name;
  char letter = 0;
  unsigned commands = 0;
  Group group = Group::what;
  std::string_view value;     // "SIZE", "FILE", "FOLDER", "auto|path|virtual"; empty: a switch
  std::string_view standard;  // the default, as help shows it; empty: none
  std::string_view help;
  // Takes the value ("true" or "false" of a switch) or says what is wrong with it.
  Result<> (*set)(Invocation& invocation, std::string_view value) = nullptr;
  // Flags of one family override one another as one: given on the line, those of the environment don't count.
  std::string_view family = {};    // empty: the name
  std::string_view row_help = {};  // help shows it in one row with the flag that follows, under this text
  bool repeatable = false;
  Place place = Place::anywhere;

  bool is_switch() const { return value.empty(); }
  bool is_choice() const { return value.find('|') != std::string_view::npos; }
  bool belongs_to(Command command) const { return (commands & bit_of(command)) != 0; }
  std::string_view family_or_name() const { return family.empty() ? name : family; }
  std::string variable() const;  // "AZS3COPY_PART_SIZE"
};

std::span<const Flag> all_flags();
const Flag* find_flag(std::string_view name);

}  // namespace azs3copy::cli
