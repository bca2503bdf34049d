// name_list.cpp: see name_list.hpp.
#include "plan/name_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace azs3copy {

namespace {

constexpr std::string_view utf8_mark = "\xEF\xBB\xBF";
constexpr std::string_view utf16_little_mark = "\xFF\xFE";
constexpr std::string_view utf16_big_mark = "\xFE\xFF";
constexpr std::string_view advice_utf8 = "Save the list as UTF-8 text, one name a line.";

// Bytes of the UTF-8 character at the front; 0 if it is malformed (RFC 3629).
std::size_t utf8_size(std::string_view text) {
  const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t size = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (size == 0 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const bool overlong = (lead == 0xE0 && byte(1) < 0xA0) || (lead == 0xF0 && byte(1) < 0x90);
  const bool surrogate = lead == 0xED && byte(1) > 0x9F;
  const bool too_high = lead == 0xF4 && byte(1) > 0x8F;
  return overlong || surrogate || too_high ? 0 : size;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t size = utf8_size(text);
    if (size == 0) return false;
    text.remove_prefix(size);
  }
  return true;
}

void put_utf8(std::string& out, char32_t code) {
  const auto put = [&out](char32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xC0 | code >> 6);
  } else {
    if (code < 0x10000) {
      put(0xE0 | code >> 12);
    } else {
      put(0xF0 | code >> 18);
      put(0x80 | (code >> 12 & 0x3F));
    }
    put(0x80 | (code >> 6 & 0x3F));
  }
  put(0x80 | (code & 0x3F));
}

enum class Utf16 { little, big };

// PowerShell's > writes UTF-16 with a mark. Without one, a NUL before the first name, or after every character of a
// line, says the same: neither is in a list that is separated by NUL.
std::optional<Utf16> utf16_of(std::string_view& text) {
  if (text.starts_with(utf16_little_mark) || text.starts_with(utf16_big_mark)) {
    const Utf16 order = text.starts_with(utf16_little_mark) ? Utf16::little : Utf16::big;
    text.remove_prefix(2);
    return order;
  }
  if (text.size() % 2 != 0) return std::nullopt;
  if (text.starts_with('\0')) return Utf16::big;
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || end % 2 != 0 || text[end + 1] != '\0') return std::nullopt;
  return Utf16::little;
}

Result<std::string> from_utf16(std::string_view text, Utf16 order) {
  const auto unit = [&](std::size_t at) {
    const auto first = static_cast<unsigned char>(text[at]);
    const auto second = static_cast<unsigned char>(text[at + 1]);
    return static_cast<char32_t>(order == Utf16::big ? first << 8 | second : second << 8 | first);
  };
  std::string out;
  std::size_t line = 1;
  for (std::size_t at = 0; at < text.size(); at += 2) {
    char32_t code = at + 1 < text.size() ? unit(at) : 0xD800;
    const bool is_high = code >= 0xD800 && code < 0xDC00;
    const char32_t low = is_high && at + 3 < text.size() ? unit(at + 2) : 0;
    if (is_high && low >= 0xDC00 && low < 0xE000) {
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
      at += 2;
    }
    if (code >= 0xD800 && code < 0xE000) {
      return fail(ErrorKind::invalid, fmt::format("line {} is not valid UTF-16", line), {}, advice_utf8);
    }
    line += code == '\n' ? 1 : 0;
    put_utf8(out, code);
  }
  return out;
}

void strip_start(std::string& name) {
  if (name.starts_with('/')) {
    name.erase(0, 1);
  } else if (name.starts_with("./")) {
    name.erase(0, 2);
  }
}

}  // namespace

std::string_view common_prefix(std::string_view a, std::string_view b) {
  return a.substr(0, static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin()));
}

Result<std::vector<std::string>> parse_files_from(std::string_view text) {
  std::string decoded;
  if (const std::optional<Utf16> order = utf16_of(text)) {
    Result<std::string> utf8 = from_utf16(text, *order);
    if (!utf8) return passed(std::move(utf8));
    decoded = std::move(*utf8);
    text = decoded;
  }
  if (text.starts_with(utf8_mark)) text.remove_prefix(utf8_mark.size());
  const bool has_nul = text.find('\0') != std::string_view::npos;
  const char separator = has_nul ? '\0' : '\n';
  std::vector<std::string> names;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find(separator), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!is_utf8(line)) {
      return fail(ErrorKind::invalid,
                  fmt::format("{} {} is not valid UTF-8", has_nul ? "name" : "line", number), {},
                  advice_utf8);
    }
    if (!has_nul && line.ends_with('\r')) line.remove_suffix(1);
    const bool is_left_out =
        has_nul ? line.empty()
                : line.starts_with('#') || line.find_first_not_of(" \t") == std::string_view::npos;
    if (!is_left_out) names.emplace_back(line);
  }
  return names;
}

std::vector<std::string> spellings_of(std::string_view name) {
  std::vector<std::string> spellings{std::string(name)};
  const auto add = [&spellings](std::string spelling) {
    if (!spelling.empty() && std::ranges::find(spellings, spelling) == spellings.end())
      spellings.push_back(std::move(spelling));
  };
  std::string other(name);
  strip_start(other);
  add(other);
  other = name;
  std::ranges::replace(other, '\\', '/');
  add(other);
  strip_start(other);
  add(other);
  return spellings;
}

NameList::NameList(const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::vector<std::string> spellings = spellings_of(name);
    const auto known = spellings_.find(name);
    bool is_repeated = false;
    for (std::uint32_t at = known == spellings_.end() ? none : known->second; at != none;
         at = meanings_[at].next)
      is_repeated = is_repeated || names_[meanings_[at].name] == name;
    if (is_repeated) continue;
    for (const std::string& spelling : spellings) {
      std::uint32_t& first = spellings_.try_emplace(spelling, none).first->second;
      meanings_.push_back({.name = static_cast<std::uint32_t>(names_.size()), .next = first});
      first = static_cast<std::uint32_t>(meanings_.size() - 1);
    }
    names_.push_back(name);
  }
  found_ = std::vector<std::atomic<bool>>(names_.size());
}

bool NameList::take(std::string_view blob_name) const {
  const auto known = spellings_.find(blob_name);
  if (known == spellings_.end()) return false;
  for (std::uint32_t at = known->second; at != none; at = meanings_[at].next)
    found_[meanings_[at].name] = true;
  return true;
}

std::vector<std::string> NameList::missing() const {
  std::vector<std::string> missing;
  for (std::size_t i = 0; i < names_.size(); ++i) {
    if (!found_[i]) missing.push_back(names_[i]);
  }
  return missing;
}

std::string NameList::common_start() const {
  if (spellings_.empty()) return {};
  std::string_view start = spellings_.begin()->first;
  for (const auto& [spelling, meaning] : spellings_) start = common_prefix(start, spelling);
  return std::string(start);
}

}  // namespace azs3copy
