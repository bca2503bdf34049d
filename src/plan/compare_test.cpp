// compare_test.cpp: the truth table of compare.hpp, row by row.
#include "plan/compare.hpp"

#include <gtest/gtest.h>

#include "core/limits.hpp"

namespace azs3copy {
namespace {

constexpr UtcTime modified = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
constexpr milliseconds margin = std::chrono::minutes(15);
constexpr milliseconds tick{1};

const Blob blob{.container = Container("c"),
                .name = BlobName("b"),
                .size = 10,
                .etag = ETag("0x8D1"),
                .last_modified = modified};

struct Row {
  const char* name;
  std::optional<Existing> existing;
  Comparison by_default, size_only, ignore_existing, checksum;
};

using enum Comparison;

const std::vector<Row> rows = {
    {"no such key", std::nullopt, copy, copy, copy, copy},
    {"larger, later", Existing{11, modified + 2 * margin}, copy, copy, unchanged, copy},
    {"smaller, later", Existing{9, modified + 2 * margin}, copy, copy, unchanged, copy},
    {"other size, at once", Existing{0, modified}, copy, copy, unchanged, copy},
    {"later by more than the margin", Existing{10, modified + margin + tick}, unchanged, unchanged, unchanged,
     ask},
    {"later by the margin", Existing{10, modified + margin}, ask, unchanged, unchanged, ask},
    {"at the same moment", Existing{10, modified}, ask, unchanged, unchanged, ask},
    {"earlier by the margin", Existing{10, modified - margin}, ask, unchanged, unchanged, ask},
    {"earlier by more than the margin", Existing{10, modified - margin - tick}, copy, unchanged, unchanged,
     ask},
};

TEST(Compare, EveryRowOfTheTruthTable) {
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(compare(blob, row.existing, {}), row.by_default);
    EXPECT_EQ(compare(blob, row.existing, {.size_only = true}), row.size_only);
    EXPECT_EQ(compare(blob, row.existing, {.ignore_existing = true}), row.ignore_existing);
    EXPECT_EQ(compare(blob, row.existing, {.checksum = true}), row.checksum);
    // Of several options the first of ignore-existing, checksum, size-only decides.
    EXPECT_EQ(compare(blob, row.existing, {.ignore_existing = true, .size_only = true, .checksum = true}),
              row.ignore_existing);
    EXPECT_EQ(compare(blob, row.existing, {.size_only = true, .checksum = true}), row.checksum);
  }
}

TEST(Compare, OfAHierarchicalBlobTheTimeAloneSaysNothing) {
  Blob renamed = blob;
  renamed.hierarchical = true;
  const Existing later{10, modified + 2 * margin};
  EXPECT_EQ(compare(renamed, later, {}), ask);
  EXPECT_EQ(compare(renamed, later, {.size_only = true}), unchanged);
  EXPECT_EQ(compare(renamed, later, {.ignore_existing = true}), unchanged);
  EXPECT_EQ(compare(renamed, Existing{10, modified - 2 * margin}, {}), copy);
}

// The sample compares with ">" at steps of one second
// and loses what was written in the second of the last copy.
TEST(Compare, SampleDefectABlobOfTheSameSecondIsAskedForAndNotLost) {
  EXPECT_EQ(compare(blob, Existing{10, modified}, {.margin = milliseconds(0)}), Comparison::ask);
  EXPECT_EQ(compare(blob, Existing{10, modified - milliseconds(999)}, {.margin = milliseconds(0)}),
            Comparison::copy);
}

TEST(Compare, TheRecordedEtagDecidesAfterTheHead) {
  EXPECT_EQ(compare_recorded(blob, 10, "0x8D1"), Comparison::unchanged);
  EXPECT_EQ(compare_recorded(blob, 10, "0x8D2"), Comparison::copy);
  EXPECT_EQ(compare_recorded(blob, 11, "0x8D1"), Comparison::copy)
      << "the record is right, the object is cut";
  EXPECT_EQ(compare_recorded(blob, 10, ""), Comparison::copy) << "not written by us";
  Blob without_etag = blob;
  without_etag.etag = ETag();
  EXPECT_EQ(compare_recorded(without_etag, 10, ""), Comparison::copy) << "two unknowns are not equal";
}

TEST(Obstacle, NamesWhyABlobCannotBeCopied) {
  EXPECT_EQ(obstacle(blob), std::nullopt);
  Blob other = blob;
  other.archived = true;
  EXPECT_EQ(obstacle(other), "archived: rehydrate first");
  other.rehydrating = true;
  EXPECT_NE(obstacle(other).value_or("").find("rehydrating"), std::string::npos)
      << "asking for it a second time would cost money again";
  other = blob;
  other.customer_key = true;
  EXPECT_NE(obstacle(other).value_or("").find("customer-provided key"), std::string::npos);
  other = blob;
  other.size = object_bytes_max;
  EXPECT_EQ(obstacle(other), std::nullopt);
  other.size = object_bytes_max + 1;
  EXPECT_NE(obstacle(other).value_or("").find("48.8 TiB"), std::string::npos);
}

TEST(Obstacle, AppendAndPageBlobsAreCopiedAsTheirBytes) {
  for (const BlobType type : {BlobType::block, BlobType::append, BlobType::page}) {
    Blob other = blob;
    other.type = type;
    EXPECT_EQ(obstacle(other), std::nullopt);
  }
}

}  // namespace
}  // namespace azs3copy
