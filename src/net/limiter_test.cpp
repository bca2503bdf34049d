// Harms: an endpoint that asks for less and gets as much as before; one overload that is answered many times
// over; a pause that is not kept; a request that waits for ever, for a place that is free or that it holds itself; a
// ceiling that does not hold.
#include "net/limiter.hpp"

#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::ManualExecutor;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

const Endpoint s3{.host = "s3.test"};
const Endpoint azure{.host = "azure.test"};

class LimiterTest : public ::testing::Test {
 protected:
  struct Copy {
    Pass pass;
    std::unique_ptr<Exchange> exchange;
  };
  using Started = Result<Copy>;

  LimiterTest() {
    wire.fallback = [](const fakes::RecordedRequest&) { return ScriptedReply{}; };
  }
  void TearDown() override {
    for (std::optional<Started>& entry : started) {  // each place let go may let the next in
      entry.reset();
      executor.drain();
    }
    ASSERT_EQ(group.running(), 0u) << "a request waits for ever";
  }
  void limit(LimiterOptions options) { limited.emplace(wire, clock, options); }

  Task<Started> start(HttpRequest request, const Context& context) {
    Result<Pass> pass = co_await limited->admit(azure, s3, context);
    if (!pass) co_return passed(std::move(pass));
    auto exchange = co_await limited->start(request, context.with_pass(*pass));
    if (!exchange) co_return passed(std::move(exchange));
    co_return Copy{.pass = std::move(*pass), .exchange = std::move(*exchange)};
  }
  Task<void> start_into(HttpRequest request, Context context, std::optional<Started>* out) {
    out->emplace(co_await start(request, context));
    if (**out) began.push_back(request.target);
  }
  // Starts a copy's first request; it was admitted once its entry has a value. `targets` are told apart in `began`.
  std::optional<Started>& begin(std::string target = "/", std::optional<Context> context = {}) {
    std::optional<Started>& entry = started.emplace_back();
    group.spawn(
        start_into({.endpoint = s3, .target = std::move(target)}, context.value_or(clock.context()), &entry));
    return entry;
  }
  // The same for a request that belongs to no copy.
  Task<void> start_other_into(HttpRequest request, Context context, std::optional<Started>* out) {
    auto exchange = co_await limited->start(request, context);
    if (exchange) {
      out->emplace(Copy{.pass = {}, .exchange = std::move(*exchange)});
    } else {
      out->emplace(std::unexpect, exchange.error());
    }
  }
  std::optional<Started>& begin_other(Endpoint endpoint = s3, std::optional<Context> context = {}) {
    std::optional<Started>& entry = started.emplace_back();
    group.spawn(
        start_other_into({.endpoint = std::move(endpoint)}, context.value_or(clock.context()), &entry));
    return entry;
  }
  // One request of a copy from its start to its reply.
  Result<ResponseHead> ask(ScriptedReply reply) {
    wire.replies(std::move(reply));
    Started copy = run(start({.endpoint = s3}, clock.context()), executor);
    if (!copy) return std::unexpected<Error>(copy.error());
    return run(copy->exchange->response(), executor);
  }
  ResponseHead respond(const std::optional<Started>& entry) {
    return run((*entry)->exchange->response(), executor).value();
  }
  int limit_now() { return limited->view(s3).limit; }
  int streams_now() { return limited->view(s3).streams; }

  FakeClock clock;
  ManualExecutor executor;
  ScriptedTransport wire;
  std::optional<LimitedTransport> limited;
  Group group;
  std::deque<std::optional<Started>> started;
  std::vector<std::string> began;
};

TEST_F(LimiterTest, GrowsByOneAReplyUntilTheFirstThrottleAndThenByOneARound) {
  limit({.streams_max = 64, .streams_start = 8});
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(ask({}));
  EXPECT_EQ(limit_now(), 16) << "a round of successes doubles";
  ASSERT_TRUE(ask({.status = 503}));
  EXPECT_EQ(limit_now(), 11) << "16 * 0.7";
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(ask({}));
  EXPECT_EQ(limit_now(), 12) << "a round of successes adds one";
}

