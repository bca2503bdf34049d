// fake_runtime_api.hpp: AWS Lambda's Runtime API in this process, for one sandbox, scripted by the test.
//
//   FakeRuntimeApi api;
//   api.add({.id = "r1", .payload = R"({"a":1})"});
//   ... run the function under test against api.address(), until the script is at its end ...
//   EXPECT_EQ(api.posted().at(0).body, "{}");
//
//   ready --next--> running --response, error--> ready       init/error only before the first next
//
// At the script's end `next` meets a connection that breaks: the sandbox is gone. What the documentation does
// not allow is refused, and kept in `violations`: a second next while an invocation runs, a reply to another
// one, a reply that is not JSON, an error without its form.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "fakes/server/server.hpp"

namespace azs3copy::fakes {

struct FakeInvocation {
  std::string id = "8476a536-e9f4-11e8-9739-2dfe598c3fcd";
  std::string payload = "{}";
  std::string function_arn = "arn:aws:lambda:us-east-2:123456789012:function:download";
  std::string trace_id = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=1";
  std::string deadline_ms;                // "": an hour from now
  std::vector<std::string> without = {};  // headers that are left out
  milliseconds delay{0};                  // before the reply to next
  // What the reply to the invocation's response or error is.
  int reply_status = 202;
  // The connection breaks when the reply to next has got so far, in bytes of its body.
  std::optional<std::uint64_t> breaks_after = {};
};

// What the function told.
struct Posted {
  std::string path;  // behind /2018-06-01/runtime/
  std::string body;
  std::string content_type;
  std::string error_type;  // the header

  friend bool operator==(const Posted&, const Posted&) = default;
};

class FakeRuntimeApi final : public Service {
 public:
  FakeRuntimeApi();
  ~FakeRuntimeApi() override;

  std::string address() const;  // as AWS_LAMBDA_RUNTIME_API has it
  void add(FakeInvocation invocation);
  // Replies to `next` with this status once the script is at its end, instead of breaking the connection.
  void end_with(int status) { end_status_ = status; }
  // What is posted is taken and not replied to, until the client goes.
  void hold_posts() { hold_posts_ = true; }
  // Blocks until so many posts have been taken.
  void wait_for_posts(std::size_t count) const;

  std::vector<Posted> posted() const;
  std::vector<std::string> violations() const;
  std::uint64_t nexts() const { return nexts_; }

  Task<void> serve(Exchange& exchange) override;

 private:
  Task<void> serve_next(Exchange& exchange);
  Task<void> end_script(Exchange& exchange);
  Task<void> serve_post(Exchange& exchange, std::string path);
  Response accept(const Posted& posted);
  Response refuse(int status, std::string why);

  std::atomic<std::uint64_t> nexts_ = 0;
  std::atomic<int> end_status_ = 0;
  std::atomic<bool> hold_posts_ = false;
  mutable std::mutex mutex_;
  mutable std::condition_variable posted_grew_;
  std::deque<FakeInvocation> script_;
  std::optional<FakeInvocation> running_;
  std::vector<Posted> posted_;
  std::vector<std::string> violations_;
  Server server_;  // the last: it serves from the others
};

}  // namespace azs3copy::fakes
