// event_test.cpp: no message is lost or taken for another one, in whatever form it comes.
#include "hosts/lambda/event.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codec/json.hpp"

namespace azs3copy {
namespace {

std::string quoted(std::string_view text) {
  std::string json;
  JsonWriter(json).value(text);
  return json;
}

// As Lambda hands a queue's message on (Lambda Developer Guide, "Using Lambda with Amazon SQS").
std::string sqs_record(std::string_view id, std::string_view body) {
  return fmt::format(R"({{"messageId":{},"receiptHandle":"AQEB","body":{},
    "attributes":{{"ApproximateReceiveCount":"3","SentTimestamp":"1545082649183",
                   "SenderId":"AIDAIENQZJOLO23YVJ4VO","ApproximateFirstReceiveTimestamp":"1545082649185"}},
    "messageAttributes":{{}},"md5OfBody":"e4e68fb7bd0e697a0ae8f1bb342846b3","eventSource":"aws:sqs",
    "eventSourceARN":"arn:aws:sqs:us-east-2:123456789012:my-queue","awsRegion":"us-east-2"}})",
                     quoted(id), quoted(body));
}

std::string sns_record(std::string_view id, std::string_view message) {
  return fmt::format(
      R"({{"EventVersion":"1.0","EventSubscriptionArn":"arn:aws:sns:us-east-1:123456789012:t:21be",
    "EventSource":"aws:sns","Sns":{{"SignatureVersion":"1","Timestamp":"2019-01-02T12:45:07.250Z",
    "Signature":"x",    "MessageId":{},"Message":{},"MessageAttributes":{{}},"Type":"Notification","UnsubscribeUrl":"https://x",
    "TopicArn":"arn:aws:sns:us-east-1:123456789012:t","Subject":null}}}})",
      quoted(id), quoted(message));
}

std::string records(const std::vector<std::string>& all) {
  return fmt::format(R"({{"Records":[{}]}})", fmt::join(all, ","));
}

TEST(ParseEvent, ABatchOfAQueue) {
  const auto event =
      parse_event(records({sqs_record("m1", R"({"run":"r","é":"🚀"})"), sqs_record("m2", "two")}));
  ASSERT_TRUE(event) << event.error().to_line();
  EXPECT_EQ(event->kind, EventKind::sqs);
  ASSERT_EQ(event->items.size(), 2u);
  EXPECT_EQ(event->items[0].id, "m1");
  EXPECT_EQ(event->items[0].body, R"({"run":"r","é":"🚀"})");
  EXPECT_EQ(event->items[0].receive_count, 3u);
  EXPECT_EQ(event->items[0].sent, UtcTime(milliseconds(1'545'082'649'183)));
  EXPECT_EQ(event->items[0].source_arn, "arn:aws:sqs:us-east-2:123456789012:my-queue");
  EXPECT_FALSE(event->items[0].receipt_handle.empty());
  EXPECT_EQ(event->items[1].id, "m2");
  EXPECT_EQ(event->items[1].body, "two");
}

TEST(ParseEvent, AnEnvelopeIsTakenOffAndTheQueuesIdKept) {
  const std::string envelope =
      R"({"Type" : "Notification","MessageId":"sns-id","TopicArn":"arn:t","Message":"{\"run\":\"r\"}"})";
  const auto event = parse_event(records({sqs_record("m1", envelope)}));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->items[0].body, R"({"run":"r"})");
  EXPECT_EQ(event->items[0].id, "m1") << "the id that ReportBatchItemFailures wants";
  EXPECT_EQ(event->items[0].sent, UtcTime(milliseconds(1'545'082'649'183)));
}

TEST(ParseEvent, ARawBodyStaysAsItIs) {
  for (const char* body :
       {"", "not JSON", R"({"Type":"Other","Kind":"Notification","Message":"x"})", R"({"Message":"x"})",
        R"({"Type":"Notification"})", R"({"Type":"Notification","Message":5})", R"(["Notification"])",
        R"(say "Notification")", R"({"name":"{\"Type\":\"Notification\",\"Message\":\"x\"}"})"}) {
    const auto event = parse_event(records({sqs_record("m1", body)}));
    ASSERT_TRUE(event) << body;
    EXPECT_EQ(event->items[0].body, body);
  }
}

TEST(ParseEvent, AMessageOfATopic) {
  const auto event = parse_event(records({sns_record("n1", R"({"run":"r"})")}));
  ASSERT_TRUE(event) << event.error().to_line();
  EXPECT_EQ(event->kind, EventKind::sns);
  ASSERT_EQ(event->items.size(), 1u);
  EXPECT_EQ(event->items[0].id, "n1");
  EXPECT_EQ(event->items[0].body, R"({"run":"r"})");
  EXPECT_EQ(event->items[0].receive_count, 1u);
  EXPECT_EQ(event->items[0].sent, UtcTime(milliseconds(1'546'433'107'250)));
  EXPECT_EQ(event->items[0].source_arn, "arn:aws:sns:us-east-1:123456789012:t");
}

