// limiter.hpp: the adaptive limiter, as a decorator of the Transport: one state per endpoint, on one loop.
//
//   start:  [Retry-After pause] -> [streams below the limit, first come first served]
//           -> [requests a second] -> inner
//   reply:  2xx..4xx:            limit += 1/limit (doubling until the first throttle)
//           429, 503, time-out:  limit *= 0.7
//
// --transfers, --tpslimit and --bwlimit are ceilings on what it finds.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "net/http.hpp"

namespace azs3copy {

struct LimiterOptions {
  int streams_max = 64;  // under way at a time, per endpoint
  int streams_start = 16;
  double requests_per_second_max = 0;      // per endpoint; 0: no ceiling
  std::uint64_t bytes_per_second_max = 0;  // of reply bodies, over all endpoints; 0: no ceiling
};

// How an endpoint is held just now. Written by its loop, read by any thread.
struct LimiterView {
  std::atomic<int> streams{0};
  std::atomic<int> limit{0};
  std::atomic<int> throttle_status{0};            // of the last throttle; 0: none yet
  std::atomic<std::int64_t> throttle_time_ms{0};  // on the steady clock
};

class LimitedTransport final : public Transport {
 public:
  LimitedTransport(Transport& inner, Clock& clock, LimiterOptions options);
  ~LimitedTransport() override;

  Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request, const Context& context) override;
  // Stays valid as long as the transport.
  const LimiterView& view(const Endpoint& endpoint);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
