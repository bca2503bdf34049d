// sns_client.hpp: publishing to topics. Query protocol, version 2010-03-31.
//
//   publish_batch:  Action=PublishBatch&TopicArn=..&PublishBatchRequestEntries.member.1.Id=0
//                     &PublishBatchRequestEntries.member.1.Message=..      (up to ten)
//     --> <PublishBatchResponse><PublishBatchResult><Successful><member><Id>..  <Failed><member><Id><Code>..
//
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
#pragma once

#include <span>
#include <string>

#include "aws/aws_service.hpp"

namespace azs3copy {

// A message, and all messages of one request together, in bytes of UTF-8. A topic may be set up for other
// limits (MaximumMessageSize); this is the one that each has by default.
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
inline constexpr std::size_t sns_message_bytes_max = 262'144;

// Topics of one region. One per loop; not thread-safe, but many calls may be under way.
class SnsClient {
 public:
  SnsClient(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
            Transport& transport, RetryPolicy retry = {});

  // The message's id. Delivered at least once: a publish whose reply is lost is done again.
  // ErrorKind::invalid for what check_message refuses (message_batch.hpp).
  Task<Result<std::string>> publish(std::string topic_arn, std::string message, const Context& context);

  // Any number, packed into as few requests as the two limits give; none is a success without a request.
  // Success: the topic took every message, at least once each and in no promised order. Messages that SNS
  // failed to take through no fault of theirs are tried again; those refused for good do not keep the others
  // back. ErrorKind::invalid, before anything is sent, where check_message refuses one.
  // The messages must stay until the task ends.
  Task<Result<>> publish_batch(std::string topic_arn, std::span<const std::string> messages,
                               const Context& context);

 private:
  AwsService service_;
};

}  // namespace azs3copy
