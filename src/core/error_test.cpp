// Harms: an error that does not say what failed, at what, or whom to ask; a deadline that a child outlives.
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <set>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

TEST(ErrorTest, OneLineTellsAllButTheAdvice) {
  const Error full{.kind = ErrorKind::permission,
                   .message = "no permission to read",
                   .operation = "s3.head",
                   .subject = "a/b.jpg",
                   .service_code = "AccessDenied",
                   .request_id = "R1",
                   .advice = "ask somebody",
                   .http_status = 403,
                   .attempts = 3,
                   .elapsed = std::chrono::milliseconds(2345)};
  EXPECT_EQ(
      full.to_line(),
      "s3.head a/b.jpg: 403 AccessDenied: no permission to read (request id R1) after 3 attempts in 2.3 s");
  for (const auto& [error, line] : {
           std::pair{Error{.message = "text"}, "text"},
           std::pair{Error{.message = "text", .subject = "a"}, "a: text"},
           std::pair{Error{.message = "text", .operation = "op"}, "op: text"},
           std::pair{Error{.message = "text", .http_status = 502}, "502: text"},
           std::pair{Error{.service_code = "SlowDown", .http_status = 503}, "503 SlowDown"},
           std::pair{Error{}, ""},
       }) {
    EXPECT_EQ(error.to_line(), line);
  }
}

TEST(ErrorTest, ContextGoesOutermostFirstAndTheInnermostSubjectStays) {
  std::unexpected<Error> error = fail(ErrorKind::not_found, "gone", "blob", "look again");
  error = failed(Error(error.error()), "read", "other");
  error = failed(Error(error.error()), "copy");
  EXPECT_EQ(error.error().to_line(), "copy: read blob: gone");
  EXPECT_EQ(error.error().kind, ErrorKind::not_found);
  EXPECT_EQ(error.error().advice, "look again");
  EXPECT_EQ(error.error().retry, RetryVerdict::never) << "nothing is tried again unless somebody says so";
}

TEST(ErrorTest, EachKindHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int kind = 0; kind <= static_cast<int>(ErrorKind::internal); ++kind) {
    names.insert(to_string(static_cast<ErrorKind>(kind)));
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(ErrorKind::internal) + 1);
  EXPECT_FALSE(names.contains("unknown"));
}

TEST(ContextTest, AChildNeverOutlivesItsParent) {
  fakes::FakeClock clock;
  const Context parent = clock.context().with_timeout(seconds(10));
  EXPECT_EQ(parent.with_timeout(seconds(20)).deadline, parent.deadline);
  EXPECT_EQ(parent.with_timeout(seconds(5)).deadline, clock.now() + seconds(5));
}

TEST(ContextTest, SaysWhyToStop) {
  fakes::FakeClock clock;
  std::stop_source stop;
  const Context context = clock.context(stop.get_token()).with_timeout(seconds(1));
  EXPECT_TRUE(context.check());
  clock.advance(milliseconds(1000));
  EXPECT_EQ(context.check().error().kind, ErrorKind::timed_out) << "the deadline itself is too late";
  stop.request_stop();
  EXPECT_EQ(context.check().error().kind, ErrorKind::cancelled) << "the user's wish comes first";
}

TEST(ContextTest, APauseEndsWithTheWindDownWhereThereIsOne) {
  fakes::FakeClock clock;
  std::stop_source stop;
  std::stop_source wind_down;
  const Context stopped = clock.context(stop.get_token());
  stop.request_stop();
  EXPECT_TRUE(stopped.for_pause().stopped());
  Context context = clock.context();
  context.wind_down = wind_down.get_token();
  wind_down.request_stop();
  EXPECT_TRUE(context.for_pause().stopped());
  EXPECT_FALSE(context.stopped()) << "what is under way goes on";
}

TEST(ContextTest, AShareOfTheTimeLeavesTheRestToOthers) {
  fakes::FakeClock clock;
  Context context = clock.context();
  EXPECT_EQ(context.with_share(50).deadline, Steady::time_point::max());
  context.deadline = clock.now() + seconds(10);
  EXPECT_EQ(context.with_share(80).deadline, clock.now() + seconds(8));
  clock.advance(seconds(11));
  EXPECT_TRUE(context.with_share(80).expired());
}

TEST(ContextTest, CleaningUpMayTakeLongerThanTheWorkAndNeverLess) {
  fakes::FakeClock clock;
  Context context = clock.context();
  context.deadline = clock.now() + seconds(10);
  EXPECT_EQ(context.for_clean_up().deadline, context.deadline) << "where the host gives no time of its own";
  context.clean_up_deadline = clock.now() + seconds(20);
  EXPECT_EQ(context.for_clean_up().deadline, context.clean_up_deadline);
  EXPECT_EQ(context.with_timeout(seconds(1)).for_clean_up().deadline, context.clean_up_deadline);
  context.clean_up_deadline = clock.now() + seconds(5);
  EXPECT_EQ(context.for_clean_up().deadline, context.deadline);
}

}  // namespace
}  // namespace azs3copy
