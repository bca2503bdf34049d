// telemetry.cpp: see telemetry.hpp.
#include "hosts/lambda/telemetry.hpp"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>

#include "codec/json.hpp"
#include "codec/time.hpp"
#include "core/bytes.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t text_bytes_max = 8 * KiB;
// EMF: a dimension's value has at most so many characters.
constexpr std::size_t dimension_bytes_max = 1024;
constexpr std::string_view metric_namespace = "azs3copy";

constexpr std::array<std::pair<LogLevel, std::string_view>, 3> level_names = {
    {{LogLevel::error, "error"}, {LogLevel::info, "info"}, {LogLevel::debug, "debug"}}};

bool is_error_kind(std::string_view name) {
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    if (name == to_string(static_cast<ErrorKind>(kind))) return true;
  }
  return false;
}

void write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd waited{.fd = descriptor, .events = POLLOUT, .revents = 0};
      ::poll(&waited, 1, -1);
    } else if (errno != EINTR) {
      return;
    }
  }
}

void write_text(JsonWriter& json, std::string_view text) {
  if (text.size() <= text_bytes_max) {
    json.value(text);
  } else {
    json.value(std::string(text.substr(0, text_bytes_max)) + "...");
  }
}

void write_field(JsonWriter& json, const LogField& field) {
  json.key(field.name);
  std::visit(
      [&json](const auto& value) {
        if constexpr (std::same_as<std::decay_t<decltype(value)>, std::string>) {
          write_text(json, value);
        } else {
          json.value(value);
        }
      },
      field.value);
}

bool is_fixed(std::string_view name) {
  constexpr std::array<std::string_view, 6> fixed = {"ts", "level", "event", "function", "request_id", "run"};
  return std::ranges::find(fixed, name) != fixed.end();
}

struct Metric {
  std::string_view name;
  std::string_view unit;
  std::variant<std::uint64_t, double> value;
};

void write_value(JsonWriter& json, const Metric& metric) {
  json.key(metric.name);
  std::visit([&json](auto value) { json.value(value); }, metric.value);
}

using Dimensions = std::vector<std::pair<std::string_view, std::string_view>>;

// One EMF object: its metrics under one set of dimensions.
std::string emf_object(const std::vector<Metric>& metrics, const Dimensions& dimensions,
                       std::string_view request_id, UtcTime now) {
  std::string line;
  JsonWriter json(line);
  json.begin_object().key("_aws").begin_object().field("Timestamp", now.time_since_epoch().count());
  json.key("CloudWatchMetrics").begin_array().begin_object().field("Namespace", metric_namespace);
  json.key("Dimensions").begin_array().begin_array();
  for (const auto& [name, value] : dimensions) json.value(name);
  json.end_array().end_array().key("Metrics").begin_array();
  for (const Metric& metric : metrics) {
    json.begin_object().field("Name", metric.name).field("Unit", metric.unit).end_object();
  }
  json.end_array().end_object().end_array().end_object();
  for (const auto& [name, value] : dimensions) json.field(name, value.substr(0, dimension_bytes_max));
  for (const Metric& metric : metrics) write_value(json, metric);
  if (!request_id.empty()) json.field("request_id", request_id);
  json.end_object();
  return line;
}

// Less than nothing (a clock that is off), infinite and not a number are no measurements.
constexpr auto is_positive = [](auto value) {
  if constexpr (std::floating_point<decltype(value)>) return std::isfinite(value) && value > 0;
  return value > 0;
};

std::vector<Metric> metrics_of(const InvocationMetrics& metrics) {
  const std::array<Metric, 11> all = {{{"Discovered", "Count", metrics.discovered},
                                       {"Planned", "Count", metrics.planned},
                                       {"Copied", "Count", metrics.copied},
                                       {"CopiedBytes", "Bytes", metrics.copied_bytes},
                                       {"Unchanged", "Count", metrics.unchanged},
                                       {"Skipped", "Count", metrics.skipped},
                                       {"Failed", "Count", metrics.failed},
                                       {"Retried", "Count", metrics.retried},
                                       {"RunsGivenUp", "Count", metrics.runs_given_up},
                                       {"SecondsPerGiB", "None", metrics.seconds_per_gib},
                                       {"QueueAgeSeconds", "Seconds", metrics.queue_age_seconds}}};
  std::vector<Metric> sent;
  for (const Metric& metric : all) {
    if (std::visit(is_positive, metric.value) || metric.name == "Failed") sent.push_back(metric);
  }
  return sent;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  return level_names[static_cast<std::size_t>(level)].second;
}

std::optional<LogLevel> log_level_from(std::string_view name) {
  for (const auto& [level, known] : level_names) {
    if (name == known) return level;
  }
  return std::nullopt;
}

void LineWriter::write(std::string_view line) {
  std::string whole(line);
  std::ranges::replace_if(whole, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  const std::lock_guard lock(mutex_);
  if (sink_) {
    sink_(whole);
    return;
  }
  whole += '\n';
  write_all(descriptor_, whole);
}

std::vector<std::string> metric_lines(const InvocationMetrics& metrics, std::string_view function_name,
                                      std::string_view request_id, UtcTime now) {
  std::vector<std::string> lines;
  lines.push_back(emf_object(metrics_of(metrics), {{"FunctionName", function_name}}, request_id, now));
  std::map<std::string_view, std::uint64_t> by_class;
  for (const auto& [name, count] : metrics.failed_by_class) {
    by_class[is_error_kind(name) ? std::string_view(name) : to_string(ErrorKind::internal)] += count;
  }
  for (const auto& [name, count] : by_class) {
    if (count == 0) continue;
    lines.push_back(emf_object({{"Failed", "Count", count}},
                               {{"FunctionName", function_name}, {"ErrorClass", name}}, request_id, now));
  }
  return lines;
}

void Telemetry::log(LogLevel level, std::string_view event, const std::vector<LogField>& fields,
                    std::string_view run) {
  if (!shows(level)) return;
  std::string line;
  JsonWriter json(line);
  json.begin_object().field("ts", to_iso8601(clock_.utc())).field("level", to_string(level));
  json.field("event", event).field("function", function_);
  if (!request_id_.empty()) json.field("request_id", request_id_);
  if (!run.empty()) json.field("run", run);
  for (const LogField& field : fields) {
    assert(!is_fixed(field.name) && "a free field has a name of its own");
    if (!is_fixed(field.name)) write_field(json, field);
  }
  json.end_object();
  lines_->write(line);
}

void Telemetry::log_error(std::string_view event, const Error& error, std::vector<LogField> fields,
                          std::string_view run) {
  const auto add = [&fields](std::string_view name, const std::string& text) {
    if (!text.empty()) fields.emplace_back(name, text);
  };
  fields.emplace_back("error", to_string(error.kind));
  add("operation", error.operation);
  add("subject", error.subject);
  add("message", error.message);
  add("service_code", error.service_code);
  add("service_request_id", error.request_id);
  add("advice", error.advice);
  if (error.http_status != 0) fields.emplace_back("http_status", error.http_status);
  if (error.attempts > 1) fields.emplace_back("attempts", error.attempts);
  log(LogLevel::error, event, fields, run);
}

void Telemetry::emit(const InvocationMetrics& metrics) {
  for (const std::string& line : metric_lines(metrics, function_, request_id_, clock_.utc()))
    lines_->write(line);
}

}  // namespace azs3copy
