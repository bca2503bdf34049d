// suggest_test.cpp: a misspelt word finds the one that was meant, and no other.
#include "core/suggest.hpp"

#include <gtest/gtest.h>

namespace azs3copy {
namespace {

TEST(Suggest, FindsWhatWasMeant) {
  const std::vector<std::string> known = {"--transfers", "--part-size", "--part-threshold", "--dry-run"};
  EXPECT_EQ(nearest("--transfer", known), "--transfers");
  EXPECT_EQ(nearest("--part-szie", known), "--part-size");
  EXPECT_EQ(nearest("--dryrun", known), "--dry-run");
  EXPECT_EQ(nearest("--part-thr", known), "--part-threshold");  // the only one that starts so
  EXPECT_EQ(nearest("--zzzzzz", known), std::nullopt);
}

TEST(Suggest, DistanceCountsASwapOnce) {
  EXPECT_EQ(edit_distance("cpoy", "copy"), 1u);
  EXPECT_EQ(edit_distance("", "abc"), 3u);
  EXPECT_EQ(edit_distance("kitten", "sitting"), 3u);
}

}  // namespace
}  // namespace azs3copy
