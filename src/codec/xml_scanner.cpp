// xml_scanner.cpp: tags are found by memchr; a text is looked at only when it is asked for.
#include "codec/xml_scanner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>

namespace azs3copy {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

char* find(char* first, char* last, char c) {
  char* found = static_cast<char*>(std::memchr(first, c, static_cast<std::size_t>(last - first)));
  return found == nullptr ? last : found;
}

// Where a name that starts at `first` ends.
char* name_end(char* first, char* last) {
  while (first != last && !is_space(*first) && *first != '>' && *first != '/' && *first != '=' &&
         *first != '<')
    ++first;
  return first;
}

// Behind the prefix of a name.
std::string_view local_name(std::string_view name) {
  return name.substr(name.rfind(':') + 1);  // npos + 1 is 0
}

struct Entity {
  std::string_view name;
  char value;
};
constexpr auto entities =
    std::to_array<Entity>({{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}, {"apos", '\''}});

// Writes a code point as UTF-8 and returns what is behind it; nullptr where it is no character.
char* put_utf8(char* out, std::uint32_t code) {
  const auto tail = [code](int shift) { return static_cast<char>(0x80 | (code >> shift & 0x3F)); };
  if (code == 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return nullptr;
  if (code < 0x80) {
    *out++ = static_cast<char>(code);
  } else if (code < 0x800) {
    *out++ = static_cast<char>(0xC0 | code >> 6);
    *out++ = tail(0);
  } else if (code < 0x10000) {
    *out++ = static_cast<char>(0xE0 | code >> 12);
    *out++ = tail(6);
    *out++ = tail(0);
  } else {
    *out++ = static_cast<char>(0xF0 | code >> 18);
    *out++ = tail(12);
    *out++ = tail(6);
    *out++ = tail(0);
  }
  return out;
}

// "amp", "#10" or "#xA" to bytes, which are never more than the entity's own.
// nullptr where it is none of these.
char* put_entity(char* out, std::string_view name) {
  if (!name.starts_with('#')) {
    const auto found = std::ranges::find(entities, name, &Entity::name);
    if (found == entities.end()) return nullptr;
    *out++ = found->value;
    return out;
  }
  const bool hexadecimal = name.starts_with("#x");
  const std::string_view digits = name.substr(hexadecimal ? 2 : 1);
  std::uint32_t code = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), code, hexadecimal ? 16 : 10);
  if (digits.empty() || error != std::errc() || end != digits.data() + digits.size()) return nullptr;
  return put_utf8(out, code);
}

}  // namespace

XmlScanner::XmlScanner(std::string& text) : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {
  if (text.starts_with(byte_order_mark)) at_ += byte_order_mark.size();
  skip_space();
  constexpr std::string_view declaration = "<?xml";
  if (std::string_view(at_, end_).starts_with(declaration)) {
    char* close = find(at_, end_, '>');
    if (close == end_ || close[-1] != '?') {
      fail_at(at_, "the XML declaration does not end");
      return;
    }
    at_ = close + 1;
  }
}

bool XmlScanner::fail_at(const char* where, const char* what) {
  if (fault_ == nullptr) {
    fault_ = what;
    fault_offset_ = static_cast<std::size_t>(where - begin_);
  }
  return false;
}

void XmlScanner::skip_space() {
  while (at_ != end_ && is_space(*at_)) ++at_;
}

bool XmlScanner::enter() {
  if (fault_ != nullptr) return false;
  if (empty_element_) {
    empty_element_ = false;
    open_.pop_back();
    return false;
  }
  if (has_root_ && open_.empty()) return false;  // behind the document's end
  skip_space();
  if (at_ == end_) return fail_at(at_, "it ends too early");
  if (*at_ != '<') return fail_at(at_, "text between elements");
  if (at_ + 1 != end_ && at_[1] == '/') {
    close_tag();
    return false;
  }
  return open_tag();
}

// At "<name ...>" or "<name .../>".
bool XmlScanner::open_tag() {
  char* const start = at_;
  char* const name = at_ + 1;
  char* const behind_name = name_end(name, end_);
  if (behind_name == name) return fail_at(start, "a tag without a name");
  const std::string_view local = local_name({name, behind_name});
  if (local.empty()) return fail_at(start, "a tag without a name");
  for (const char first : {*name, local[0]}) {
    if (first == '!' || first == '?') return fail_at(start, "markup that no reply has");
  }
  if (open_.size() == depth_max) return fail_at(start, "elements nested too deeply");
  char* close = behind_name;
  while (close != end_ && *close != '>') {  // a '>' in an attribute's quotes is none of the tag
    if (*close == '<') return fail_at(close, "'<' in a tag");
    if (*close == '"' || *close == '\'') {
      close = find(close + 1, end_, *close);
      if (close == end_) break;
    }
    ++close;
  }
  if (close == end_) return fail_at(start, "a tag that does not end");
  empty_element_ = close[-1] == '/';
  attributes_ = std::string_view(behind_name, close);
  open_.push_back({.name = local, .name_as_written = {name, behind_name}});
  has_root_ = true;
  at_ = close + 1;
  return true;
}

