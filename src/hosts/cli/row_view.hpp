// row_view.hpp: the rows of `ls`, `check`, `cleanup` and `redrive` as lines of text. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "hosts/cli/style.hpp"
#include "hosts/local/redrive.hpp"
#include "hosts/local/run.hpp"

namespace azs3copy::cli {

// "      88.0 GiB  2024-06-01 10:12:33  Hot   2024-06-01.mp4"; without `human` the size in bytes.
std::string render_list_row(const ListRow& row, bool human, const Style& style);

// "= name", for --combined.
std::string render_combined_row(const CheckRow& row, const Style& style);

// Keeps the first differences of each kind, for a check that found millions.
class CheckReport {
 public:
  static constexpr std::size_t rows_kept_max = 10;  // of a kind
  void add(const CheckRow& row);
  // The counts, then what was kept: "  + reports/q3.xlsx".
  std::vector<std::string> render(const CheckSummary& summary, const CheckOptions& options,
                                  const Style& style) const;

 private:
  std::vector<CheckRow> rows_[5];
};

std::string render_cleanup_row(const CleanupRow& row, const Style& style);
std::string render_cleanup_end(const CleanupResult& result, std::uint64_t rows, bool dry_run);

// "  sent back        throttled    download               photos/a.jpg and 11 more"
std::string render_redrive_row(const RedriveRow& row, const Style& style);
// "Sent back 5 messages (3 throttled, 2 unknown). Left 1 (1 changed)."
std::vector<std::string> render_redrive_end(const RedriveResult& result, bool dry_run, const Style& style);

}  // namespace azs3copy::cli