TEST_F(LimiterTest, WhichRepliesShrinkAndWhichGrow) {
  struct Case {
    const char* name;
    ScriptedReply reply;
    int limit;
  };
  const Error late{.kind = ErrorKind::timed_out, .retry = RetryVerdict::later};
  for (const Case& one :
       {Case{"429", {.status = 429}, 7}, Case{"503", {.status = 503}, 7},
        Case{"no reply in time", {.response_error = late}, 7},
        Case{"no connection in time", {.start_error = late}, 7},
        Case{"a broken connection", {.response_error = ScriptedTransport::broken_connection()}, 10},
        Case{"500 says nothing", {.status = 500}, 10}, Case{"404", {.status = 404}, 11},
        Case{"412", {.status = 412}, 11}}) {
    limit({.streams_max = 64, .streams_start = 10});
    (void)ask(one.reply);
    EXPECT_EQ(limit_now(), one.limit) << one.name;
    EXPECT_EQ(streams_now(), 0) << one.name << " keeps its place";
  }
}

TEST_F(LimiterTest, AnswersOneOverloadOnce) {
  limit({.streams_max = 100, .streams_start = 100});
  for (int i = 0; i < 30; ++i) (void)ask({.status = 503});
  EXPECT_EQ(limit_now(), 70) << "thirty replies of one moment are one overload";
  clock.advance(milliseconds(999));
  (void)ask({.status = 503});
  EXPECT_EQ(limit_now(), 70);
  clock.advance(milliseconds(1));
  (void)ask({.status = 503});
  EXPECT_EQ(limit_now(), 49);
}

TEST_F(LimiterTest, NeverFallsBelowOneNorRisesAboveItsCeiling) {
  limit({.streams_max = 3, .streams_start = 2});
  for (int i = 0; i < 20; ++i) {
    (void)ask({.status = 503});
    clock.advance(seconds(2));
  }
  EXPECT_EQ(limit_now(), 1);
  for (int i = 0; i < 50; ++i) (void)ask({});
  EXPECT_EQ(limit_now(), 3);
  limit({.streams_max = 0, .streams_start = 0});
  EXPECT_EQ(limit_now(), 1) << "no stream at all would be a standstill";
}

TEST_F(LimiterTest, KeepsThePauseThatTheServiceAsksForAndNoLongerThanAMinute) {
  limit({});
  (void)ask({.status = 503, .headers = {{"Retry-After", "7"}}});
  ASSERT_TRUE(clock.sleeps.empty()) << "the reply itself is given at once";
  (void)ask({});
  EXPECT_EQ(clock.sleeps, std::vector{milliseconds(7000)});
  (void)ask({});
  EXPECT_EQ(clock.sleeps.size(), 1u) << "the pause is over";
  (void)ask({.status = 429, .headers = {{"Retry-After", "86400"}}});
  (void)ask({});
  EXPECT_EQ(clock.sleeps.back(), seconds(60));
}

