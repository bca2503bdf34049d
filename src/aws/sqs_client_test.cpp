// sqs_client_test.cpp: each call's JSON, what is made of the reply, and what happens to entries that fail.
#include "aws/sqs_client.hpp"

#include <gtest/gtest.h>

#include "aws/aws_service_test_support.hpp"
#include "net/http_client.hpp"

namespace azs3copy::service_test {
namespace {

const std::string queue = "https://sqs.eu-central-1.amazonaws.com/123456789012/q";
const std::string dead_arn = "arn:aws:sqs:eu-central-1:123456789012:dead";

struct Sqs : ServiceFixture {
  SqsClient client{options, login, wire};

  std::string sent(std::size_t request = 0) const { return wire.requests.at(request).body; }
  std::string action(std::size_t request = 0) const {
    return std::string(wire.requests.at(request).header("x-amz-target"));
  }
  Result<std::vector<ReceivedMessage>> receive(ReceiveOptions wish = {}) {
    return run(client.receive_messages(queue, wish, context));
  }
};

TEST_F(Sqs, FindsAQueue) {
  wire.replies({.body = R"({"QueueUrl":"https://u"})"})
      .replies({.body = "{}"})
      .replies(json_error(400, "QueueDoesNotExist"));
  EXPECT_EQ(*run(client.get_queue_url("q", "", context)), "https://u");
  EXPECT_EQ(action(), "AmazonSQS.GetQueueUrl");
  EXPECT_EQ(sent(), R"({"QueueName":"q"})");
  EXPECT_EQ(wire.requests[0].header("content-type"), "application/x-amz-json-1.0");
  EXPECT_EQ(run(client.get_queue_url("q", "123456789012", context)).error().kind, ErrorKind::protocol);
  EXPECT_EQ(sent(1), R"({"QueueName":"q","QueueOwnerAWSAccountId":"123456789012"})");
  EXPECT_EQ(run(client.get_queue_url("q", "", context)).error().kind, ErrorKind::not_found);
}

TEST_F(Sqs, SendsABatch) {
  wire.replies({.body = R"({"Successful":[{"Id":"0","MessageId":"m"},{"Id":"1","MessageId":"n"}]})"});
  const std::vector<std::string> messages = {"{\"a\":\"\\u0001\"}", "\xF0\x9F\xA6\x80"};
  ASSERT_TRUE(run(client.send_message_batch(queue, messages, context)));
  EXPECT_EQ(action(), "AmazonSQS.SendMessageBatch");
  EXPECT_EQ(sent(), "{\"QueueUrl\":\"" + queue +
                        R"(","Entries":[{"Id":"0","MessageBody":"{\"a\":\"\\u0001\"}"},)"
                        "{\"Id\":\"1\",\"MessageBody\":\"\xF0\x9F\xA6\x80\"}]}");
}

TEST_F(Sqs, SendsAgainWhatFailedAndTellsWhatWasRefused) {
  wire.replies({.body = R"({"Successful":[{"Id":"1"}],"Failed":[)"
                        R"({"Id":"0","Code":"InternalError","Message":"busy","SenderFault":false},)"
                        R"({"Id":"2","Code":"InvalidMessageContents","Message":"bad","SenderFault":true}]})"})
      .replies({.body = R"({"Successful":[{"Id":"0"}],"Failed":[]})"});
  const Result<> result =
      run(client.send_message_batch(queue, std::vector<std::string>{"a", "b", "c"}, context));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().service_code, "InvalidMessageContents");
  EXPECT_EQ(result.error().subject, queue);
  EXPECT_EQ(sent(1), "{\"QueueUrl\":\"" + queue + R"(","Entries":[{"Id":"0","MessageBody":"a"}]})");
}

TEST_F(Sqs, RefusesBeforehandWhatNoQueueTakes) {
  const std::vector<std::string> large = {std::string(sqs_message_bytes_max + 1, 'x')};
  const Result<> result = run(client.send_message_batch(queue, large, context));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::invalid);
  EXPECT_NE(result.error().message.find("1048577"), std::string::npos) << result.error().message;
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(Sqs, ReceivesMessages) {
  wire.replies({.body =
                    R"({"Messages":[{"MessageId":"m","ReceiptHandle":"r","Body":"b\u0001","MD5OfBody":"x",)"
                    R"("Attributes":{"ApproximateReceiveCount":"3","SentTimestamp":"1795419730000"}},)"
                    R"({"MessageId":"n","ReceiptHandle":"s","Body":""}]})"});
  const Result<std::vector<ReceivedMessage>> messages =
      receive({.messages_max = 2, .wait = seconds(5), .visibility_timeout = seconds(30)});
  ASSERT_TRUE(messages) << messages.error().to_line();
  ASSERT_EQ(messages->size(), 2U);
  EXPECT_EQ(messages->at(0).body, "b\x01");
  EXPECT_EQ(messages->at(0).message_id, "m");
  EXPECT_EQ(messages->at(0).receipt_handle, "r");
  EXPECT_EQ(messages->at(0).receive_count(), 3U);
  EXPECT_EQ(messages->at(0).attributes.at("SentTimestamp"), "1795419730000");
  EXPECT_EQ(messages->at(1).receive_count(), 0U);
  EXPECT_EQ(action(), "AmazonSQS.ReceiveMessage");
  EXPECT_EQ(sent(), "{\"QueueUrl\":\"" + queue +
                        R"(","MaxNumberOfMessages":2,"WaitTimeSeconds":5,"VisibilityTimeout":30,)"
                        R"("MessageSystemAttributeNames":["All"]})");
}

TEST_F(Sqs, AnEmptyQueueIsAnAnswer) {
  wire.replies({.body = "{}"});
  const Result<std::vector<ReceivedMessage>> messages = receive();
  ASSERT_TRUE(messages);
  EXPECT_TRUE(messages->empty());
  EXPECT_NE(sent().find("\"WaitTimeSeconds\":20"), std::string::npos);
}

// What such a poll took would be invisible until its time-out.
TEST_F(Sqs, APollEndsBeforeTheDeadline) {
  wire.fallback = [](const RecordedRequest&) { return ScriptedReply{.body = "{}"}; };
  context.deadline = clock.now() + milliseconds(7'900);
  ASSERT_TRUE(receive());
  EXPECT_NE(sent(0).find("\"WaitTimeSeconds\":6"), std::string::npos) << sent(0);
  context.deadline = clock.now() + milliseconds(900);
  ASSERT_TRUE(receive());
  EXPECT_NE(sent(1).find("\"WaitTimeSeconds\":0"), std::string::npos) << sent(1);
  context.deadline = clock.now();
  EXPECT_EQ(receive().error().kind, ErrorKind::timed_out);
}

TEST_F(Sqs, RefusesOptionsThatSqsHasNot) {
  for (const ReceiveOptions& wish : {ReceiveOptions{.messages_max = 0}, ReceiveOptions{.messages_max = 11},
                                     ReceiveOptions{.wait = seconds(21)}, ReceiveOptions{.wait = seconds(-1)},
                                     ReceiveOptions{.visibility_timeout = seconds(43'201)}}) {
    EXPECT_EQ(receive(wish).error().kind, ErrorKind::invalid);
  }
  EXPECT_EQ(run(client.change_visibility(queue, "r", seconds(-1), context)).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(wire.requests.empty());
}

// Or every quiet poll would end as a broken connection.
TEST_F(Sqs, ConnectionsMayStandStillForLongerThanAPoll) {
  EXPECT_GE(HttpClientOptions{}.idle_timeout, receive_wait_max + seconds(10));
}

TEST_F(Sqs, DeletesAnyNumberAndDoesNotStopAtAnOldHandle) {
  wire.fallback = [](const RecordedRequest& request) {
    const Json entries = (*Json::parse(request.body))["Entries"];
    std::string ids;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries.at(i)["ReceiptHandle"].string_or("") == "old") continue;
      ids += (ids.empty() ? "" : ",") + ("{\"Id\":\"" + entries.at(i)["Id"].string_or("") + "\"}");
    }
    return ScriptedReply{
        .body = "{\"Successful\":[" + ids +
                R"(],"Failed":[{"Id":"3","Code":"ReceiptHandleIsInvalid","SenderFault":true}]})"};
  };
  std::vector<std::string> handles(12, "r");
  handles[3] = "old";
  const Result<> result = run(client.delete_message_batch(queue, handles, context));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::changed);
  EXPECT_NE(result.error().message.find("1 of 12"), std::string::npos) << result.error().message;
  EXPECT_EQ(wire.requests.size(), 2U);
  EXPECT_EQ(action(), "AmazonSQS.DeleteMessageBatch");
  EXPECT_EQ(sent(1), "{\"QueueUrl\":\"" + queue +
                         R"(","Entries":[{"Id":"10","ReceiptHandle":"r"},{"Id":"11","ReceiptHandle":"r"}]})");
}

TEST_F(Sqs, ChangesVisibility) {
  wire.replies({}).replies(json_error(400, "MessageNotInflight"));  // AWS's success has no body
  ASSERT_TRUE(run(client.change_visibility(queue, "r", seconds(0), context)));
  EXPECT_EQ(action(), "AmazonSQS.ChangeMessageVisibility");
  EXPECT_EQ(sent(), "{\"QueueUrl\":\"" + queue + R"(","ReceiptHandle":"r","VisibilityTimeout":0})");
  EXPECT_EQ(run(client.change_visibility(queue, "r", seconds(5), context)).error().kind, ErrorKind::changed);
}

TEST_F(Sqs, ReadsAQueuesAttributes) {
  wire.replies(
      {.body =
           R"({"Attributes":{"ApproximateNumberOfMessages":"12","ApproximateNumberOfMessagesNotVisible":"3",)"
           R"("ApproximateNumberOfMessagesDelayed":"4","QueueArn":"arn:q","VisibilityTimeout":"5400",)"
           R"("RedrivePolicy":"{}"}})"});
  const Result<QueueAttributes> attributes = run(client.get_queue_attributes(queue, context));
  ASSERT_TRUE(attributes) << attributes.error().to_line();
  EXPECT_EQ(attributes->visible, 12U);
  EXPECT_EQ(attributes->in_flight, 3U);
  EXPECT_EQ(attributes->delayed, 4U);
  EXPECT_EQ(attributes->arn, "arn:q");
  EXPECT_EQ(attributes->visibility_timeout, seconds(5400));
  EXPECT_EQ(attributes->all.at("RedrivePolicy"), "{}");
  EXPECT_EQ(sent(), "{\"QueueUrl\":\"" + queue + R"(","AttributeNames":["All"]})");
}

