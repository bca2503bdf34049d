// url.cpp: percent-encoding by table, and RFC 3986 as far as http and https need it.
#include "codec/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace azs3copy {
namespace {

using ByteSet = std::array<bool, 256>;

constexpr ByteSet set_of(std::string_view also) {
  ByteSet set{};
  for (char c = 'a'; c <= 'z'; ++c) set[static_cast<std::uint8_t>(c)] = true;
  for (char c = 'A'; c <= 'Z'; ++c) set[static_cast<std::uint8_t>(c)] = true;
  for (char c = '0'; c <= '9'; ++c) set[static_cast<std::uint8_t>(c)] = true;
  for (const char c : also) set[static_cast<std::uint8_t>(c)] = true;
  return set;
}

constexpr ByteSet unreserved = set_of("-_.~");
constexpr ByteSet unreserved_and_slash = set_of("-_.~/");
// What RFC 3986 lets stand in a path or query.
constexpr ByteSet written_in_url = set_of("-_.~/!$&'()*+,;=:@%?");
constexpr ByteSet host_bytes = set_of("-_.");

constexpr std::string_view hex_digits = "0123456789ABCDEF";

constexpr std::array<std::int8_t, 256> make_hex_values() {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 16; ++i) {
    values[static_cast<std::uint8_t>("0123456789abcdef"[i])] = static_cast<std::int8_t>(i);
    values[static_cast<std::uint8_t>("0123456789ABCDEF"[i])] = static_cast<std::int8_t>(i);
  }
  return values;
}
constexpr std::array<std::int8_t, 256> hex_values = make_hex_values();

void encode_to(std::string& out, std::string_view bytes, const ByteSet& kept) {
  const auto stays = [&kept](char c) { return kept[static_cast<std::uint8_t>(c)]; };
  const std::size_t start = out.size();
  const auto escapes =
      static_cast<std::size_t>(std::count_if(bytes.begin(), bytes.end(), [&](char c) { return !stays(c); }));
  if (escapes == 0) {
    out += bytes;
    return;
  }
  const std::size_t size = start + bytes.size() + 2 * escapes;
  out.resize_and_overwrite(size, [&](char* data, std::size_t) {
    char* at = data + start;
    for (const char c : bytes) {
      if (stays(c)) {
        *at++ = c;
      } else {
        *at++ = '%';
        *at++ = hex_digits[static_cast<std::uint8_t>(c) >> 4];
        *at++ = hex_digits[static_cast<std::uint8_t>(c) & 15];
      }
    }
    return size;
  });
}

std::string encode(std::string_view bytes, const ByteSet& kept) {
  std::string out;
  encode_to(out, bytes, kept);
  return out;
}

// The byte that %XX at `at` stands for; nothing where it is no escape.
std::optional<char> escape_at(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return std::nullopt;
  const int high = hex_values[static_cast<std::uint8_t>(text[at + 1])];
  const int low = hex_values[static_cast<std::uint8_t>(text[at + 2])];
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high << 4 | low);
}

// The offset of the first bad escape, or npos; bad escapes are copied.
std::size_t decode_to(std::string& out, std::string_view text, bool plus_is_space) {
  std::size_t first_bad = std::string_view::npos;
  if (text.find('%') == std::string_view::npos && !plus_is_space) {
    out += text;
    return first_bad;
  }
  const std::size_t start = out.size();
  out.resize_and_overwrite(start + text.size(), [&](char* data, std::size_t) {
    char* at = data + start;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      const std::optional<char> byte = c == '%' ? escape_at(text, i) : std::nullopt;
      if (byte) {
        i += 2;
      } else if (c == '%') {
        first_bad = std::min(first_bad, i);
      }
      *at++ = byte ? *byte : c == '+' && plus_is_space ? ' ' : c;
    }
    return static_cast<std::size_t>(at - data);
  });
  return first_bad;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_ipv6(std::string_view host) {
  return host.find(':') != std::string_view::npos && std::all_of(host.begin(), host.end(), [](char c) {
           return hex_values[static_cast<std::uint8_t>(c)] >= 0 || c == ':' || c == '.';
         });
}

