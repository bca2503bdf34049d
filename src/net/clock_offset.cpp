// clock_offset.cpp: see clock_offset.hpp.
#include "net/clock_offset.hpp"

#include "codec/time.hpp"

namespace azs3copy {

std::optional<milliseconds> clock_offset(const Headers& headers, UtcTime now) {
  constexpr milliseconds agreement{60'000};
  const std::optional<UtcTime> theirs = parse_rfc1123(headers.get("date"));
  if (!theirs) return std::nullopt;
  const milliseconds offset = *theirs - now;
  return offset > -agreement && offset < agreement ? milliseconds{0} : offset;
}

}  // namespace azs3copy
