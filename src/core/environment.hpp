// environment.hpp: variables of the process.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

namespace azs3copy {

// Empty where it is not set.
inline std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

inline std::string_view without_blanks(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) + 1 - first);
}

// A variable of a login; nothing if it is not set. No key, token or id begins or ends in white space, but
// mounted files and env-files with CRLF leave a line end behind it, which is cut off.
inline std::optional<std::string> login_variable(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  return value != nullptr ? std::optional(std::string(without_blanks(value))) : std::nullopt;
}

}  // namespace azs3copy
