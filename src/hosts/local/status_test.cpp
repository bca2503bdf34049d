// status_test.cpp: what a run's state is made into: every blob once, whatever the deliveries.
#include "hosts/local/status.hpp"

#include "hosts/local/run_state_test_support.hpp"

namespace azs3copy::run_state_test {
namespace {

struct StatusTest : RunStateTest {
  RunInfo info{.run = id,
               .begun = FakeClock::start,
               .source = "az://acme/photos",
               .destination = "s3://bucket",
               .works = {"w1"}};
  RunReader reader{runs, info};
  std::uint64_t read_last = 0;

  RunStatus look() {
    read_last = 0;
    const RunReader::OnReading on_reading = [this](std::uint64_t done, std::uint64_t) { read_last = done; };
    Result<RunStatus> status = run(reader.look(on_reading, context));
    EXPECT_TRUE(status) << (status ? "" : status.error().to_line());
    return status.value_or(RunStatus{});
  }
  ListingPlan plan_of(std::uint64_t to_copy, std::uint64_t ended = 0, bool done = true) const {
    return {.done = done,
            .found = {to_copy + ended, 10 * (to_copy + ended)},
            .to_copy = {to_copy, 10 * to_copy},
            .ended = ended};
  }
};

TEST_F(StatusTest, OfARunUnderWay) {
  ListingPlan plan = plan_of(5, 1, false);
  plan.unchanged = {3, 30};
  plan.next = {"w2"};
  plan.folders = 2;
  put_plan("w1", plan);
  clock.advance(seconds(10));
  put_records("w1-0", {failed("ended-by-listing", ErrorKind::invalid, 0)});
  put_records("b1", {copied("a"), copied("b", SourceProof::content_md5)});
  ASSERT_TRUE(
      run(runs.save_failing(id, blob_record_name(blob("c")), failed("c", ErrorKind::throttled), context)));
  clock.advance(seconds(10));
  const RunStatus status = look();
  EXPECT_FALSE(status.over);
  EXPECT_FALSE(status.listed);
  EXPECT_EQ(status.listings, 2u);
  EXPECT_EQ(status.listings_done, 0u);
  EXPECT_EQ(status.found, (Tally{6, 60}));
  EXPECT_EQ(status.folders, 2u);
  EXPECT_EQ(status.planned, (Tally{5, 50}));
  EXPECT_EQ(status.unchanged, (Tally{3, 30}));
  EXPECT_EQ(status.copied, (Tally{2, 20}));
  EXPECT_EQ(status.failed, (Tally{1, 10}));
  EXPECT_EQ(status.waiting, (Tally{3, 30})) << "what the listing ended was never planned";
  EXPECT_EQ(status.retrying, 1u);
  EXPECT_EQ(status.verified_crc64, 1u);
  EXPECT_EQ(status.verified_md5, 1u);
  EXPECT_EQ(status.elapsed, seconds(20));
  EXPECT_EQ(status.last_record, FakeClock::start + seconds(10));
  EXPECT_DOUBLE_EQ(status.bytes_per_second, 1.0);
  EXPECT_DOUBLE_EQ(status.blobs_per_second, 0.1);
  EXPECT_FALSE(status.silent);
}

// A batch that was delivered twice, and a blob that was sent again alone, count once.
TEST_F(StatusTest, DeliveriesDoNotCountTwice) {
  put_plan("w1", plan_of(3));
  put_records("b1", {copied("a"), copied("b")});
  clock.advance(seconds(1));
  put_records("b1", {copied("a"), copied("b"), copied("c")});
  put_record(copied("c"));
  const RunStatus status = look();
  EXPECT_EQ(status.copied, (Tally{3, 30}));
  EXPECT_EQ(status.waiting, Tally{});
  EXPECT_TRUE(status.over);
}

// A login that was refused fails a batch as a whole. Sent back from the dead letters it is copied, but for a blob
// that goes on alone: its records are shorter than those of the failure.
TEST_F(StatusTest, WhatWasCopiedCountsThoughTheFailureHadMoreLines) {
  put_plan("w1", plan_of(3));
  put_records("b1", {failed("a", ErrorKind::credentials, 401), failed("b", ErrorKind::credentials, 401),
                     failed("c", ErrorKind::credentials, 401)});
  clock.advance(seconds(1));
  put_records("b1", {copied("a"), copied("b")});
  RunStatus status = look();
  EXPECT_EQ(status.copied, (Tally{2, 20}));
  EXPECT_EQ(status.failed, Tally{});
  EXPECT_FALSE(status.over);
  put_record(copied("c"));
  status = look();
  EXPECT_EQ(status.copied, (Tally{3, 30}));
  EXPECT_TRUE(status.over);
}

// As many lines as blobs, but one of them twice: the launch function's short cut is no proof here.
TEST_F(StatusTest, ARunIsNotOverByLinesThatTellTheSame) {
  put_plan("w1", plan_of(3));
  put_records("b1", {copied("a"), copied("b")});
  put_record(copied("b"));
  EXPECT_FALSE(look().over);
  EXPECT_EQ(run(runs.sum_records(id, context)).value().lines, 3u);
  EXPECT_EQ(run(runs.count_blobs(id, context)).value(), 2u);
}

TEST_F(StatusTest, TheLatestRecordOfABlobCounts) {
  put_plan("w1", plan_of(1));
  put_record(failed("a", ErrorKind::throttled));
  RunStatus status = look();
  EXPECT_TRUE(status.over);
  ASSERT_EQ(status.not_copied.size(), 1u);
  EXPECT_EQ(status.not_copied[0].cause, "503 Code");
  EXPECT_EQ(status.not_copied[0].first_names, std::vector<std::string>{"a"});
  clock.advance(seconds(60));
  put_record(copied("a"));
  status = look();  // of the same reader: what it took for failed is not any more
  EXPECT_EQ(status.failed, Tally{});
  EXPECT_EQ(status.copied, (Tally{1, 10}));
  EXPECT_TRUE(status.not_copied.empty());
}

TEST_F(StatusTest, UnconfirmedCopiesAreCountedApart) {
  put_plan("w1", plan_of(4));
  put_records("b1", {copied("a", SourceProof::crc64, Confirmation::none),
                     copied("b", SourceProof::none, Confirmation::none),
                     copied("c", SourceProof::crc64, Confirmation::md5), copied("d", SourceProof::none)});
  clock.advance(seconds(1));
  put_record(copied("a"));  // delivered again: the weaker counts
  const RunStatus status = look();
  EXPECT_EQ(status.unconfirmed, 2u);
  EXPECT_EQ(status.confirmed_md5, 1u);
  EXPECT_EQ(status.verified_crc64, 1u);
  EXPECT_EQ(status.unverified, 1u);
}

// A message that comes again finds its blob "unchanged": the copy is what happened.
TEST_F(StatusTest, UnchangedSaysLessThanTheCopyBeforeIt) {
  put_plan("w1", plan_of(2));
  put_record(copied("a", SourceProof::content_md5));
  put_record(unchanged("b"));
  clock.advance(seconds(5));
  put_records("b1", {unchanged("a"), unchanged("b")});
  const RunStatus status = look();
  EXPECT_EQ(status.copied, (Tally{1, 10}));
  EXPECT_EQ(status.unchanged, (Tally{1, 10}));
  EXPECT_EQ(status.verified_md5, 1u);
}

TEST_F(StatusTest, TheOrderOfReadingDecidesNothing) {
  const UtcTime times[] = {FakeClock::start, FakeClock::start + seconds(1), FakeClock::start + seconds(2)};
  const ObjectRecord records[] = {copied("a"), failed("a", ErrorKind::changed, 412), unchanged("a")};
  int order[] = {0, 1, 2};
  do {
    BlobEnds ends(false);
    for (const int i : order) ends.add(records[i], false, times[i]);
    RunStatus status;
    ends.fill(status);
    EXPECT_EQ(status.copied, (Tally{1, 10})) << order[0] << order[1] << order[2];
    EXPECT_EQ(status.failed, Tally{});
    EXPECT_TRUE(status.not_copied.empty());
  } while (std::next_permutation(std::begin(order), std::end(order)));
}

// Flattened, two folders may hold one name; their listings know nothing of each other.
TEST_F(StatusTest, OfTwoBlobsCopiedToOneKeyOneHasFailed) {
  const auto copied_to_x = [](std::string_view name) {
    ObjectRecord record = copied(name);
    record.key = Key("x");
    return record;
  };
  for (const bool flattened : {true, false}) {
    BlobEnds ends(flattened);
    for (int second = 0; second < 2; ++second) {  // delivered twice
      ends.add(copied_to_x("a/x"), false, FakeClock::start + seconds(second));
      ends.add(copied_to_x("b/x"), false, FakeClock::start + seconds(second));
    }
    RunStatus status;
    ends.fill(status);
    EXPECT_EQ(status.copied.blobs, flattened ? 1u : 2u);
    EXPECT_EQ(status.verified_crc64, flattened ? 1u : 2u);
    ASSERT_EQ(status.failed.blobs, flattened ? 1u : 0u);
    if (!flattened) continue;
    EXPECT_EQ(status.not_copied.at(0).count, 1u);
    EXPECT_EQ(status.not_copied[0].first_names, std::vector<std::string>{"b/x"});
    EXPECT_NE(status.not_copied[0].cause.find("same key"), std::string::npos);
  }
}

TEST_F(StatusTest, ALaterLookReadsOnlyWhatIsNew) {
  put_plan("w1", plan_of(3));
  put_record(copied("a"));
  put_record(copied("b"));
  look();
  EXPECT_EQ(read_last, 2u);
  look();
  EXPECT_EQ(read_last, 0u);
  clock.advance(seconds(1));
  put_record(copied("b"));  // written again under its name
  put_record(copied("c"));
  EXPECT_TRUE(look().over);
  EXPECT_EQ(read_last, 2u);
}

TEST_F(StatusTest, SilenceIsToldAfterAQuarterOfAnHour) {
  put_plan("w1", plan_of(2));
  put_record(copied("a"));
  clock.advance(std::chrono::minutes(14));
  EXPECT_FALSE(look().silent);
  clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(look().silent, std::chrono::minutes(16));
  put_plan("w1", plan_of(2));  // a listing that finds all unchanged is a sign of life, too
  EXPECT_FALSE(look().silent);
}

TEST_F(StatusTest, TimeStopsWithTheLastRecord) {
  put_plan("w1", plan_of(1));
  clock.advance(seconds(20));
  put_record(copied("a"));
  clock.advance(std::chrono::hours(5));
  const RunStatus status = look();
  EXPECT_EQ(status.elapsed, seconds(20));
  EXPECT_FALSE(status.silent);
}

TEST_F(StatusTest, AListingThatFailedIsTold) {
  ListingPlan plan = plan_of(0);
  plan.error = "azure.list_blobs: 403";
  put_plan("w1", plan);
  const RunStatus status = look();
  EXPECT_TRUE(status.over);
  EXPECT_EQ(status.listing_errors, std::vector<std::string>{"azure.list_blobs: 403"});
}

TEST_F(StatusTest, AnUnreadableRecordIsAnErrorAndNoLowerCount) {
  put_plan("w1", plan_of(1));
  put_record(copied("a"));
  for (auto& [key, object] : aws.objects) {
    if (key.find("/records/") != std::string::npos) object.body = "{";
  }
  const Result<RunStatus> status = run(reader.look([](auto, auto) {}, context));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::corrupt);
}

TEST_F(StatusTest, FindsTheLatestRunOrSaysHowRunsBegin) {
  const auto find = [this](std::string_view name) {
    return run(find_run_info(runs, RunId(name), "s3://bucket/.azs3copy/", context));
  };
  Result<RunInfo> found = find("");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::not_found);
  EXPECT_NE(found.error().advice.find("launch-qualification"), std::string::npos);
  ASSERT_TRUE(run(runs.save_current({.run = id}, std::nullopt, context)));
  found = find("");
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("cut off at its launch"), std::string::npos);
  ASSERT_TRUE(run(runs.save_run(info, context)));
  EXPECT_EQ(find("")->source, "az://acme/photos");
  EXPECT_EQ(find("r1")->run, id);
  found = find("r2");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace azs3copy::run_state_test
