// age_test.cpp: what lay in a frozen sandbox for an hour is an hour old, though the steady clock stood still.
#include "core/age.hpp"

#include <gtest/gtest.h>

namespace azs3copy {
namespace {

using std::chrono::hours;

struct TwoClocks final : Clock {
  Steady::time_point steady{hours(1000)};
  UtcTime wall{hours(500'000)};

  Steady::time_point now() const override { return steady; }
  UtcTime utc() const override { return wall; }
  Task<Result<>> sleep(milliseconds, const Context&) override { co_return Result<>{}; }
};

TEST(Age, IsTheLargerOfBothClocks) {
  TwoClocks clock;
  const Moment then = Moment::now(clock);
  EXPECT_EQ(then.age(clock), hours(0));
  clock.steady += seconds(3);
  clock.wall += seconds(3);
  EXPECT_EQ(then.age(clock), seconds(3));
  clock.wall += hours(2);  // suspended
  EXPECT_EQ(then.age(clock), hours(2) + seconds(3));
  clock.wall -= hours(100);  // somebody set the clock
  EXPECT_EQ(then.age(clock), seconds(3));
}

}  // namespace
}  // namespace azs3copy
