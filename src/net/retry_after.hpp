// retry_after.hpp: how long a service asks us to stay away.
#pragma once

#include "net/http.hpp"

namespace azs3copy {

// retry-after-ms, x-ms-retry-after-ms (milliseconds), then Retry-After (seconds or an HTTP date). 0: not
// said, or nonsense, or a time in the past.
milliseconds retry_after(const Headers& headers, UtcTime now);

}  // namespace azs3copy
