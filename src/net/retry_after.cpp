// retry_after.cpp: the three headers.
#include "net/retry_after.hpp"

#include <charconv>

#include "codec/time.hpp"

namespace azs3copy {

namespace {

constexpr milliseconds pause_said_max = std::chrono::hours(24);  // more is told as this

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0)
    return std::nullopt;
  return std::min<std::int64_t>(number, pause_said_max.count());
}

}  // namespace

milliseconds retry_after(const Headers& headers, UtcTime now) {
  for (const std::string_view name : {"retry-after-ms", "x-ms-retry-after-ms"}) {
    if (const auto number = whole_number(headers.get(name))) return milliseconds(*number);
  }
  const std::string_view text = headers.get("retry-after");
  if (const auto number = whole_number(text)) return std::min<milliseconds>(seconds(*number), pause_said_max);
  if (const auto date = parse_rfc1123(text); date && *date > now) {
    return std::min<milliseconds>(*date - now, pause_said_max);
  }
  return milliseconds{0};
}

}  // namespace azs3copy
