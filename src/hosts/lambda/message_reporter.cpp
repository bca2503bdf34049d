// message_reporter.cpp: see message_reporter.hpp.
#include "hosts/lambda/message_reporter.hpp"

#include "stages/outcome.hpp"

namespace azs3copy {

void MessageReporter::found(const Blob& blob) {
  plan.found.add(blob.size);
  ++metrics_.discovered;
}

void MessageReporter::planned(std::uint64_t bytes) {
  plan.to_copy.add(bytes);
  ++metrics_.planned;
}

void MessageReporter::ended(const ObjectRecord& ended) {
  if (listing_ && ended.outcome == Outcome::unchanged) {
    plan.unchanged.add(ended.blob.size);
    ++metrics_.unchanged;
    return;
  }
  if (!listing_) ended_blobs.insert(ended.blob.name);
  // A listing has no second look at one blob: the next run has.
  // A refused login may be mended by then, and is read anew for the next attempt.
  if (!listing_ && ended.error && (is_passing(*ended.error) || ended.error->kind == ErrorKind::credentials)) {
    passing.push_back(ended);
    return;
  }
  if (listing_) ++plan.ended;
  if (ended.outcome != Outcome::unchanged) {
    record(ended);
    return;
  }
  // It was to be copied, and an object made from this very version is there: of an earlier delivery that was cut off
  // after it had completed the upload, or of another run. How its parts were proved is not known any more.
  found_done = true;
  ObjectRecord copied = ended;
  copied.outcome = Outcome::copied;
  copied.bytes = ended.blob.size;
  record(copied);
}

void MessageReporter::record(const ObjectRecord& record) {
  append_json(lines, record);
  lines += '\n';
  ++line_count;
  const std::vector<LogField> fields{{"container", record.blob.container.view()},
                                     {"blob", record.blob.name.view()},
                                     {"key", record.key.view()},
                                     {"bytes", record.blob.size}};
  switch (record.outcome) {
    case Outcome::copied:
      ++metrics_.copied;
      metrics_.copied_bytes += record.bytes;
      telemetry_.log(LogLevel::debug, "copied", fields, run_.view());
      break;
    case Outcome::unchanged:
      break;
    case Outcome::skipped: {
      ++not_copied;
      ++metrics_.skipped;
      std::vector<LogField> more = fields;
      more.emplace_back("reason", record.reason);
      telemetry_.log(LogLevel::info, "skipped", more, run_.view());
      break;
    }
    case Outcome::failed:
      ++not_copied;
      ++metrics_.failed;
      const Error error = record.error.value_or(Error{});
      ++metrics_.failed_by_class[std::string(to_string(error.kind))];
      telemetry_.log_error("failed", error, fields, run_.view());
      break;
  }
}

void MessageReporter::log(std::string_view level, std::string_view event, std::string text) {
  telemetry_.log(log_level_from(level).value_or(LogLevel::debug), event, {{"text", text}}, run_.view());
}

}  // namespace azs3copy