TEST_F(Sqs, ListsTheSourcesOfADeadLetterQueuePageByPage) {
  wire.replies({.body = R"({"queueUrls":["https://a","https://b"],"NextToken":"t"})"})
      .replies({.body = R"({"queueUrls":["https://c"]})"})
      .replies({.body = R"({"queueUrls":[]})"})
      .replies(2, {.body = R"({"queueUrls":[],"NextToken":"t"})"})
      .replies(json_error(400, "QueueDoesNotExist"));
  EXPECT_EQ(*run(client.list_dead_letter_source_queues(queue, context)),
            (std::vector<std::string>{"https://a", "https://b", "https://c"}));
  EXPECT_EQ(action(), "AmazonSQS.ListDeadLetterSourceQueues");
  EXPECT_EQ(sent(), "{\"QueueUrl\":\"" + queue + R"(","MaxResults":1000})");
  EXPECT_EQ(sent(1), "{\"QueueUrl\":\"" + queue + R"(","MaxResults":1000,"NextToken":"t"})");
  EXPECT_TRUE(run(client.list_dead_letter_source_queues(queue, context))->empty());
  EXPECT_EQ(run(client.list_dead_letter_source_queues(queue, context)).error().kind, ErrorKind::protocol);
  EXPECT_EQ(run(client.list_dead_letter_source_queues(queue, context)).error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace azs3copy::service_test
