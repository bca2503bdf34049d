// run_store_test.cpp: a run's state comes back as it was written, also by an earlier release.
#include "ledger/run_store.hpp"

#include <map>
#include <string>

#include "aws/s3_test_support.hpp"

namespace azs3copy::s3_test {
namespace {

struct RunStoreTest : S3Fixture {
  const RunId id{"r1"};
};

// redrive decides by the kind; plans of before have none.
TEST_F(RunStoreTest, APlanKeepsTheKindOfItsError) {
  StateStore store(*client, ".azs3copy/");
  RunStore runs(store);
  wire.replies({.headers = {{"ETag", "\"e\""}}});
  ASSERT_TRUE(
      run(runs.save_plan(id, "w", {.done = true, .error = "403", .error_kind = "permission"}, context)));
  std::string text = wire.requests.back().body;
  wire.replies({.headers = {{"ETag", "\"e\""}}, .body = text});
  Result<std::optional<ListingPlan>> plan = run(runs.find_plan(id, "w", context));
  ASSERT_TRUE(plan && *plan);
  EXPECT_EQ((*plan)->error_kind, "permission");
  const std::string field = R"(,"error_kind":"permission")";
  ASSERT_NE(text.find(field), std::string::npos) << text;
  text.erase(text.find(field), field.size());
  wire.replies({.headers = {{"ETag", "\"e\""}}, .body = text});
  plan = run(runs.find_plan(id, "w", context));
  ASSERT_TRUE(plan && *plan);
  EXPECT_EQ((*plan)->error, "403");
  EXPECT_EQ((*plan)->error_kind, "");
}

// Plans of earlier releases have no count of folders.
TEST_F(RunStoreTest, PlanKeepsTheCountOfFolders) {
  StateStore store(*client, ".azs3copy/");
  RunStore runs(store);
  for (const std::uint64_t folders : {0U, 7U}) {
    wire.replies({.headers = {{"ETag", "\"e\""}}});
    ASSERT_TRUE(run(runs.save_plan(id, "w", {.done = true, .folders = folders}, context)));
    const std::string text = wire.requests.back().body;
    EXPECT_EQ(text.find("folders") != std::string::npos, folders > 0);
    wire.replies({.headers = {{"ETag", "\"e\""}}, .body = text});
    const Result<std::optional<ListingPlan>> plan = run(runs.find_plan(id, "w", context));
    ASSERT_TRUE(plan && *plan);
    EXPECT_EQ((*plan)->folders, folders);
  }
}

// Thousands of plans that nobody may read are not all asked for.
TEST_F(RunStoreTest, PlansAreReadSideBySideUntilOneCannotBe) {
  StateStore store(*client, ".azs3copy/");
  RunStore runs(store);
  RunInfo info{.run = id};
  for (int i = 0; i < 1000; ++i) info.works.push_back(std::to_string(i));
  wire.fallback = [](const RecordedRequest&) { return error_reply(403, "AccessDenied"); };
  std::map<std::string, ListingPlan> known;
  const Result<PlanSummary> plans = run(look_at_plans(runs, info, known, context));
  ASSERT_FALSE(plans);
  EXPECT_EQ(plans.error().kind, ErrorKind::permission);
  EXPECT_LE(wire.requests.size(), 32u);
}

}  // namespace
}  // namespace azs3copy::s3_test
