// Harms: clients that come back in step; a service asked again before the time that it named; attempts
// without end; a blob lost to an outage of minutes; a whole blob read again and again for a checksum that stays
// wrong; an error that does not say how hard it was tried.
#include "net/retry.hpp"

#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"
#include "net/retry_after.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::run;

Error error_of(RetryVerdict retry, milliseconds retry_after = {}) {
  return {.kind = ErrorKind::unavailable, .retry = retry, .message = "busy", .retry_after = retry_after};
}
Error error_of(ErrorKind kind, int status = 0) {
  return {.kind = kind, .retry = RetryVerdict::later, .message = "busy", .http_status = status};
}
Error refusal() {
  return {.kind = ErrorKind::credentials, .retry = RetryVerdict::fresh_login, .message = "refused"};
}

class RetryTest : public ::testing::Test {
 protected:
  // Fails `failures` times with `error`, then gives the number of the attempt.
  Task<Result<int>> attempt(int failures, Error error) {
    ++attempts_;
    clock_.advance(attempt_takes_);
    if (attempts_ <= failures) co_return std::unexpected<Error>(std::move(error));
    co_return attempts_;
  }
  Task<Result<int>> busy_then_refused() {
    if (++attempts_ <= 20) co_return std::unexpected<Error>(error_of(ErrorKind::throttled, 503));
    if (attempts_ <= 23) co_return std::unexpected<Error>(refusal());
    co_return attempts_;
  }
  Result<int> try_it(int failures, const Error& error, const Context& context,
                     std::function<bool()> on_fresh_login = {}) {
    attempts_ = 0;
    return run(with_retry<int>(
        policy_, context, [this, failures, &error] { return attempt(failures, error); }, on_fresh_login));
  }
  Result<int> try_it(int failures, const Error& error) { return try_it(failures, error, clock_.context()); }

  FakeClock clock_;
  RetryPolicy policy_{.attempts_max = 5};
  milliseconds attempt_takes_{0};
  int attempts_ = 0;
};

TEST_F(RetryTest, PausesAtRandomBelowACeilingThatDoublesUpToTheCap) {
  policy_ = {.attempts_max = 9, .pause_base = milliseconds(100), .pause_cap = milliseconds(2000)};
  std::vector<milliseconds> longest(8);
  std::vector<milliseconds> shortest(8, milliseconds::max());
  for (int round = 0; round < 400; ++round) {
    clock_.sleeps.clear();
    ASSERT_FALSE(try_it(9, error_of(RetryVerdict::later)));
    ASSERT_EQ(clock_.sleeps.size(), 8u);
    for (std::size_t i = 0; i < 8; ++i) {
      longest[i] = std::max(longest[i], clock_.sleeps[i]);
      shortest[i] = std::min(shortest[i], clock_.sleeps[i]);
    }
  }
  for (std::size_t i = 0; i < 8; ++i) {
    const milliseconds ceiling(std::min(2000, 100 << i));
    EXPECT_LE(longest[i], ceiling) << i;
    // With 400 draws a bound is missed once in 10^17 runs of this test.
    EXPECT_GE(longest[i], ceiling * 9 / 10) << i << ": the jitter is not full";
    EXPECT_LE(shortest[i], ceiling / 10) << i << ": the jitter is not full";
  }
}

TEST_F(RetryTest, WhatTheServiceAsksForIsTheLeast) {
  policy_.attempts_max = 50;
  policy_.time_max = std::chrono::hours(1);
  ASSERT_FALSE(try_it(50, error_of(RetryVerdict::later, milliseconds(3000))));
  ASSERT_EQ(clock_.sleeps.size(), 49u);
  for (const milliseconds pause : clock_.sleeps) EXPECT_GE(pause, milliseconds(3000));
}

TEST_F(RetryTest, AServiceThatAsksForTooMuchIsNotWaitedFor) {
  const auto result = try_it(9, error_of(RetryVerdict::later, policy_.time_max + milliseconds(1)));
  ASSERT_FALSE(result);
  EXPECT_EQ(attempts_, 1);
  EXPECT_NE(result.error().message.find("longer pause"), std::string::npos) << result.error().message;
}

TEST_F(RetryTest, SaysHowOftenAndHowLongItWasTried) {
  attempt_takes_ = seconds(2);
  policy_.pause_base = policy_.pause_cap = milliseconds(0);
  const auto result = try_it(9, error_of(RetryVerdict::later));
  ASSERT_FALSE(result);
  EXPECT_EQ(attempts_, 5);
  EXPECT_EQ(result.error().attempts, 5);
  EXPECT_EQ(result.error().elapsed, seconds(10));
  EXPECT_EQ(result.error().to_line(), "busy after 5 attempts in 10.0 s");
  EXPECT_EQ(try_it(4, error_of(RetryVerdict::later)), 5) << "the last attempt counts";
}

TEST_F(RetryTest, WhatWouldFailAgainIsNotTriedAgain) {
  ASSERT_FALSE(try_it(9, error_of(RetryVerdict::never)));
  EXPECT_EQ(attempts_, 1);
  EXPECT_TRUE(clock_.sleeps.empty());
}

