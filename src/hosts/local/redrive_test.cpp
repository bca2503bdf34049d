// redrive_test.cpp: no dead letter is lost or sent for ever, and each goes by why it failed.
#include "hosts/local/redrive.hpp"

#include "hosts/local/run_state_test_support.hpp"
#include "messages/work_json.hpp"

namespace azs3copy::run_state_test {
namespace {

struct RedriveTest : RunStateTest {
  SqsClient sqs{{.region = "eu-central-1"}, std::make_shared<StaticKeys>(), wire};
  RedriveOptions options;
  std::vector<RedriveRow> rows;
  RedriveResult result;

  RedriveTest() {
    aws.queues["work"];
    aws.queues["dlq"].sources = {"work"};
  }

  Result<> redrive(std::string queue = "dlq") {
    rows.clear();
    result = {};
    const OnRedriveRow on_row = [this](const RedriveRow& row) { rows.push_back(row); };
    Redrive each(sqs, runs, options, on_row, result);
    return run(each.run(std::move(queue), context));
  }
  std::string batch_of(std::vector<std::string_view> names) const {
    CopyBatch batch{.run = id};
    for (const std::string_view name : names) batch.tasks.push_back({.blob = blob(name), .key = Key(name)});
    return to_json(batch);
  }
  // One whose blob failed with this.
  void put_failed(std::string_view name, ErrorKind kind) {
    put_record(failed(name, kind));
    aws.put_message("dlq", batch_of({name}));
  }
  std::string row_of(std::size_t i) const {
    return i < rows.size()
               ? rows[i].class_name + ", " + rows[i].function + ", " + rows[i].what + ": " + rows[i].outcome
               : "(none)";
  }
  std::vector<std::string> bodies(const std::string& queue) const {
    std::vector<std::string> all;
    for (const MemoryAws::Message& message : aws.queues.at(queue).messages) all.push_back(message.body);
    return all;
  }
  bool all_visible(const std::string& queue) const {
    return std::ranges::all_of(aws.queues.at(queue).messages,
                               [](const MemoryAws::Message& message) { return message.visible; });
  }
};

TEST_F(RedriveTest, WhatCanPassByItselfGoesBackAndTheRestStays) {
  put_failed("a", ErrorKind::throttled);
  put_failed("b", ErrorKind::changed);
  aws.put_message("dlq", batch_of({"c"}));
  aws.put_message("dlq", "not work");
  const std::string sent = batch_of({"a"});
  ASSERT_TRUE(redrive());
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(bodies("work"), (std::vector<std::string>{sent, batch_of({"c"})}));
  EXPECT_EQ(bodies("dlq"), (std::vector<std::string>{batch_of({"b"}), "not work"}));
  EXPECT_TRUE(all_visible("dlq"));
  EXPECT_EQ(result.sent, (std::map<std::string, std::uint64_t>{{"throttled", 1}, {"unknown", 1}}));
  EXPECT_EQ(result.left, (std::map<std::string, std::uint64_t>{{"changed", 1}, {"malformed", 1}}));
  EXPECT_EQ(result.failed, 0u);
  EXPECT_EQ(row_of(0), "changed, download, photos/b: left: changed");
  EXPECT_EQ(row_of(2), "throttled, download, photos/a: sent back");
}

TEST_F(RedriveTest, SendsBeforeItDeletes) {
  put_failed("a", ErrorKind::throttled);
  ASSERT_TRUE(redrive());
  const auto sent = std::ranges::find(aws.log, "SendMessageBatch work");
  EXPECT_NE(std::find(sent, aws.log.end(), "DeleteMessageBatch dlq"), aws.log.end());
}

TEST_F(RedriveTest, WhatIsNotTakenStaysAndIsVisible) {
  put_failed("a", ErrorKind::throttled);
  aws.refuse_sends = true;
  ASSERT_TRUE(redrive());
  EXPECT_EQ(result.failed, 1u);
  EXPECT_EQ(bodies("dlq").size(), 1u);
  EXPECT_TRUE(all_visible("dlq"));
  aws.refuse_sends = false;
  aws.refuse_deletes = true;
  ASSERT_TRUE(redrive());
  EXPECT_EQ(result.failed, 1u);
  EXPECT_EQ(bodies("work").size(), 1u);
  EXPECT_TRUE(rows.at(0).outcome.starts_with("sent back, but not deleted here")) << rows[0].outcome;
}

TEST_F(RedriveTest, ADryRunChangesNothing) {
  put_failed("a", ErrorKind::throttled);
  put_failed("b", ErrorKind::changed);
  options.dry_run = true;
  const std::size_t objects = aws.objects.size();
  ASSERT_TRUE(redrive());
  EXPECT_EQ(row_of(0), "throttled, download, photos/a: would send back");
  EXPECT_EQ(row_of(1), "changed, download, photos/b: left: changed");
  EXPECT_EQ(bodies("dlq").size(), 2u);
  EXPECT_TRUE(bodies("work").empty());
  EXPECT_TRUE(all_visible("dlq"));
  EXPECT_EQ(aws.objects.size(), objects);
  EXPECT_EQ(std::ranges::count(aws.log, "DeleteMessageBatch dlq"), 0);
}

// Without the memory of message ids this would not end.
TEST_F(RedriveTest, MessagesThatComeBackEndTheReading) {
  put_failed("b", ErrorKind::changed);
  aws.never_hides = true;
  ASSERT_TRUE(redrive());
  EXPECT_EQ(rows.size(), 1u);
  EXPECT_LE(aws.queues["dlq"].messages.at(0).receives, 3);
}

// A function that fails at once would send it back and forth for ever.
TEST_F(RedriveTest, WorkGoesBackOnceACall) {
  put_failed("a", ErrorKind::throttled);
  aws.put_message("dlq", batch_of({"a"}));
  ASSERT_TRUE(redrive());
  EXPECT_EQ(bodies("work").size(), 1u);
  EXPECT_EQ(result.sent.at("throttled"), 1u);
  EXPECT_EQ(result.left.at("throttled"), 1u);
  EXPECT_TRUE(all_visible("dlq"));
}

TEST_F(RedriveTest, ClassesAreChosenByName) {
  put_failed("a", ErrorKind::throttled);
  put_failed("b", ErrorKind::changed);
  options.classes = {"changed"};
  ASSERT_TRUE(redrive());
  EXPECT_EQ(bodies("work"), std::vector<std::string>{batch_of({"b"})});
}

TEST_F(RedriveTest, OnlyOfOneRun) {
  put_failed("a", ErrorKind::throttled);
  options.run = RunId("r2");
  ASSERT_TRUE(redrive());
  EXPECT_EQ(row_of(0), "throttled, download, photos/a: left: of another run");
}

// A batch goes back for any of its blobs; one that failed for good does not hide the other.
TEST_F(RedriveTest, ABatchGoesByTheBlobThatMayPass) {
  const std::string body = batch_of({"a", "b", "c"});
  put_records(work_name(body),
              {failed("a", ErrorKind::changed), failed("b", ErrorKind::timed_out), copied("c")});
  aws.put_message("dlq", body);
  ASSERT_TRUE(redrive());
  EXPECT_EQ(row_of(0), "timed_out, download, photos/a and 2 more: sent back");
}

TEST_F(RedriveTest, WorkThatWasDoneAfterAllStays) {
  put_record(copied("a"));
  aws.put_message("dlq", batch_of({"a"}));
  ASSERT_TRUE(redrive());
  EXPECT_EQ(row_of(0), "copied, download, photos/a: left: copied");
}

TEST_F(RedriveTest, PartsAndLargeFilesGoByTheirBlob) {
  const CopyTask task{.blob = blob("big", 100 * MiB), .key = Key("big")};
  const Upload upload{.task = task, .id = UploadId("u"), .part_bytes = 50 * MiB, .part_count = 2};
  put_record(failed("big", ErrorKind::unavailable));
  aws.put_message("dlq", to_json(LargeFile{.run = id, .task = task}));
  aws.put_message("dlq", to_json(PartTask{.run = id, .upload = upload, .number = 2}));
  aws.put_message("dlq", to_json(Recombine{.run = id, .upload = upload}));
  ASSERT_TRUE(redrive());
  EXPECT_EQ(row_of(0), "unavailable, largefile-initializer, photos/big: sent back");
  EXPECT_EQ(row_of(1), "unavailable, largefile-parter, photos/big part 2 of 2: sent back");
  EXPECT_EQ(row_of(2), "unavailable, largefile-recombinator, photos/big: sent back");
}

// Or the function would find it done, and the rest of the container would never be listed.
TEST_F(RedriveTest, AListingThatWasGivenUpCanWorkAgain) {
  const std::string body = to_json(FindBlobs{.run = id, .container = Container("photos"), .prefix = "2024/"});
  ListingPlan plan{.done = true, .marker = "m", .found = {3, 30}, .error = "403", .error_kind = "permission"};
  put_plan(work_name(body), plan);
  aws.put_message("dlq", body);
  options.dry_run = true;
  ASSERT_TRUE(redrive());
  EXPECT_TRUE((*run(runs.find_plan(id, work_name(body), context)))->done);
  options.dry_run = false;
  ASSERT_TRUE(redrive());
  EXPECT_EQ(row_of(0), "permission, find-blobs, photos/2024/: sent back");
  const ListingPlan after = **run(runs.find_plan(id, work_name(body), context));
  EXPECT_FALSE(after.done);
  EXPECT_EQ(after.error + after.error_kind, "");
  EXPECT_EQ(after.marker, "m") << "what lies before it is published already";
  EXPECT_EQ(after.found, (Tally{3, 30}));
}

TEST_F(RedriveTest, AnEnvelopeOfSnsIsLookedThroughAndKept) {
  put_record(failed("a", ErrorKind::connection));
  std::string envelope;
  JsonWriter(envelope)
      .begin_object()
      .field("Type", "Notification")
      .field("Message", batch_of({"a"}))
      .end_object();
  aws.put_message("dlq", envelope);
  ASSERT_TRUE(redrive());
  EXPECT_EQ(rows.at(0).class_name, "connection");
  EXPECT_EQ(bodies("work"), std::vector<std::string>{envelope});
}

TEST_F(RedriveTest, TheSourceMustBeOne) {
  aws.queues["dlq"].sources = {};
  Result<> done = redrive();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::invalid);
  EXPECT_EQ(done.error().subject, "dlq");
  EXPECT_NE(done.error().advice.find("--to QUEUE"), std::string::npos);
  aws.queues["dlq"].sources = {"work", "other"};
  done = redrive();
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("of 2 queues: work, other"), std::string::npos) << done.error().message;
  put_failed("a", ErrorKind::throttled);
  options.to = "arn:aws:sqs:eu-central-1:123456789012:work";
  ASSERT_TRUE(redrive(MemoryAws::url("dlq")));
  EXPECT_EQ(bodies("work").size(), 1u);
  options.to = "dlq";
  EXPECT_FALSE(redrive()) << "to itself";
  options.to = "";
  EXPECT_EQ(redrive("no-such-queue").error().kind, ErrorKind::not_found);
}

TEST_F(RedriveTest, AnInterruptLeavesNothingHidden) {
  put_failed("a", ErrorKind::changed);
  std::stop_source stop;
  const OnRedriveRow on_row = [&](const RedriveRow&) { stop.request_stop(); };
  Redrive each(sqs, runs, options, on_row, result);
  const Context stoppable{.clock = clock, .stop = stop.get_token()};
  const Result<> done = run(each.run("dlq", stoppable));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().kind, ErrorKind::cancelled);
  EXPECT_TRUE(all_visible("dlq"));
}

// --class, the help and the functions must speak of the same kinds.
TEST(RedriveClasses, HoldEveryKindOfError) {
  for (unsigned i = 0; i <= static_cast<unsigned>(ErrorKind::internal); ++i) {
    const std::string_view name = to_string(static_cast<ErrorKind>(i));
    EXPECT_NE(std::ranges::find(redrive_classes(), name), redrive_classes().end()) << name;
  }
}

}  // namespace
}  // namespace azs3copy::run_state_test
