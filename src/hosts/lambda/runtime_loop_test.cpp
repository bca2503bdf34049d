// runtime_loop_test.cpp: each invocation is answered once, whatever its handler does, and the loop ends when
// the Runtime API does, without spinning.
#include "hosts/lambda/runtime_loop.hpp"

#include <stdlib.h>

#include <stdexcept>

#include "fakes/lambda/fake_runtime_api.hpp"
#include "hosts/lambda/lambda_test_support.hpp"

namespace azs3copy {
namespace {

using fakes::FakeRuntimeApi;
using fakes::Posted;

std::string trace_id() {
  const char* value = ::getenv("_X_AMZN_TRACE_ID");
  return value == nullptr ? "(unset)" : value;
}

// What the handler saw of one invocation.
struct Seen {
  Invocation invocation;
  Steady::duration left{};
  bool has_deadline = false;
  std::string trace_id;
};

Task<Result<std::string>> reply_with(std::string text) {
  co_return text;
}
Task<Result<std::string>> fail_with(Error error) {
  co_return std::unexpected<Error>(std::move(error));
}
Task<Result<std::string>> throw_late() {
  throw std::runtime_error("late\ntrouble");
  co_return std::string();
}
Task<Result<std::string>> throw_a_number() {
  throw 42;
  co_return std::string();
}
Task<Result<std::string>> wait_for_the_deadline(const Context& context) {
  if (Result<> slept = co_await context.clock.sleep(std::chrono::hours(1), context); !slept) {
    co_return passed(std::move(slept));
  }
  co_return std::string("{}");
}

class RuntimeLoopTest : public testing::Test {
 protected:
  // Runs to the end of the script. `act` gives the handler's Task.
  Error run(std::function<Task<Result<std::string>>(const Invocation&, const Context&)> act) {
    const Handler handler = [this, act](const Invocation& invocation, const Context& context) {
      seen_.push_back({.invocation = invocation,
                       .left = context.deadline - loop_.now(),
                       .has_deadline = context.deadline != Steady::time_point::max(),
                       .trace_id = trace_id()});
      return act(invocation, context);
    };
    RuntimeApi api(loop_, *parse_runtime_address(server_.address()));
    const Context context{.clock = loop_};
    return lambda_test::run(loop_, run_runtime(api, handler, telemetry_, context));
  }
  Error run_echo() {
    return run([](const Invocation& invocation, const Context&) { return reply_with(invocation.payload); });
  }

