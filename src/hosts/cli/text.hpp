// text.hpp: values as a person reads and writes them:
// bytes, counts, times, and names made safe for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.hpp"
#include "core/error.hpp"

namespace azs3copy::cli {

// 1558904 -> "1,558,904".
std::string format_count(std::uint64_t count);
// Three significant digits in a binary unit: "512 B", "8.21 TiB", "88.0 GiB", "1,012 KiB".
std::string format_bytes(std::uint64_t bytes);
// Both in the unit of `total`: "41.2 of 88.0 GiB".
std::string format_bytes_of(std::uint64_t done, std::uint64_t total);
// "1.12 GiB/s".
std::string format_rate(double bytes_per_second);
// "340ms", "4.2s", "34s", "1m23s", "2h41m", "3d04h". Below ten seconds with one decimal.
std::string format_duration(milliseconds duration);
// The same in whole seconds, for what changes four times a second.
std::string format_time_left(seconds left);

// Names come from strangers: C0 and C1 controls, DEL, bidirectional overrides and bytes that are
// not UTF-8 become \n, \t, \x1b, ... With `ascii`, everything beyond ASCII does, for terminals
// that would read it as controls.
std::string printable(std::string_view text, bool ascii = false);

// Columns that printable UTF-8 takes on a terminal: 0 for combining marks, 2 for East Asian wide and emoji.
std::size_t display_width(std::string_view text);
// Exactly `width` columns: padded right, or its front cut off behind an ellipsis,
// for the end of a path tells more.
std::string fit_left(std::string_view text, std::size_t width, bool unicode);
// At most `width` columns, the end cut off.
std::string cut(std::string_view text, std::size_t width, bool unicode);
// Padded left to `width` columns; longer texts stay whole.
std::string pad_left(std::string_view text, std::size_t width);
std::string pad_right(std::string_view text, std::size_t width);

// Words in lines of at most `width` columns, those after the first indented by `indent` spaces. Width 0: one
// line. A word that is wider than a line stays whole.
std::vector<std::string> wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace azs3copy::cli
