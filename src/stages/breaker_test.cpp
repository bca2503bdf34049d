// Harms: a run that ends for one folder, one blob or one bad minute; a run that reads terabytes for a bucket that
// is full; a service that is down and is asked by hundreds at a time.
#include "stages/breaker.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using std::chrono::minutes;

Error refused(std::string operation, std::string code = "AuthorizationPermissionMismatch",
              ErrorKind kind = ErrorKind::permission, int status = 403) {
  return {.kind = kind,
          .message = "no",
          .operation = std::move(operation),
          .service_code = std::move(code),
          .request_id = "r-1",
          .http_status = status};
}
Error busy(std::string operation) {
  return refused(std::move(operation), "ServerBusy", ErrorKind::unavailable, 503);
}

class BreakerTest : public ::testing::Test {
 protected:
  // `blobs` in each of `folders`, spread over `lasting`; the error of the one that ended the run.
  std::optional<Error> fail_many(const Error& error, int folders, int blobs, milliseconds lasting) {
    for (int i = 0; i < blobs; ++i) {
      for (int folder = 0; folder < folders; ++folder) {
        const std::string name = fmt::format("folder{}/{}", folder, i);
        if (auto end = breaker.gave_up(error, {.container = Container("c"), .relative_name = name}))
          return end;
      }
      clock.advance(lasting / std::max(1, blobs - 1));
    }
    return std::nullopt;
  }

  FakeClock clock;
  Breaker breaker{clock};
};

TEST_F(BreakerTest, EndsTheRunOnBroadEvidenceOnly) {
  struct Case {
    std::string_view what;
    Error error;
    int folders;
    int blobs;
    milliseconds lasting;
    bool ends;
  };
  const Error denied = refused("write: s3.put_object", "AccessDenied");
  for (const Case& one : {
           Case{"one blob", refused("read: azure.read"), 1, 1, minutes(60), false},
           Case{"a private folder", refused("read: azure.read"), 1, 900, minutes(60), false},
           Case{"a private folder that is quick", refused("read: azure.read"), 1, 90'000, minutes(9), false},
           Case{"two private folders", refused("read: azure.read"), 2, 400, minutes(5), false},
           Case{"few blobs of many folders", refused("read: azure.read"), 9, 2, minutes(5), false},
           Case{"many folders at one moment", refused("read: azure.read"), 9, 90, seconds(20), false},
           Case{"no right to read anywhere", refused("read: azure.read"), 3, 90, minutes(1), true},
           Case{"no right to write anywhere", denied, 3, 90, minutes(1), true},
           Case{"no right to write a flat container", denied, 1, 2000, minutes(21), true},
           Case{"signatures of one folder",
                refused("s3.put_object", "SignatureDoesNotMatch", ErrorKind::credentials), 1, 500, minutes(5),
                false},
           Case{"an access key that was deleted",
                refused("s3.put_object", "InvalidAccessKeyId", ErrorKind::credentials), 1, 10, seconds(1),
                true},
           Case{"nine refusals of a key",
                refused("s3.put_object", "InvalidAccessKeyId", ErrorKind::credentials), 1, 9, seconds(60),
                false},
           Case{"no token to be had",
                {.kind = ErrorKind::credentials, .operation = "azure.read: azure.login"},
                1,
                10,
                seconds(1),
                true},
           Case{"a bucket that is gone", refused("s3.put_object", "NoSuchBucket", ErrorKind::not_found, 404),
                1, 10, seconds(1), true},
           Case{
               "a quota", refused("s3.upload_part", "QuotaExceeded", ErrorKind::unavailable), 1, 1, {}, true},
           Case{"a full disk at the server",
                refused("s3.put_object", "", ErrorKind::unavailable, 507),
                1,
                1,
                {},
                true},
           Case{"blobs that vanish", refused("azure.read", "BlobNotFound", ErrorKind::not_found, 404), 5, 500,
                minutes(60), false},
           Case{"blobs that change", refused("azure.read", "ConditionNotMet", ErrorKind::changed, 412), 5,
                500, minutes(60), false},
           Case{"names too long",
                {.kind = ErrorKind::invalid, .operation = "s3.put_object"},
                5,
                500,
                minutes(60),
                false},
           Case{"two blobs of a busy service", busy("s3.put_object"), 2, 1, minutes(60), false},
           Case{"a service that is busy for a minute", busy("s3.put_object"), 3, 50, minutes(1), false},
           Case{"a service that is busy for long", busy("s3.put_object"), 3, 2, minutes(15), true},
       }) {
    SCOPED_TRACE(one.what);
    Breaker fresh(clock);
    std::optional<Error> end;
    for (int i = 0; i < one.blobs && !end; ++i) {
      for (int folder = 0; folder < one.folders && !end; ++folder) {
        const std::string name = fmt::format("folder{}/{}", folder, i);
        end = fresh.gave_up(one.error, {.container = Container("c"), .relative_name = name});
      }
      clock.advance(one.lasting / std::max(1, one.blobs - 1));
    }
    EXPECT_EQ(end.has_value(), one.ends);
    EXPECT_EQ(fresh.tripped().has_value(), one.ends);
    if (end) {
      EXPECT_EQ(end->kind, one.error.kind) << "the exit code is the cause's";
    }
  }
}

TEST_F(BreakerTest, CountsContainersAsPlaces) {
  std::optional<Error> end;
  for (int i = 0; i < 60 && !end; ++i) {
    end = breaker.gave_up(refused("azure.read"), {.container = Container(fmt::format("c{}", i % 3)),
                                                  .relative_name = fmt::format("{}", i)});
    clock.advance(seconds(1));
  }
  EXPECT_TRUE(end);
}

TEST_F(BreakerTest, CountsOneBlobOnce) {
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(breaker.gave_up(
        refused("azure.read"), {.container = Container(fmt::format("c{}", i % 3)), .relative_name = "same"}));
    clock.advance(seconds(10));
  }
}

