// summary_view.hpp: the start and the end of a copy as lines of text. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "hosts/cli/style.hpp"
#include "hosts/local/run.hpp"

namespace azs3copy::cli {

// Where from, where to, as whom, and where the report lies. `home` is written as ~.
std::vector<std::string> render_start(const RunOptions& options, const RunObserver::Ends& ends,
                                      const Style& style, std::string_view home);

// What the run cost by list prices, in USD (plan/prices.hpp).
// Emulators and other servers than AWS's cost nothing.
struct CostEstimate {
  double azure_egress = 0;
  double requests = 0;  // of S3
};
CostEstimate estimate_cost(const RunOptions& options, const RunSummary& summary);

// Counts, bytes, time, rate; proofs; requests and cost; what was not copied and why; where the report lies.
std::vector<std::string> render_summary(const RunOptions& options, const RunSummary& summary,
                                        const Style& style, std::string_view home);
std::vector<std::string> render_dry_run(const RunOptions& options, const RunSummary& summary,
                                        const Style& style);

// What is proved of what was copied; what is not is always said.
std::string verified_sentence(const RunSummary& summary);

// "Not copied:" by cause; above ten blobs of an outcome, one row a cause. `only_failed` for -q.
std::vector<std::string> render_not_copied(const RunSummary& summary, const Style& style, bool only_failed);

}  // namespace azs3copy::cli
