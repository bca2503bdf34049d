// Harms: a child that outlives its owner; an exception that nobody hears; a waiter that is never woken; an
// item that is lost or comes twice; a queue without end.
#include "core/sync.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <condition_variable>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::ManualExecutor;
using fakes::run;

// ---- Group

Task<void> take_slot(Slots& slots, std::vector<int>& log, int number, Channel<int>* until) {
  const Slots::Slot slot = co_await slots.acquire();
  log.push_back(number);
  if (until != nullptr) (void)co_await until->pop();
}

Task<void> wait_and_throw(Channel<int>& channel, const char* what) {
  (void)co_await channel.pop();
  throw std::runtime_error(what);
}

TEST(GroupTest, JoinsAllChildrenAndRethrowsTheFirstException) {
  ManualExecutor executor;
  Channel<int> gate(8);
  Group group;
  bool last_ran = false;
  const auto last = [](Channel<int>& channel, bool* ran) -> Task<void> {
    (void)co_await channel.pop();
    *ran = true;
  };
  group.spawn(wait_and_throw(gate, "first"));
  group.spawn(wait_and_throw(gate, "second"));
  group.spawn(last(gate, &last_ran));
  EXPECT_EQ(group.running(), 3u);
  gate.close();
  try {
    run(group.join(), executor);
    FAIL() << "an exception was lost";
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(), "first");
  }
  EXPECT_TRUE(last_ran) << "join returned before the last child";
  EXPECT_EQ(group.running(), 0u);
  EXPECT_NO_THROW(run(group.join(), executor)) << "and tells it once";
}

TEST(GroupTest, AnEmptyGroupAndOneWhoseChildrenEndedAreJoinedAtOnce) {
  ManualExecutor executor;
  Group group;
  run(group.join(), executor);
  const auto child = []() -> Task<void> { co_return; };
  group.spawn(child());
  EXPECT_EQ(group.running(), 0u);
  run(group.join(), executor);
  EXPECT_TRUE(executor.idle());
}

TEST(GroupTest, WorksOnAllSomeAtATime) {
  ManualExecutor executor;
  Channel<int> gate(8);
  std::vector<std::size_t> begun;
  const auto wait = [](Channel<int>& channel) -> Task<void> { (void)co_await channel.pop(); };
  const auto work = [&](std::size_t i) {
    begun.push_back(i);
    return wait(gate);
  };
  Group group;
  group.spawn(work_side_by_side(5, 2, work));
  EXPECT_EQ(begun, (std::vector<std::size_t>{0, 1}));
  ASSERT_TRUE(gate.push_at_once(1));
  while (executor.step()) {
  }
  EXPECT_EQ(begun, (std::vector<std::size_t>{0, 1, 2})) << "one ended: one more begins";
  gate.close();
  run(group.join(), executor);
  EXPECT_EQ(begun, (std::vector<std::size_t>{0, 1, 2, 3, 4}));
  run(work_side_by_side(0, 2, work), executor);
  EXPECT_EQ(begun.size(), 5u);
}

// ---- Slots

TEST(SlotsTest, NoMoreThanTheirCountAndFirstComeFirstServed) {
  ManualExecutor executor;
  Slots slots(2);
  Channel<int> gate(8);
  Group group;
  std::vector<int> log;
  for (int i = 0; i < 4; ++i) group.spawn(take_slot(slots, log, i, &gate));
  executor.drain();
  EXPECT_EQ(log, (std::vector{0, 1}));
  ASSERT_TRUE(gate.push_at_once(0));
  while (log.size() < 3 && executor.step()) {
  }
  group.spawn(take_slot(slots, log, 4, nullptr));  // comes when a slot has just passed on
  executor.drain();
  EXPECT_EQ(log, (std::vector{0, 1, 2}));
  gate.close();
  run(group.join(), executor);
  EXPECT_EQ(log, (std::vector{0, 1, 2, 3, 4}));
  EXPECT_EQ(slots.free(), 2u);
}

