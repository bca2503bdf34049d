// message_reporter_test.cpp: what one message came to, and when it begins nothing more.
#include "hosts/lambda/message_reporter.hpp"

#include <fmt/format.h>

#include "fakes/scripted_transport.hpp"
#include "hosts/lambda/lambda_test_support.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;

class MessageReporterTest : public testing::Test {
 protected:
  MessageReporter reporter(bool listing) {
    return {telemetry_, clock_, RunId("r"), clock_.now() + seconds(10), listing, metrics_};
  }
  static ObjectRecord ended(Outcome outcome, ErrorKind kind = ErrorKind::invalid) {
    ObjectRecord record{.outcome = outcome, .blob = {.name = BlobName("a"), .size = 7}};
    if (outcome == Outcome::failed) record.error = Error{.kind = kind};
    return record;
  }

  FakeClock clock_;
  lambda_test::Lines lines_;
  Telemetry telemetry_{lines_.writer(), clock_, "f", LogLevel::info};
  InvocationMetrics metrics_;
};

TEST_F(MessageReporterTest, NothingNewIsBegunOnceItsTimeIsUp) {
  const MessageReporter download = reporter(false);
  EXPECT_FALSE(download.stopping());
  clock_.advance(seconds(10));
  EXPECT_TRUE(download.stopping());
}

// All of them are in one object, which is written at each page and has to be read again.
TEST_F(MessageReporterTest, APlanNamesSoManyFoldersAndNoMore) {
  MessageReporter listing = reporter(true);
  while (listing.plan.next.size() < folders_a_plan_max) {
    EXPECT_FALSE(listing.stopping());
    listing.plan.next.insert(fmt::format("{:032}", listing.plan.next.size()));
  }
  EXPECT_TRUE(listing.stopping());
}

TEST_F(MessageReporterTest, AListingCountsWhatItFoundUnchangedAndHasNoSecondLook) {
  MessageReporter listing = reporter(true);
  listing.ended(ended(Outcome::unchanged));
  EXPECT_EQ(listing.plan.unchanged, (Tally{1, 7}));
  EXPECT_EQ(listing.line_count, 0u);
  listing.ended(ended(Outcome::failed, ErrorKind::throttled));
  EXPECT_TRUE(listing.passing.empty());
  EXPECT_EQ(listing.line_count, 1u);
  EXPECT_EQ(listing.not_copied, 1u);
  EXPECT_EQ(listing.plan.ended, 1u);
}

TEST_F(MessageReporterTest, WhatMayPassIsKeptForAnotherAttempt) {
  MessageReporter download = reporter(false);
  download.ended(ended(Outcome::failed, ErrorKind::throttled));
  EXPECT_EQ(download.passing.size(), 1u);
  EXPECT_EQ(download.line_count, 0u);
  download.ended(ended(Outcome::failed, ErrorKind::corrupt));
  EXPECT_EQ(download.line_count, 1u);
  EXPECT_EQ(download.not_copied, 1u);
}

// By an earlier delivery that was cut off, or by another run: the records must not say less than before.
TEST_F(MessageReporterTest, WhatSomebodyElseHasCopiedCountsAsCopied) {
  MessageReporter part = reporter(false);
  part.ended(ended(Outcome::unchanged));
  EXPECT_TRUE(part.found_done);
  EXPECT_EQ(part.line_count, 1u);
  EXPECT_EQ(part.not_copied, 0u);
  EXPECT_NE(part.lines.find(R"("outcome":"copied")"), std::string::npos) << part.lines;
}

}  // namespace
}  // namespace azs3copy
