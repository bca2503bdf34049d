// Harms: a run that ends before its last message, or never; a worker that waits for itself.
#include "hosts/local/local_bus.hpp"

#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::ManualExecutor;
using fakes::run;

Task<void> publish_into(Bus& bus, LargeFile file, std::optional<Result<>>* out) {
  out->emplace(co_await bus.publish(std::move(file)));
}
template <class Message>
bool is_closed(Channel<Message>& channel, ManualExecutor& executor) {
  Group group;
  std::optional<bool> ended;
  const auto pop = [](Channel<Message>& from, std::optional<bool>* out) -> Task<void> {
    *out = !(co_await from.pop()).has_value();
  };
  group.spawn(pop(channel, &ended));
  executor.drain();
  const bool closed = ended.value_or(false);
  if (!ended) channel.abandon();
  executor.drain();
  return closed;
}

class LocalBusTest : public ::testing::Test {
 protected:
  ManualExecutor executor_;
  LocalBus bus_{1, 1, 1};
};

TEST_F(LocalBusTest, ClosesWhenTheLastMessageAndTheListingAreDoneAndNotBefore) {
  bus_.begin();  // the listing
  ASSERT_TRUE(run(bus_.publish(CopyBatch{}), executor_));
  bus_.done();  // the listing is over, its batch is not
  ASSERT_TRUE(run(bus_.batches.pop(), executor_));
  ASSERT_TRUE(run(bus_.publish(Recombine{}), executor_))
      << "what its stage sends on still finds the bus open";
  bus_.done();  // the batch
  ASSERT_TRUE(run(bus_.recombines.pop(), executor_));
  bus_.done();
  EXPECT_TRUE(is_closed(bus_.batches, executor_));
  EXPECT_TRUE(is_closed(bus_.files, executor_));
  EXPECT_TRUE(is_closed(bus_.parts, executor_));
  EXPECT_TRUE(is_closed(bus_.recombines, executor_));
}

TEST_F(LocalBusTest, StaysOpenWhileTheListingFindsNothing) {
  bus_.begin();
  ASSERT_TRUE(run(bus_.publish(CopyBatch{}), executor_));
  ASSERT_TRUE(run(bus_.batches.pop(), executor_));
  bus_.done();  // the batch; the listing goes on
  EXPECT_FALSE(is_closed(bus_.files, executor_));
}

TEST_F(LocalBusTest, AWorkerNeverWaitsForRoomInItsOwnQueue) {
  bus_.begin();
  std::optional<Result<>> listed;
  std::optional<Result<>> waits;
  std::optional<Result<>> again;
  Group group;
  group.spawn(publish_into(bus_, LargeFile{}, &listed));
  group.spawn(publish_into(bus_, LargeFile{}, &waits));
  group.spawn(publish_into(bus_, LargeFile{.replans = 1}, &again));
  executor_.drain();
  EXPECT_TRUE(listed);
  EXPECT_FALSE(waits) << "the listing is held back by a full queue";
  EXPECT_TRUE(again) << "a blob planned again is not";
  bus_.abandon();
  executor_.drain();
  ASSERT_TRUE(waits && !*waits);
  EXPECT_EQ(waits->error().kind, ErrorKind::cancelled);
}

TEST_F(LocalBusTest, AfterAnAbandonNothingIsTakenAndNothingComesOut) {
  bus_.begin();
  ASSERT_TRUE(run(bus_.publish(PartTask{}), executor_));
  bus_.abandon();
  EXPECT_FALSE(run(bus_.parts.pop(), executor_));
  EXPECT_FALSE(run(bus_.publish(CopyBatch{}), executor_));
  EXPECT_FALSE(run(bus_.publish(LargeFile{.replans = 1}), executor_));
  EXPECT_FALSE(run(bus_.publish(PartTask{}), executor_));
  EXPECT_FALSE(run(bus_.publish(Recombine{}), executor_));
}

}  // namespace
}  // namespace azs3copy
