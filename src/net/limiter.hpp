// limiter.hpp: the adaptive limiter, as a decorator of the Transport: one state per endpoint, on one loop.
//
//   copy:     admit --> a place at both endpoints, taken together --> Pass, kept until the copy is over
//   request:  under a Pass: no wait for a place | else: one of the endpoint's places for other requests
//               --> [Retry-After pause] --> [requests a second] --> inner
//   reply:    2xx..4xx:            limit += 1/limit (doubling until the first throttle)
//             429, 503, time-out:  limit *= 0.7
//
// Copies wait only for copies, and hold no place while they wait. Other requests (listings, manifests, tokens) wait only
// for their like. So no wait is part of a circle, and each ends with its context's stop and deadline.
// --transfers, --tpslimit and --bwlimit are ceilings on the limits found.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "net/http.hpp"

namespace azs3copy {

struct LimiterOptions {
  int streams_max = 64;  // copies in flight
  int others_max = 72;   // other requests in flight, per endpoint
  int streams_start = 16;
  double requests_per_second_max = 0;      // per endpoint; 0: no ceiling
  std::uint64_t bytes_per_second_max = 0;  // of reply bodies, over all endpoints; 0: no ceiling
};

// State of an endpoint, for display. Written by its loop, read by any thread.
struct LimiterView {
  std::atomic<int> streams{0};  // copies in flight
  std::atomic<int> limit{0};
  std::atomic<int> throttle_status{0};            // of the last throttle; 0: none yet
  std::atomic<std::int64_t> throttle_time_ms{0};  // on the steady clock
};

namespace detail {
struct EndpointLimit;
}

// A copy's places, one at each endpoint; gives them back when it is destroyed. Used on its transport's loop; must not
// outlive the transport.
class Pass {
 public:
  Pass() = default;
  Pass(Pass&& other) noexcept;
  Pass& operator=(Pass&& other) = delete;
  ~Pass();

 private:
  friend class LimitedTransport;
  using Limits = std::array<detail::EndpointLimit*, 2>;  // the second may be absent
  explicit Pass(const Limits& limits) : limits_(limits) {}
  bool covers(const detail::EndpointLimit& limit) const {
    return limits_[0] == &limit || limits_[1] == &limit;
  }

  Limits limits_{};
};

class LimitedTransport final : public Transport {
 public:
  LimitedTransport(Transport& inner, Clock& clock, LimiterOptions options);
  ~LimitedTransport() override;

  // Waits, first come first served, until both endpoints have a place for a copy and neither asks for a pause. Ends
  // with `cancelled` at a stop or wind-down, and with `timed_out` at the deadline.
  Task<Result<Pass>> admit(const Endpoint& source, const Endpoint& destination, const Context& context);
  Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request, const Context& context) override;
  // Stays valid as long as the transport.
  const LimiterView& view(const Endpoint& endpoint);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
