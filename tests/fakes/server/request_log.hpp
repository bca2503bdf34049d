// request_log.hpp: what a fake was asked and what it answered,
// so that a test can say "exactly one GET a blob".
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "core/context.hpp"

namespace azs3copy::fakes {

struct LogEntry {
  std::uint64_t connection = 0;
  bool tls = false;
  std::string method;
  std::string target;           // as on the wire
  std::string operation;        // "GetBlob"
  std::string subject;          // decoded: "container/blob", "bucket/key"
  std::uint32_t part = 0;       // of a multipart upload
  int status = 0;               // 0: the reply was not sent, or on purpose not as a whole
  std::string code;             // the error's
  std::uint64_t bytes_in = 0;   // of the request's body, as on the wire
  std::uint64_t bytes_out = 0;  // of the reply's body, as on the wire
  bool fault = false;           // a rule of Faults struck
  milliseconds took{0};
};

// Thread-safe.
class RequestLog {
 public:
  // Entries above this number are counted but not kept.
  explicit RequestLog(std::size_t entries_max = 200'000) : entries_max_(entries_max) {}

  void begin();
  void end(LogEntry entry);
  void clear();

  std::vector<LogEntry> entries() const;
  std::uint64_t count(std::string_view operation) const;
  // Among the entries kept.
  std::uint64_t count(std::string_view operation, std::string_view subject) const;
  std::uint64_t count_if(const std::function<bool(const LogEntry&)>& wanted) const;
  std::uint64_t total() const;
  std::map<std::string, std::uint64_t> counts() const;     // by operation
  std::map<std::string, std::uint64_t> bytes_out() const;  // by operation
  std::map<std::string, std::uint64_t> bytes_in() const;   // by operation
  std::uint64_t bytes_out(std::string_view operation) const;
  std::uint64_t bytes_in(std::string_view operation) const;
  // Of one operation, by subject: bytes of each blob that were sent.
  std::map<std::string, std::uint64_t> bytes_out_by_subject(std::string_view operation) const;
  std::uint64_t concurrent_max() const;
  std::string to_json() const;

 private:
  struct Totals {
    std::uint64_t count = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
  };
  const std::size_t entries_max_;
  mutable std::mutex mutex_;
  std::vector<LogEntry> entries_;
  std::map<std::string, Totals, std::less<>> totals_;
  std::uint64_t running_ = 0;
  std::uint64_t concurrent_max_ = 0;
};

}  // namespace azs3copy::fakes
