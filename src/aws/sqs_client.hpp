// sqs_client.hpp: queues. JSON 1.0, x-amz-target "AmazonSQS.<Operation>"; queues are named by their URL in
// the body, whatever server is asked.
//
//   send_message_batch   {"QueueUrl","Entries":[{"Id","MessageBody"}..10]}
//                          --> {"Successful":[{"Id"}..],"Failed":[{"Id","Code","SenderFault"}..]}
//   receive_messages     {"QueueUrl","WaitTimeSeconds"..}   --> {"Messages":[{"ReceiptHandle","Body"..}]}
//   delete_message_batch {"QueueUrl","Entries":[{"Id","ReceiptHandle"}..10]}
//   list_dead_letter_source_queues  {"QueueUrl","MaxResults"[,"NextToken"]}
//                          --> {"queueUrls":[..][,"NextToken"]}, with a small q
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/Welcome.html, version 2012-11-05.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aws/aws_service.hpp"

namespace azs3copy {

// A message, and all messages of one request together, in bytes of UTF-8. A queue may be set up for less.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
inline constexpr std::size_t sqs_message_bytes_max = 1 * MiB;
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html
inline constexpr std::uint32_t receive_messages_max = 10;
inline constexpr seconds receive_wait_max{20};
// The same page: 12 hours.
inline constexpr seconds visibility_timeout_max{43'200};

struct ReceiveOptions {
  std::uint32_t messages_max = receive_messages_max;  // 1 .. 10
  // For the first message; cut to what is left until the deadline. The Transport must bear that nothing moves
  // for so long: HttpClientOptions::idle_timeout above receive_wait_max, as its default is.
  seconds wait{receive_wait_max};
  std::optional<seconds> visibility_timeout;  // none: the queue's own
};

struct ReceivedMessage {
  std::string message_id;
  std::string receipt_handle;  // of this delivery: deletes it, or changes its visibility
  std::string body;
  std::map<std::string, std::string, std::less<>> attributes;  // ApproximateReceiveCount, SentTimestamp, ...

  // 1 for the first delivery; 0 where the queue does not say.
  std::uint64_t receive_count() const;
};

struct QueueAttributes {
  // All three are approximate and lag behind by seconds.
  std::uint64_t visible = 0;    // waiting to be received
  std::uint64_t in_flight = 0;  // received, and neither deleted nor visible again
  std::uint64_t delayed = 0;
  std::string arn;
  seconds visibility_timeout{0};
  std::map<std::string, std::string, std::less<>> all;  // as SQS names them: RedrivePolicy, ...
};

// Queues of one region. One per loop; not thread-safe, but many calls may be under way. All calls retry;
// errors are those of aws_error.hpp.
class SqsClient {
 public:
  SqsClient(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
            Transport& transport, RetryPolicy retry = {});

  // ErrorKind::not_found where there is no such queue. `account_id`: of another account's queue.
  Task<Result<std::string>> get_queue_url(std::string queue_name, std::string account_id,
                                          const Context& context);

  // Any number; as SnsClient::publish_batch does it. The messages must stay until the task ends.
  Task<Result<>> send_message_batch(std::string queue_url, std::span<const std::string> messages,
                                    const Context& context);

  // Long poll: none is an answer too. What a lost reply held is delivered again after its visibility
  // time-out, and so is whatever is not deleted. ErrorKind::timed_out once the deadline has passed;
  // ErrorKind::invalid for options that SQS has not.
  Task<Result<std::vector<ReceivedMessage>>> receive_messages(std::string queue_url, ReceiveOptions options,
                                                              const Context& context);

  // Any number of receipt handles. Safe to repeat. Success: all are deleted. A handle that is too old
  // (ErrorKind::changed) does not keep the others from being deleted.
  Task<Result<>> delete_message_batch(std::string queue_url, std::span<const std::string> receipt_handles,
                                      const Context& context);

  // From now, 0 .. visibility_timeout_max; 0: visible at once. ErrorKind::changed where the message is not in
  // flight any more.
  Task<Result<>> change_visibility(std::string queue_url, std::string receipt_handle, seconds timeout,
                                   const Context& context);

  Task<Result<QueueAttributes>> get_queue_attributes(std::string queue_url, const Context& context);

  // URLs of the queues whose dead-letter queue this is; none is an answer too.
  Task<Result<std::vector<std::string>>> list_dead_letter_source_queues(std::string queue_url,
                                                                        const Context& context);

 private:
  AwsService service_;
};

}  // namespace azs3copy
