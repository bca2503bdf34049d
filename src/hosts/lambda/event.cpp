// event.cpp: see event.hpp.
#include "hosts/lambda/event.hpp"

#include <fmt/format.h>

#include <charconv>

#include "codec/json.hpp"
#include "codec/time.hpp"
#include "messages/work_json.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view sqs_source = "aws:sqs";
constexpr std::string_view sns_source = "aws:sns";

// SQS writes its counts and times as text.
std::optional<std::uint64_t> count_of(const Json& value) {
  if (const auto number = value.unsigned_integer()) return number;
  const std::string text = value.string_or("");
  std::uint64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return count;
}

std::optional<UtcTime> time_of(const Json& milliseconds_text) {
  constexpr std::uint64_t end = 253'402'300'800'000;  // the year 10000
  const auto count = count_of(milliseconds_text);
  if (!count || *count >= end) return std::nullopt;
  return UtcTime(milliseconds(static_cast<std::int64_t>(*count)));
}

std::unexpected<Error> lacks(std::string_view place, std::string_view what) {
  return fail(ErrorKind::invalid, fmt::format("the event's record lacks {}", what), place);
}

Result<EventItem> parse_sqs(const Json& record, std::string_view place) {
  std::string id = record["messageId"].string_or("");
  if (id.empty()) return lacks(place, "messageId");
  std::optional<std::string> body = record["body"].string();
  if (!body) return lacks(place, "body");
  const Json attributes = record["attributes"];
  return EventItem{.id = std::move(id),
                   .body = without_envelope(std::move(*body)),
                   .receive_count = count_of(attributes["ApproximateReceiveCount"]).value_or(1),
                   .sent = time_of(attributes["SentTimestamp"]),
                   .source_arn = record["eventSourceARN"].string_or(""),
                   .receipt_handle = record["receiptHandle"].string_or("")};
}

Result<EventItem> parse_sns(const Json& record, std::string_view place) {
  const Json sns = record["Sns"];
  std::string id = sns["MessageId"].string_or("");
  if (id.empty()) return lacks(place, "Sns.MessageId");
  std::optional<std::string> message = sns["Message"].string();
  if (!message) return lacks(place, "Sns.Message");
  return EventItem{.id = std::move(id),
                   .body = std::move(*message),
                   .sent = parse_iso8601(sns["Timestamp"].string_or("")),
                   .source_arn = sns["TopicArn"].string_or("")};
}

// SQS writes eventSource, SNS EventSource.
std::string source_of(const Json& record) {
  return record[record.contains("eventSource") ? "eventSource" : "EventSource"].string_or("");
}

Result<Event> parse_records(const Json& records) {
  const std::string first = source_of(records.at(0));
  Event event{.kind = first == sqs_source ? EventKind::sqs : EventKind::sns};
  for (std::size_t i = 0; i < records.size(); ++i) {
    const Json record = records.at(i);
    const std::string place = fmt::format("Records[{}]", i);
    const std::string source = source_of(record);
    if (source.empty()) return lacks(place, "eventSource");
    if (source != sqs_source && source != sns_source) {
      return fail(ErrorKind::invalid,
                  fmt::format("the event's record comes from {}, which no function takes", source), place,
                  "Trigger the function by its SQS queue, its SNS topic or a schedule.");
    }
    if (source != first) return fail(ErrorKind::invalid, "the event's records come from two sources", place);
    Result<EventItem> item =
        event.kind == EventKind::sqs ? parse_sqs(record, place) : parse_sns(record, place);
    if (!item) return passed(std::move(item));
    event.items.push_back(std::move(*item));
  }
  return event;
}

}  // namespace

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::sqs:
      return "sqs";
    case EventKind::sns:
      return "sns";
    case EventKind::schedule:
      return "schedule";
    case EventKind::other:
      return "other";
  }
  return "other";
}

Result<Event> parse_event(std::string_view payload) {
  Result<Json> json = Json::parse(payload);
  if (!json) return failed(std::move(json), "event");
  const Json records = (*json)["Records"];
  if (records.is_array() && records.size() > 0) {
    Result<Event> event = parse_records(records);
    if (!event) return failed(std::move(event), "event");
    return event;
  }
  const bool scheduled = (*json)["source"].string_or("") == "aws.events" ||
                         (*json)["detail-type"].string_or("") == "Scheduled Event";
  return Event{.kind = scheduled ? EventKind::schedule : EventKind::other};
}

std::string sqs_response(std::span<const std::string> failed_ids) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().key("batchItemFailures").begin_array();
  for (const std::string& id : failed_ids) json.begin_object().field("itemIdentifier", id).end_object();
  json.end_array().end_object();
  return text;
}

}  // namespace azs3copy
