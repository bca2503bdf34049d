// text.cpp: see text.hpp.
#include "hosts/cli/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/bytes.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::array<std::string_view, 7> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

// The unit in which `bytes`, rounded to three digits, is below 1,024.
std::size_t unit_of(double bytes) {
  std::size_t unit = 0;
  while (std::round(bytes) >= 1024 && unit + 1 < units.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit;
}

std::string three_digits(double value, bool whole) {
  if (whole || std::round(value * 10) >= 1000)
    return format_count(static_cast<std::uint64_t>(std::round(value)));
  return std::round(value * 100) >= 1000 ? fmt::format("{:.1f}", value) : fmt::format("{:.2f}", value);
}

struct CodePoint {
  char32_t value = 0;
  std::size_t size = 1;
  bool valid = false;
};

// The code point at the front, by RFC 3629: no overlong form, no surrogate, nothing above U+10FFFF.
CodePoint decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {.value = lead, .size = 1, .valid = true};
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size) return {.value = lead};
  char32_t value = lead & (0xffU >> (size + 1));
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {.value = lead};
    value = (value << 6) | (byte(i) & 0x3fU);
  }
  static constexpr std::array<char32_t, 5> least = {0, 0, 0x80, 0x800, 0x10000};
  if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {.value = lead};
  return {.value = value, .size = size, .valid = true};
}

// Moves, colours or rewrites what a person sees: controls and the marks that turn the direction of writing.
bool is_treacherous(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x200e || c == 0x200f || c == 0x2028 || c == 0x2029 ||
         c == 0xfeff;
}

struct Span {
  char32_t first;
  char32_t last;
};

// Unicode's ranges in the coarse: enough to keep columns aligned, not a text engine.
constexpr std::array<Span, 9> zero_width = {{{0x300, 0x36f},
                                             {0x483, 0x489},
                                             {0x591, 0x5bd},
                                             {0x610, 0x61a},
                                             {0x64b, 0x65f},
                                             {0x200b, 0x200d},
                                             {0x20d0, 0x20f0},
                                             {0xfe00, 0xfe0f},
                                             {0xe0100, 0xe01ef}}};
constexpr std::array<Span, 14> double_width = {{{0x1100, 0x115f},
                                                {0x231a, 0x231b},
                                                {0x23e9, 0x23ec},
                                                {0x2e80, 0x303e},
                                                {0x3041, 0x33ff},
                                                {0x3400, 0x4dbf},
                                                {0x4e00, 0x9fff},
                                                {0xa000, 0xa4cf},
                                                {0xac00, 0xd7a3},
                                                {0xf900, 0xfaff},
                                                {0xfe30, 0xfe6f},
                                                {0xff00, 0xff60},
                                                {0x1f300, 0x1faff},
                                                {0x20000, 0x3fffd}}};

template <std::size_t count>
bool in(const std::array<Span, count>& spans, char32_t c) {
  return std::any_of(spans.begin(), spans.end(), [c](Span s) { return c >= s.first && c <= s.last; });
}

std::size_t width_of(char32_t c) {
  if (c < 0x300) return 1;
  if (in(zero_width, c)) return 0;
  return in(double_width, c) ? 2 : 1;
}

}  // namespace

std::string format_count(std::uint64_t count) {
  std::string digits = std::to_string(count);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
  return digits;
}

std::string format_bytes(std::uint64_t bytes) {
  const auto value = static_cast<double>(bytes);
  const std::size_t unit = unit_of(value);
  return three_digits(value / std::pow(1024.0, unit), unit == 0) + " " + std::string(units[unit]);
}

std::string format_bytes_of(std::uint64_t done, std::uint64_t total) {
  const std::size_t unit = unit_of(static_cast<double>(total));
  const double scale = std::pow(1024.0, unit);
  return three_digits(static_cast<double>(done) / scale, unit == 0) + " of " +
         three_digits(static_cast<double>(total) / scale, unit == 0) + " " + std::string(units[unit]);
}

