// sns_client.cpp: forms in, XML out.
#include "aws/sns_client.hpp"

#include <fmt/format.h>

#include <utility>

#include "aws/aws_error.hpp"
#include "aws/message_batch.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view denied_advice =
    "the login needs sns:Publish on this topic, and the topic's policy must not deny it";

std::string batch_form(const std::string& topic_arn, std::span<const std::string> messages,
                       std::span<const std::size_t> indexes) {
  QueryPairs form = {{"TopicArn", topic_arn}};
  form.reserve(1 + 2 * indexes.size());
  for (std::size_t place = 1; const std::size_t index : indexes) {
    const std::string entry = fmt::format("PublishBatchRequestEntries.member.{}.", place++);
    form.emplace_back(entry + "Id", batch_entry_id(index));
    form.emplace_back(entry + "Message", messages[index]);
  }
  return build_query(form);
}

BatchReply batch_reply(const XmlNode& result, std::string_view region) {
  BatchReply reply;
  for (XmlNode entry = result.child("Successful").first_child(); entry; entry = entry.next_sibling()) {
    reply.successful.emplace_back(entry.child_text("Id"));
  }
  for (XmlNode entry = result.child("Failed").first_child(); entry; entry = entry.next_sibling()) {
    Error error = aws_entry_error({.code = entry.child_text("Code"),
                                   .message = entry.child_text("Message"),
                                   .sender_fault = entry.child_text("SenderFault") == "true"},
                                  {.region = region});
    reply.failed.emplace(entry.child_text("Id"), std::move(error));
  }
  return reply;
}

// One attempt.
Task<Result<BatchReply>> send_batch(AwsService& service, const std::string& topic_arn,
                                    std::span<const std::string> messages,
                                    std::span<const std::size_t> indexes, const Context& context) {
  const AwsCall call{.action = "PublishBatch",
                     .body = batch_form(topic_arn, messages, indexes),
                     .denied_advice = denied_advice};
  Result<std::string> body = co_await service.send(call, context);
  if (!body) co_return passed(std::move(body));
  const Result<XmlDocument> document = parse_query_reply(std::move(*body), call.action);
  if (!document) co_return std::unexpected<Error>(document.error());
  co_return batch_reply(document->root().child("PublishBatchResult"), service.region());
}

}  // namespace

SnsClient::SnsClient(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
                     Transport& transport, RetryPolicy retry)
    : service_(aws_sns, std::move(options), std::move(credentials), transport, retry) {}

Task<Result<std::string>> SnsClient::publish(std::string topic_arn, std::string message,
                                             const Context& context) {
  constexpr std::string_view operation = "sns.publish";
  if (Result<> good = check_message(message, sns_message_bytes_max); !good) {
    co_return failed(std::move(good), operation, topic_arn);
  }
  const QueryPairs form = {{"TopicArn", topic_arn}, {"Message", std::move(message)}};
  AwsCall call{.operation = operation,
               .subject = topic_arn,
               .action = "Publish",
               .body = build_query(form),
               .denied_advice = denied_advice};
  const Result<XmlDocument> reply = co_await service_.query(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  std::string id(reply->root().child("PublishResult").child_text("MessageId"));
  if (id.empty()) {
    co_return failed(Error{.kind = ErrorKind::protocol, .message = "the reply of SNS has no message id"},
                     operation, topic_arn);
  }
  co_return id;
}

Task<Result<>> SnsClient::publish_batch(std::string topic_arn, std::span<const std::string> messages,
                                        const Context& context) {
  constexpr std::string_view operation = "sns.publish_batch";
  std::vector<std::size_t> sizes;
  sizes.reserve(messages.size());
  for (const std::string& message : messages) {
    if (Result<> good = check_message(message, sns_message_bytes_max); !good) {
      co_return failed(std::move(good), operation, topic_arn);
    }
    sizes.push_back(message.size());
  }
  Result<> sent = co_await send_in_batches(
      std::move(sizes), sns_message_bytes_max, service_,
      [&](std::span<const std::size_t> indexes) {
        return send_batch(service_, topic_arn, messages, indexes, context);
      },
      context);
  if (!sent) co_return failed(std::move(sent), operation, topic_arn);
  co_return sent;
}

}  // namespace azs3copy
