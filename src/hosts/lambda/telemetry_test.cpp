// telemetry_test.cpp: each line is one whole JSON object that CloudWatch understands, and no dimension costs
// money by itself.
#include "hosts/lambda/telemetry.hpp"

#include <unistd.h>

#include <array>
#include <limits>
#include <set>
#include <thread>

#include "fakes/scripted_transport.hpp"
#include "hosts/lambda/lambda_test_support.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;

class TelemetryTest : public testing::Test {
 protected:
  Telemetry telemetry(LogLevel level = LogLevel::info) {
    return {lines_.writer(), clock_, "my-function", level};
  }
  std::string only_line() {
    const auto all = lines_.all();
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? "" : all.front();
  }

  FakeClock clock_;
  lambda_test::Lines lines_;
};

TEST_F(TelemetryTest, ALineHasItsFixedFieldsAndTheFreeOnes) {
  Telemetry log = telemetry();
  log.begin_request("r1");
  log.log(
      LogLevel::info, "batch_copied",
      {{"blobs", 100}, {"bytes", std::uint64_t{1} << 63}, {"rate", 1.5}, {"last", true}, {"name", "é\n🚀"}},
      "run-1");
  EXPECT_EQ(
      only_line(),
      R"({"ts":"2026-11-23T07:42:10Z","level":"info","event":"batch_copied","function":"my-function",)"
      R"("request_id":"r1","run":"run-1","blobs":100,"bytes":9223372036854775808,"rate":1.5,"last":true,)"
      R"("name":"é\n🚀"})");
}

TEST_F(TelemetryTest, WhatIsUnknownIsLeftOut) {
  telemetry().log(LogLevel::error, "x");
  EXPECT_EQ(only_line(),
            R"({"ts":"2026-11-23T07:42:10Z","level":"error","event":"x","function":"my-function"})");
}

TEST_F(TelemetryTest, TheThresholdHolds) {
  const struct {
    LogLevel threshold;
    std::size_t lines;
  } cases[] = {{LogLevel::error, 1}, {LogLevel::info, 2}, {LogLevel::debug, 3}};
  for (const auto& [threshold, count] : cases) {
    lambda_test::Lines lines;
    Telemetry log(lines.writer(), clock_, "f", threshold);
    for (const LogLevel level : {LogLevel::error, LogLevel::info, LogLevel::debug}) log.log(level, "x");
    EXPECT_EQ(lines.all().size(), count);
  }
}

TEST_F(TelemetryTest, NoLineHoldsALineEnd) {
  Telemetry log = telemetry(LogLevel::debug);
  log.begin_request("r\n1");
  log.log(LogLevel::info, "a\nb", {{"x\ny", "1\r\n2"}, {"raw", "\xff\n"}}, "run\n");
  log.log_error("bad", fail(ErrorKind::invalid, "line 1\nline 2", "blob\nname", "do\nthis").error());
  InvocationMetrics metrics;
  metrics.failed_by_class["not\nfound"] = 1;
  log.emit(metrics);
  lines_.writer()->write("x\ny");
  const auto all = lines_.all();
  ASSERT_GE(all.size(), 5u);
  for (const std::string& line : all) EXPECT_EQ(line.find_first_of("\r\n"), std::string::npos) << line;
}

