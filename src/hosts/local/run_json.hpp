// run_json.hpp: run.json, what the run was told and what came of it. No secret can be in it: none is written.
#pragma once

#include "hosts/local/run.hpp"

namespace azs3copy {

// `result` nullptr: the run has begun and not ended;
// a process that was killed leaves it so ("state": "running").
std::string run_json(const RunId& run, const RunOptions& options, UtcTime started, const RunResult* result);

}  // namespace azs3copy
