// telemetry.hpp: what a function says of itself, as lines of JSON on stdout, which go to CloudWatch Logs.
//
//   log       {"ts":"2026-11-23T07:42:10.123Z","level":"info","event":"batch_copied","function":"download",
//              "request_id":"8476a536-..","run":"20261123T..","blobs":100}
//   metrics   {"_aws":{"Timestamp":ms,"CloudWatchMetrics":[{"Namespace":"azs3copy",
//              "Dimensions":[["FunctionName"]],"Metrics":[{"Name":"Copied","Unit":"Count"},..]}]},
//              "FunctionName":"..","Copied":100,..}
//
// Metrics are CloudWatch's Embedded Metric Format: each set of dimensions is an object and a line of its own.
// No run, blob or request is ever a dimension, for each new value of one would be a metric to pay for.
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/context.hpp"
#include "core/error.hpp"

namespace azs3copy {

enum class LogLevel : std::uint8_t { error, info, debug };
std::string_view to_string(LogLevel level);
// AZS3COPY_LOG_LEVEL: "error", "info" or "debug".
std::optional<LogLevel> log_level_from(std::string_view name);

// Where lines go: each by one write(2), so that lines of two threads or processes do not mix. Thread-safe.
class LineWriter {
 public:
  using Sink = std::function<void(std::string_view line)>;  // without its line end

  explicit LineWriter(int descriptor) : descriptor_(descriptor) {}
  explicit LineWriter(Sink sink) : sink_(std::move(sink)) {}
  // A line end inside becomes a space. What cannot be written is lost: nobody is left to be told.
  void write(std::string_view line);

 private:
  std::mutex mutex_;
  int descriptor_ = -1;
  Sink sink_;
};

// A free field of a log line.
struct LogField {
  using Value = std::variant<std::string, std::int64_t, std::uint64_t, double, bool>;

  LogField(std::string_view field, std::string_view text) : name(field), value(std::string(text)) {}
  LogField(std::string_view field, const char* text) : LogField(field, std::string_view(text)) {}
  LogField(std::string_view field, const std::string& text) : LogField(field, std::string_view(text)) {}
  LogField(std::string_view field, bool flag) : name(field), value(flag) {}
  LogField(std::string_view field, double number) : name(field), value(number) {}
  template <std::signed_integral T>
  LogField(std::string_view field, T number) : name(field), value(std::int64_t{number}) {}
  template <std::unsigned_integral T>
  LogField(std::string_view field, T number) : name(field), value(std::uint64_t{number}) {}

  std::string_view name;  // not one of the fixed fields' names
  Value value;
};

// What one invocation did. Zero, but for `failed`, is not sent.
struct InvocationMetrics {
  std::uint64_t discovered = 0;  // blobs that the filters let through
  std::uint64_t planned = 0;     // to be copied
  std::uint64_t copied = 0;
  std::uint64_t copied_bytes = 0;
  std::int64_t moved_bytes = 0;  // of this invocation itself: a recombination moves none
  std::uint64_t unchanged = 0;
  std::uint64_t skipped = 0;
  std::uint64_t failed = 0;  // blobs, and listings that failed for good
  std::uint64_t retried = 0;
  std::uint64_t runs_given_up = 0;  // previous runs that neither finished nor gave signs of life
  double seconds_per_gib = 0;
  double queue_age_seconds = 0;  // of the oldest message
  // By the name of their ErrorKind; what is none counts as "internal".
  std::map<std::string, std::uint64_t> failed_by_class;
};

// The lines: the counts, then one line per class of failure. Pure.
std::vector<std::string> metric_lines(const InvocationMetrics& metrics, std::string_view function_name,
                                      std::string_view request_id, UtcTime now);

// The voice of one function. Thread-safe but for begin_request.
class Telemetry {
 public:
  // `function_name` is Lambda's own; it must not be empty.
  Telemetry(std::shared_ptr<LineWriter> lines, const Clock& clock, std::string function_name, LogLevel level)
      : lines_(std::move(lines)), clock_(clock), function_(std::move(function_name)), level_(level) {}

  // From here on lines carry this id; "" for none.
  void begin_request(std::string_view request_id) { request_id_ = request_id; }

  // One transition. `run` is left out where it is empty. Texts above 8 KiB are cut.
  void log(LogLevel level, std::string_view event, const std::vector<LogField>& fields = {},
           std::string_view run = {});
  // The same at level error, with what the error holds.
  void log_error(std::string_view event, const Error& error, std::vector<LogField> fields = {},
                 std::string_view run = {});
  void emit(const InvocationMetrics& metrics);

  bool shows(LogLevel level) const { return level <= level_; }
  const std::string& function_name() const { return function_; }

 private:
  std::shared_ptr<LineWriter> lines_;
  const Clock& clock_;
  std::string function_;
  LogLevel level_;
  std::string request_id_;
};

}  // namespace azs3copy
