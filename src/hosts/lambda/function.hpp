// function.hpp: what the six functions do: the seam between the runtime host and them.
#pragma once

#include "hosts/lambda/bootstrap.hpp"

namespace azs3copy {

// Makes the function that `startup` names. Called once a process; parameters are read and logins made by the
// first invocation.
Task<Result<Handler>> make_function(const Startup& startup, const Context& context);

}  // namespace azs3copy