TEST_F(TelemetryTest, ALongTextIsCut) {
  telemetry().log(LogLevel::info, "x", {{"text", std::string(1'000'000, 'y')}});
  EXPECT_LT(only_line().size(), 10'000u);
}

TEST_F(TelemetryTest, AnErrorTellsWhatItHolds) {
  Error error = fail(ErrorKind::throttled, "slow down", "bucket", "Wait.").error();
  error.operation = "s3.put";
  error.service_code = "SlowDown";
  error.request_id = "s3-id";
  error.http_status = 503;
  error.attempts = 5;
  telemetry().log_error("put_failed", error, {{"part", 7}});
  const auto logged = lines_.of("put_failed");
  ASSERT_EQ(logged.size(), 1u);
  const Json& json = logged[0];
  EXPECT_EQ(json["level"].string_or(""), "error");
  EXPECT_EQ(json["error"].string_or(""), "throttled");
  EXPECT_EQ(json["operation"].string_or(""), "s3.put");
  EXPECT_EQ(json["subject"].string_or(""), "bucket");
  EXPECT_EQ(json["message"].string_or(""), "slow down");
  EXPECT_EQ(json["service_code"].string_or(""), "SlowDown");
  EXPECT_EQ(json["service_request_id"].string_or(""), "s3-id");
  EXPECT_EQ(json["advice"].string_or(""), "Wait.");
  EXPECT_EQ(json["http_status"].integer(), 503);
  EXPECT_EQ(json["attempts"].integer(), 5);
  EXPECT_EQ(json["part"].integer(), 7);
  EXPECT_FALSE(json.contains("request_id")) << "Lambda's own, and there is none";
}

TEST(LogLevels, AreReadByName) {
  for (const LogLevel level : {LogLevel::error, LogLevel::info, LogLevel::debug}) {
    EXPECT_EQ(log_level_from(to_string(level)), level);
  }
  for (const char* wrong : {"", "INFO", "warn", "info "})
    EXPECT_EQ(log_level_from(wrong), std::nullopt) << wrong;
}

// ---- metrics

// What EMF's specification and its JSON schema ask of an object, as of 2026. Returns what is wrong with it.
std::string fault_of_emf(const Json& root) {
  static const std::set<std::string> units = {"Seconds", "Bytes", "Count", "None"};
  const Json meta = root["_aws"];
  if (meta.keys() != std::vector<std::string>{"Timestamp", "CloudWatchMetrics"}) return "_aws's members";
  if (meta["Timestamp"].integer().value_or(0) < 1'000'000'000'000) return "Timestamp is not in milliseconds";
  if (meta["CloudWatchMetrics"].size() != 1) return "one directive";
  const Json directive = meta["CloudWatchMetrics"].at(0);
  if (directive.keys() != std::vector<std::string>{"Namespace", "Dimensions", "Metrics"})
    return "the directive's members";
  if (directive["Namespace"].string_or("") != "azs3copy") return "Namespace";
  if (directive["Dimensions"].size() != 1) return "one set of dimensions an object";
  const Json set = directive["Dimensions"].at(0);
  if (set.size() == 0 || set.size() > 30) return "too many dimensions";
  for (std::size_t i = 0; i < set.size(); ++i) {
    const auto value = root[set.at(i).string_or("?")].string();
    if (!value || value->empty() || value->size() > 1024) return "a dimension's value";
  }
  if (directive["Metrics"].size() == 0 || directive["Metrics"].size() > 100) return "the number of metrics";
  for (std::size_t i = 0; i < directive["Metrics"].size(); ++i) {
    const Json metric = directive["Metrics"].at(i);
    if (metric.keys() != std::vector<std::string>{"Name", "Unit"}) return "a metric's members";
    if (!units.contains(metric["Unit"].string_or(""))) return "a unit";
    if (!root[metric["Name"].string_or("")].is_number()) return "a metric's value";
  }
  return {};
}

Json emf(const std::string& line) {
  const Result<Json> json = Json::parse(line);
  EXPECT_TRUE(json) << line;
  if (!json) return {};
  EXPECT_EQ(fault_of_emf(*json), "") << line;
  return *json;
}

std::vector<std::string> dimensions(const Json& root) {
  const Json set = root["_aws"]["CloudWatchMetrics"].at(0)["Dimensions"].at(0);
  std::vector<std::string> names;
  names.reserve(set.size());
  for (std::size_t i = 0; i < set.size(); ++i) names.push_back(set.at(i).string_or(""));
  return names;
}

std::map<std::string, std::string> metrics_with_units(const Json& root) {
  const Json metrics = root["_aws"]["CloudWatchMetrics"].at(0)["Metrics"];
  std::map<std::string, std::string> found;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    found[metrics.at(i)["Name"].string_or("")] = metrics.at(i)["Unit"].string_or("");
  }
  return found;
}

