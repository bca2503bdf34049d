// retry.cpp: the pause between two attempts, and when to give up.
#include "net/retry.hpp"

#include <algorithm>
#include <random>

namespace azs3copy {

namespace {

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

}  // namespace

Retrier::Retrier(const RetryPolicy& policy, const Context& context)
    : policy_(policy), context_(context), started_(context.clock.now()) {}

Task<bool> Retrier::again(Error& error) {
  error.attempts = attempts_;
  error.elapsed = std::chrono::duration_cast<milliseconds>(context_.clock.now() - started_);
  if (error.retry == RetryVerdict::never) co_return false;
  if (error.retry == RetryVerdict::fresh_login) {
    if (logged_in_again_) co_return false;
    logged_in_again_ = true;
    count_attempt();
    co_return true;
  }
  if (attempts_ >= policy_.attempts_max) co_return false;
  if (error.retry_after > policy_.retry_after_max) {
    add_to_message(error, "the service asks for a longer pause than is waited for");
    co_return false;
  }
  // What the service asks for is the least; jitter on top keeps many clients apart.
  const milliseconds pause = error.retry_after + full_jitter(policy_, attempts_);
  if (context_.deadline - context_.clock.now() < pause) {
    add_to_message(error, "no time is left for another attempt");
    co_return false;
  }
  const Context pausing = context_.for_pause();
  const Result<> slept = co_await context_.clock.sleep(pause, pausing);
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