// At "</name>", which must be the open element's.
bool XmlScanner::close_tag() {
  char* const start = at_;
  char* const name = at_ + 2;
  char* const behind_name = name_end(name, end_);
  at_ = behind_name;
  skip_space();
  if (at_ == end_ || *at_ != '>') return fail_at(start, "an end tag that does not end");
  if (open_.empty() || open_.back().name_as_written != std::string_view(name, behind_name)) {
    return fail_at(start, "an end tag that fits no start");
  }
  ++at_;
  open_.pop_back();
  return true;
}

bool XmlScanner::is_leaf() const {
  if (empty_element_) return true;
  const char* next = at_;
  while (next != end_ && is_space(*next)) ++next;
  return next == end_ || *next != '<' || (next + 1 != end_ && next[1] == '/');
}

std::string_view xml_attribute(std::string_view attributes, std::string_view name) {
  std::string_view rest = attributes;
  for (;;) {
    rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n/"), rest.size()));
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return {};
    std::string_view key = rest.substr(0, equals);
    key = key.substr(0, key.find_last_not_of(" \t\r\n") + 1);
    const std::size_t quote = rest.find_first_not_of(" \t\r\n", equals + 1);
    if (quote == std::string_view::npos || (rest[quote] != '"' && rest[quote] != '\'')) return {};
    const std::size_t close = rest.find(rest[quote], quote + 1);
    if (close == std::string_view::npos) return {};
    if (key == name) return rest.substr(quote + 1, close - quote - 1);
    rest.remove_prefix(close + 1);
  }
}

std::string_view XmlScanner::text() {
  if (fault_ != nullptr || open_.empty()) return {};
  if (empty_element_) {
    empty_element_ = false;
    open_.pop_back();
    return {};
  }
  char* const first = at_;
  char* const last = find(at_, end_, '<');
  at_ = last;
  if (end_ - last < 2 || last[1] != '/') {
    fail_at(last, last == end_ ? "it ends too early" : "an element where text was expected");
    return {};
  }
  if (!close_tag()) return {};
  return decode(first, last);
}

// Entities and line ends, in place: what they stand for is never longer.
std::string_view XmlScanner::decode(char* first, char* last) {
  char* out = std::find_if(first, last, [](char c) { return c == '&' || c == '\r'; });
  for (char* in = out; in != last;) {
    if (*in == '&') {
      char* const semicolon = find(in, last, ';');
      char* const written =
          semicolon == last ? nullptr : put_entity(out, std::string_view(in + 1, semicolon));
      if (written == nullptr) {
        fail_at(in, "an unknown entity");
        return {};
      }
      out = written;
      in = semicolon + 1;
    } else if (*in == '\r') {
      *out++ = '\n';
      in += in + 1 != last && in[1] == '\n' ? 2 : 1;
    } else {
      *out++ = *in++;
    }
  }
  return {first, out};
}

void XmlScanner::skip() {
  if (fault_ != nullptr || open_.empty()) return;
  const std::size_t depth = open_.size();
  while (fault_ == nullptr && open_.size() >= depth) {
    if (empty_element_) {
      empty_element_ = false;
      open_.pop_back();
      continue;
    }
    at_ = find(at_, end_, '<');
    if (end_ - at_ < 2) {
      fail_at(at_, "it ends too early");
    } else if (at_[1] == '/') {
      close_tag();
    } else {
      open_tag();
    }
  }
}

Result<> XmlScanner::finish() {
  while (fault_ == nullptr && !open_.empty()) skip();
  skip_space();
  if (fault_ == nullptr && !has_root_) fail_at(at_, "no element");
  if (fault_ == nullptr && at_ != end_) fail_at(at_, "something behind the last element");
  if (fault_ == nullptr) return {};
  return fail(ErrorKind::protocol, fmt::format("malformed XML: {} at offset {}", fault_, fault_offset_));
}

}  // namespace azs3copy
