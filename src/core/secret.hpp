// secret.hpp: a value that must not be seen: key, token, SAS signature, client secret.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

#include "core/error.hpp"

namespace azs3copy {

// Prints as "***" and wipes its memory: at its end, and where it is given another value or moved away. Only
// `reveal` gives the value, so that every use can be found by its name.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
  Secret& operator=(Secret other) noexcept {
    wipe();  // a swap of short strings leaves the end of the longer one
    value_.swap(other.value_);
    return *this;
  }
  ~Secret() { wipe(); }

  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }
  friend bool operator==(const Secret&, const Secret&) = default;

 private:
  void wipe() noexcept;
  std::string value_;
};

// Cuts what gives access out of a text before it is shown: the values of `sig=`, signatures, tokens, keys and
// passwords, also percent-encoded, and the user and password of a URL.
std::string redact(std::string_view text);
// The same for every text of an error.
void redact(Error& error);
// Replaces a known secret in every text of an error by "***".
void hide(Error& error, std::string_view secret);

}  // namespace azs3copy

// `fmt::format("{}", secret)` gives "***".
template <>
struct fmt::formatter<azs3copy::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const azs3copy::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
