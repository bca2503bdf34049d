// redelivery.hpp: how soon a queue shows a failed message again.
//
//   A queue hides a delivered message for six times the time-out of its function, 90 minutes. That protects work in
//   flight, and is far too long to wait after a throttled request. So the function shortens it for a message that
//   failed for a transient reason:
//
//   delivery   1       2        3         4 and later
//   wait       1 min   5 min    25 min    90 min, the queue's own
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "aws/sqs_client.hpp"
#include "core/context.hpp"
#include "core/task.hpp"
#include "hosts/lambda/event.hpp"
#include "hosts/lambda/telemetry.hpp"

namespace azs3copy {

// The wait after the `receive_count`th delivery (from 1), starting with `first`; none: leave it to the queue. Pure.
std::optional<seconds> redelivery_wait(std::uint64_t receive_count, seconds first);

// "https://sqs.eu-west-1.amazonaws.com/123456789012/name" of the queue's ARN; empty if it is not one. Pure.
std::string queue_url_of(std::string_view arn);

// One per process; not thread-safe.
class Redelivery {
 public:
  Redelivery(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
             Transport& transport, Telemetry& telemetry);

  void start_with(seconds first) { first_ = first; }

  // Does nothing for messages that are not from a queue. A failure is logged: the message then becomes visible
  // after the queue's own time.
  Task<void> hasten(const EventItem& item, const Context& context);

 private:
  SqsClient sqs_;
  Telemetry& telemetry_;
  seconds first_{60};
};

}  // namespace azs3copy
