// clock_offset.hpp: how far a service's clock is from this machine's, by the Date of its reply.
#pragma once

#include <optional>

#include "net/http.hpp"

namespace azs3copy {

// What to add to `now` to get the service's time; zero if they agree to a minute. Nothing without a Date.
std::optional<milliseconds> clock_offset(const Headers& headers, UtcTime now);

}  // namespace azs3copy
