// aws_services_test.cpp: SNS, SQS, Secrets Manager and STS at moto, which checks every signature and every
// right.
//
//   publish_batch --> topic --raw--> queue --> receive_messages --> delete_message_batch
//
// Topics, queues, secrets and roles are made by calls that the program itself never sends.
#include <gtest/gtest.h>

#include <set>

#include "aws/secrets_client.hpp"
#include "aws/sns_client.hpp"
#include "aws/sqs_client.hpp"
#include "aws/sts.hpp"
#include "contract/support.hpp"

namespace azs3copy::contract {
namespace {

constexpr AwsServiceKind aws_iam{"iam", AwsProtocol::query, "2010-05-08"};

class AwsServices : public testing::Test {
 protected:
  void SetUp() override {
    const Setting url = setting("MOTO_AUTH_URL", "moto-auth");
    const Setting id = setting("MOTO_AUTH_ACCESS_KEY", "moto-auth");
    const Setting key = setting("MOTO_AUTH_SECRET_KEY", "moto-auth");
    const Setting roots = setting("CA", "moto-auth");
    for (const Setting* needed : {&url, &id, &key, &roots}) {
      if (needed->missing.empty()) continue;
      if (needed->allowed) GTEST_SKIP() << needed->missing;
      FAIL() << needed->missing;
    }
    options.endpoint_url = url.value;
    wire.emplace(roots.value);
    log_in({.access_key_id = id.value, .secret_access_key = Secret(key.value)});
  }

  void log_in(AwsCredentials credentials) {
    login = static_aws_credentials(std::move(credentials));
    sns.emplace(options, login, wire->transport(), quick_retry);
    sqs.emplace(options, login, wire->transport(), quick_retry);
    secrets.emplace(options, login, wire->transport(), quick_retry);
  }

  template <class T>
  T run(Task<T> task) {
    return wire->run(std::move(task));
  }
  const Context& context() const { return wire->context(); }

  // A call of a query service; the text of one element of its result.
  std::string query(AwsServiceKind kind, std::string_view action, const QueryPairs& form,
                    std::string_view element) {
    AwsService service(kind, options, login, wire->transport(), quick_retry);
    const Result<XmlDocument> reply =
        run(service.query({.operation = action, .action = action, .body = build_query(form)}, context()));
    EXPECT_TRUE(done(reply));
    if (!reply) return {};
    const XmlNode result = reply->root().first_child();
    const XmlNode inner = result.child(element) ? result : result.first_child();
    return std::string(inner.child_text(element));
  }
  Json json(AwsServiceKind kind, std::string_view action, std::string body) {
    AwsService service(kind, options, login, wire->transport(), quick_retry);
    const Result<Json> reply =
        run(service.json({.operation = action, .action = action, .body = std::move(body)}, context()));
    EXPECT_TRUE(done(reply));
    return reply.value_or(Json());
  }

  std::string make_topic() { return query(aws_sns, "CreateTopic", {{"Name", new_name()}}, "TopicArn"); }
  std::string make_queue() {
    std::string body;
    JsonWriter(body).begin_object().field("QueueName", new_name()).end_object();
    return json(aws_sqs, "CreateQueue", body)["QueueUrl"].string_or("");
  }
  QueueAttributes attributes_of(const std::string& queue) {
    const Result<QueueAttributes> attributes = run(sqs->get_queue_attributes(queue, context()));
    EXPECT_TRUE(done(attributes));
    return attributes.value_or(QueueAttributes{});
  }
  // Receives until nothing comes any more.
  std::vector<ReceivedMessage> drain(const std::string& queue) {
    std::vector<ReceivedMessage> all;
    for (;;) {
      Result<std::vector<ReceivedMessage>> some =
          run(sqs->receive_messages(queue, {.wait = seconds(0)}, context()));
      EXPECT_TRUE(done(some));
      if (!some || some->empty()) return all;
      std::ranges::move(*some, std::back_inserter(all));
    }
  }
  Result<> delete_all(const std::string& queue, const std::vector<ReceivedMessage>& messages) {
    std::vector<std::string> handles;
    for (const ReceivedMessage& message : messages) handles.push_back(message.receipt_handle);
    return run(sqs->delete_message_batch(queue, handles, context()));
  }