TEST(SlotsTest, AMovedSlotIsGivenBackOnce) {
  ManualExecutor executor;
  Slots slots(1);
  const auto move_around = [](Slots& of) -> Task<void> {
    Slots::Slot slot = co_await of.acquire();
    Slots::Slot other = std::move(slot);
    EXPECT_EQ(of.free(), 0u);
  };
  run(move_around(slots), executor);
  EXPECT_EQ(slots.free(), 1u);
}

// ---- Channel

Task<void> push_into(Channel<int>& channel, int item, std::optional<bool>* taken) {
  *taken = co_await channel.push(item);
}
Task<void> pop_from(Channel<int>& channel, std::vector<std::optional<int>>& popped) {
  popped.push_back(co_await channel.pop());
}

class ChannelTest : public ::testing::Test {
 protected:
  void TearDown() override {
    channel_.abandon();
    executor_.drain();
    ASSERT_EQ(group_.running(), 0u) << "somebody waits at a closed channel";
  }
  std::optional<bool>& push(int item) {
    std::optional<bool>& taken = pushes_.emplace_back();
    group_.spawn(push_into(channel_, item, &taken));
    return taken;
  }
  void pop() { group_.spawn(pop_from(channel_, popped_)); }

  ManualExecutor executor_;
  Channel<int> channel_{2};
  std::deque<std::optional<bool>> pushes_;
  std::vector<std::optional<int>> popped_;
  Group group_;
};

TEST_F(ChannelTest, HoldsItsCapacityAndGivesItemsInOrder) {
  EXPECT_TRUE(push(1));
  EXPECT_TRUE(push(2));
  std::optional<bool>& third = push(3);
  executor_.drain();
  EXPECT_FALSE(third) << "a full queue takes more";
  EXPECT_EQ(channel_.size(), 2u);
  for (int i = 0; i < 3; ++i) pop();
  executor_.drain();
  EXPECT_EQ(third, true);
  EXPECT_EQ(popped_, (std::vector<std::optional<int>>{1, 2, 3}));
}

TEST_F(ChannelTest, CloseLetsWhatIsInsideOutAndNothingIn) {
  push(1);
  push(2);
  std::optional<bool>& waiting = push(3);
  channel_.close();
  executor_.drain();
  EXPECT_EQ(waiting, false) << "told that it was not taken";
  EXPECT_EQ(push(4), false);
  EXPECT_FALSE(channel_.push_at_once(5));
  for (int i = 0; i < 3; ++i) pop();
  EXPECT_EQ(popped_, (std::vector<std::optional<int>>{1, 2, std::nullopt}));
}

TEST_F(ChannelTest, CloseWakesAllWhoWaitToPop) {
  for (int i = 0; i < 3; ++i) pop();
  channel_.close();
  executor_.drain();
  EXPECT_EQ(popped_.size(), 3u);
}

TEST_F(ChannelTest, AbandonDropsWhatIsInside) {
  push(1);
  push(2);
  push(3);
  channel_.abandon();
  executor_.drain();
  pop();
  EXPECT_EQ(popped_, (std::vector<std::optional<int>>{std::nullopt}));
  EXPECT_EQ(channel_.size(), 0u);
}

TEST_F(ChannelTest, PushAtOnceGoesAboveTheCapacityAndHoldsNobodyUpForEver) {
  push(1);
  push(2);
  std::optional<bool>& a = push(10);
  std::optional<bool>& b = push(11);
  ASSERT_TRUE(channel_.push_at_once(3));
  ASSERT_TRUE(channel_.push_at_once(4));
  EXPECT_EQ(channel_.size(), 4u);
  // The first pops wake pushers that find the queue still full and wait again.
  for (int i = 0; i < 6; ++i) {
    pop();
    executor_.drain();
  }
  EXPECT_EQ(a, true);
  EXPECT_EQ(b, true);
  EXPECT_EQ(popped_.size(), 6u);
}

