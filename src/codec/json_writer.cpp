// json_writer.cpp: compact JSON, appended. Text is copied in runs: only a byte that must be escaped ends one.
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "codec/json.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view replacement = "\\ufffd";

bool must_escape(unsigned char c) {
  return c < 0x20 || c == '"' || c == '\\';
}

// Whether none of eight bytes needs a look: no control, no quote, no backslash, no byte above ASCII.
bool eight_plain(const char* at) {
  constexpr std::uint64_t ones = 0x0101010101010101;
  constexpr std::uint64_t highs = ones * 0x80;
  std::uint64_t word;
  std::memcpy(&word, at, sizeof word);
  // (x - ones * n) & ~x has a high bit where a byte is below n; which one it is does not matter here.
  const auto below = [](std::uint64_t x, std::uint64_t n) { return (x - ones * n) & ~x; };
  const std::uint64_t found =
      word | below(word, 0x20) | below(word ^ (ones * '"'), 1) | below(word ^ (ones * '\\'), 1);
  return (found & highs) == 0;
}

// The size of the UTF-8 sequence at the front of `text`, whose first byte is above ASCII; 0 where it is
// malformed (Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_bytes(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t size = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  const unsigned char second = byte(1);
  const bool overlong = (lead == 0xE0 && second < 0xA0) || (lead == 0xF0 && second < 0x90);
  const bool surrogate = lead == 0xED && second > 0x9F;
  const bool too_high = lead == 0xF4 && second > 0x8F;
  return overlong || surrogate || too_high ? 0 : size;
}

void append_escape(std::string& out, char c) {
  static constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  out += "\\u00";
  out += hex[static_cast<unsigned char>(c) >> 4];
  out += hex[static_cast<unsigned char>(c) & 15];
}

// What is written for the text at the front of `text`,
// and how many of its bytes that covers; "" where they stay.
std::string_view substitute(std::string_view text, std::size_t& covered) {
  covered = sequence_bytes(text);
  if (covered == 0) {
    covered = 1;
    return replacement;
  }
  // Legal in JSON but not in XML, and SQS refuses a message that XML could not hold.
  if (text.starts_with("\xEF\xBF\xBE")) return "\\ufffe";
  if (text.starts_with("\xEF\xBF\xBF")) return "\\uffff";
  return {};
}

void append_quoted(std::string& out, std::string_view text) {
  out += '"';
  std::size_t written = 0;
  std::size_t i = 0;
  const auto end_run = [&] { out.append(text, written, i - written); };
  while (i < text.size()) {
    if (text.size() - i >= 8 && eight_plain(text.data() + i)) {
      i += 8;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == 0xC2 && text.size() - i > 1 && static_cast<unsigned char>(text[i + 1]) < 0xA0 &&
        sequence_bytes(text.substr(i)) == 2) {  // U+0080 to U+009F: controls, which a terminal would obey
      end_run();
      append_escape(out, text[i + 1]);
      i += 2;
      written = i;
    } else if (c >= 0x80) {
      std::size_t covered = 0;
      const std::string_view instead = substitute(text.substr(i), covered);
      if (!instead.empty()) {
        end_run();
        out += instead;
        written = i + covered;
      }
      i += covered;
    } else if (must_escape(c)) {
      end_run();
      append_escape(out, text[i]);
      written = ++i;
    } else {
      ++i;
    }
  }
  end_run();
  out += '"';
}

template <class T>
void append_number(std::string& out, T number) {
  std::array<char, 32> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

}  // namespace

void JsonWriter::separate() {
  if (needs_comma_) out_ += ',';
  needs_comma_ = true;
}

JsonWriter& JsonWriter::begin_object() {
  separate();
  out_ += '{';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_object() {
  out_ += '}';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::begin_array() {
  separate();
  out_ += '[';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::end_array() {
  out_ += ']';
  needs_comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_quoted(out_, name);
  out_ += ':';
  needs_comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_quoted(out_, text);
  return *this;
}

JsonWriter& JsonWriter::value(std::uint64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(std::int64_t number) {
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(double number) {
  if (!std::isfinite(number)) return null();
  separate();
  append_number(out_, number);
  return *this;
}

JsonWriter& JsonWriter::value(bool flag) {
  separate();
  out_ += flag ? "true" : "false";
  return *this;
}

JsonWriter& JsonWriter::null() {
  separate();
  out_ += "null";
  return *this;
}

}  // namespace azs3copy
