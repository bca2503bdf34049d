// storage_class.cpp: see storage_class.hpp.
#include "aws/storage_class.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/suggest.hpp"

namespace azs3copy {

std::span<const std::string> s3_storage_classes() {
  static const std::array<std::string, 8> classes = {
      "STANDARD",   "STANDARD_IA", "ONEZONE_IA",   "INTELLIGENT_TIERING",
      "GLACIER_IR", "GLACIER",     "DEEP_ARCHIVE", "REDUCED_REDUNDANCY"};
  return classes;
}

Result<std::string> parse_storage_class(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c); });
  const std::span<const std::string> known = s3_storage_classes();
  if (std::find(known.begin(), known.end(), upper) != known.end()) return upper;
  return fail(ErrorKind::invalid, fmt::format("S3 has no such class{}", did_you_mean(upper, known)), {},
              fmt::format("It has {}.", fmt::join(known, ", ")));
}

}  // namespace azs3copy
