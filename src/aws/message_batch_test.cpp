// message_batch_test.cpp: which texts may travel, how they are packed, and what becomes of each entry.
#include "aws/message_batch.hpp"

#include <gtest/gtest.h>

#include "aws/aws_error.hpp"
#include "aws/aws_service_test_support.hpp"

namespace azs3copy::service_test {
namespace {

TEST(MessageText, TakesWhatAQueueCanHold) {
  for (const std::string_view text :
       {"x", "\t\r\n ", "\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBD", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "{\"name\":\"a\\u0000b\"}"}) {
    EXPECT_TRUE(check_message(text, 100)) << text;
  }
  EXPECT_TRUE(check_message(std::string(100, 'x'), 100));
}

TEST(MessageText, RefusesWhatAQueueWouldLose) {
  using namespace std::string_view_literals;
  for (const std::string_view text :
       {""sv, "\0"sv, "\x1F"sv, "\x0B"sv, "\x80"sv, "\xC0\x80"sv, "\xC1\xBF"sv, "\xC2"sv, "\xC2x"sv,
        "\xE0\x9F\xBF"sv, "\xED\xA0\x80"sv, "\xEF\xBF\xBE"sv, "\xEF\xBF\xBF"sv, "\xE2\x82"sv,
        "\xF0\x8F\xBF\xBF"sv, "\xF4\x90\x80\x80"sv, "\xF8\x88\x80\x80\x80"sv, "\xFF"sv}) {
    const Result<> result = check_message(text, 100);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  }
  EXPECT_NE(check_message("ab\x01", 100).error().message.find("byte 2"), std::string::npos);
  const std::string large = check_message(std::string(101, 'x'), 100).error().message;
  EXPECT_NE(large.find("101 bytes"), std::string::npos) << large;
  EXPECT_NE(large.find("100"), std::string::npos) << large;
}

using Batches = std::vector<std::vector<std::size_t>>;

// A server that answers from a script; an entry that the script has nothing for is taken.
struct Batched : ServiceFixture {
  Task<Result<BatchReply>> answer(std::span<const std::size_t> indexes) {
    batches.emplace_back(indexes.begin(), indexes.end());
    if (const auto broken = broken_requests.find(batches.size()); broken != broken_requests.end()) {
      co_return std::unexpected<Error>(broken->second);
    }
    BatchReply reply;
    for (const std::size_t index : indexes) {
      std::vector<Error>& errors = failures[index];
      if (forgotten > 0 && index == 0) {
        --forgotten;
      } else if (errors.empty()) {
        reply.successful.push_back(batch_entry_id(index));
      } else {
        reply.failed.emplace(batch_entry_id(index), errors.front());
        errors.erase(errors.begin());
      }
    }
    co_return reply;
  }
  Result<> send(std::vector<std::size_t> sizes, std::size_t bytes_max = 1000) {
    return run(send_in_batches(
        std::move(sizes), bytes_max, service,
        [this](std::span<const std::size_t> indexes) { return answer(indexes); }, context));
  }
  static Error temporary() {
    return aws_entry_error({.code = "InternalError", .message = "later", .sender_fault = false}, {});
  }
  static Error lasting() { return aws_entry_error({.code = "InvalidParameter", .message = "bad"}, {}); }

  AwsService service{aws_sns, options, login, wire};
  Batches batches;
  std::map<std::size_t, std::vector<Error>> failures;
  std::map<std::size_t, Error> broken_requests;  // by number, from 1
  int forgotten = 0;
};

TEST_F(Batched, PacksByNumberAndByBytes) {
  ASSERT_TRUE(send(std::vector<std::size_t>(25, 1)));
  EXPECT_EQ(batches, (Batches{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9},
                              {10, 11, 12, 13, 14, 15, 16, 17, 18, 19},
                              {20, 21, 22, 23, 24}}));
  batches.clear();
  ASSERT_TRUE(send({600, 400, 1, 1000, 999, 1, 1}));
  EXPECT_EQ(batches, (Batches{{0, 1}, {2}, {3}, {4, 5}, {6}}));
  batches.clear();
  ASSERT_TRUE(send({}));
  EXPECT_TRUE(batches.empty());
}

TEST_F(Batched, OnlyWhatFailedIsSentAgainAfterAPause) {
  failures[1] = {temporary(), temporary()};
  failures[3] = {temporary()};
  ASSERT_TRUE(send(std::vector<std::size_t>(4, 1)));
  EXPECT_EQ(batches, (Batches{{0, 1, 2, 3}, {1, 3}, {1}}));
  EXPECT_EQ(clock.sleeps.size(), 2U);
}

TEST_F(Batched, WhatIsRefusedForGoodKeepsNothingBackAndIsTold) {
  failures[0] = {lasting()};
  failures[1] = {temporary()};
  const Result<> result = send(std::vector<std::size_t>(12, 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().service_code, "InvalidParameter");
  EXPECT_NE(result.error().message.find("bad; 1 of 12 entries"), std::string::npos) << result.error().message;
  EXPECT_EQ(batches, (Batches{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1}, {10, 11}}));
}

TEST_F(Batched, WhatFailsForEverEndsWithItsErrorAndNothingMoreIsSent) {
  failures[2] = std::vector<Error>(1000, temporary());
  const Result<> result = send(std::vector<std::size_t>(12, 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::unavailable);
  EXPECT_GE(result.error().attempts, 8);
  EXPECT_NE(result.error().message.find("3 of 12 entries"), std::string::npos) << result.error().message;
  EXPECT_EQ(batches.size(), static_cast<std::size_t>(result.error().attempts));
}

TEST_F(Batched, AFailedRequestIsSentAgainWithAllThatWaited) {
  failures[1] = {temporary()};
  broken_requests[2] = ScriptedTransport::broken_connection();
  ASSERT_TRUE(send(std::vector<std::size_t>(3, 1)));
  EXPECT_EQ(batches, (Batches{{0, 1, 2}, {1}, {1}}));
}

TEST_F(Batched, ARefusedRequestEndsTheCall) {
  broken_requests[2] = Error{.kind = ErrorKind::permission, .message = "no"};
  const Result<> result = send(std::vector<std::size_t>(25, 1));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::permission);
  EXPECT_NE(result.error().message.find("15 of 25"), std::string::npos) << result.error().message;
  EXPECT_EQ(batches.size(), 2U);
}

// To take silence for success would lose the message.
TEST_F(Batched, AnEntryThatTheReplyDoesNotMentionWasNotTaken) {
  forgotten = 1;
  ASSERT_TRUE(send({1, 1}));
  EXPECT_EQ(batches, (Batches{{0, 1}, {0}}));
  forgotten = 100;
  EXPECT_EQ(send({1, 1}).error().kind, ErrorKind::protocol);
}

}  // namespace
}  // namespace azs3copy::service_test
