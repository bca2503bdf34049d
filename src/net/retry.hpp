// retry.hpp: decides whether and when a failed call is tried again. The only place that does.
//
//   the service is busy, away or failing   by time, 15 minutes; 500 (one request may be its cause): 1 minute
//   another writer was in the way          8 attempts
//   refused, or the bytes were wrong       4 attempts; the first retry of a refusal, signed anew, is immediate
//   another form of the request is needed  at once, up to 4 times, in addition to the attempts allowed
//
// Full jitter: pause = random(0 .. min(cap, base * 2^attempt)), in addition to what the service asked for. The
// last error reports how many attempts there were, how long they took and why they ended.
//
// Each operation is retried by one layer. A caller that retries calls in Context::for_one_attempt().
#pragma once

#include <cstdint>
#include <functional>
#include <limits>

#include "core/context.hpp"
#include "core/error.hpp"
#include "core/task.hpp"

namespace azs3copy {

struct RetryPolicy {
  int attempts_max = std::numeric_limits<int>::max();  // --retries: a ceiling on what is described above
  // Since the first failure. The attempt that ends it may take longer.
  milliseconds time_max = std::chrono::minutes(15);
  milliseconds pause_base{1000};
  milliseconds pause_cap{30'000};
};

// Lets retries through one at a time while a service fails for everybody.
class RetryGate {
 public:
  virtual ~RetryGate() = default;
  virtual bool is_closed() const = 0;
  // Zero: the attempt may go. Otherwise ask again after this long or earlier.
  virtual milliseconds take_turn() = 0;
};

// Decides after a failed attempt; holds the state of one operation.
class Retrier {
 public:
  Retrier(const RetryPolicy& policy, const Context& context);
  // True: a pause was made, try again. False: give up with this error, to which attempts and elapsed were
  // added. `gate`: of the service that failed; nullptr: none.
  Task<bool> again(Error& error, RetryGate* gate = nullptr);
  int attempts() const { return attempts_; }

 private:
  // What an error is worth: it is retried until both are used up.
  struct Patience {
    int attempts;
    milliseconds time;
  };
  Patience patience_for(const Error& error, bool service_is_down) const;
  Task<Result<>> wait_for_turn(RetryGate& gate, milliseconds time_max) const;
  Task<Result<>> pause(milliseconds duration) const;
  milliseconds failing_for() const;
  void count_attempt();

  RetryPolicy policy_;
  const Context& context_;
  Steady::time_point started_;
  Steady::time_point first_failure_{};
  int attempts_ = 1;
  int answered_ = 0;  // attempts that ended in a refusal or in wrong bytes
  int forms_ = 0;     // attempts that were made in another form
};

// Runs `attempt` (a callable giving Task<Result<T>>) until it succeeds or must not be tried again. The
// operation must be idempotent. `on_fresh_login` is called before a retry with RetryVerdict::fresh_login. If
// it returns false, the same credentials sign the retry.
template <class T, class Attempt>
Task<Result<T>> with_retry(const RetryPolicy& policy, const Context& context, Attempt attempt,
                           std::function<bool()> on_fresh_login = {}) {
  Retrier retrier(policy, context);
  for (;;) {
    Result<T> result = co_await attempt();
    if (result) co_return result;
    if (result.error().retry == RetryVerdict::fresh_login && on_fresh_login) (void)on_fresh_login();
    if (!co_await retrier.again(result.error())) co_return result;
  }
}

}  // namespace azs3copy