// host, host:port, [v6], [v6]:port. Returns what is wrong, or nullptr.
const char* parse_authority(std::string_view authority, Url& url) {
  if (authority.find('@') != std::string_view::npos) return "user information in a URL is not taken";
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return "an IPv6 address wants a closing ']'";
    url.host = lower(authority.substr(1, close - 1));
    if (!is_ipv6(url.host)) return "what stands in brackets is no IPv6 address";
    port = authority.substr(close + 1);
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    url.host = lower(authority.substr(0, colon));
    if (url.host.empty()) return "the host is missing";
    if (!std::all_of(url.host.begin(), url.host.end(),
                     [](char c) { return host_bytes[static_cast<std::uint8_t>(c)]; })) {
      return "the host has a character that no host name has";
    }
    port = authority.substr(colon);
  }
  if (port.empty() || port == ":") return nullptr;
  const auto [end, error] = std::from_chars(port.data() + 1, port.data() + port.size(), url.port);
  if (port[0] != ':' || error != std::errc() || end != port.data() + port.size() || url.port == 0) {
    return "the port is no number from 1 to 65535";
  }
  return nullptr;
}

}  // namespace

std::string url_encode(std::string_view bytes) {
  return encode(bytes, unreserved);
}
std::string url_encode_path(std::string_view bytes) {
  return encode(bytes, unreserved_and_slash);
}

Result<std::string> url_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  const std::size_t bad = decode_to(out, text, plus_is_space);
  if (bad != std::string_view::npos) {
    return fail(ErrorKind::invalid,
                fmt::format("the '%' at offset {} is not followed by two hexadecimal digits", bad), text);
  }
  return out;
}

QueryPairs parse_query(std::string_view query) {
  QueryPairs pairs;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto& [name, value] = pairs.emplace_back();
    decode_to(name, pair.substr(0, equals), false);
    if (equals < pair.size()) decode_to(value, pair.substr(equals + 1), false);
  }
  return pairs;
}

std::string build_query(const QueryPairs& pairs) {
  std::string query;
  for (const auto& [name, value] : pairs) {
    if (!query.empty()) query += '&';
    encode_to(query, name, unreserved);
    query += '=';
    encode_to(query, value, unreserved);
  }
  return query;
}

std::string Url::authority() const {
  const bool brackets = host.find(':') != std::string::npos;
  std::string out = brackets ? fmt::format("[{}]", host) : host;
  if (!default_port()) out += fmt::format(":{}", port);
  return out;
}

std::string Url::origin() const {
  return fmt::format("{}://{}", scheme, authority());
}

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [](const char* why) {  // the text may hold a signature: it is not shown
    return fail(ErrorKind::invalid, why, {}, "a URL reads https://host[:port]/path[?query]");
  };
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return refuse("the URL does not start with https:// or http://");
  Url url;
  url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "https" && url.scheme != "http") return refuse("only https and http URLs are taken");
  url.port = url.scheme == "https" ? 443 : 80;
  // A line break would end the request line and start a header of someone else's making.
  const auto is_control = [](char c) { return static_cast<std::uint8_t>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), is_control)) return refuse("the URL has a control character");

  std::string_view rest = text.substr(colon + 3);
  if (rest.find('#') != std::string_view::npos) return refuse("the URL has a '#': write it as %23");
  const std::size_t slash = std::min(rest.find_first_of("/?"), rest.size());
  if (const char* wrong = parse_authority(rest.substr(0, slash), url)) return refuse(wrong);
  rest.remove_prefix(slash);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  // A person may have typed a space or an umlaut as it is.
  encode_to(url.path, rest.substr(0, question), written_in_url);
  if (url.path.empty()) url.path = "/";
  if (question < rest.size()) encode_to(url.query, rest.substr(question + 1), written_in_url);
  return url;
}

bool is_loopback(std::string_view host) {
  if (host == "localhost" || host == "::1") return true;
  // Not "127.example.com": only an address.
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace azs3copy
