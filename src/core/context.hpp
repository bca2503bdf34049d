// context.hpp: Context: clock, deadline and cancellation, passed to every asynchronous call.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <stop_token>

#include "core/error.hpp"
#include "core/task.hpp"

namespace azs3copy {

using Steady = std::chrono::steady_clock;
using UtcTime = std::chrono::sys_time<std::chrono::milliseconds>;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Context;
class Pass;  // net/limiter.hpp

// An operation that waits and can be ended from outside. Its clock watches it between watch and unwatch.
class Guarded {
 public:
  Guarded() = default;
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  virtual ~Guarded() = default;

  // When the clock must end it; max: never.
  Steady::time_point deadline = Steady::time_point::max();
  std::stop_token stop;
  // Called on the loop's thread, at most once until the guard is armed again.
  virtual void expire(ErrorKind why) = 0;
};

// The seam to time. Tests give one whose sleep returns at once and whose now moves on by what was slept.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Steady::time_point now() const = 0;
  virtual UtcTime utc() const = 0;
  // Returns early, with ErrorKind::cancelled or timed_out,
  // when the context stops or its deadline comes first.
  virtual Task<Result<>> sleep(milliseconds duration, const Context& context) = 0;
  // From watch to unwatch `guarded` is expired soon after its deadline or a request to stop.
  virtual void watch(Guarded& /*guarded*/) {}
  virtual void unwatch(Guarded& /*guarded*/) {}
};

// Passed by reference down every call; a child's deadline is never later than its parent's.
struct Context {
  Clock& clock;
  std::stop_token stop;
  Steady::time_point deadline = Steady::time_point::max();
  // No second attempt any more and no pause before one; what is under way goes on.
  // Comes with `stop` or before it.
  std::stop_token wind_down;
  // What takes a failed attempt's traces away again may go on until here, where this is later than the deadline.
  Steady::time_point clean_up_deadline = Steady::time_point::min();
  std::atomic<std::uint64_t>* retries = nullptr;  // counts what is tried again, where a host wants to know
  // A failed call is retried for at most this long, whatever its policy allows. Zero: one attempt.
  milliseconds retry_time_max = milliseconds::max();
  // The places of the copy that this call belongs to; its requests to those endpoints wait for no others.
  const Pass* pass = nullptr;

  bool stopped() const { return stop.stop_requested(); }
  bool expired() const { return clock.now() >= deadline; }
  // cancelled, or timed_out, or nothing.
  Result<> check() const;
  Context with_timeout(milliseconds limit) const;
  // Ends with the first `percent` of the time that is left; never where there is no deadline.
  Context with_share(int percent) const;
  // For a pause that nothing is lost by ending.
  Context for_pause() const;
  Context with_pass(const Pass& held) const;
  // For what must not be left behind though the time of the work is over.
  Context for_clean_up() const;
  // For one attempt of a call whose retries are its caller's.
  Context for_one_attempt() const { return with_retries_for(milliseconds{0}); }
  // For a caller that somebody waits for: a service that does not answer is not waited for longer than this.
  Context with_retries_for(milliseconds limit) const;
};

}  // namespace azs3copy
