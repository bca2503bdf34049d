#include "fakes/server/request_log.hpp"

#include "codec/json.hpp"

namespace azs3copy::fakes {

void RequestLog::begin() {
  const std::lock_guard lock(mutex_);
  concurrent_max_ = std::max(concurrent_max_, ++running_);
}

void RequestLog::end(LogEntry entry) {
  const std::lock_guard lock(mutex_);
  --running_;
  Totals& totals = totals_[entry.operation];
  ++totals.count;
  totals.bytes_in += entry.bytes_in;
  totals.bytes_out += entry.bytes_out;
  if (entries_.size() < entries_max_) entries_.push_back(std::move(entry));
}

void RequestLog::clear() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  totals_.clear();
  concurrent_max_ = running_;
}

std::vector<LogEntry> RequestLog::entries() const {
  const std::lock_guard lock(mutex_);
  return entries_;
}

std::uint64_t RequestLog::count(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = totals_.find(operation);
  return found == totals_.end() ? 0 : found->second.count;
}

std::uint64_t RequestLog::count(std::string_view operation, std::string_view subject) const {
  return count_if(
      [&](const LogEntry& entry) { return entry.operation == operation && entry.subject == subject; });
}

std::uint64_t RequestLog::count_if(const std::function<bool(const LogEntry&)>& wanted) const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::uint64_t>(std::count_if(entries_.begin(), entries_.end(), wanted));
}

std::uint64_t RequestLog::total() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const auto& [operation, totals] : totals_) sum += totals.count;
  return sum;
}

std::map<std::string, std::uint64_t> RequestLog::counts() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> result;
  for (const auto& [operation, totals] : totals_) result[operation] = totals.count;
  return result;
}

std::map<std::string, std::uint64_t> RequestLog::bytes_out() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> result;
  for (const auto& [operation, totals] : totals_) result[operation] = totals.bytes_out;
  return result;
}

std::map<std::string, std::uint64_t> RequestLog::bytes_in() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> result;
  for (const auto& [operation, totals] : totals_) result[operation] = totals.bytes_in;
  return result;
}

std::uint64_t RequestLog::bytes_out(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = totals_.find(operation);
  return found == totals_.end() ? 0 : found->second.bytes_out;
}

std::uint64_t RequestLog::bytes_in(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  const auto found = totals_.find(operation);
  return found == totals_.end() ? 0 : found->second.bytes_in;
}

std::map<std::string, std::uint64_t> RequestLog::bytes_out_by_subject(std::string_view operation) const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::uint64_t> result;
  for (const LogEntry& entry : entries_) {
    if (entry.operation == operation) result[entry.subject] += entry.bytes_out;
  }
  return result;
}

std::uint64_t RequestLog::concurrent_max() const {
  const std::lock_guard lock(mutex_);
  return concurrent_max_;
}

std::string RequestLog::to_json() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("concurrent_max", concurrent_max_).key("operations").begin_object();
  for (const auto& [operation, totals] : totals_) {
    json.key(operation).begin_object();
    json.field("count", totals.count).field("bytes_in", totals.bytes_in).field("bytes_out", totals.bytes_out);
    json.end_object();
  }
  json.end_object().key("requests").begin_array();
  for (const LogEntry& entry : entries_) {
    json.begin_object().field("operation", entry.operation).field("subject", entry.subject);
    json.field("method", entry.method).field("target", entry.target);
    json.field("part", std::uint64_t{entry.part}).field("status", entry.status).field("code", entry.code);
    json.field("bytes_in", entry.bytes_in).field("bytes_out", entry.bytes_out).field("fault", entry.fault);
    json.field("connection", entry.connection).field("tls", entry.tls);
    json.field("ms", static_cast<std::int64_t>(entry.took.count())).end_object();
  }
  json.end_array().end_object();
  return out;
}

}  // namespace azs3copy::fakes