TEST_F(BreakerTest, OneSuccessStartsAnew) {
  const Error denied = refused("azure.read");
  ASSERT_FALSE(fail_many(denied, 3, 6, seconds(100)));
  (void)breaker.succeeded(Operation::read_source);
  EXPECT_FALSE(fail_many(denied, 3, 6, seconds(100)));
  breaker.found_unchanged();
  EXPECT_FALSE(fail_many(denied, 3, 6, seconds(100)));
  (void)breaker.succeeded(Operation::list_source);
  EXPECT_TRUE(fail_many(denied, 3, 7, seconds(100))) << "a listing shows nothing about reading";
}

TEST_F(BreakerTest, KeepsOperationsApart) {
  ASSERT_FALSE(fail_many(refused("azure.read"), 3, 6, seconds(100)));
  ASSERT_FALSE(fail_many(refused("s3.put_object", "AccessDenied"), 3, 6, seconds(100)));
  ASSERT_FALSE(fail_many(refused("s3.head_object", "Forbidden"), 3, 6, seconds(100)));
}

TEST_F(BreakerTest, WaitsForBodiesThatAreStillSent) {
  const Error denied = refused("s3.put_object", "AccessDenied");
  {
    const Breaker::Sending large(breaker);
    clock.advance(seconds(1));
    EXPECT_FALSE(fail_many(denied, 3, 90, minutes(5)));
  }
  EXPECT_TRUE(fail_many(denied, 3, 90, minutes(5)));
}

TEST_F(BreakerTest, ReportsWhatItSaw) {
  const std::optional<Error> end = fail_many(refused("azure.read"), 4, 20, minutes(2));
  ASSERT_TRUE(end);
  EXPECT_NE(end->message.find("blobs of c/folder0/, c/folder1/, c/folder2/, ..."), std::string::npos)
      << end->message;
  EXPECT_NE(end->message.find("could not be read within 3"), std::string::npos) << end->message;
  EXPECT_EQ(end->service_code, "AuthorizationPermissionMismatch");
  EXPECT_EQ(end->request_id, "r-1");
}

