// support.hpp: what both halves of the contract suite stand on: where the servers are, one loop with the
// program's own transport, and how a Result is judged.
//
//   tests/servers/run.sh --> AZS3COPY_TEST_*  --> Setting --> fixture::SetUp: a client, or FAIL, or
//   GTEST_SKIP
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "codec/crc64.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "net/retry.hpp"

namespace azs3copy::contract {

// AZS3COPY_TEST_<name>, which tests/servers/run.sh sets where it started `server`.
struct Setting {
  std::string value;
  std::string missing;   // why there is no value; empty: there is one
  bool allowed = false;  // AZS3COPY_TEST_ALLOW_MISSING names the server
};
Setting setting(std::string_view name, std::string_view server);

// Of a container or bucket: no two tests share one, in whatever process they run.
std::string new_name();

// Bytes that no compression and no repetition can hide an error in; the same at every run.
std::string noise(std::size_t size, std::uint64_t seed = 1);

inline Crc64 crc_of_text(std::string_view text) {
  return crc64({}, bytes_of(text));
}

// Enough to get over one lost connection; a refusal that may pass is not waited for.
inline constexpr RetryPolicy quick_retry{
    .attempts_max = 2, .pause_base = milliseconds(1), .pause_cap = milliseconds(1)};

// One loop and the transport on it, with the roots of `ca_bundle`.
class Wire {
 public:
  explicit Wire(const std::string& ca_bundle);

  Transport& transport() { return http_; }
  const Context& context() const { return context_; }

  // Runs the loop until the task has ended.
  template <class T>
  T run(Task<T> task) {
    std::optional<T> result;
    loop_.run(keep(std::move(task), result));
    return std::move(*result);
  }

 private:
  template <class T>
  static Task<void> keep(Task<T> task, std::optional<T>& result) {
    result.emplace(co_await std::move(task));
  }

  Loop loop_;
  HttpClient http_;
  Context context_;
};

// A server as part of a test's name, where GoogleTest allows no '-'.
struct ServerName {
  template <class Server>
  std::string operator()(const testing::TestParamInfo<Server>& info) const {
    std::string name(info.param.name);
    std::ranges::replace(name, '-', '_');
    return name;
  }
};

template <class T>
testing::AssertionResult done(const Result<T>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(result.error().kind) << ": " << result.error().to_line();
}

template <class T>
testing::AssertionResult fails_with(const Result<T>& result, ErrorKind kind) {
  if (result) return testing::AssertionFailure() << "succeeded, where " << to_string(kind) << " was due";
  if (result.error().kind == kind) return testing::AssertionSuccess();
  return testing::AssertionFailure() << to_string(result.error().kind) << " instead of " << to_string(kind)
                                     << ": " << result.error().to_line();
}

// The service's code; "" where the call succeeded or no service answered.
template <class T>
std::string code_of(const Result<T>& result) {
  return result ? std::string() : result.error().service_code;
}

}  // namespace azs3copy::contract
