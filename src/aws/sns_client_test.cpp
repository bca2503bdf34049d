// sns_client_test.cpp: what is published goes out byte for byte, and what the topic did not take is known.
#include "aws/sns_client.hpp"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "aws/aws_service_test_support.hpp"

namespace azs3copy::service_test {
namespace {

constexpr std::string_view topic = "arn:aws:sns:eu-central-1:123456789012:find blobs";
constexpr std::string_view odd = "a+b&c=d%20 \"<>\\u0000\n\xC3\xA9\xF0\x9F\xA6\x80/~";

struct Sns : ServiceFixture {
  Result<std::string> publish(std::string message) {
    return run(client.publish(std::string(topic), std::move(message), context));
  }
  Result<> publish_batch(const std::vector<std::string>& messages) {
    return run(client.publish_batch(std::string(topic), messages, context));
  }
  std::string message(std::size_t request, int place) const {
    return form_value(request, "PublishBatchRequestEntries.member." + std::to_string(place) + ".Message");
  }
  SnsClient client{options, login, wire};
};

std::string entry(std::string_view id, std::string_view rest = {}) {
  return "<member><Id>" + std::string(id) + "</Id>" + std::string(rest) + "</member>";
}
ScriptedReply batch_reply(std::string_view successful, std::string_view failed = {}) {
  return {.body =
              "<PublishBatchResponse xmlns=\"http://sns.amazonaws.com/doc/2010-03-31/\"><PublishBatchResult>"
              "<Failed>" +
              std::string(failed) + "</Failed><Successful>" + std::string(successful) +
              "</Successful></PublishBatchResult><ResponseMetadata><RequestId>r</RequestId>"
              "</ResponseMetadata></PublishBatchResponse>"};
}
// Takes whatever is sent.
ScriptedReply take_all(const RecordedRequest& request) {
  std::string taken;
  for (const auto& [name, value] : parse_query(request.body)) {
    if (name.ends_with(".Id")) taken += entry(value, "<MessageId>m</MessageId>");
  }
  return batch_reply(taken);
}

TEST_F(Sns, PublishesOneMessage) {
  wire.replies({.body = "<PublishResponse><PublishResult><MessageId>m1</MessageId></PublishResult>"
                        "</PublishResponse>"});
  const Result<std::string> id = publish(std::string(odd));
  ASSERT_TRUE(id) << id.error().to_line();
  EXPECT_EQ(*id, "m1");
  EXPECT_EQ(
      wire.requests[0].body,
      "Action=Publish&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A123456789012%3Afind%20"
      "blobs&Message=a%2Bb%26c%3Dd%2520%20%22%3C%3E%5Cu0000%0A%C3%A9%F0%9F%A6%80%2F~");
  wire.replies({.body = "<PublishResponse><PublishResult/></PublishResponse>"});
  EXPECT_EQ(publish("x").error().kind, ErrorKind::protocol);
}

// Lambda ends what it takes for a loop after 16 rounds: a listing that hands its rest on is none. It follows messages by
// the trace header, which AWS's own clients put into their requests.
TEST_F(Sns, AMessageCarriesNoTraceByWhichLambdaCountsRounds) {
  ::setenv("_X_AMZN_TRACE_ID", "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=1:a:15", 1);
  wire.replies(batch_reply(entry("0")));
  const bool published = publish_batch({"x"}).has_value();
  ::unsetenv("_X_AMZN_TRACE_ID");
  ASSERT_TRUE(published);
  EXPECT_EQ(wire.requests[0].header("x-amzn-trace-id"), "");
}

TEST_F(Sns, PublishesABatch) {
  wire.replies(batch_reply(entry("0") + entry("1")));
  ASSERT_TRUE(publish_batch({std::string(odd), "b"}));
  ASSERT_EQ(wire.requests.size(), 1U);
  EXPECT_EQ(
      wire.requests[0].body,
      "Action=PublishBatch&Version=2010-03-31&TopicArn=arn%3Aaws%3Asns%3Aeu-central-1%3A123456789012%3A"
      "find%20blobs&PublishBatchRequestEntries.member.1.Id=0&PublishBatchRequestEntries.member.1.Message="
      "a%2Bb%26c%3Dd%2520%20%22%3C%3E%5Cu0000%0A%C3%A9%F0%9F%A6%80%2F~"
      "&PublishBatchRequestEntries.member.2.Id=1&PublishBatchRequestEntries.member.2.Message=b");
  EXPECT_EQ(message(0, 1), odd);
}

TEST_F(Sns, StaysWithinTheLimitsOfARequest) {
  wire.fallback = take_all;
  ASSERT_TRUE(publish_batch(std::vector<std::string>(25, "x")));
  EXPECT_EQ(wire.requests.size(), 3U);
  wire.requests.clear();
  // Two of 128 KiB fit to the byte; one byte more is another request.
  const std::string half(sns_message_bytes_max / 2, 'x');
  ASSERT_TRUE(publish_batch({half, half, "y"}));
  EXPECT_EQ(wire.requests.size(), 2U);
  EXPECT_EQ(message(1, 1), "y");
}

TEST_F(Sns, RefusesBeforehandWhatNoTopicTakes) {
  const std::string large(sns_message_bytes_max + 1, 'x');
  EXPECT_EQ(publish(large).error().kind, ErrorKind::invalid);
  const Result<> batch = publish_batch({"good", large});
  ASSERT_FALSE(batch);
  EXPECT_EQ(batch.error().kind, ErrorKind::invalid);
  EXPECT_NE(batch.error().message.find("262145"), std::string::npos) << batch.error().message;
  EXPECT_EQ(batch.error().subject, topic);
  EXPECT_FALSE(publish_batch({"good", ""}));
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(Sns, ReadsWhatFailedInsideASuccess) {
  wire
      .replies(batch_reply(
          entry("1"),
          entry("0", "<Code>InternalError</Code><Message>busy</Message><SenderFault>false</SenderFault>") +
              entry("2", "<Code>KMSAccessDenied</Code><Message>no</Message><SenderFault>true</SenderFault>")))
      .replies(batch_reply(entry("0")));
  const Result<> result = publish_batch({"a", "b", "c"});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::permission);
  EXPECT_EQ(result.error().operation, "sns.publish_batch");
  EXPECT_NE(result.error().advice.find("eu-central-1"), std::string::npos);
  ASSERT_EQ(wire.requests.size(), 2U);
  EXPECT_EQ(message(1, 1), "a");
  EXPECT_EQ(form(1).size(), 5U);  // nothing else again
}

TEST_F(Sns, NamesTheRightThatIsMissing) {
  wire.replies(query_error(403, "AuthorizationError"));
  const Result<> result = publish_batch({"a"});
  EXPECT_NE(result.error().advice.find("sns:Publish"), std::string::npos);
  EXPECT_EQ(result.error().request_id, "R1");
  EXPECT_EQ(result.error().message, "text");  // no count for one message
}

TEST_F(Sns, AnEndedLoginIsRenewedInTheMiddleOfABatch) {
  wire.replies(query_error(403, "ExpiredToken")).replies(batch_reply(entry("0")));
  ASSERT_TRUE(publish_batch({"a"}));
  EXPECT_NE(wire.requests[1].header("authorization").find("AKID2"), std::string_view::npos);
}

}  // namespace
}  // namespace azs3copy::service_test
