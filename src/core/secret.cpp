// secret.cpp: wiping and redaction.
#include "core/secret.hpp"

#include <string.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace azs3copy {

// All that the string ever reached: a short value stays where it was after a move, and a longer one may have
// stood there before.
void Secret::wipe() noexcept {
  value_.resize(value_.capacity());
  explicit_bzero(value_.data(), value_.size());
  value_.clear();
}

namespace {

bool is_name_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
}

bool hides_value(std::string_view name) {
  static constexpr std::array<std::string_view, 10> hidden = {
      "sig",           "signature", "x-amz-signature",       "x-amz-security-token", "x-amz-credential",
      "client_secret", "token",     "sharedaccesssignature", "accountkey",           "password"};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(hidden.begin(), hidden.end(), lower) != hidden.end();
}

// The size of "=" or "%3D" at the front.
std::size_t equals_size(std::string_view text) {
  if (text.starts_with('=')) return 1;
  return text.starts_with("%3D") || text.starts_with("%3d") ? 3 : 0;
}

std::array<std::string*, 6> texts_of(Error& error) {
  return {&error.message,      &error.operation,  &error.subject,
          &error.service_code, &error.request_id, &error.advice};
}

// Where a value ends. A percent-encoded query has "%26" between its pairs.
std::size_t value_end(std::string_view text, bool encoded) {
  const std::size_t plain = std::min(text.find_first_of("&;,\"'<> \t\r\n"), text.size());
  return encoded ? std::min(text.find("%26"), plain) : plain;
}

// "user:password@" at the front of an authority: its size.
std::size_t user_info_size(std::string_view text) {
  const std::size_t end = std::min(text.find_first_of("/?#\"'<> \t\r\n"), text.size());
  return text.substr(0, end).rfind('@') + 1;  // npos + 1 is 0
}

}  // namespace

std::string redact(std::string_view text) {
  std::string shown;
  std::size_t name_at = 0;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    const std::size_t equals = equals_size(rest);
    if (equals > 0 && hides_value(text.substr(name_at, i - name_at))) {
      shown.append(rest.substr(0, equals)).append("***");
      i += equals + value_end(rest.substr(equals), equals > 1);
      name_at = i;
    } else if (rest.starts_with("://") && user_info_size(rest.substr(3)) > 0) {
      shown += "://***@";
      i += 3 + user_info_size(rest.substr(3));
      name_at = i;
    } else {
      if (rest.starts_with("%26") || rest.starts_with("%3F")) {  // "&" and "?" of a query that was encoded
        shown += rest.substr(0, 2);
        i += 2;
      }
      shown += text[i++];
      if (!is_name_char(shown.back()) || rest.starts_with('%')) name_at = i;
    }
  }
  return shown;
}

void redact(Error& error) {
  for (std::string* text : texts_of(error)) {
    if (text->find_first_of("=%@") != std::string::npos) *text = redact(*text);
  }
}

void hide(Error& error, std::string_view secret) {
  if (secret.empty()) return;
  for (std::string* text : texts_of(error)) {
    for (std::size_t at = text->find(secret); at != std::string::npos; at = text->find(secret, at + 3)) {
      text->replace(at, secret.size(), "***");
    }
  }
}

}  // namespace azs3copy
