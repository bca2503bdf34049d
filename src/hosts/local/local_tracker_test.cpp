// Harms: an upload that is completed twice or never; parts of a failed upload that go on; a proof that counts
// as better than its weakest part.
#include "hosts/local/local_tracker.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <thread>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::run;

Upload upload_of(std::string id, std::uint32_t parts) {
  return {.task = {.blob = {.name = BlobName(id), .size = parts * 10ULL}, .key = Key(id)},
          .id = UploadId(id),
          .part_bytes = 10,
          .part_count = parts};
}
UploadedPart part(std::uint32_t number, const char* etag = "e") {
  return {.number = number, .etag = ETag(etag), .size = 10, .crc = Crc64{}};
}

class LocalTrackerTest : public ::testing::Test {
 protected:
  // True: it made the list whole.
  bool add(std::uint32_t number) { return run(tracker_.add(upload_, part(number))).value(); }
  LocalTracker tracker_;
  Upload upload_ = upload_of("u", 3);
};

TEST_F(LocalTrackerTest, IsWholeForExactlyOneCallerInWhateverOrderPartsCome) {
  ASSERT_TRUE(run(tracker_.begin(upload_, {}, SourceProof::none)));
  EXPECT_FALSE(add(3));
  EXPECT_FALSE(add(1));
  EXPECT_FALSE(add(1)) << "a part that came twice is one part";
  EXPECT_TRUE(add(2));
  EXPECT_FALSE(add(2)) << "a second Complete";
  const auto parts = run(tracker_.parts(upload_)).value().parts;
  ASSERT_EQ(parts.size(), 3u);
  for (std::uint32_t i = 0; i < 3; ++i) EXPECT_EQ(parts[i].number, i + 1);
}

TEST_F(LocalTrackerTest, WhatArrivedEarlierCounts) {
  ASSERT_TRUE(run(tracker_.begin(upload_, {part(1), part(3)}, SourceProof::crc64)));
  EXPECT_TRUE(add(2));
  const Upload whole = upload_of("v", 2);
  ASSERT_TRUE(run(tracker_.begin(whole, {part(1), part(2)}, SourceProof::crc64)));
  EXPECT_FALSE(run(tracker_.add(whole, part(2))).value())
      << "whoever began it with all its parts has sent the Recombine";
}

TEST_F(LocalTrackerTest, APartUploadedAgainReplacesTheFirst) {
  ASSERT_TRUE(run(tracker_.begin(upload_, {}, SourceProof::none)));
  add(1);
  ASSERT_TRUE(run(tracker_.add(upload_, part(1, "new"))));
  EXPECT_EQ(run(tracker_.parts(upload_)).value().parts.at(0).etag, ETag("new"));
}

TEST_F(LocalTrackerTest, TheProofIsThatOfTheWeakestPart) {
  ASSERT_TRUE(run(tracker_.begin(upload_, {}, std::nullopt)));
  EXPECT_FALSE(tracker_.noted_proof(upload_)) << "the first part's must be noted, whatever it is";
  tracker_.note_proof(upload_, SourceProof::crc64);
  EXPECT_EQ(tracker_.noted_proof(upload_), SourceProof::crc64);
  tracker_.note_proof(upload_, SourceProof::none);
  tracker_.note_proof(upload_, SourceProof::crc64);
  EXPECT_EQ(tracker_.noted_proof(upload_), SourceProof::none);
  EXPECT_EQ(run(tracker_.parts(upload_)).value().proof, SourceProof::none);
  // Of an earlier run's parts nobody proves more than the manifest says.
  const Upload resumed = upload_of("r", 2);
  ASSERT_TRUE(run(tracker_.begin(resumed, {part(1)}, SourceProof::none)));
  tracker_.note_proof(resumed, SourceProof::crc64);
  EXPECT_EQ(run(tracker_.parts(resumed)).value().proof, SourceProof::none);
}

TEST_F(LocalTrackerTest, EndsOnceAndThenNothingIsAdded) {
  ASSERT_TRUE(run(tracker_.begin(upload_, {part(1), part(2)}, SourceProof::crc64)));
  EXPECT_TRUE(tracker_.is_open(upload_));
  EXPECT_TRUE(tracker_.end(upload_));
  EXPECT_FALSE(tracker_.end(upload_)) << "one failure a blob";
  EXPECT_FALSE(run(tracker_.ended_elsewhere(upload_)).value());
  EXPECT_FALSE(tracker_.is_open(upload_));
  EXPECT_FALSE(add(3)) << "a late part must not complete what was given up";
  EXPECT_FALSE(run(tracker_.parts(upload_)));
  EXPECT_EQ(tracker_.open_count(), 0u);
}

TEST_F(LocalTrackerTest, ShowsTheUploadsThatAreFurthestFirst) {
  for (const auto& [id, done] : {std::pair{"slow", 1u}, std::pair{"fast", 9u}, std::pair{"half", 5u}}) {
    const Upload upload = upload_of(id, 10);
    ASSERT_TRUE(run(tracker_.begin(upload, {}, SourceProof::none)));
    for (std::uint32_t number = 1; number <= done; ++number)
      ASSERT_TRUE(run(tracker_.add(upload, part(number))));
  }
  const auto rows = tracker_.progress(2);
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name, "fast");
  EXPECT_EQ(rows[0].bytes_done, 90u);
  EXPECT_EQ(rows[0].parts_done, 9u);
  EXPECT_EQ(rows[1].name, "half");
}

TEST_F(LocalTrackerTest, IsWholeOnceThoughManyLoopsAddAtATime) {
  constexpr std::uint32_t count = 2000;
  const Upload upload = upload_of("many", count);
  ASSERT_TRUE(run(tracker_.begin(upload, {}, SourceProof::none)));
  std::atomic<int> whole{0};
  {
    std::vector<std::jthread> loops;
    for (unsigned seed = 0; seed < 3; ++seed) {
      loops.emplace_back([&, seed] {
        std::vector<std::uint32_t> numbers(count);
        for (std::uint32_t i = 0; i < count; ++i) numbers[i] = i + 1;
        std::shuffle(numbers.begin(), numbers.end(), std::minstd_rand(seed));
        for (const std::uint32_t number : numbers)
          whole += run(tracker_.add(upload, part(number))).value() ? 1 : 0;
      });
    }
  }
  EXPECT_EQ(whole, 1);
}

}  // namespace
}  // namespace azs3copy