  FakeRuntimeApi server_;
  Loop loop_;
  lambda_test::Lines lines_;
  Telemetry telemetry_{lines_.writer(), loop_, "fn", LogLevel::debug};
  std::vector<Seen> seen_;
};

TEST_F(RuntimeLoopTest, InvocationsAreServedInOrder) {
  server_.add({.id = "r1", .payload = R"("één 🚀")", .function_arn = "arn:1"});
  server_.add({.id = "r2", .payload = "[2]"});
  const Error end = run_echo();
  EXPECT_EQ(end.kind, ErrorKind::connection) << "the service went away: " << end.to_line();
  EXPECT_EQ(server_.posted(),
            (std::vector<Posted>{
                {.path = "invocation/r1/response", .body = R"("één 🚀")", .content_type = "application/json"},
                {.path = "invocation/r2/response", .body = "[2]", .content_type = "application/json"}}));
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_EQ(seen_[0].invocation.function_arn, "arn:1");
  EXPECT_EQ(server_.nexts(), 3u) << "no spin once the service is gone";
  EXPECT_TRUE(server_.violations().empty());
}

TEST_F(RuntimeLoopTest, TheTraceIdIsThatOfTheInvocation) {
  server_.add({.id = "r1", .trace_id = "Root=1-first;Sampled=1"});
  server_.add({.id = "r2", .without = {"Lambda-Runtime-Trace-Id"}});
  server_.add({.id = "r3", .trace_id = "Root=1-third"});
  run_echo();
  ASSERT_EQ(seen_.size(), 3u);
  EXPECT_EQ(seen_[0].trace_id, "Root=1-first;Sampled=1");
  EXPECT_EQ(seen_[1].trace_id, "(unset)") << "not that of the call before";
  EXPECT_EQ(seen_[2].trace_id, "Root=1-third");
}

TEST_F(RuntimeLoopTest, TheDeadlineIsTheHeaders) {
  const auto in = [this](seconds time) {
    return std::to_string((loop_.utc() + time).time_since_epoch().count());
  };
  server_.add({.id = "r1", .deadline_ms = in(seconds(60))});
  server_.add({.id = "r2", .without = {"Lambda-Runtime-Deadline-Ms"}});
  run_echo();
  ASSERT_EQ(seen_.size(), 2u);
  EXPECT_TRUE(seen_[0].has_deadline);
  EXPECT_LE(seen_[0].left, seconds(60));
  EXPECT_GT(seen_[0].left, seconds(50));
  EXPECT_FALSE(seen_[1].has_deadline);
}

TEST_F(RuntimeLoopTest, AHandlerThatMeetsItsDeadlineIsAnErrorAndTheNextOneIsServed) {
  server_.add({.id = "r1",
               .deadline_ms = std::to_string((loop_.utc() + milliseconds(100)).time_since_epoch().count())});
  server_.add({.id = "r2"});
  run([](const Invocation& invocation, const Context& context) {
    return invocation.request_id == "r1" ? wait_for_the_deadline(context) : reply_with("{}");
  });
  ASSERT_EQ(server_.posted().size(), 2u);
  EXPECT_EQ(server_.posted()[0].error_type, "timed_out");
  EXPECT_EQ(server_.posted()[1].path, "invocation/r2/response");
}

TEST_F(RuntimeLoopTest, AnErrorIsToldAndLoggedAndTheLoopGoesOn) {
  server_.add({.id = "r1"});
  server_.add({.id = "r2"});
  run([](const Invocation& invocation, const Context&) {
    return invocation.request_id == "r1"
               ? fail_with(fail(ErrorKind::permission, "not allowed", "bucket").error())
               : reply_with("{}");
  });
  ASSERT_EQ(server_.posted().size(), 2u);
  EXPECT_EQ(server_.posted()[0].path, "invocation/r1/error");
  EXPECT_EQ(server_.posted()[0].error_type, "permission");
  EXPECT_EQ(server_.posted()[1].path, "invocation/r2/response");
  const auto logged = lines_.of("invocation_failed");
  ASSERT_EQ(logged.size(), 1u);
  EXPECT_EQ(logged[0]["request_id"].string_or(""), "r1");
  EXPECT_EQ(logged[0]["error"].string_or(""), "permission");
  EXPECT_EQ(logged[0]["message"].string_or(""), "not allowed");
}

TEST_F(RuntimeLoopTest, WhatAHandlerThrowsIsAnErrorAndTheLoopGoesOn) {
  for (const char* id : {"r1", "r2", "r3", "r4"}) server_.add({.id = id});
  run([](const Invocation& invocation, const Context&) -> Task<Result<std::string>> {
    if (invocation.request_id == "r1") return throw_late();
    if (invocation.request_id == "r2") throw std::runtime_error("at once");
    if (invocation.request_id == "r3") return throw_a_number();
    return reply_with("{}");
  });
  const auto posted = server_.posted();
  ASSERT_EQ(posted.size(), 4u);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(posted[static_cast<std::size_t>(i)].error_type, "internal");
  EXPECT_NE(posted[0].body.find("late trouble"), std::string::npos) << posted[0].body;
  EXPECT_NE(posted[1].body.find("at once"), std::string::npos);
  EXPECT_EQ(posted[3].path, "invocation/r4/response");
  EXPECT_TRUE(server_.violations().empty());
}

TEST_F(RuntimeLoopTest, AReplyThatIsTooLargeIsAnErrorOfThatInvocation) {
  server_.add({.id = "r1", .reply_status = 413});
  server_.add({.id = "r2"});
  run_echo();
  const auto posted = server_.posted();
  ASSERT_EQ(posted.size(), 3u);
  EXPECT_EQ(posted[1].path, "invocation/r1/error");
  EXPECT_EQ(posted[1].error_type, "invalid");
  EXPECT_EQ(posted[2].path, "invocation/r2/response");
  EXPECT_TRUE(server_.violations().empty());
}

TEST_F(RuntimeLoopTest, AReplyThatCameTooLateIsPassedOver) {
  server_.add({.id = "r1", .reply_status = 403});
  server_.add({.id = "r2"});
  run_echo();
  EXPECT_EQ(seen_.size(), 2u);
  EXPECT_EQ(lines_.of("reply_refused").size(), 1u);
}

TEST_F(RuntimeLoopTest, ABrokenSandboxEndsTheLoop) {
  server_.add({.id = "r1", .reply_status = 500});
  server_.add({.id = "r2"});
  const Error end = run_echo();
  EXPECT_EQ(end.http_status, 500);
  EXPECT_EQ(seen_.size(), 1u);
  EXPECT_EQ(server_.nexts(), 1u);
}

TEST_F(RuntimeLoopTest, ARefusedNextEndsTheLoop) {
  for (const int status : {403, 404, 500}) {
    server_.end_with(status);
    const std::uint64_t before = server_.nexts();
    EXPECT_EQ(run_echo().http_status, status);
    EXPECT_EQ(server_.nexts(), before + 1);
  }
}

TEST(SteadyDeadline, IsTheWallClocksOnTheSteadyClock) {
  struct Still final : Clock {
    Steady::time_point now() const override { return Steady::time_point(std::chrono::hours(1000)); }
    UtcTime utc() const override { return UtcTime(std::chrono::hours(500'000)); }
    Task<Result<>> sleep(milliseconds, const Context&) override { co_return Result<>{}; }
  };
  const Still clock;
  EXPECT_EQ(steady_deadline(clock.utc() + seconds(900), clock), clock.now() + seconds(900));
  EXPECT_EQ(steady_deadline(clock.utc() - seconds(1), clock), clock.now() - seconds(1)) << "already over";
  EXPECT_EQ(steady_deadline(Invocation::no_deadline, clock), Steady::time_point::max());
}

TEST(TraceId, IsSetAndUnsetWithoutALeftover) {
  set_trace_id("Root=1-a-long-one;Parent=2;Sampled=1");
  set_trace_id("Root=1");
  EXPECT_EQ(trace_id(), "Root=1");
  set_trace_id("");
  EXPECT_EQ(trace_id(), "(unset)");
  set_trace_id("Root=2");
  set_trace_id(std::string(5'000, 'x'));
  EXPECT_EQ(trace_id(), "(unset)") << "not one that was cut";
}

}  // namespace
}  // namespace azs3copy
