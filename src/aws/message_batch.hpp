// message_batch.hpp: many entries through calls that take ten at a time and may refuse any of them.
//
//   sizes --> [ batch: <= 10 entries, <= so many bytes ] --send--> taken | failed: again | failed: kept
//                                                            ^-------------'
//
// SNS and SQS answer 200 also where entries were not taken: only an entry that the reply names as successful
// is.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aws/aws_service.hpp"

namespace azs3copy {

// Entries of one PublishBatch, SendMessageBatch or DeleteMessageBatch.
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html, SQS's API_SendMessageBatch.html
inline constexpr std::size_t batch_entries_max = 10;

// What the reply to a batch says of each entry, by the id that it was sent under.
struct BatchReply {
  std::vector<std::string> successful;
  std::map<std::string, Error, std::less<>> failed;
};

// The id of an entry within its batch: its place in the whole, "0", "1", ...
std::string batch_entry_id(std::size_t index);

// One attempt for the entries at these places.
using SendBatch = std::function<Task<Result<BatchReply>>(std::span<const std::size_t> indexes)>;

// Sends entries of these sizes until each was taken or refused. In order, but those that are tried again come
// later. Entries refused for good do not keep the others back; what fails a whole request ends the call.
// Success: every entry was taken. The error is the first, and says how many entries were not taken, or may
// not have been. Needs no size above `bytes_max`.
Task<Result<>> send_in_batches(std::vector<std::size_t> sizes, std::size_t bytes_max, AwsService& service,
                               SendBatch send, const Context& context);

// ErrorKind::invalid, before anything is sent, for a text that no queue delivers: empty, above `bytes_max`
// bytes (with both numbers), not UTF-8, or with a character that XML 1.0 has not (control characters, U+FFFE,
// U+FFFF): SQS refuses it, and what SNS cannot deliver to a queue is lost.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
Result<> check_message(std::string_view message, std::size_t bytes_max);

}  // namespace azs3copy