  AwsServiceOptions options{.region = "us-east-1"};
  std::optional<Wire> wire;
  std::shared_ptr<AwsCredentialsProvider> login;
  std::optional<SnsClient> sns;
  std::optional<SqsClient> sqs;
  std::optional<SecretsClient> secrets;
};

// More than two requests' worth, and one message that fills a request.
std::vector<std::string> odd_messages() {
  const std::vector<std::string> odd = {
      "a+b&c=d%20;e",
      "<x>]]>&amp;</x>",
      "{\"name\":\"a\\u0000b\\ufffe\"}",
      "tab\tline\nend",
      "\xC3\xA9 e\xCC\x81",                                            // é, composed and not
      "\xF0\x9F\xA6\x80\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80",  // emoji, joined
      "\xD7\xA9\xD7\x9C\xE2\x80\xAE"
      "x",  // right to left
      "\xEF\xBF\xBD\xEE\x80\x80\xF4\x8F\xBF\xBD",
      " spaces ",
  };
  std::vector<std::string> messages;
  for (int i = 0; i < 24; ++i)
    messages.push_back(std::to_string(i) + odd[static_cast<std::size_t>(i) % odd.size()]);
  messages.emplace_back(sns_message_bytes_max, 'x');
  return messages;
}

TEST_F(AwsServices, WhatIsPublishedArrivesInTheQueueByteForByte) {
  const std::string topic = make_topic();
  const std::string queue = make_queue();
  query(aws_sns, "Subscribe",
        {{"TopicArn", topic},
         {"Protocol", "sqs"},
         {"Endpoint", attributes_of(queue).arn},
         {"Attributes.entry.1.key", "RawMessageDelivery"},
         {"Attributes.entry.1.value", "true"}},
        "SubscriptionArn");
  std::vector<std::string> messages = odd_messages();
  // Not in the other test: moto reads "Action=" in JSON too, and fails.
  messages.front() = "Message=1&Action=DeleteTopic";
  ASSERT_TRUE(done(run(sns->publish_batch(topic, messages, context()))));
  ASSERT_TRUE(done(run(sns->publish(topic, "alone & \xC3\xA9", context()))));
  std::multiset<std::string> wanted(messages.begin(), messages.end());
  wanted.insert("alone & \xC3\xA9");

  const std::vector<ReceivedMessage> received = drain(queue);
  std::multiset<std::string> bodies;
  for (const ReceivedMessage& message : received) {
    bodies.insert(message.body);
    EXPECT_EQ(message.receive_count(), 1U);
  }
  EXPECT_EQ(bodies.size(), 26U);
  EXPECT_TRUE(bodies == wanted);
  EXPECT_EQ(attributes_of(queue).in_flight, 26U);
  EXPECT_TRUE(done(delete_all(queue, received)));
  const QueueAttributes left = attributes_of(queue);
  EXPECT_EQ(left.visible + left.in_flight + left.delayed, 0U);
}

TEST_F(AwsServices, AQueueHoldsWhatWasSentUntilItIsDeleted) {
  const std::string queue = make_queue();
  const std::vector<std::string> messages = odd_messages();
  ASSERT_TRUE(done(run(sqs->send_message_batch(queue, messages, context()))));
  EXPECT_EQ(attributes_of(queue).visible, messages.size());
  std::vector<ReceivedMessage> received = drain(queue);
  ASSERT_EQ(received.size(), messages.size());
  const ReceivedMessage last = received.back();
  received.pop_back();
  EXPECT_TRUE(done(delete_all(queue, received)));
  EXPECT_TRUE(done(delete_all(queue, received)));  // again, as a lost reply would have it

  ASSERT_TRUE(done(run(sqs->change_visibility(queue, last.receipt_handle, seconds(0), context()))));
  const std::vector<ReceivedMessage> again = drain(queue);
  ASSERT_EQ(again.size(), 1U);
  EXPECT_EQ(again[0].body, last.body);
  EXPECT_EQ(again[0].receive_count(), 2U);
  EXPECT_TRUE(done(delete_all(queue, again)));
}

TEST_F(AwsServices, ALongPollOfAnEmptyQueueEndsWithNothing) {
  const std::string queue = make_queue();
  const Steady::time_point start = context().clock.now();
  const Result<std::vector<ReceivedMessage>> none =
      run(sqs->receive_messages(queue, {.wait = seconds(1)}, context()));
  ASSERT_TRUE(done(none));
  EXPECT_TRUE(none->empty());
  EXPECT_GE(context().clock.now() - start, milliseconds(900));
}

TEST_F(AwsServices, WhatIsNotThereIsNotFound) {
  const std::string queue = make_queue();
  const std::string name = queue.substr(queue.rfind('/') + 1);
  const Result<std::string> url = run(sqs->get_queue_url(name, "", context()));
  ASSERT_TRUE(done(url));
  EXPECT_EQ(*url, queue);
  EXPECT_TRUE(fails_with(run(sqs->get_queue_url("no-such-queue", "", context())), ErrorKind::not_found));
  EXPECT_TRUE(fails_with(run(sqs->get_queue_attributes(queue + "x", context())), ErrorKind::not_found));
  const std::string topic = make_topic();
  EXPECT_TRUE(fails_with(run(sns->publish(topic + "x", "m", context())), ErrorKind::not_found));
  EXPECT_TRUE(fails_with(run(sns->publish_batch(topic + "x", std::vector<std::string>{"m"}, context())),
                         ErrorKind::not_found));
  EXPECT_TRUE(fails_with(run(secrets->get_secret_value("no-such-secret", context())), ErrorKind::not_found));
}

TEST_F(AwsServices, ASecretComesByItsNameAndByItsArn) {
  const std::string name = new_name();
  const std::string value = "{\"appsecret\":\"s3cret~\xC3\xA9\"}";
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("Name", name)
      .field("SecretString", value)
      .field("ClientRequestToken", "01234567-89ab-cdef-0123-456789abcdef")
      .end_object();
  const std::string arn = json(aws_secrets_manager, "CreateSecret", body)["ARN"].string_or("");
  for (const std::string& id : {name, arn}) {
    const Result<SecretVersion> secret = run(secrets->get_secret_value(id, context()));
    ASSERT_TRUE(done(secret)) << id;
    EXPECT_EQ(secret->value.reveal(), value);
    EXPECT_EQ(secret->version_id, "01234567-89ab-cdef-0123-456789abcdef");
  }
}

TEST_F(AwsServices, ABinarySecretIsRefused) {
  const std::string name = new_name();
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("Name", name)
      .field("SecretBinary", "AAEC")
      .field("ClientRequestToken", "01234567-89ab-cdef-0123-456789abcdef")
      .end_object();
  json(aws_secrets_manager, "CreateSecret", body);
  EXPECT_TRUE(fails_with(run(secrets->get_secret_value(name, context())), ErrorKind::unsupported));
}

TEST_F(AwsServices, AWrongKeyIsALoginRefusedByEach) {
  const std::string topic = make_topic();
  const std::string queue = make_queue();
  log_in({.access_key_id = setting("MOTO_AUTH_ACCESS_KEY", "moto-auth").value,
          .secret_access_key = Secret("wrong")});
  EXPECT_TRUE(fails_with(run(sns->publish(topic, "m", context())), ErrorKind::credentials));
  EXPECT_TRUE(fails_with(run(sqs->get_queue_attributes(queue, context())), ErrorKind::credentials));
  EXPECT_TRUE(fails_with(run(secrets->get_secret_value("s", context())), ErrorKind::credentials));
}

// A role without rights, taken through STS: its token is signed with, and each refusal says what is missing.
TEST_F(AwsServices, ARoleWithoutRightsIsToldWhichItNeeds) {
  const std::string topic = make_topic();
  const std::string queue = make_queue();
  constexpr std::string_view trust =
      R"({"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},)"
      R"("Action":"sts:AssumeRole"}]})";
  const std::string role =
      query(aws_iam, "CreateRole",
            {{"RoleName", new_name()}, {"AssumeRolePolicyDocument", std::string(trust)}}, "Arn");
  const AwsCredentials own = *run(login->credentials(context()));
  const Result<AwsCredentials> taken =
      run(assume_role({.role_arn = role}, options, own, wire->transport(), context()));
  ASSERT_TRUE(done(taken));
  EXPECT_FALSE(taken->session_token.empty());
  log_in(*taken);
  const auto advice_of = [](const auto& result) {
    EXPECT_TRUE(fails_with(result, ErrorKind::permission));
    return result ? std::string() : result.error().advice;
  };
  EXPECT_NE(advice_of(run(sns->publish(topic, "m", context()))).find("sns:Publish"), std::string::npos);
  EXPECT_NE(advice_of(run(sqs->receive_messages(queue, {}, context()))).find("sqs:ReceiveMessage"),
            std::string::npos);
  EXPECT_NE(advice_of(run(secrets->get_secret_value("s", context()))).find("secretsmanager:GetSecretValue"),
            std::string::npos);
}

}  // namespace
}  // namespace azs3copy::contract
