// invocation_checks.hpp: what can only be judged once all flags are known: both ends, and flags against one
// another.
#pragma once

#include <string>
#include <vector>

#include "hosts/cli/command_line.hpp"

namespace azs3copy::cli {

// SOURCE and DEST of the command, and how to log in at each.
Result<> read_ends(Invocation& invocation, const std::vector<std::string>& positionals,
                   const Surroundings& surroundings);
// Refuses flags that contradict one another and fills in what follows from them.
Result<> check_together(Invocation& invocation, const Surroundings& surroundings);

}  // namespace azs3copy::cli
