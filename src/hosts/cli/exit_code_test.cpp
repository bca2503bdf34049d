// exit_code_test.cpp: scripts decide by these numbers.
#include "hosts/cli/exit_code.hpp"

#include <gtest/gtest.h>

namespace azs3copy::cli {
namespace {

TEST(ExitCode, OfEachKindOfError) {
  const std::pair<ErrorKind, int> table[] = {
      {ErrorKind::invalid, 2},     {ErrorKind::not_found, 3},   {ErrorKind::credentials, 4},
      {ErrorKind::permission, 4},  {ErrorKind::throttled, 5},   {ErrorKind::unavailable, 5},
      {ErrorKind::timed_out, 5},   {ErrorKind::connection, 5},  {ErrorKind::changed, 5},
      {ErrorKind::conflict, 5},    {ErrorKind::archived, 7},    {ErrorKind::protocol, 7},
      {ErrorKind::corrupt, 7},     {ErrorKind::unsupported, 7}, {ErrorKind::internal, 7},
      {ErrorKind::cancelled, 130},
  };
  EXPECT_EQ(std::size(table), static_cast<std::size_t>(ErrorKind::internal) + 1) << "a kind is missing here";
  for (const auto& [kind, code] : table) EXPECT_EQ(exit_code(Error{.kind = kind}), code) << to_string(kind);
}

RunResult result_of(std::uint64_t failed, std::uint64_t skipped, bool interrupted,
                    std::optional<ErrorKind> fatal = {}) {
  RunResult result;
  result.summary.totals.copied.blobs = 10;
  result.summary.totals.failed.blobs = failed;
  result.summary.totals.skipped.blobs = skipped;
  result.summary.interrupted = interrupted;
  if (fatal) result.fatal = Error{.kind = *fatal};
  return result;
}

TEST(ExitCode, OfACopy) {
  EXPECT_EQ(exit_code(result_of(0, 0, false)), 0);
  EXPECT_EQ(exit_code(result_of(1, 0, false)), 1);
  EXPECT_EQ(exit_code(result_of(0, 1, false)), 9);
  EXPECT_EQ(exit_code(result_of(1, 1, false)), 1);
  EXPECT_EQ(exit_code(result_of(0, 0, true)), 130);
  EXPECT_EQ(exit_code(result_of(1, 1, true)), 130);
  EXPECT_EQ(exit_code(result_of(1, 0, true, ErrorKind::credentials)), 4);
}

TEST(ExitCode, OfACheckIsOneOnAnyDifference) {
  EXPECT_EQ(exit_code(CheckResult{.summary = {.equal = 5}}), 0);
  EXPECT_EQ(exit_code(CheckResult{.summary = {.equal = 5, .missing = 1}}), 1);
  EXPECT_EQ(exit_code(CheckResult{.summary = {.different = 1}}), 1);
  EXPECT_EQ(exit_code(CheckResult{.summary = {.only_at_destination = 1}}), 1);
  EXPECT_EQ(exit_code(CheckResult{.summary = {.errors = 1}}), 1);
  EXPECT_EQ(exit_code(CheckResult{.fatal = Error{.kind = ErrorKind::not_found}}), 3);
}

TEST(ExitCode, OfACleanup) {
  EXPECT_EQ(exit_code(CleanupResult{.aborted = 3}), 0);
  EXPECT_EQ(exit_code(CleanupResult{.aborted = 3, .failed = 1}), 1);
  EXPECT_EQ(exit_code(CleanupResult{.fatal = Error{.kind = ErrorKind::connection}}), 5);
}

TEST(ExitCode, OfARunOfTheFunctions) {
  RunStatus status{.skipped = {1, 0}, .failed = {1, 0}, .listing_errors = {"403"}};
  EXPECT_EQ(exit_code(status), 0) << "it is not over: what failed may be tried again";
  status.over = true;
  EXPECT_EQ(exit_code(status), 1);
  status.failed = {};
  EXPECT_EQ(exit_code(status), 1) << "what a listing did not find is missing";
  status.listing_errors.clear();
  EXPECT_EQ(exit_code(status), 9);
  status.skipped = {};
  EXPECT_EQ(exit_code(status), 0);
  EXPECT_EQ(exit_code(StatusResult{.last = status}), 0);
  EXPECT_EQ(exit_code(StatusResult{.last = status, .interrupted = true}), 130);
  EXPECT_EQ(exit_code(StatusResult{.last = status, .fatal = Error{.kind = ErrorKind::not_found}}), 3);
}

TEST(ExitCode, OfARedrive) {
  EXPECT_EQ(exit_code(RedriveResult{.left = {{"changed", 3}}}), 0);
  EXPECT_EQ(exit_code(RedriveResult{.sent = {{"throttled", 3}}, .failed = 1}), 1);
  EXPECT_EQ(exit_code(RedriveResult{.fatal = Error{.kind = ErrorKind::permission}}), 4);
}

}  // namespace
}  // namespace azs3copy::cli
