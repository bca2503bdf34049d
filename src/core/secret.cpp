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

std::string redact_url(std::string_view url) {
  static constexpr std::array<std::string_view, 7> hidden = {
      "sig", "x-amz-signature", "x-amz-security-token", "x-amz-credential", "client_secret", "code", "token"};
  const std::size_t query = url.find('?');
  if (query == std::string_view::npos) return std::string(url);
  std::string shown(url.substr(0, query + 1));
  std::string_view rest = url.substr(query + 1);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view pair = rest.substr(0, end);
    const std::size_t equals = pair.find('=');
    std::string name(pair.substr(0, equals));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (equals != std::string_view::npos && std::find(hidden.begin(), hidden.end(), name) != hidden.end()) {
      shown.append(pair.substr(0, equals + 1)).append("***");
    } else {
      shown.append(pair);
    }
    if (end == rest.size()) break;
    shown += '&';
    rest.remove_prefix(end + 1);
  }
  return shown;
}

}  // namespace azs3copy
