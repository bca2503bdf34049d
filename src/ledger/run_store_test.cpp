// run_store_test.cpp: a run's state comes back as it was written, also by an earlier release.
#include "ledger/run_store.hpp"

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

}  // namespace
}  // namespace azs3copy::s3_test
