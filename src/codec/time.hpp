// time.hpp: time stamps of the wire: RFC 1123, ISO 8601, SigV4's basic form, and begindate's forms.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/context.hpp"

namespace azs3copy {

std::string to_rfc1123(UtcTime time);  // "Mon, 23 Nov 2026 07:42:10 GMT"
std::string to_iso8601(UtcTime time);  // "2026-11-23T07:42:10Z", with ".123" where there are milliseconds
std::string to_basic_iso8601(UtcTime time);  // "20261123T074210Z"
std::optional<UtcTime> parse_rfc1123(std::string_view text);
// "2026-11-23T07:42:10[.fraction](Z|+hh:mm)";
// also a bare date, and a date and time without zone, taken as UTC.
std::optional<UtcTime> parse_iso8601(std::string_view text);
// The article's forms (%d-%b-%y, %m/%d/%Y, %Y-%m-%d %H:%M:%S, %Y%m%d) and ISO 8601;
// the error lists the forms.
Result<UtcTime> parse_begin_date(std::string_view text);
// "90s", "10m", "24h", "7d", "2w", "1y", "1h30m", as rclone reads --min-age.
Result<std::chrono::milliseconds> parse_duration(std::string_view text);

}  // namespace azs3copy
