// parameter_values.cpp: see parameter_values.hpp.
#include "hosts/lambda/parameter_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/byte_size.hpp"
#include "core/suggest.hpp"

namespace azs3copy {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = std::min(text.find_first_not_of(blanks), text.size());
  text.remove_prefix(first);
  return text.substr(0, text.find_last_not_of(blanks) + 1);  // npos + 1 is 0
}

// Where the first element ends: at a comma that is not part of a pattern.
std::size_t element_end(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '\\':
        ++i;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        --depth;
        break;
      case ',':
        if (depth <= 0) return i;
        break;
      default:
        break;
    }
  }
  return text.size();
}

template <class T>
bool parses(std::string_view text, T& number) {
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
  return problem == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<std::string> exact_text(const Json& value) {
  if (auto text = value.string()) return *std::move(text);
  if (const auto flag = value.boolean()) return std::string(*flag ? "true" : "false");
  if (const auto whole = value.integer()) return fmt::format("{}", *whole);
  if (const auto whole = value.unsigned_integer()) return fmt::format("{}", *whole);
  if (const auto real = value.number()) return fmt::format("{}", *real);
  return fail(ErrorKind::invalid, "is neither a text nor a number");
}

Result<std::string> trimmed_text(const Json& value) {
  Result<std::string> text = exact_text(value);
  if (text) *text = std::string(trimmed(*text));
  return text;
}

Result<bool> switch_value(const Json& value) {
  static constexpr auto yes = std::to_array<std::string_view>({"true", "yes", "on", "1"});
  static constexpr auto no = std::to_array<std::string_view>({"false", "no", "off", "0", ""});
  const std::string word = lower(trimmed_text(value).value_or("neither"));
  if (std::ranges::find(yes, word) != yes.end()) return true;
  if (std::ranges::find(no, word) != no.end()) return false;
  return fail(ErrorKind::invalid, "is a switch, and its value is neither on nor off", {},
              "Write true, yes, on or 1; or false, no, off, 0 or nothing.");
}

Result<std::vector<std::string>> list_value(const Json& value) {
  std::vector<std::string> list;
  if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      Result<std::string> text = exact_text(value.at(i));
      if (!text) return fail(ErrorKind::invalid, "is a list of texts, and one of them is none");
      list.push_back(*std::move(text));
    }
    return list;
  }
  const Result<std::string> text = exact_text(value);
  if (!text) return fail(ErrorKind::invalid, "is a list of texts, or a text with commas");
  for (std::string_view rest = *text; !rest.empty();) {
    const std::size_t end = element_end(rest);
    if (const std::string_view element = trimmed(rest.substr(0, end)); !element.empty()) {
      list.emplace_back(element);
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return list;
}

Result<std::size_t> choice_value(const Json& value, const std::vector<std::string>& choices) {
  const std::string text = trimmed_text(value).value_or("");
  for (std::size_t i = 0; i < choices.size(); ++i) {
    if (plain_spelling(choices[i]) == plain_spelling(text)) return i;
  }
  return fail(ErrorKind::invalid,
              fmt::format("takes {}{}", fmt::join(choices, ", "), did_you_mean(text, choices)));
}

Result<std::uint64_t> bytes_value(const Json& value, std::uint64_t least, std::uint64_t most,
                                  std::string_view rule) {
  const Result<std::string> text = trimmed_text(value);
  if (!text) return std::unexpected(text.error());
  Result<std::uint64_t> bytes = parse_byte_size(*text);
  if (bytes && (*bytes < least || *bytes > most)) return fail(ErrorKind::invalid, std::string(rule));
  return bytes;
}

Result<int> whole_value(const Json& value, int least, int most) {
  int number = 0;
  if (!parses(trimmed_text(value).value_or(""), number) || number < least || number > most) {
    return fail(ErrorKind::invalid, fmt::format("takes a whole number from {} to {}", least, most));
  }
  return number;
}

Result<double> rate_value(const Json& value, double most) {
  const std::string text = trimmed_text(value).value_or("");
  double number = 0;
  if (lower(text) == "off") return number;
  if (!parses(text, number) || !(number >= 0 && number <= most)) {
    return fail(ErrorKind::invalid, fmt::format("takes a number from 0 to {}, or off", most));
  }
  return number;
}

std::string plain_spelling(std::string_view text) {
  std::string plain = lower(text);
  std::erase_if(plain, [](char c) { return c == '_' || c == '-' || c == ' '; });
  return plain;
}

}  // namespace azs3copy