TEST_F(LimiterTest, APauseHoldsItsOwnEndpointOnly) {
  limit({});
  (void)ask({.status = 503, .headers = {{"Retry-After", "7"}}});
  ASSERT_TRUE(begin_other(azure));
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(LimiterTest, NoMoreStreamsThanTheLimitAndTheyComeInTurn) {
  limit({.streams_max = 2, .streams_start = 2});
  for (const char* target : {"/a", "/b", "/c", "/d", "/e"}) begin(target);
  executor.drain();
  EXPECT_EQ(streams_now(), 2);
  for (std::size_t done = 0; done < 5; ++done) {
    EXPECT_LE(streams_now(), 2);
    EXPECT_EQ(began.size(), std::min<std::size_t>(done + 2, 5));
    started[done].reset();
    executor.drain();
  }
  EXPECT_EQ(began, (std::vector<std::string>{"/a", "/b", "/c", "/d", "/e"}));
  EXPECT_EQ(streams_now(), 0);
}

TEST_F(LimiterTest, WhoComesLaterDoesNotOvertakeWhoWaits) {
  limit({.streams_max = 1, .streams_start = 1});
  std::optional<Started>& first = begin("/first");
  begin("/waits");
  first.reset();    // its place is that of /waits, who has not run yet
  begin("/later");  // as the stream that has just ended begins its next request
  executor.drain();
  EXPECT_EQ(began, (std::vector<std::string>{"/first", "/waits"}));
}

TEST_F(LimiterTest, ARisenLimitLetsInWhoWaits) {
  limit({.streams_max = 4, .streams_start = 1});
  std::optional<Started>& first = begin("/first");
  begin("/waits");
  respond(first);
  respond(begin_other(azure, clock.context().with_pass((*first)->pass)));
  executor.drain();
  EXPECT_EQ(began.size(), 2u) << "the body of the first may take minutes";
}

TEST_F(LimiterTest, APlaceIsPassedOnByWhoMayNotUseItAnyMore) {
  limit({.streams_max = 1, .streams_start = 1});
  std::stop_source wind_down;
  Context pausing = clock.context();
  pausing.wind_down = wind_down.get_token();
  wire.replies({.status = 503, .headers = {{"Retry-After", "30"}}});
  std::optional<Started>& first = begin("/first");
  for (int i = 0; i < 3; ++i) begin("/waits", pausing);
  respond(first);
  wind_down.request_stop();  // each of the three finds its pause ended
  first.reset();
  executor.drain();
  EXPECT_EQ(group.running(), 0u) << "somebody waits for a place that is free";
  for (std::size_t i = 1; i < started.size(); ++i) {
    ASSERT_TRUE(started[i]);
    ASSERT_FALSE(*started[i]);
    EXPECT_EQ((*started[i]).error().kind, ErrorKind::cancelled);
  }
  EXPECT_EQ(streams_now(), 0);
}

TEST_F(LimiterTest, AStoppedWaiterAndARefusedConnectionGiveTheirPlacesBack) {
  limit({.streams_max = 1, .streams_start = 1});
  std::stop_source stop;
  std::optional<Started>& first = begin("/first");
  std::optional<Started>& stopped = begin("/stopped", clock.context(stop.get_token()));
  std::optional<Started>& refused = begin("/refused");
  std::optional<Started>& last = begin("/last");
  stop.request_stop();
  wire.replies({.start_error = ScriptedTransport::broken_connection()});
  first.reset();
  executor.drain();
  ASSERT_TRUE(stopped && !*stopped);
  EXPECT_EQ((*stopped).error().kind, ErrorKind::cancelled);
  ASSERT_TRUE(refused && !*refused);
  ASSERT_TRUE(last && *last);
}

TEST_F(LimiterTest, WaitForAPlaceEndsAtStop) {
  limit({.streams_max = 1, .others_max = 1});
  std::stop_source stop;
  begin();
  begin_other();
  const std::optional<Started>& copy = begin("/waits", clock.context(stop.get_token()));
  const std::optional<Started>& other = begin_other(s3, clock.context(stop.get_token()));
  ASSERT_FALSE(copy || other);
  stop.request_stop();
  clock.look();
  executor.drain();
  for (const std::optional<Started>* ended : {&copy, &other}) {
    ASSERT_TRUE(*ended) << "the place is taken for ever, and so the wait lasts";
    ASSERT_FALSE(**ended);
    EXPECT_EQ((**ended).error().kind, ErrorKind::cancelled);
  }
}

TEST_F(LimiterTest, WaitForAPlaceEndsAtTheDeadline) {
  limit({.streams_max = 1, .others_max = 1});
  begin();
  begin_other();
  const std::optional<Started>& copy = begin("/waits", clock.context().with_timeout(seconds(5)));
  const std::optional<Started>& other = begin_other(s3, clock.context().with_timeout(seconds(5)));
  clock.advance(seconds(4));
  executor.drain();
  ASSERT_FALSE(copy || other);
  clock.advance(seconds(1));
  executor.drain();
  for (const std::optional<Started>* ended : {&copy, &other}) {
    ASSERT_TRUE(*ended);
    ASSERT_FALSE(**ended);
    EXPECT_EQ((**ended).error().kind, ErrorKind::timed_out);
  }
}

TEST_F(LimiterTest, WindDownEndsTheWaitOfACopyOnly) {
  limit({.streams_max = 1, .others_max = 1});
  std::stop_source wind_down;
  Context winding = clock.context();
  winding.wind_down = wind_down.get_token();
  begin();
  std::optional<Started>& holds = begin_other();
  const std::optional<Started>& copy = begin("/waits", winding);
  const std::optional<Started>& other = begin_other(s3, winding);
  wind_down.request_stop();
  clock.look();
  executor.drain();
  ASSERT_TRUE(copy && !*copy);
  EXPECT_EQ((*copy).error().kind, ErrorKind::cancelled);
  ASSERT_FALSE(other) << "it may complete what is in flight";
  holds.reset();
  executor.drain();
  EXPECT_TRUE(other && *other);
}

TEST_F(LimiterTest, CopyNeedsNoSecondPlaceAtAnEndpoint) {
  limit({.streams_max = 1, .others_max = 1});
  const std::optional<Started>& copy = begin();
  begin_other();
  begin_other(azure);
  const Context held = clock.context().with_pass((*copy)->pass);
  for (const Endpoint& endpoint : {azure, s3, azure, s3}) {
    ASSERT_TRUE(begin_other(endpoint, held)) << "a copy waits for a place that it holds itself";
  }
  EXPECT_TRUE(begin_other({.host = "login.test"}, held)) << "of another endpoint it holds none";
}

TEST_F(LimiterTest, OtherRequestsDoNotWaitForCopies) {
  limit({.streams_max = 1, .others_max = 1});
  begin();
  begin("/waits");
  EXPECT_TRUE(begin_other(s3));
  EXPECT_TRUE(begin_other(azure));
}

TEST_F(LimiterTest, WaitingCopyHoldsNoPlace) {
  limit({.streams_max = 4, .streams_start = 4});
  const auto throttle = [&](const Endpoint& endpoint) {
    wire.replies({.status = 503});
    std::optional<Started>& entry = begin_other(endpoint);
    respond(entry);
    entry.reset();
    clock.advance(seconds(2));
  };
  for (int i = 0; i < 5; ++i) throttle(s3);  // S3 has one place, Azure four
  begin("/runs");
  for (int i = 0; i < 3; ++i) begin("/waits");
  EXPECT_EQ(limited->view(azure).streams, 1);
  EXPECT_EQ(limited->view(s3).streams, 1);
}

TEST_F(LimiterTest, HoldsTheCeilingOfRequestsASecond) {
  limit({.streams_max = 100, .streams_start = 100, .requests_per_second_max = 10});
  const Steady::time_point from = clock.now();
  for (int i = 0; i < 50; ++i) (void)ask({});
  const std::chrono::duration<double> took = clock.now() - from;
  EXPECT_GE(took.count(), 4.8);
  EXPECT_LE(took.count(), 5.1);
  clock.advance(seconds(60));  // what is idle is not saved up
  const Steady::time_point again = clock.now();
  for (int i = 0; i < 50; ++i) (void)ask({});
  EXPECT_GE(std::chrono::duration<double>(clock.now() - again).count(), 4.8);
}

TEST_F(LimiterTest, APauseThatComesWhileARequestAwaitsItsTurnIsKeptToo) {
  limit({.requests_per_second_max = 1});
  wire.replies({.status = 503, .headers = {{"Retry-After", "20"}}});
  std::optional<Started>& first = begin();
  const Steady::time_point from = clock.now();
  clock.on_sleep = [&](milliseconds) {
    clock.on_sleep = {};
    respond(first);  // the 503 arrives while the second waits for its second
  };
  ASSERT_TRUE(begin());
  EXPECT_GE(clock.now() - from, seconds(20));
}

TEST_F(LimiterTest, HoldsTheCeilingOfBytesASecondOverAllEndpoints) {
  limit({.bytes_per_second_max = 1 * MiB});
  wire.fallback = [](const fakes::RecordedRequest&) {
    return ScriptedReply{.body = std::string(1 * MiB, 'x')};
  };
  const Steady::time_point from = clock.now();
  for (const Endpoint& endpoint : {s3, azure, s3, azure}) {
    const HttpRequest request{.endpoint = endpoint};
    ASSERT_TRUE(run(fetch(*limited, request, clock.context()), executor));
  }
  const std::chrono::duration<double> took = clock.now() - from;
  EXPECT_GE(took.count(), 3.8);
  EXPECT_LE(took.count(), 4.1);
}

}  // namespace
}  // namespace azs3copy
