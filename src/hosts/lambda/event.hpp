// event.hpp: what woke the function. Work comes over SQS, or from SNS itself; everything else only wakes it.
//
//   sqs        {"Records":[{"eventSource":"aws:sqs","messageId":..,"body":"<work>" or "<SNS envelope>",..},..]}
//   sns        {"Records":[{"EventSource":"aws:sns","Sns":{"MessageId":..,"Message":"<work>",..}}]}
//   schedule   {"source":"aws.events","detail-type":"Scheduled Event",..}
//   other      anything else: the console's Test button, a schedule's own text, null, [], {}
//
// An SNS envelope, {"Type":"Notification","Message":"<work>",..}, is in an SQS body where the subscription is
// not raw. It is taken off; a raw body is taken as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/context.hpp"
#include "core/error.hpp"

namespace azs3copy {

// One message.
struct EventItem {
  std::string id;                   // SQS's or SNS's; for sqs_response
  std::string body;                 // without an envelope
  std::uint64_t receive_count = 1;  // how often SQS has handed it out, this time included
  std::optional<UtcTime> sent;      // to the queue, or to the topic
  std::string source_arn;           // of the queue or topic; may be empty
  std::string receipt_handle;       // of this delivery from a queue; may be empty
};

enum class EventKind : std::uint8_t { sqs, sns, schedule, other };
std::string_view to_string(EventKind kind);

struct Event {
  EventKind kind = EventKind::other;
  std::vector<EventItem> items;  // of sqs and sns; never empty for them, always for the others
};

// ErrorKind::protocol: no JSON; invalid: records of a source that no function takes, of two sources, or
// without what makes them a message, with the record's place in the error. Pure.
Result<Event> parse_event(std::string_view payload);

// The reply to an SQS batch: these messages come again, the others are done (ReportBatchItemFailures). Pure.
std::string sqs_response(std::span<const std::string> failed_ids);

}  // namespace azs3copy
