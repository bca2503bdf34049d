// retry_after.cpp: the three headers.
#include "net/retry_after.hpp"

#include <charconv>

#include "codec/time.hpp"

namespace azs3copy {

namespace {

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0)
    return std::nullopt;
  constexpr std::int64_t a_day_ms = 86'400'000;
  return std::min(number, a_day_ms);
}

}  // namespace

milliseconds retry_after(const Headers& headers, UtcTime now) {
  for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    if (const auto number = whole_number(headers.get(name))) return milliseconds(*number);
  }
  const std::string_view text = headers.get("retry-after");
  if (const auto number = whole_number(text)) return seconds(*number);
  if (const auto date = parse_rfc1123(text); date && *date > now) {
    return std::min<milliseconds>(*date - now, std::chrono::hours(24));
  }
  return milliseconds{0};
}

}  // namespace azs3copy
