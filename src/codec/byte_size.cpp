// byte_size.cpp: see byte_size.hpp.
#include "codec/byte_size.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string>

namespace azs3copy {

Result<std::uint64_t> parse_byte_size(std::string_view text) {
  const auto wrong = [] {
    return fail(ErrorKind::invalid,
                "not a size; write bytes, or a number with K, M, G, T or KiB, MiB, GiB, TiB");
  };
  double number = 0;
  const auto [end, problem] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (problem != std::errc() || !(number >= 0)) return wrong();
  std::string suffix(end, text.data() + text.size());
  std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                 [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  static constexpr std::string_view letters = "bkmgtp";
  const std::size_t power = suffix.empty() ? 0 : letters.find(suffix[0]);
  if (power == std::string_view::npos) return wrong();
  const std::string_view rest = std::string_view(suffix).substr(suffix.empty() ? 0 : 1);
  if (!rest.empty() && (power == 0 || (rest != "b" && rest != "ib"))) return wrong();
  const double bytes = number * std::pow(1024.0, power);
  if (bytes >= 9.2e18) return wrong();
  // A plain number is exact: a double has 53 bits only.
  if (power == 0 && text.find('.') == std::string_view::npos) {
    std::uint64_t exact = 0;
    std::from_chars(text.data(), text.data() + text.size(), exact);
    return exact;
  }
  return static_cast<std::uint64_t>(std::round(bytes));
}

}  // namespace azs3copy