TEST_F(BreakerTest, AfterAllWasRefusedThatIsTheRunsError) {
  ASSERT_FALSE(fail_many(refused("azure.read"), 1, 19, seconds(1)));
  EXPECT_FALSE(breaker.at_end()) << "nineteen blobs are a list";
  ASSERT_FALSE(fail_many(refused("azure.read"), 1, 20, seconds(1)));
  EXPECT_TRUE(breaker.at_end());
  breaker.found_unchanged();
  ASSERT_FALSE(fail_many(refused("azure.read"), 1, 20, seconds(1)));
  EXPECT_FALSE(breaker.at_end()) << "some of it can be used";
}

TEST_F(BreakerTest, RetriesGoOneAtATimeWhileAllFail) {
  const Error error = busy("s3.upload_part");
  Breaker::Gate gate(breaker, Operation::write_destination);
  for (const char* part : {"a#1", "a#2", "a#3", "a#3"}) EXPECT_FALSE(breaker.attempt_failed(error, part));
  EXPECT_FALSE(gate.is_closed());
  EXPECT_EQ(gate.take_turn(), milliseconds(0));
  EXPECT_TRUE(breaker.waiting_text().empty());

  EXPECT_TRUE(breaker.attempt_failed(error, "a#4"));
  EXPECT_TRUE(gate.is_closed());
  EXPECT_FALSE(breaker.attempt_failed(error, "a#5")) << "said once";
  EXPECT_EQ(breaker.waiting_text(), "waiting for S3 (503 ServerBusy) since 0 s");
  milliseconds pause(1000);
  for (int probe = 0; probe < 8; ++probe) {
    EXPECT_EQ(gate.take_turn(), milliseconds(0));
    const milliseconds wait = gate.take_turn();
    EXPECT_EQ(wait, std::min(pause, milliseconds(30'000))) << "one probe, then the others wait";
    clock.advance(wait);
    pause *= 2;
  }
  Breaker::Gate reading(breaker, Operation::read_source);
  EXPECT_FALSE(reading.is_closed()) << "another operation";

  EXPECT_TRUE(breaker.succeeded(Operation::write_destination)) << "it is back";
  EXPECT_FALSE(gate.is_closed());
  EXPECT_EQ(gate.take_turn(), milliseconds(0));
  EXPECT_FALSE(breaker.succeeded(Operation::write_destination));
}

TEST_F(BreakerTest, RefusalsCloseNoGate) {
  for (int i = 0; i < 50; ++i)
    EXPECT_FALSE(breaker.attempt_failed(refused("azure.read"), fmt::format("{}", i)));
}

TEST_F(BreakerTest, OperationsAreKnownByTheirClientsNames) {
  EXPECT_EQ(operation_of(refused("list the source: azure.list_blobs")), Operation::list_source);
  EXPECT_EQ(operation_of(refused("read: azure.read: azure.login")), Operation::read_source);
  EXPECT_EQ(operation_of(refused("list the destination: s3.list_objects")), Operation::list_destination);
  EXPECT_EQ(operation_of(refused("compare: s3.head_object")), Operation::look_at_destination);
  EXPECT_EQ(operation_of(refused("write: s3.upload_part")), Operation::write_destination);
  EXPECT_EQ(operation_of(refused("ledger.save")), std::nullopt);
}

TEST_F(BreakerTest, OnlyTheMachineFailsByItself) {
  EXPECT_TRUE(is_machine_failure({.kind = ErrorKind::internal, .message = "cannot write: no space left"}));
  EXPECT_FALSE(is_machine_failure(refused("s3.put_object", "MalformedXML", ErrorKind::internal, 400)));
  EXPECT_FALSE(is_machine_failure({.kind = ErrorKind::internal, .operation = "s3.complete_upload"}));
  EXPECT_FALSE(is_machine_failure(refused("azure.read")));
}

}  // namespace
}  // namespace azs3copy
