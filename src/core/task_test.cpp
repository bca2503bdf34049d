// Harms: work begun that nobody awaits; an exception that gets lost; a stack that grows with a loop.
#include "core/task.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::run;

Task<void> set_true(bool* flag) {
  *flag = true;
  co_return;
}

TEST(TaskTest, RunsOnlyWhenAwaitedAndFreesWhatItHolds) {
  bool ran = false;
  auto held = std::make_shared<int>(1);
  const auto hold = [](std::shared_ptr<int>, bool* flag) -> Task<void> {
    *flag = true;
    co_return;
  };
  {
    const Task<void> never = hold(held, &ran);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_FALSE(ran);
  EXPECT_EQ(held.use_count(), 1) << "a task that was never awaited leaks";
  run(set_true(&ran));
  EXPECT_TRUE(ran);
}

TEST(TaskTest, GivesValuesThatOnlyMove) {
  const auto make = []() -> Task<std::unique_ptr<int>> { co_return std::make_unique<int>(7); };
  EXPECT_EQ(*run(make()), 7);
}

TEST(TaskTest, AnExceptionComesOutWhereTheTaskIsAwaited) {
  const auto fails = []() -> Task<int> {
    throw std::runtime_error("inner");
    co_return 1;
  };
  const auto outer = [](Task<int> inner) -> Task<std::string> {
    try {
      co_await std::move(inner);
    } catch (const std::runtime_error& error) {
      co_return error.what();
    }
    co_return "none";
  };
  EXPECT_EQ(run(outer(fails())), "inner");
  EXPECT_THROW(run(fails()), std::runtime_error);
}

TEST(TaskTest, AMovedTaskIsTheSameTask) {
  bool ran = false;
  Task<void> task = set_true(&ran);
  Task<void> other = std::move(task);
  task = std::move(other);
  run(std::move(task));
  EXPECT_TRUE(ran);
}

}  // namespace
}  // namespace azs3copy
