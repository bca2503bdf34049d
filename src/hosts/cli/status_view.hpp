// status_view.hpp: a RunStatus as lines of text: the block of `status`, and the line of a log.
//
//   Run 20261123T030000Z-7f3a   copying for 41m02s, begun 2026-11-23 03:00:00 UTC
//   az://acme/photos -> s3://acme-photos/2024
//     found        2,400,000   9.80 TiB   listing done
//     copied       1,911,204   7.90 TiB   3.30 GiB/s   812 blobs/s
//     unchanged      402,118   1.20 TiB
//     waiting         86,671    700 GiB   12 to be tried again
//     skipped              0
//     failed               7   1.21 GiB
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hosts/cli/style.hpp"
#include "hosts/local/status.hpp"

namespace azs3copy::cli {

// "listing" (nothing has ended yet), "copying", "over".
std::string_view state_of(const RunStatus& status);

// The block; below it what is not right: silence, listings that failed, blobs that were not copied.
std::vector<std::string> render_status(const RunStatus& status, const Style& style);
// The same for a block that is redrawn: as many lines as the terminal has rows, none wrapped.
std::vector<std::string> render_live_status(const RunStatus& status, const Style& style);
// "41m02s  copying: copied 1,911,204 of 1,997,882 (7.90 TiB), unchanged 402,118, skipped 0, failed 7; ..."
std::string render_status_line(const RunStatus& status);

}  // namespace azs3copy::cli
