// flag_values.cpp: see flag_values.hpp.
#include "hosts/cli/flag_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "codec/byte_size.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "core/suggest.hpp"
#include "hosts/cli/text.hpp"
#include "hosts/local/redrive.hpp"

namespace azs3copy::cli {
namespace {

std::vector<std::string> split_choices(std::string_view choices) {
  std::vector<std::string> words;
  while (!choices.empty()) {
    const std::size_t end = std::min(choices.find('|'), choices.size());
    words.emplace_back(choices.substr(0, end));
    choices.remove_prefix(std::min(end + 1, choices.size()));
  }
  return words;
}

}  // namespace

Result<bool> read_switch(std::string_view text) {
  static constexpr std::array<std::string_view, 4> yes = {"true", "yes", "on", "1"};
  static constexpr std::array<std::string_view, 4> no = {"false", "no", "off", "0"};
  if (std::find(yes.begin(), yes.end(), text) != yes.end()) return true;
  if (std::find(no.begin(), no.end(), text) != no.end()) return false;
  return fail(ErrorKind::invalid, "is a switch: true or false");
}

Result<> read_switch(std::string_view text, bool& target) {
  const Result<bool> value = read_switch(text);
  if (!value) return std::unexpected(value.error());
  target = *value;
  return {};
}

Result<> read_whole(std::string_view text, int least, int most, int& target) {
  int value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value < least || value > most) {
    return fail(ErrorKind::invalid, fmt::format("takes a whole number from {} to {}", least, most));
  }
  target = value;
  return {};
}

Result<> read_number(std::string_view text, double least, double most, double& target) {
  double value = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (problem != std::errc() || end != text.data() + text.size() || !(value >= least && value <= most)) {
    return fail(ErrorKind::invalid, fmt::format("takes a number from {} to {}", least, most));
  }
  target = value;
  return {};
}

Result<> read_bytes(std::string_view text, std::uint64_t least, std::uint64_t most, std::string_view rule,
                    std::uint64_t& target) {
  const Result<std::uint64_t> value = parse_byte_size(text);
  if (!value) return std::unexpected(value.error());
  if (*value < least || *value > most) return fail(ErrorKind::invalid, std::string(rule));
  target = *value;
  return {};
}

Result<> read_duration(std::string_view text, milliseconds least, milliseconds& target) {
  const Result<milliseconds> value = parse_duration(text);
  if (!value) return std::unexpected(value.error());
  if (*value < least) {
    return fail(ErrorKind::invalid, fmt::format("must be {} or longer", format_duration(least)));
  }
  target = *value;
  return {};
}

Result<> read_choice(std::string_view text, std::string_view choices) {
  const std::vector<std::string> words = split_choices(choices);
  if (std::find(words.begin(), words.end(), text) != words.end()) return {};
  return fail(ErrorKind::invalid,
              fmt::format("takes {}{}", list_choices(choices), did_you_mean(text, words)));
}

std::string list_choices(std::string_view choices) {
  const std::vector<std::string> words = split_choices(choices);
  std::string list;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) list += i + 1 == words.size() ? " or " : ", ";
    list += words[i];
  }
  return list;
}

Result<> keep(std::string_view value, std::string& target) {
  if (value.empty()) return fail(ErrorKind::invalid, "is empty");
  target = value;
  return {};
}

Result<> keep_secret(std::string_view value, Secret& target) {
  if (value.empty()) return fail(ErrorKind::invalid, "is empty");
  target = Secret(std::string(value));
  return {};
}

Result<> read_size_limit(std::string_view text, std::optional<std::uint64_t>& target) {
  const Result<std::uint64_t> size = parse_byte_size(text);
  if (!size) return std::unexpected(size.error());
  target = *size;
  return {};
}

Result<> read_age(std::string_view text, std::optional<milliseconds>& target) {
  const Result<milliseconds> age = parse_duration(text);
  if (!age) return std::unexpected(age.error());
  target = *age;
  return {};
}

Result<> read_begin_date(std::string_view text, std::optional<UtcTime>& target) {
  const Result<UtcTime> date = parse_begin_date(text);
  if (!date) return std::unexpected(date.error());
  target = *date;
  return {};
}

Result<> read_bandwidth(std::string_view text, std::uint64_t& target) {
  if (text == "off") {
    target = 0;
    return {};
  }
  return read_bytes(text, 0, UINT64_MAX, "", target);
}

Result<> read_account_id(std::string_view text, std::string& target) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (text.size() != 12 || !digits) return fail(ErrorKind::invalid, "an AWS account has 12 digits");
  target = text;
  return {};
}

Result<> read_endpoint(std::string_view text, std::string& target) {
  const Result<Url> url = parse_url(text);
  if (!url) return std::unexpected(url.error());
  if (!url->query.empty()) return fail(ErrorKind::invalid, "an endpoint has no query");
  target = text;
  return {};
}

// Other servers name theirs as they like; what AWS has is checked once it is known whose server it is.
Result<> read_region(std::string_view text, std::string& target) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c <= '~' && c != '/' && c != ',';
  });
  if (!plain) return fail(ErrorKind::invalid, "regions look like eu-central-1");
  target = text;
  return {};
}

Result<> read_classes(std::string_view text, std::set<std::string>& target) {
  std::vector<std::string> known = {"all"};
  for (const std::string_view name : redrive_classes()) known.emplace_back(name);
  target.clear();
  for (;;) {
    const std::size_t end = std::min(text.find(','), text.size());
    std::string name(text.substr(0, end));
    if (std::find(known.begin(), known.end(), name) == known.end()) {
      return fail(ErrorKind::invalid,
                  fmt::format("there is no class \"{}\"{}", name, did_you_mean(name, known)));
    }
    if (name == "all") {
      target.insert(known.begin() + 1, known.end());
    } else {
      target.insert(std::move(name));
    }
    if (end == text.size()) return {};
    text.remove_prefix(end + 1);
  }
}

Result<> read_state_prefix(std::string_view text, std::string& target) {
  if (text.empty() || text.starts_with('/')) {
    return fail(ErrorKind::invalid, "is a prefix of keys, such as .azs3copy/; keys begin with no slash");
  }
  target = text;
  if (!target.ends_with('/')) target += '/';
  return {};
}

Result<> read_verbosity(std::string_view text, int& target) {
  int steps = 1;
  if (const Result<bool> on = read_switch(text); on) {
    steps = *on ? 1 : 0;
  } else if (const Result<> number = read_whole(text, 0, 2, steps); !number) {
    return number;
  }
  target = std::min(target + steps, 2);
  return {};
}

}  // namespace azs3copy::cli
