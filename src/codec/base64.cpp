// base64.cpp: three bytes to four characters and back, by table.
#include "codec/base64.hpp"

#include <array>
#include <cstdint>

namespace azs3copy {
namespace {

constexpr std::string_view standard_alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view url_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t not_a_digit = 0xFF;

constexpr std::array<std::uint8_t, 256> values_of(std::string_view alphabet) {
  std::array<std::uint8_t, 256> values{};
  values.fill(not_a_digit);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

std::uint32_t at(Bytes bytes, std::size_t index) {
  return static_cast<std::uint32_t>(bytes[index]);
}

std::string encode(Bytes bytes, std::string_view alphabet, bool padded) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) {
    const std::uint32_t group = at(bytes, i) << 16 | at(bytes, i + 1) << 8 | at(bytes, i + 2);
    const char four[] = {alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63],
                         alphabet[group & 63]};
    text.append(four, 4);
  }
  const std::size_t rest = bytes.size() - i;
  if (rest == 0) return text;
  const std::uint32_t group = at(bytes, i) << 16 | (rest == 2 ? at(bytes, i + 1) << 8 : 0);
  text += alphabet[group >> 18];
  text += alphabet[group >> 12 & 63];
  if (rest == 2) text += alphabet[group >> 6 & 63];
  if (padded) text.append(3 - rest, '=');
  return text;
}

}  // namespace

std::string base64_encode(Bytes bytes) {
  return encode(bytes, standard_alphabet, true);
}
std::string base64url_encode(Bytes bytes) {
  return encode(bytes, url_alphabet, false);
}

std::optional<std::vector<std::byte>> base64_decode(std::string_view text) {
  static constexpr std::array<std::uint8_t, 256> values = values_of(standard_alphabet);
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  if (text.ends_with("==")) {
    padding = 2;
  } else if (text.ends_with('=')) {
    padding = 1;
  }
  const std::size_t digits = text.size() - padding;
  std::vector<std::byte> bytes(digits / 4 * 3 + (padding == 0 ? 0 : 3 - padding));
  const auto value_at = [text](std::size_t i) { return values[static_cast<std::uint8_t>(text[i])]; };
  std::size_t out = 0;
  std::size_t i = 0;
  for (; i + 4 <= digits; i += 4) {
    const std::uint8_t a = value_at(i), b = value_at(i + 1), c = value_at(i + 2), d = value_at(i + 3);
    if (((a | b | c | d) & ~63) != 0) return std::nullopt;
    bytes[out++] = static_cast<std::byte>(a << 2 | b >> 4);
    bytes[out++] = static_cast<std::byte>((b << 4 | c >> 2) & 0xFF);
    bytes[out++] = static_cast<std::byte>((c << 6 | d) & 0xFF);
  }
  // Two or three digits are left, or none. Left-over bits are not looked at, as in most decoders: keys that
  // other tools take must work here.
  std::uint32_t group = 0;
  for (std::size_t place = 0; i < digits; ++i, ++place) {
    const std::uint8_t value = value_at(i);
    if (value == not_a_digit) return std::nullopt;
    group = group << 6 | value;
    if (place > 0) bytes[out++] = static_cast<std::byte>(group >> (6 - 2 * place) & 0xFF);
  }
  return bytes;
}

std::string hex_encode(Bytes bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = digits[at(bytes, i) >> 4];
    text[2 * i + 1] = digits[at(bytes, i) & 15];
  }
  return text;
}

std::optional<std::vector<std::byte>> hex_decode(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  const auto value_of = [](char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::vector<std::byte> bytes(text.size() / 2);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = value_of(text[2 * i]);
    const int low = value_of(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<std::byte>(high << 4 | low);
  }
  return bytes;
}

}  // namespace azs3copy
