// redelivery_test.cpp: how long a failed message stays hidden, and which queue it is in.
#include "hosts/lambda/redelivery.hpp"

#include <gtest/gtest.h>

namespace azs3copy {
namespace {

TEST(Redelivery, WaitsGrowThenTheQueueDecides) {
  constexpr seconds minute{60};
  EXPECT_EQ(redelivery_wait(1, minute), minute);
  EXPECT_EQ(redelivery_wait(2, minute), 5 * minute);
  EXPECT_EQ(redelivery_wait(3, minute), 25 * minute);
  EXPECT_EQ(redelivery_wait(4, minute), std::nullopt);
  EXPECT_EQ(redelivery_wait(1000, minute), std::nullopt);
  EXPECT_EQ(redelivery_wait(3, std::chrono::minutes(90)), visibility_timeout_max) << "SQS takes no more";
}

TEST(Redelivery, QueueUrlsFollowFromArns) {
  EXPECT_EQ(queue_url_of("arn:aws:sqs:eu-west-1:123456789012:etlsqsdvazs3copyL1_to_L2"),
            "https://sqs.eu-west-1.amazonaws.com/123456789012/etlsqsdvazs3copyL1_to_L2");
  EXPECT_EQ(queue_url_of("arn:aws-cn:sqs:cn-north-1:123456789012:q"),
            "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/q");
  for (const char* other : {"", "q", "arn:aws:sns:eu-west-1:123456789012:t",
                            "arn:aws:sqs:eu-west-1:123456789012", "arn:aws:sqs::123456789012:q"}) {
    EXPECT_EQ(queue_url_of(other), "") << other;
  }
}

}  // namespace
}  // namespace azs3copy
