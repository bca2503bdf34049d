// sqs_client.cpp: JSON in, JSON out.
#include "aws/sqs_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "aws/aws_error.hpp"
#include "aws/message_batch.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view send_denied = "the login needs sqs:SendMessage on this queue";
constexpr std::string_view delete_denied = "the login needs sqs:DeleteMessage on this queue";
// For the reply to a long poll to come before the deadline does.
constexpr seconds receive_margin{1};
// Ten messages of 1 MiB, of which JSON may make six bytes of one.
constexpr std::size_t receive_reply_bytes_max = 64 * MiB;
// Source: SQS's API_ListDeadLetterSourceQueues. Without it there is no token for what follows.
constexpr std::uint32_t source_queues_max = 1000;

std::uint64_t number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : 0;
}

std::map<std::string, std::string, std::less<>> strings_of(const Json& object) {
  std::map<std::string, std::string, std::less<>> out;
  for (const std::string& key : object.keys()) out.emplace(key, object[key].string_or(""));
  return out;
}

std::string_view find(const std::map<std::string, std::string, std::less<>>& map, std::string_view key) {
  const auto found = map.find(key);
  return found == map.end() ? std::string_view() : std::string_view(found->second);
}

// {"QueueUrl":..,"Entries":[{"Id":..,`field`: the value at each index},..]}
std::string batch_body(std::string_view queue_url, std::string_view field,
                       std::span<const std::string> values, std::span<const std::size_t> indexes) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().field("QueueUrl", queue_url).key("Entries").begin_array();
  for (const std::size_t index : indexes) {
    writer.begin_object().field("Id", batch_entry_id(index)).field(field, values[index]).end_object();
  }
  writer.end_array().end_object();
  return body;
}

BatchReply batch_reply(const Json& json, std::string_view region) {
  BatchReply reply;
  const Json successful = json["Successful"];
  for (std::size_t i = 0; i < successful.size(); ++i) {
    reply.successful.push_back(successful.at(i)["Id"].string_or(""));
  }
  const Json failed_entries = json["Failed"];
  for (std::size_t i = 0; i < failed_entries.size(); ++i) {
    const Json entry = failed_entries.at(i);
    const std::string code = entry["Code"].string_or("");
    const std::string message = entry["Message"].string_or("");
    reply.failed.emplace(entry["Id"].string_or(""),
                         aws_entry_error({.code = code,
                                          .message = message,
                                          .sender_fault = entry["SenderFault"].boolean().value_or(false)},
                                         {.region = region}));
  }
  return reply;
}

// What SendMessageBatch and DeleteMessageBatch differ in.
struct BatchCall {
  std::string_view operation;
  std::string_view action;
  std::string_view field;
  std::string_view denied_advice;
};

// One attempt.
Task<Result<BatchReply>> send_batch(AwsService& service, const BatchCall& batch, const std::string& queue_url,
                                    std::span<const std::string> values, std::span<const std::size_t> indexes,
                                    const Context& context) {
  const AwsCall call{.action = batch.action,
                     .body = batch_body(queue_url, batch.field, values, indexes),
                     .denied_advice = batch.denied_advice};
  const Result<std::string> body = co_await service.send(call, context);
  if (!body) co_return std::unexpected<Error>(body.error());
  const Result<Json> json = parse_json_reply(*body);
  if (!json) co_return std::unexpected<Error>(json.error());
  co_return batch_reply(*json, service.region());
}

Task<Result<>> send_all(AwsService& service, const BatchCall& batch, const std::string& queue_url,
                        std::span<const std::string> values, std::vector<std::size_t> sizes,
                        const Context& context) {
  Result<> sent = co_await send_in_batches(
      std::move(sizes), sqs_message_bytes_max, service,
      [&](std::span<const std::size_t> indexes) {
        return send_batch(service, batch, queue_url, values, indexes, context);
      },
      context);
  if (!sent) co_return failed(std::move(sent), batch.operation, queue_url);
  co_return sent;
}

// A poll that outlives the deadline would take messages that nobody sees.
seconds wait_until_deadline(seconds wish, const Context& context) {
  if (context.deadline == Steady::time_point::max()) return wish;
  const auto left = std::chrono::floor<seconds>(context.deadline - context.clock.now()) - receive_margin;
  return std::clamp(left, seconds(0), wish);
}

