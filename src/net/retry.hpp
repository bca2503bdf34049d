// retry.hpp: the one place where anything is tried again.
//
// Full jitter: pause = random(0 .. min(cap, base * 2^attempt)), never shorter than what the service asked
// for. The last error says how many attempts there were, how long they took and why it stopped.
#pragma once

#include <cstdint>
#include <functional>

#include "core/context.hpp"
#include "core/error.hpp"
#include "core/task.hpp"

namespace azs3copy {

struct RetryPolicy {
  int attempts_max = 8;
  milliseconds pause_base{100};
  milliseconds pause_cap{20'000};
  // A service that asks for a longer pause than this is not waited for.
  milliseconds retry_after_max{120'000};
};

// Decides after a failed attempt; holds the state of one operation.
class Retrier {
 public:
  Retrier(const RetryPolicy& policy, const Context& context);
  // True: a pause was made, try again. False: give up with this error, to which attempts and elapsed were
  // added. `fresh_login` is granted once an operation.
  Task<bool> again(Error& error);
  int attempts() const { return attempts_; }

 private:
  void count_attempt();

  RetryPolicy policy_;
  const Context& context_;
  Steady::time_point started_;
  int attempts_ = 1;
  bool logged_in_again_ = false;
};

// Runs `attempt` (a callable giving Task<Result<T>>) until it succeeds or must not be tried again. The
// operation must be idempotent. `on_fresh_login` is called before a retry with
// RetryVerdict::fresh_login; false there gives up.
template <class T, class Attempt>
Task<Result<T>> with_retry(const RetryPolicy& policy, const Context& context, Attempt attempt,
                           std::function<bool()> on_fresh_login = {}) {
  Retrier retrier(policy, context);
  for (;;) {
    Result<T> result = co_await attempt();
    if (result) co_return result;
    if (result.error().retry == RetryVerdict::fresh_login && !(on_fresh_login && on_fresh_login())) {
      result.error().retry = RetryVerdict::never;
    }
    if (!co_await retrier.again(result.error())) co_return result;
  }
}

}  // namespace azs3copy
