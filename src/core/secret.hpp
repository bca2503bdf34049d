// secret.hpp: a value that must not be seen: key, token, SAS signature, client secret.
#pragma once

#include <fmt/core.h>

#include <string>
#include <string_view>
#include <utility>

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

// Cuts the values of `sig`, tokens and signatures out of a URL or query before it is shown.
std::string redact_url(std::string_view url);

}  // namespace azs3copy

// `fmt::format("{}", secret)` gives "***".
template <>
struct fmt::formatter<azs3copy::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const azs3copy::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
