// retry.cpp: the pause between two attempts, and when to give up.
#include "net/retry.hpp"

#include <algorithm>
#include <random>

namespace azs3copy {

namespace {

// However fast attempts fail or time passes, a busy service gets this many.
constexpr int attempts_at_busy_min = 8;
constexpr int attempts_at_conflict_max = 8;
constexpr int attempts_at_refusal_max = 4;
constexpr int other_forms_max = 4;
// A request that the service itself fails at may be the cause.
constexpr milliseconds internal_error_time_max = std::chrono::minutes(1);
// So soon after a service is back those that wait for it notice.
constexpr milliseconds turn_step{5000};

milliseconds full_jitter(const RetryPolicy& policy, int attempt) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const int doublings = std::min(attempt - 1, 20);
  const std::int64_t ceiling =
      std::min<std::int64_t>(policy.pause_cap.count(), policy.pause_base.count() << doublings);
  return milliseconds(
      std::uniform_int_distribution<std::int64_t>(0, std::max<std::int64_t>(ceiling, 0))(random));
}

void add_to_message(Error& error, std::string_view why) {
  if (!error.message.empty()) error.message += "; ";
  error.message += why;
}

bool is_busy(const Error& error) {
  return error.kind == ErrorKind::throttled || error.kind == ErrorKind::unavailable ||
         error.kind == ErrorKind::timed_out || error.kind == ErrorKind::connection;
}

}  // namespace

Retrier::Retrier(const RetryPolicy& policy, const Context& context)
    : policy_(policy), context_(context), started_(context.clock.now()) {}

milliseconds Retrier::failing_for() const {
  return std::chrono::duration_cast<milliseconds>(context_.clock.now() - first_failure_);
}

Retrier::Patience Retrier::patience_for(const Error& error, bool service_is_down) const {
  if (is_busy(error)) {
    // A 200 with an error in its body is S3's late 500.
    const bool may_be_the_request =
        (error.http_status == 500 || error.http_status == 200) && !service_is_down;
    return {
        .attempts = attempts_at_busy_min,
        .time = may_be_the_request ? std::min(internal_error_time_max, policy_.time_max) : policy_.time_max};
  }
  const bool conflict = error.kind == ErrorKind::conflict;
  // Attempts that met a busy service do not count here.
  return {.attempts = attempts_ - answered_ + (conflict ? attempts_at_conflict_max : attempts_at_refusal_max),
          .time = milliseconds{0}};
}

Task<Result<>> Retrier::pause(milliseconds duration) const {
  const Context pausing = context_.for_pause();
  co_return co_await context_.clock.sleep(duration, pausing);
}

// Returns early, and lets the attempt go, once the time is over.
Task<Result<>> Retrier::wait_for_turn(RetryGate& gate, milliseconds time_max) const {
  for (;;) {
    const milliseconds wait = gate.take_turn();
    if (wait.count() <= 0 || failing_for() >= time_max) co_return Result<>{};
    if (Result<> slept = co_await pause(std::min(wait, turn_step)); !slept) co_return slept;
  }
}

Task<bool> Retrier::again(Error& error, RetryGate* gate) {
  if (first_failure_ == Steady::time_point{}) first_failure_ = context_.clock.now();
  error.attempts = attempts_;
  error.elapsed = std::chrono::duration_cast<milliseconds>(context_.clock.now() - started_);
  if (error.retry == RetryVerdict::other_form && forms_ < other_forms_max &&
      !context_.wind_down.stop_requested() && context_.check()) {
    ++forms_;
    count_attempt();
    co_return true;
  }
  if (error.retry == RetryVerdict::never || attempts_ - forms_ >= policy_.attempts_max) co_return false;
  const bool busy = is_busy(error);
  if (!busy) ++answered_;
  const Patience patience = patience_for(error, gate != nullptr && gate->is_closed());
  if (attempts_ >= patience.attempts && failing_for() >= patience.time) co_return false;
  const bool at_once = error.retry == RetryVerdict::fresh_login && answered_ == 1;
  // What the service asks for is the least; jitter on top keeps many clients apart.
  const milliseconds jitter = full_jitter(policy_, busy ? attempts_ : answered_);
  const milliseconds wait = error.retry_after + (at_once ? milliseconds{0} : jitter);
  if (failing_for() + wait >= context_.retry_time_max) co_return false;
  if (error.retry_after > std::max(policy_.time_max - failing_for(), milliseconds{0})) {
    add_to_message(error, "the service asks for a longer pause than is waited for");
    co_return false;
  }
  if (context_.deadline - context_.clock.now() < wait) {
    add_to_message(error, "no time is left for another attempt");
    co_return false;
  }
  Result<> slept;
  if (!at_once || wait.count() > 0) slept = co_await pause(wait);
  if (slept && busy && gate != nullptr)
    slept = co_await wait_for_turn(*gate, std::min(patience.time, context_.retry_time_max));
  if (!slept) {
    if (slept.error().kind == ErrorKind::cancelled) error.kind = ErrorKind::cancelled;
    add_to_message(error, slept.error().message);
    co_return false;
  }
  count_attempt();
  co_return true;
}

void Retrier::count_attempt() {
  ++attempts_;
  if (context_.retries != nullptr) context_.retries->fetch_add(1, std::memory_order_relaxed);
}

}  // namespace azs3copy