Result<> check_receive(const ReceiveOptions& options) {
  const auto wrong = [](std::string what) { return fail(ErrorKind::invalid, std::move(what)); };
  if (options.messages_max < 1 || options.messages_max > receive_messages_max) {
    return wrong(fmt::format("1 to {} messages can be received at once, not {}", receive_messages_max,
                             options.messages_max));
  }
  if (options.wait < seconds(0) || options.wait > receive_wait_max) {
    return wrong(fmt::format("a queue can be waited for for 0 to {} s, not {} s", receive_wait_max.count(),
                             options.wait.count()));
  }
  return {};
}

Result<> check_visibility(seconds timeout) {
  if (timeout >= seconds(0) && timeout <= visibility_timeout_max) return {};
  return fail(ErrorKind::invalid, fmt::format("a visibility time-out is 0 to {} s, not {} s",
                                              visibility_timeout_max.count(), timeout.count()));
}

std::string receive_body(std::string_view queue_url, const ReceiveOptions& options, seconds wait) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object()
      .field("QueueUrl", queue_url)
      .field("MaxNumberOfMessages", options.messages_max)
      .field("WaitTimeSeconds", static_cast<std::int64_t>(wait.count()));
  if (options.visibility_timeout) {
    writer.field("VisibilityTimeout", static_cast<std::int64_t>(options.visibility_timeout->count()));
  }
  writer.key("MessageSystemAttributeNames").begin_array().value("All").end_array().end_object();
  return body;
}

}  // namespace

std::uint64_t ReceivedMessage::receive_count() const {
  return number(find(attributes, "ApproximateReceiveCount"));
}

SqsClient::SqsClient(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
                     Transport& transport, RetryPolicy retry)
    : service_(aws_sqs, std::move(options), std::move(credentials), transport, retry) {}