std::string format_rate(double bytes_per_second) {
  return format_bytes(static_cast<std::uint64_t>(std::max(0.0, bytes_per_second))) + "/s";
}

std::string format_duration(milliseconds duration) {
  if (duration < milliseconds(1000)) return fmt::format("{}ms", duration.count());
  if (duration < milliseconds(9'950))
    return fmt::format("{:.1f}s", static_cast<double>(duration.count()) / 1000);
  return format_time_left(std::chrono::round<seconds>(duration));
}

std::string format_time_left(seconds left) {
  const auto s = left.count();
  if (s < 60) return fmt::format("{}s", s);
  if (s < 3600) return fmt::format("{}m{:02}s", s / 60, s % 60);
  if (s < 86400) return fmt::format("{}h{:02}m", s / 3600, s / 60 % 60);
  return fmt::format("{}d{:02}h", s / 86400, s / 3600 % 24);
}

std::string printable(std::string_view text, bool ascii) {
  std::string shown;
  shown.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = decode(text);
    const std::string_view bytes = text.substr(0, c.size);
    text.remove_prefix(c.size);
    if (c.valid && !is_treacherous(c.value) && !(ascii && c.value >= 0x80)) {
      shown += bytes;
    } else if (c.valid && c.value == '\n') {
      shown += "\\n";
    } else if (c.valid && c.value == '\t') {
      shown += "\\t";
    } else if (c.valid && c.value == '\r') {
      shown += "\\r";
    } else {
      for (const char byte : bytes) shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return shown;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint c = decode(text);
    width += width_of(c.value);
    text.remove_prefix(c.size);
  }
  return width;
}

std::string pad_left(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(width > taken ? width - taken : 0, ' ') + std::string(text);
}

std::string pad_right(std::string_view text, std::size_t width) {
  const std::size_t taken = display_width(text);
  return std::string(text) + std::string(width > taken ? width - taken : 0, ' ');
}

std::string fit_left(std::string_view text, std::size_t width, bool unicode) {
  if (display_width(text) <= width) return pad_right(text, width);
  const std::string_view ellipsis = unicode ? "…" : "...";
  const std::size_t room = width - std::min(width, display_width(ellipsis));
  std::size_t taken = display_width(text);
  while (!text.empty() && taken > room) {
    const CodePoint c = decode(text);
    taken -= width_of(c.value);
    text.remove_prefix(c.size);
  }
  return pad_right(std::string(ellipsis) + std::string(text), width);
}

std::string cut(std::string_view text, std::size_t width, bool unicode) {
  if (display_width(text) <= width) return std::string(text);
  const std::string_view ellipsis = unicode ? "…" : "...";
  const std::size_t room = width - std::min(width, display_width(ellipsis));
  std::string kept;
  for (std::size_t taken = 0; !text.empty();) {
    const CodePoint c = decode(text);
    if (taken + width_of(c.value) > room) break;
    taken += width_of(c.value);
    kept += text.substr(0, c.size);
    text.remove_prefix(c.size);
  }
  return kept + std::string(ellipsis);
}

std::vector<std::string> wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::vector<std::string> lines;
  if (width == 0 || display_width(text) <= width) return {std::string(text)};
  std::string line;
  std::size_t taken = 0;
  while (!text.empty()) {
    // A word with the spaces before it, which are part of the layout where it stays on its line.
    const std::size_t word_at = std::min(text.find_first_not_of(' '), text.size());
    const std::size_t word_end = std::min(text.find(' ', word_at), text.size());
    const std::string_view piece = text.substr(0, word_end);
    const std::size_t piece_width = display_width(piece);
    if (taken + piece_width > width && taken > indent) {
      lines.push_back(std::move(line));
      line = std::string(indent, ' ') + std::string(piece.substr(word_at));
      taken = indent + piece_width - word_at;
    } else {
      line += piece;
      taken += piece_width;
    }
    text.remove_prefix(word_end);
  }
  lines.push_back(std::move(line));
  return lines;
}

}  // namespace azs3copy::cli
