// part_plan_test.cpp: every blob that S3 can hold is cut into parts that S3 takes.
#include "plan/part_plan.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/limits.hpp"

namespace azs3copy {
namespace {

// S3's rules, and that the parts are the blob: each byte once, in order.
void expect_legal(const PartPlan& plan, std::uint64_t size) {
  ASSERT_EQ(plan.size, size);
  ASSERT_GE(plan.part_count, 1u);
  ASSERT_LE(plan.part_count, 10'000u);
  ASSERT_GE(plan.part_bytes, 5 * MiB);
  ASSERT_LE(plan.part_bytes, 5 * GiB);
  std::uint64_t next = 0;
  for (std::uint32_t number = 1; number <= plan.part_count; ++number) {
    const Range range = plan.range(number);
    ASSERT_EQ(range.first, next) << "part " << number;
    ASSERT_GE(range.size, 1u) << "part " << number;
    ASSERT_LE(range.size, 5 * GiB) << "part " << number;
    if (number < plan.part_count) {
      ASSERT_GE(range.size, 5 * MiB) << "part " << number;
      ASSERT_EQ(range.size, plan.part_bytes) << "part " << number;
    }
    next += range.size;
  }
  ASSERT_EQ(next, size);
}

PartPlan plan_of(std::uint64_t size, std::uint64_t wanted) {
  const auto plan = plan_parts(size, wanted);
  EXPECT_TRUE(plan) << size;
  return plan.value_or(PartPlan{});
}

TEST(Route, ABlobIsLargeAboveTheThresholdOnly) {
  EXPECT_EQ(route(part_threshold_default - 1, part_threshold_default), Route::small);
  EXPECT_EQ(route(part_threshold_default, part_threshold_default), Route::small);
  EXPECT_EQ(route(part_threshold_default + 1, part_threshold_default), Route::large);
  EXPECT_EQ(route(0, 0), Route::small) << "an empty blob has no parts";
  EXPECT_EQ(route(1, 0), Route::large);
}

TEST(Route, AThresholdAboveOnePutDoesNotSendAPutThatS3Refuses) {
  EXPECT_EQ(route(5 * GiB, 100 * GiB), Route::small);
  EXPECT_EQ(route(5 * GiB + 1, 100 * GiB), Route::large);
}

TEST(PlanParts, TakesTheWishWhereItFits) {
  EXPECT_EQ(plan_of(1000 * MiB, 100 * MiB).part_count, 10u);
  EXPECT_EQ(plan_of(1000 * MiB + 1, 100 * MiB).part_count, 11u);
  EXPECT_EQ(plan_of(1000 * MiB + 1, 100 * MiB).range(11), (Range{.first = 1000 * MiB, .size = 1}));
  // A wish need not be a whole number of MiB.
  EXPECT_EQ(plan_of(100'000'000, 10'000'000), (PartPlan{100'000'000, 10'000'000, 10}));
}

TEST(PlanParts, TenThousandPartsExactlyAndOneByteMore) {
  for (const std::uint64_t wanted : {5 * MiB, 100 * MiB, 5 * GiB - 1}) {
    const PartPlan full = plan_of(wanted * 10'000, wanted);
    EXPECT_EQ(full.part_bytes, wanted);
    EXPECT_EQ(full.part_count, 10'000u);
    const PartPlan above = plan_of(wanted * 10'000 + 1, wanted);
    EXPECT_GT(above.part_bytes, wanted);
    EXPECT_LE(above.part_bytes, wanted + MiB) << "the smallest whole number of MiB that fits";
    EXPECT_EQ(above.part_bytes % MiB, 0u);
    expect_legal(above, wanted * 10'000 + 1);
  }
}

// The sample adapts its part size as ceil(size / ceiling) with the ceiling in bytes: 2-byte parts above 1.05
// TB, which S3 refuses, and keeps that value for every later blob.
TEST(PlanParts, SampleDefectPartsOfTwoBytesAboveATerabyte) {
  const std::uint64_t ceiling = 104'857'600ull * 10'000;
  const PartPlan plan = plan_of(ceiling + 1, 104'857'600);
  EXPECT_EQ(plan.part_bytes, 101 * MiB);
  expect_legal(plan, ceiling + 1);
  EXPECT_EQ(plan_of(200 * MiB, 104'857'600).part_bytes, 104'857'600u) << "nothing leaks to the next blob";
}

TEST(PlanParts, LegalAtTheEdges) {
  for (const std::uint64_t size :
       {std::uint64_t{1}, 5 * MiB - 1, 5 * MiB, 5 * MiB + 1, 100 * MiB, 100 * MiB + 1, 5 * GiB - 1, 5 * GiB,
        5 * GiB + 1, TiB, object_bytes_max - 1, object_bytes_max}) {
    for (const std::uint64_t wanted : {part_bytes_min, 100 * MiB, part_bytes_max}) {
      SCOPED_TRACE(testing::Message() << size << " in parts of " << wanted);
      expect_legal(plan_of(size, wanted), size);
    }
  }
  EXPECT_EQ(plan_of(object_bytes_max, 100 * MiB).part_bytes, 5 * GiB);
}

TEST(PlanParts, RefusesWhatS3CannotHold) {
  EXPECT_EQ(plan_parts(0, 100 * MiB).error().kind, ErrorKind::invalid);
  const auto too_large = plan_parts(object_bytes_max + 1, 100 * MiB);
  EXPECT_EQ(too_large.error().kind, ErrorKind::invalid);
  EXPECT_NE(too_large.error().message.find("48.8 TiB"), std::string::npos);
  EXPECT_EQ(plan_parts(GiB, part_bytes_min - 1).error().kind, ErrorKind::invalid);
  EXPECT_EQ(plan_parts(GiB, part_bytes_max + 1).error().kind, ErrorKind::invalid);
  EXPECT_FALSE(plan_parts(GiB, part_bytes_max + 1).error().advice.empty());
}

RC_GTEST_PROP(PlanParts, LegalAtEverySize, ()) {
  // Every order of magnitude as likely as the next.
  const auto size = *rc::gen::map(rc::gen::pair(rc::gen::inRange(0, 46), rc::gen::arbitrary<std::uint64_t>()),
                                  [](std::pair<int, std::uint64_t> drawn) {
                                    const std::uint64_t top = std::uint64_t{1} << drawn.first;
                                    return std::min(top + drawn.second % top, object_bytes_max);
                                  });
  const auto wanted = *rc::gen::inRange(part_bytes_min, part_bytes_max + 1);
  expect_legal(plan_of(size, wanted), size);
  RC_ASSERT(!testing::Test::HasFatalFailure());
  // No larger than it must be.
  const auto plan = plan_of(size, wanted);
  if (plan.part_bytes != wanted) {
    RC_ASSERT(plan.part_bytes > wanted);
    RC_ASSERT((size + plan.part_bytes - MiB - 1) / (plan.part_bytes - MiB) > 10'000u);
  }
}

}  // namespace
}  // namespace azs3copy