TEST_F(ChannelTest, WhoTakesTheRoomOfAWokenPusherLosesItNoWakeUp) {
  push(1);
  push(2);
  std::optional<bool>& waits = push(3);
  pop();    // wakes the pusher of 3 ...
  push(4);  // ... who finds the room taken
  executor_.drain();
  EXPECT_FALSE(waits);
  pop();
  executor_.drain();
  EXPECT_EQ(waits, true);
}

// Any mix of pushes, pops and wake-ups in any order: nothing is lost, nothing comes twice, and when all that
// can run has run, nobody waits for what is there.
TEST(ChannelProperty, NobodyWaitsForWhatIsThere) {
  const bool holds = rc::check("no lost wake-up", [] {
    ManualExecutor executor;
    const auto capacity = *rc::gen::inRange<std::size_t>(1, 4);
    Channel<int> channel(capacity);
    Group group;
    std::deque<std::optional<bool>> pushes;
    std::vector<std::optional<int>> popped;
    int next = 0;
    std::size_t pops = 0;
    for (const int action : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4))) {
      if (action == 0) {
        group.spawn(push_into(channel, next++, &pushes.emplace_back()));
      } else if (action == 1) {
        group.spawn(pop_from(channel, popped));
        ++pops;
      } else if (action == 2) {
        pushes.emplace_back(channel.push_at_once(next++));
      } else {
        executor.step();
      }
    }
    executor.drain();
    const auto taken =
        static_cast<std::size_t>(std::count(pushes.begin(), pushes.end(), std::optional<bool>(true)));
    RC_ASSERT(popped.size() == std::min(pops, taken));
    RC_ASSERT(channel.size() == taken - popped.size());
    if (taken < pushes.size()) RC_ASSERT(channel.size() >= capacity);
    std::vector<int> seen;
    for (const std::optional<int>& item : popped) seen.push_back(item.value());
    std::sort(seen.begin(), seen.end());
    RC_ASSERT(std::adjacent_find(seen.begin(), seen.end()) == seen.end());
    channel.abandon();
    executor.drain();
    RC_ASSERT(group.running() == 0u);
  });
  EXPECT_TRUE(holds);
}

// An executor with a thread, for what only shows with several.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::function<Task<void>()> main)
      : thread_([this, main = std::move(main)] { serve(main()); }) {}
  void post(std::coroutine_handle<> handle) override {
    const std::lock_guard lock(mutex_);
    ready_.push_back(handle);
    changed_.notify_one();
  }
  void join() { thread_.join(); }

 private:
  void serve(Task<void> main) {
    set_current(this);
    Group group;
    group.spawn(std::move(main));
    while (group.running() > 0) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !ready_.empty(); });
      const std::coroutine_handle<> next = ready_.front();
      ready_.pop_front();
      lock.unlock();
      next.resume();
    }
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::coroutine_handle<>> ready_;
  std::jthread thread_;
};

Task<void> push_numbers(Channel<int>& channel, int from, int count, std::atomic<int>& pushers) {
  for (int i = 0; i < count; ++i) (void)co_await channel.push(from + i);
  if (--pushers == 0) channel.close();
}
Task<void> add_up(Channel<int>& channel, std::atomic<std::int64_t>& sum) {
  while (const std::optional<int> item = co_await channel.pop()) sum += *item;
}

TEST(ChannelThreads, EachItemArrivesOnceWithManyLoops) {
  constexpr int each = 5000;
  Channel<int> channel(3);
  std::atomic<int> pushers{3};
  std::atomic<std::int64_t> sum{0};
  std::deque<ThreadExecutor> loops;
  for (int i = 0; i < 3; ++i) {
    loops.emplace_back([&, i] { return push_numbers(channel, i * each, each, pushers); });
    loops.emplace_back([&] { return add_up(channel, sum); });
  }
  for (ThreadExecutor& loop : loops) loop.join();
  EXPECT_EQ(sum, std::int64_t{3 * each} * (3 * each - 1) / 2);
}

}  // namespace
}  // namespace azs3copy
