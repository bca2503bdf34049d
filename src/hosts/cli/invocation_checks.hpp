// invocation_checks.hpp: what can only be judged once all flags are known:
// both ends, and flags against one another.
#pragma once

#include <string>
#include <vector>

#include "hosts/cli/command_line.hpp"

namespace azs3copy::cli {

// SOURCE and DEST, taken apart.
Result<> read_addresses(Invocation& invocation, const std::vector<std::string>& positionals);
// Refuses flags that contradict one another and fills in what follows from them.
Result<> check_together(Invocation& invocation, const Surroundings& surroundings);
// How to log in at both ends, by flags, environment and files. Comes last: a typing error is easier to mend.
Result<> resolve_logins(Invocation& invocation, const Surroundings& surroundings);

}  // namespace azs3copy::cli