TEST(ParseEvent, ASchedule) {
  for (const char* payload :
       {R"({"version":"0","id":"53dc4d37","detail-type":"Scheduled Event","source":"aws.events","account":"1",
            "time":"2015-10-08T16:53:06Z","region":"us-east-1","resources":["arn:rule"],"detail":{}})",
        R"({"source":"aws.events"})", R"({"source":"aws.scheduler","detail-type":"Scheduled Event"})"}) {
    const auto event = parse_event(payload);
    ASSERT_TRUE(event) << payload;
    EXPECT_EQ(event->kind, EventKind::schedule) << payload;
    EXPECT_TRUE(event->items.empty());
  }
}

TEST(ParseEvent, WhateverTheTestButtonSends) {
  for (const char* payload : {R"({"key1":"value1","key2":"value2"})", R"("text")", "5", "-1.5e3", "null",
                              "true", "[]", "{}", "[1,{}]", R"({"Records":[]})", R"({"Records":5})",
                              R"({"Records":null})", R"({"source":"aws.s3"})", " {} "}) {
    const auto event = parse_event(payload);
    ASSERT_TRUE(event) << payload << ": " << event.error().to_line();
    EXPECT_EQ(event->kind, EventKind::other) << payload;
    EXPECT_TRUE(event->items.empty());
  }
}

TEST(ParseEvent, ARecordThatIsNoMessageIsNamed) {
  const struct {
    std::string record;
    std::string_view says;
  } cases[] = {
      {R"({"eventSource":"aws:sqs","body":"x"})", "messageId"},
      {R"({"eventSource":"aws:sqs","messageId":"","body":"x"})", "messageId"},
      {R"({"eventSource":"aws:sqs","messageId":"m"})", "body"},
      {R"({"eventSource":"aws:sqs","messageId":"m","body":{}})", "body"},
      {R"({"EventSource":"aws:sns","Sns":{"Message":"x"}})", "Sns.MessageId"},
      {R"({"EventSource":"aws:sns","Sns":{"MessageId":"n"}})", "Sns.Message"},
      {R"({"EventSource":"aws:sns"})", "Sns.MessageId"},
      {R"({"eventSource":"aws:s3","s3":{}})", "aws:s3"},
      {R"({"messageId":"m","body":"x"})", "eventSource"},
      {"5", "eventSource"},
      {"null", "eventSource"},
  };
  for (const auto& [record, says] : cases) {
    const auto alone = parse_event(records({record}));
    ASSERT_FALSE(alone) << record;
    EXPECT_EQ(alone.error().kind, ErrorKind::invalid) << record;
    EXPECT_NE(alone.error().to_line().find("Records[0]"), std::string::npos) << alone.error().to_line();
    EXPECT_NE(alone.error().to_line().find(says), std::string::npos) << alone.error().to_line();
    const bool sns = record.find("sns") != std::string::npos;
    const auto second = parse_event(records({sns ? sns_record("n", "x") : sqs_record("m", "x"), record}));
    ASSERT_FALSE(second) << record;
    EXPECT_NE(second.error().to_line().find("Records[1]"), std::string::npos) << second.error().to_line();
  }
}

TEST(ParseEvent, RecordsOfTwoSourcesAreRefused) {
  const auto event = parse_event(records({sqs_record("m", "x"), sns_record("n", "x")}));
  ASSERT_FALSE(event);
  EXPECT_NE(event.error().to_line().find("two sources"), std::string::npos);
}

TEST(ParseEvent, WhatIsNotJsonIsAnError) {
  for (const char* payload : {"", "{", "Records", R"({"Records":[}})", "{} x"}) {
    const auto event = parse_event(payload);
    ASSERT_FALSE(event) << payload;
    EXPECT_EQ(event.error().kind, ErrorKind::protocol);
  }
}

TEST(ParseEvent, CountsAndTimesThatAreNoneAreLeftOut) {
  for (const char* attributes :
       {"null", "{}", R"({"ApproximateReceiveCount":"x","SentTimestamp":"soon"})",
        R"({"ApproximateReceiveCount":"","SentTimestamp":"99999999999999999999"})",
        R"({"ApproximateReceiveCount":"-2","SentTimestamp":"9999999999999999999"})"}) {
    const auto event = parse_event(records({fmt::format(
        R"({{"eventSource":"aws:sqs","messageId":"m","body":"x","attributes":{}}})", attributes)}));
    ASSERT_TRUE(event) << attributes;
    EXPECT_EQ(event->items[0].receive_count, 1u) << attributes;
    EXPECT_EQ(event->items[0].sent, std::nullopt) << attributes;
  }
}

// Lambda takes the whole batch for failed where one character differs.
TEST(SqsResponse, IsExactlyWhatLambdaReads) {
  EXPECT_EQ(sqs_response({}), R"({"batchItemFailures":[]})");
  const std::vector<std::string> ids = {"id2", "id4"};
  EXPECT_EQ(sqs_response(ids),
            R"({"batchItemFailures":[{"itemIdentifier":"id2"},{"itemIdentifier":"id4"}]})");
}

}  // namespace
}  // namespace azs3copy