TEST_F(RetryTest, ARefusalIsSignedAnewAFewTimes) {
  policy_ = {};
  int logins = 0;
  const auto login = [&logins] { return ++logins > 0; };
  EXPECT_EQ(try_it(1, refusal(), clock_.context(), login), 2);
  EXPECT_EQ(logins, 1);
  EXPECT_TRUE(clock_.sleeps.empty()) << "no pause before the first";
  EXPECT_FALSE(try_it(99, refusal(), clock_.context(), login));
  EXPECT_EQ(attempts_, 4);
  EXPECT_EQ(clock_.sleeps.size(), 2u);
}

TEST_F(RetryTest, ARefusalIsSignedAnewWithTheSameCredentialsToo) {
  policy_ = {};
  EXPECT_EQ(try_it(3, refusal()), 4);
  EXPECT_EQ(try_it(3, refusal(), clock_.context(), [] { return false; }), 4);
}

TEST_F(RetryTest, ABusyServiceIsWaitedForByTime) {
  for (const Error& error : {error_of(ErrorKind::throttled, 503), error_of(ErrorKind::connection),
                             error_of(ErrorKind::timed_out), error_of(ErrorKind::unavailable, 502)}) {
    policy_ = {};
    const Steady::time_point start = clock_.now();
    ASSERT_FALSE(try_it(100'000, error));
    EXPECT_GE(clock_.now() - start, std::chrono::minutes(15));
    EXPECT_LE(clock_.now() - start, std::chrono::minutes(16));
    EXPECT_LT(attempts_, 150) << "pauses grow";
  }
}

TEST_F(RetryTest, AnAttemptThatTakesLongIsTriedAgainAllTheSame) {
  policy_ = {};
  attempt_takes_ = std::chrono::minutes(20);
  ASSERT_FALSE(try_it(100'000, error_of(ErrorKind::connection)));
  EXPECT_EQ(attempts_, 8);
}

TEST_F(RetryTest, AnInternalErrorIsWaitedForAMinute) {
  policy_ = {};
  const Steady::time_point start = clock_.now();
  ASSERT_FALSE(try_it(100'000, error_of(ErrorKind::unavailable, 500)));
  EXPECT_GE(clock_.now() - start, std::chrono::minutes(1));
  EXPECT_LE(clock_.now() - start, std::chrono::minutes(4));
  EXPECT_GE(attempts_, 8);
  EXPECT_LE(attempts_, 40);
}

TEST_F(RetryTest, WrongBytesAreReadAFewTimesOnly) {
  policy_ = {};
  ASSERT_FALSE(try_it(100'000, error_of(ErrorKind::corrupt)));
  EXPECT_EQ(attempts_, 4);
  ASSERT_FALSE(try_it(100'000, error_of(ErrorKind::protocol)));
  EXPECT_EQ(attempts_, 4);
  ASSERT_FALSE(try_it(100'000, error_of(ErrorKind::conflict, 409)));
  EXPECT_EQ(attempts_, 8);
}

TEST_F(RetryTest, AttemptsAtABusyServiceDoNotCountAsRefusals) {
  policy_ = {};
  const Context context = clock_.context();
  EXPECT_EQ(run(with_retry<int>(policy_, context, [this] { return busy_then_refused(); })), 24);
}

TEST_F(RetryTest, AnotherFormDoesNotCountAsAttempt) {
  policy_.attempts_max = 1;
  EXPECT_EQ(try_it(2, error_of(RetryVerdict::other_form)), 3);
  EXPECT_TRUE(clock_.sleeps.empty());
  EXPECT_FALSE(try_it(100, error_of(RetryVerdict::other_form)));
  EXPECT_EQ(attempts_, 5);
}

TEST_F(RetryTest, OneAttemptIsOne) {
  const Context once = clock_.context().for_one_attempt();
  for (const Error& error : {error_of(RetryVerdict::later), refusal()}) {
    ASSERT_FALSE(try_it(9, error, once));
    EXPECT_EQ(attempts_, 1);
  }
  EXPECT_TRUE(clock_.sleeps.empty());
}

TEST_F(RetryTest, ACallerMayWaitForLess) {
  policy_ = {};
  const Context context = clock_.context().with_retries_for(seconds(20));
  const Steady::time_point start = clock_.now();
  ASSERT_FALSE(try_it(100'000, error_of(ErrorKind::connection), context));
  EXPECT_LE(clock_.now() - start, seconds(20));
  EXPECT_GE(attempts_, 3);
}

// Closed until a time; counts what it let through.
class FakeGate final : public RetryGate {
 public:
  FakeGate(FakeClock& clock, milliseconds closed_for) : clock_(clock), opens_(clock.now() + closed_for) {}
  bool is_closed() const override { return clock_.now() < opens_; }
  milliseconds take_turn() override {
    return is_closed() ? std::chrono::ceil<milliseconds>(opens_ - clock_.now()) : milliseconds{0};
  }

 private:
  FakeClock& clock_;
  Steady::time_point opens_;
};

TEST_F(RetryTest, ARetryWaitsForItsTurnAtAServiceThatIsDown) {
  policy_ = {};
  FakeGate gate(clock_, std::chrono::minutes(8));
  const Context context = clock_.context();
  Retrier retrier(policy_, context);
  Error error = error_of(ErrorKind::unavailable, 500);
  const Steady::time_point start = clock_.now();
  EXPECT_TRUE(run(retrier.again(error, &gate))) << "500 for all is waited for like 503";
  EXPECT_GE(clock_.now() - start, std::chrono::minutes(8));
  EXPECT_EQ(retrier.attempts(), 2);
}

TEST_F(RetryTest, AStopEndsTheWaitForATurn) {
  policy_ = {};
  std::stop_source wind_down;
  Context context = clock_.context();
  context.wind_down = wind_down.get_token();
  clock_.on_sleep = [&](milliseconds) {
    if (clock_.sleeps.size() == 3) wind_down.request_stop();
  };
  FakeGate gate(clock_, std::chrono::hours(8));
  Retrier retrier(policy_, context);
  Error error = error_of(ErrorKind::throttled, 503);
  EXPECT_FALSE(run(retrier.again(error, &gate)));
  EXPECT_EQ(error.kind, ErrorKind::cancelled);
  EXPECT_LE(clock_.sleeps.size(), 3u);
}

TEST_F(RetryTest, EndsBeforeAPauseThatTheDeadlineWouldCut) {
  const Context context = clock_.context().with_timeout(seconds(5));
  const auto result = try_it(9, error_of(RetryVerdict::later, seconds(6)), context);
  ASSERT_FALSE(result);
  EXPECT_EQ(attempts_, 1);
  EXPECT_TRUE(clock_.sleeps.empty()) << "five seconds for nothing";
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable) << "what failed, and not that time was short";
  EXPECT_NE(result.error().message.find("no time is left"), std::string::npos) << result.error().message;
}

TEST_F(RetryTest, AWindDownEndsThePauseAndSaysSo) {
  std::stop_source wind_down;
  Context context = clock_.context();
  context.wind_down = wind_down.get_token();
  clock_.on_sleep = [&wind_down](milliseconds) { wind_down.request_stop(); };
  const auto result = try_it(9, error_of(RetryVerdict::later), context);
  ASSERT_FALSE(result);
  EXPECT_EQ(attempts_, 1);
  EXPECT_EQ(result.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(result.error().to_line(), "busy; stopped on request");
}

TEST_F(RetryTest, CountsWhatIsTriedAgainForItsHost) {
  std::atomic<std::uint64_t> retries{0};
  Context context = clock_.context();
  context.retries = &retries;
  ASSERT_TRUE(try_it(3, error_of(RetryVerdict::later), context));
  EXPECT_EQ(retries, 3u);
}

TEST(RetryAfter, ReadsItsThreeHeadersAndNothingElse) {
  struct Case {
    std::vector<Headers::Field> fields;
    milliseconds pause;
  };
  // FakeClock::start is Mon, 23 Nov 2026 07:42:10 GMT.
  for (const Case& one :
       {Case{{}, milliseconds(0)}, Case{{{"Retry-After", "7"}}, seconds(7)},
        Case{{{"retry-after-ms", "250"}, {"Retry-After", "7"}}, milliseconds(250)},
        Case{{{"x-ms-retry-after-ms", "250"}, {"Retry-After", "7"}}, milliseconds(250)},
        Case{{{"x-ms-retry-after-ms", "soon"}, {"Retry-After", "7"}}, seconds(7)},
        Case{{{"Retry-After", "Mon, 23 Nov 2026 07:42:40 GMT"}}, seconds(30)},
        Case{{{"Retry-After", "Mon, 23 Nov 2026 07:42:00 GMT"}}, milliseconds(0)},
        Case{{{"Retry-After", "Tue, 23 Nov 2027 07:42:10 GMT"}}, std::chrono::hours(24)},
        Case{{{"Retry-After", "-5"}}, milliseconds(0)}, Case{{{"Retry-After", "5s"}}, milliseconds(0)},
        Case{{{"Retry-After", "1e3"}}, milliseconds(0)}, Case{{{"Retry-After", ""}}, milliseconds(0)},
        Case{{{"Retry-After", "99999999999999999999"}}, milliseconds(0)},
        Case{{{"Retry-After", "9223372036854775807"}}, std::chrono::hours(24)},
        Case{{{"retry-after-ms", "9223372036854775807"}}, std::chrono::hours(24)}}) {
    Headers headers;
    for (const auto& [name, value] : one.fields) headers.add(name, value);
    EXPECT_EQ(retry_after(headers, FakeClock::start), one.pause)
        << (one.fields.empty() ? "nothing" : one.fields.back().second);
  }
}

}  // namespace
}  // namespace azs3copy
