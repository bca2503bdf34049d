// worker_test.cpp: ceilings that do not divide among the loops must hold all the same.
#include "hosts/local/worker.hpp"

#include <gtest/gtest.h>

namespace azs3copy {
namespace {

TEST(LoopCount, FollowsTransfersAndThreads) {
  EXPECT_EQ(loop_count({.transfers = 64, .threads = 8}), 8);
  EXPECT_EQ(loop_count({.transfers = 3, .threads = 8}), 3);
  EXPECT_GE(loop_count({.transfers = 64}), 1);
}

// On eight loops of an eighth of a request a second each, the first request would wait for eight seconds.
TEST(LoopCount, NoMoreLoopsThanRequestsASecond) {
  EXPECT_EQ(loop_count({.requests_per_second_max = 1, .threads = 8}), 1);
  EXPECT_EQ(loop_count({.requests_per_second_max = 0.5, .threads = 8}), 1);
  EXPECT_EQ(loop_count({.requests_per_second_max = 2.5, .threads = 8}), 2);
  EXPECT_EQ(loop_count({.requests_per_second_max = 1e6, .threads = 8}), 8);
}

// A share of 0 bytes a second would be read as no ceiling.
TEST(LoopCount, NoMoreLoopsThanTheBandwidthFeeds) {
  EXPECT_EQ(loop_count({.bandwidth_bytes_max = 7, .threads = 8}), 1);
  EXPECT_EQ(loop_count({.bandwidth_bytes_max = 128 * KiB, .threads = 8}), 2);
  EXPECT_EQ(loop_count({.bandwidth_bytes_max = 100 * MiB, .threads = 8}), 8);
  EXPECT_EQ(loop_count({.bandwidth_bytes_max = UINT64_MAX, .threads = 8}), 8);
}

}  // namespace
}  // namespace azs3copy