TEST(MetricLines, OneObjectADimensionSet) {
  const InvocationMetrics metrics{.discovered = 1,
                                  .planned = 2,
                                  .copied = 3,
                                  .copied_bytes = std::uint64_t{5} << 40,
                                  .unchanged = 4,
                                  .skipped = 5,
                                  .failed = 6,
                                  .retried = 7,
                                  .runs_given_up = 1,
                                  .seconds_per_gib = 0.75,
                                  .queue_age_seconds = 12.5,
                                  .failed_by_class = {{"throttled", 4}, {"not_found", 2}, {"archived", 0}}};
  const auto lines = metric_lines(metrics, "my-function", "r1", FakeClock::start);
  ASSERT_EQ(lines.size(), 3u);
  const Json all = emf(lines[0]);
  EXPECT_EQ(dimensions(all), std::vector<std::string>{"FunctionName"});
  EXPECT_EQ(metrics_with_units(all), (std::map<std::string, std::string>{{"Discovered", "Count"},
                                                                         {"Planned", "Count"},
                                                                         {"Copied", "Count"},
                                                                         {"CopiedBytes", "Bytes"},
                                                                         {"Unchanged", "Count"},
                                                                         {"Skipped", "Count"},
                                                                         {"Failed", "Count"},
                                                                         {"Retried", "Count"},
                                                                         {"RunsGivenUp", "Count"},
                                                                         {"SecondsPerGiB", "None"},
                                                                         {"QueueAgeSeconds", "Seconds"}}));
  EXPECT_EQ(all["FunctionName"].string_or(""), "my-function");
  EXPECT_EQ(all["request_id"].string_or(""), "r1");
  EXPECT_EQ(all["CopiedBytes"].unsigned_integer(), std::uint64_t{5} << 40);
  EXPECT_EQ(all["QueueAgeSeconds"].number(), 12.5);
  EXPECT_EQ(all["_aws"]["Timestamp"].integer(), FakeClock::start.time_since_epoch().count());
  std::map<std::string, std::int64_t> by_class;
  for (const std::string& line : {lines[1], lines[2]}) {
    const Json failed = emf(line);
    EXPECT_EQ(dimensions(failed), (std::vector<std::string>{"FunctionName", "ErrorClass"}));
    EXPECT_EQ(metrics_with_units(failed), (std::map<std::string, std::string>{{"Failed", "Count"}}));
    by_class[failed["ErrorClass"].string_or("")] = failed["Failed"].integer().value_or(0);
  }
  EXPECT_EQ(by_class, (std::map<std::string, std::int64_t>{{"not_found", 2}, {"throttled", 4}}));
}

TEST(MetricLines, ZeroIsNotSentButForFailed) {
  const auto lines =
      metric_lines({.seconds_per_gib = std::numeric_limits<double>::quiet_NaN(), .queue_age_seconds = -3},
                   "f", "", FakeClock::start);
  ASSERT_EQ(lines.size(), 1u);
  const Json json = emf(lines[0]);
  EXPECT_EQ(metrics_with_units(json), (std::map<std::string, std::string>{{"Failed", "Count"}}));
  EXPECT_EQ(json["Failed"].integer(), 0);
  EXPECT_EQ(json.keys(), (std::vector<std::string>{"_aws", "FunctionName", "Failed"}));
}

// Each new value of a dimension is a metric to pay for: what is no ErrorKind must not become one.
TEST(MetricLines, TheErrorClassesAreAClosedSet) {
  const auto lines = metric_lines(
      {.failed = 9, .failed_by_class = {{"blob/a.jpg", 3}, {"", 2}, {"internal", 1}, {"unknown", 3}}}, "f",
      "", FakeClock::start);
  ASSERT_EQ(lines.size(), 2u);
  const Json json = emf(lines[1]);
  EXPECT_EQ(json["ErrorClass"].string_or(""), "internal");
  EXPECT_EQ(json["Failed"].integer(), 9);
}

// ---- the writer

TEST(LineWriterTest, LinesOfTwoThreadsDoNotMix) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  std::string read;
  std::jthread reader([&] {
    std::array<char, 4096> buffer;
    for (ssize_t got = 0; (got = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
      read.append(buffer.data(), static_cast<std::size_t>(got));
    }
  });
  {
    LineWriter lines(ends[1]);
    const auto write = [&lines](char letter) {
      for (int i = 0; i < 20; ++i)
        lines.write(std::string(100'000, letter));  // more than a pipe takes at once
    };
    const std::jthread one([&] { write('a'); });
    const std::jthread two([&] { write('b'); });
  }
  ::close(ends[1]);
  reader.join();
  ::close(ends[0]);
  ASSERT_EQ(read.size(), 40u * 100'001u);
  for (std::size_t at = 0; at < read.size(); at += 100'001) {
    const std::string_view line = std::string_view(read).substr(at, 100'000);
    EXPECT_EQ(line.find_first_not_of(line.front()), std::string_view::npos);
    EXPECT_EQ(read[at + 100'000], '\n');
  }
}

TEST(LineWriterTest, AClosedDescriptorIsNoHarm) {
  LineWriter lines(-1);
  lines.write("lost");
}

}  // namespace
}  // namespace azs3copy