Task<Result<std::string>> SqsClient::get_queue_url(std::string queue_name, std::string account_id,
                                                   const Context& context) {
  constexpr std::string_view operation = "sqs.get_queue_url";
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().field("QueueName", queue_name);
  if (!account_id.empty()) writer.field("QueueOwnerAWSAccountId", account_id);
  writer.end_object();
  AwsCall call{.operation = operation,
               .subject = queue_name,
               .action = "GetQueueUrl",
               .body = std::move(body),
               .denied_advice = "the login needs sqs:GetQueueUrl on this queue"};
  const Result<Json> reply = co_await service_.json(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  std::string url = (*reply)["QueueUrl"].string_or("");
  if (url.empty()) {
    co_return failed(Error{.kind = ErrorKind::protocol, .message = "the reply of SQS has no queue URL"},
                     operation, queue_name);
  }
  co_return url;
}

Task<Result<>> SqsClient::send_message_batch(std::string queue_url, std::span<const std::string> messages,
                                             const Context& context) {
  constexpr BatchCall batch{.operation = "sqs.send_message_batch",
                            .action = "SendMessageBatch",
                            .field = "MessageBody",
                            .denied_advice = send_denied};
  std::vector<std::size_t> sizes;
  sizes.reserve(messages.size());
  for (const std::string& message : messages) {
    if (Result<> good = check_message(message, sqs_message_bytes_max); !good) {
      co_return failed(std::move(good), batch.operation, queue_url);
    }
    sizes.push_back(message.size());
  }
  co_return co_await send_all(service_, batch, queue_url, messages, std::move(sizes), context);
}

Task<Result<>> SqsClient::delete_message_batch(std::string queue_url,
                                               std::span<const std::string> receipt_handles,
                                               const Context& context) {
  constexpr BatchCall batch{.operation = "sqs.delete_message_batch",
                            .action = "DeleteMessageBatch",
                            .field = "ReceiptHandle",
                            .denied_advice = delete_denied};
  // Only their number counts.
  std::vector<std::size_t> sizes(receipt_handles.size(), 0);
  co_return co_await send_all(service_, batch, queue_url, receipt_handles, std::move(sizes), context);
}

Task<Result<std::vector<ReceivedMessage>>> SqsClient::receive_messages(std::string queue_url,
                                                                       ReceiveOptions options,
                                                                       const Context& context) {
  constexpr std::string_view operation = "sqs.receive_messages";
  Result<> good = check_receive(options);
  if (good && options.visibility_timeout) good = check_visibility(*options.visibility_timeout);
  if (!good) co_return failed(std::move(good), operation, queue_url);
  AwsCall call{.operation = operation,
               .subject = queue_url,
               .action = "ReceiveMessage",
               .body = receive_body(queue_url, options, wait_until_deadline(options.wait, context)),
               .denied_advice = "the login needs sqs:ReceiveMessage on this queue",
               .reply_bytes_max = receive_reply_bytes_max};
  const Result<Json> reply = co_await service_.json(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  const Json entries = (*reply)["Messages"];
  std::vector<ReceivedMessage> messages;
  messages.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const Json entry = entries.at(i);
    messages.push_back({.message_id = entry["MessageId"].string_or(""),
                        .receipt_handle = entry["ReceiptHandle"].string_or(""),
                        .body = entry["Body"].string_or(""),
                        .attributes = strings_of(entry["Attributes"])});
  }
  co_return messages;
}

Task<Result<>> SqsClient::change_visibility(std::string queue_url, std::string receipt_handle,
                                            seconds timeout, const Context& context) {
  constexpr std::string_view operation = "sqs.change_visibility";
  if (Result<> good = check_visibility(timeout); !good) {
    co_return failed(std::move(good), operation, queue_url);
  }
  std::string body;
  JsonWriter(body)
      .begin_object()
      .field("QueueUrl", queue_url)
      .field("ReceiptHandle", receipt_handle)
      .field("VisibilityTimeout", static_cast<std::int64_t>(timeout.count()))
      .end_object();
  AwsCall call{.operation = operation,
               .subject = queue_url,
               .action = "ChangeMessageVisibility",
               .body = std::move(body),
               .denied_advice = "the login needs sqs:ChangeMessageVisibility on this queue"};
  Result<Json> reply = co_await service_.json(std::move(call), context);
  if (!reply) co_return passed(std::move(reply));
  co_return Result<>{};
}

Task<Result<QueueAttributes>> SqsClient::get_queue_attributes(std::string queue_url, const Context& context) {
  std::string body;
  JsonWriter writer(body);
  writer.begin_object().field("QueueUrl", queue_url);
  writer.key("AttributeNames").begin_array().value("All").end_array().end_object();
  AwsCall call{.operation = "sqs.get_queue_attributes",
               .subject = queue_url,
               .action = "GetQueueAttributes",
               .body = std::move(body),
               .denied_advice = "the login needs sqs:GetQueueAttributes on this queue"};
  const Result<Json> reply = co_await service_.json(std::move(call), context);
  if (!reply) co_return std::unexpected<Error>(reply.error());
  QueueAttributes attributes{.all = strings_of((*reply)["Attributes"])};
  const auto& all = attributes.all;
  attributes.visible = number(find(all, "ApproximateNumberOfMessages"));
  attributes.in_flight = number(find(all, "ApproximateNumberOfMessagesNotVisible"));
  attributes.delayed = number(find(all, "ApproximateNumberOfMessagesDelayed"));
  attributes.arn = find(all, "QueueArn");
  attributes.visibility_timeout = seconds(static_cast<std::int64_t>(number(find(all, "VisibilityTimeout"))));
  co_return attributes;
}

Task<Result<std::vector<std::string>>> SqsClient::list_dead_letter_source_queues(std::string queue_url,
                                                                                 const Context& context) {
  constexpr std::string_view operation = "sqs.list_dead_letter_source_queues";
  std::vector<std::string> urls;
  std::string token;
  for (;;) {
    std::string body;
    JsonWriter writer(body);
    writer.begin_object().field("QueueUrl", queue_url).field("MaxResults", source_queues_max);
    if (!token.empty()) writer.field("NextToken", token);
    writer.end_object();
    AwsCall call{.operation = operation,
                 .subject = queue_url,
                 .action = "ListDeadLetterSourceQueues",
                 .body = std::move(body),
                 .denied_advice = "the login needs sqs:ListDeadLetterSourceQueues on this queue"};
    const Result<Json> reply = co_await service_.json(std::move(call), context);
    if (!reply) co_return std::unexpected<Error>(reply.error());
    const Json entries = (*reply)["queueUrls"];
    for (std::size_t i = 0; i < entries.size(); ++i) urls.push_back(entries.at(i).string_or(""));
    std::string next = (*reply)["NextToken"].string_or("");
    if (next.empty()) co_return urls;
    if (next == token) {
      co_return failed(
          Error{.kind = ErrorKind::protocol, .message = "the list of queues goes round in circles"},
          operation, queue_url);
    }
    token = std::move(next);
  }
}

}  // namespace azs3copy
