// s3_state_contract_test.cpp: the state of Lambda runs in the bucket: what several functions may write at once, and
// what a run's state says, at each server.
#include "contract/s3_servers.hpp"
#include "ledger/run_store.hpp"
#include "ledger/s3_ledger.hpp"

namespace azs3copy::contract {
namespace {

class S3State : public S3Contract {
 protected:
  void SetUp() override {
    S3Contract::SetUp();
    if (!client_) return;
    store_ = std::make_unique<StateStore>(*client_, ".azs3copy/");
    runs_ = std::make_unique<RunStore>(*store_);
  }

  template <class T>
  T run(Task<T> task) {
    return wire_->run(std::move(task));
  }

  UploadManifest manifest(const std::string& key, const std::string& id) const {
    return {.run = RunId("r1"),
            .endpoint = url_,
            .bucket = bucket_,
            .source_account = "acme",
            .upload = {.task = {.blob = {.container = Container("c"),
                                         .name = BlobName(key),
                                         .size = 10 * MiB,
                                         .etag = ETag("0x1")},
                                .key = Key(key)},
                       .id = UploadId(id),
                       .part_bytes = 5 * MiB,
                       .part_count = 2},
            .created = UtcTime(milliseconds(1'700'000'000'000))};
  }

  ObjectRecord record(const std::string& name, Outcome outcome) const {
    ObjectRecord record{.outcome = outcome,
                        .blob = {.container = Container("c"), .name = BlobName(name), .etag = ETag("0x1")},
                        .key = Key(name)};
    if (outcome == Outcome::failed)
      record.error = Error{.kind = ErrorKind::permission, .message = "no", .service_code = "AccessDenied"};
    return record;
  }

  RunStore::Records records(const std::string& name, const std::vector<ObjectRecord>& ends) const {
    RunStore::Records records{.name = name, .count = ends.size()};
    for (const ObjectRecord& end : ends) {
      append_json(records.lines, end);
      records.lines += '\n';
      if (end.outcome != Outcome::copied) ++records.not_copied;
    }
    return records;
  }

  const RunId run_{"20261126T100000Z-0001"};
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<RunStore> runs_;
};
INSTANTIATE_TEST_SUITE_P(Servers, S3State, testing::ValuesIn(s3_servers()), ServerName());

TEST_P(S3State, AManifestIsFoundAsItWasSavedAndGoneAfterwards) {
  S3Ledger ledger(*store_, url_);
  const std::string key = "a/\u00fc b+c";
  ASSERT_TRUE(done(run(ledger.save_manifest(manifest(key, "u1"), context()))));
  auto found = run(S3Ledger(*store_, url_).find_manifest(bucket_, Key(key), context()));
  ASSERT_TRUE(done(found));
  ASSERT_TRUE(*found);
  EXPECT_EQ((*found)->upload, manifest(key, "u1").upload);
  ASSERT_EQ(run(ledger.list_manifests(context())).value().size(), 1U);
  ASSERT_TRUE(done(run(ledger.remove_manifest(bucket_, Key(key), context()))));
  found = run(ledger.find_manifest(bucket_, Key(key), context()));
  ASSERT_TRUE(done(found));
  EXPECT_FALSE(*found);
}

// Two deliveries of one message at once: both have seen that there is no upload, and one of them opens it.
TEST_P(S3State, OfTwoThatOpenOneUploadOneIsTurnedAway) {
  S3Ledger one(*store_, url_);
  S3Ledger other(*store_, url_);
  ASSERT_TRUE(done(run(one.find_manifest(bucket_, Key("k"), context()))));
  ASSERT_TRUE(done(run(other.find_manifest(bucket_, Key("k"), context()))));
  ASSERT_TRUE(done(run(one.save_manifest(manifest("k", ""), context()))));
  EXPECT_TRUE(fails_with(run(other.save_manifest(manifest("k", ""), context())), ErrorKind::conflict));
  ASSERT_TRUE(done(run(one.save_manifest(manifest("k", "u1"), context()))))
      << "its own writing is no other's";
  const auto found = run(other.find_manifest(bucket_, Key("k"), context()));
  ASSERT_TRUE(done(found));
  EXPECT_EQ((*found)->upload.id, UploadId("u1"));
}

TEST_P(S3State, TheWeakestProofOfSeveralStays) {
  S3Ledger ledger(*store_, url_);
  ASSERT_TRUE(done(run(ledger.save_manifest(manifest("k", "u1"), context()))));
  for (const SourceProof proof : {SourceProof::crc64, SourceProof::none, SourceProof::content_md5}) {
    S3Ledger another(*store_, url_);
    ASSERT_TRUE(done(run(another.weaken_proof(bucket_, Key("k"), proof, context()))));
  }
  EXPECT_EQ((*run(ledger.find_manifest(bucket_, Key("k"), context())))->proof, SourceProof::none);
  EXPECT_TRUE(done(run(ledger.weaken_proof(bucket_, Key("gone"), SourceProof::none, context()))));
}

// A late message about an upload that has ended must not take the next one's manifest away.
TEST_P(S3State, AManifestOfAnotherUploadStays) {
  S3Ledger late(*store_, url_);
  ASSERT_TRUE(done(run(late.save_manifest(manifest("k", "u1"), context()))));
  S3Ledger next(*store_, url_);
  ASSERT_TRUE(done(run(next.save_manifest(manifest("k", "u2"), context()))));
  ASSERT_TRUE(done(run(late.remove_manifest(bucket_, Key("k"), context()))));
  EXPECT_EQ((*run(next.find_manifest(bucket_, Key("k"), context())))->upload.id, UploadId("u2"));
  ASSERT_TRUE(done(run(next.weaken_proof(bucket_, Key("k"), SourceProof::none, context()))));
  ASSERT_TRUE(done(run(next.remove_manifest(bucket_, Key("k"), context()))))
      << "its own, whoever wrote it last";
  EXPECT_FALSE(*run(next.find_manifest(bucket_, Key("k"), context())));
}

TEST_P(S3State, AManifestThatIsAnothersIsRefused) {
  const std::string name = "uploads/" + manifest_name(url_, bucket_, Key("k"));
  ASSERT_TRUE(done(run(store_->put(name, to_json(manifest("other", "u1")), {}, context()))));
  EXPECT_TRUE(fails_with(run(S3Ledger(*store_, url_).find_manifest(bucket_, Key("k"), context())),
                         ErrorKind::corrupt));
  ASSERT_TRUE(done(run(store_->put(name, "{", {}, context()))));
  EXPECT_TRUE(fails_with(run(S3Ledger(*store_, url_).find_manifest(bucket_, Key("k"), context())),
                         ErrorKind::corrupt));
}

TEST_P(S3State, OfTwoLaunchesAtOnceOneBeginsItsRun) {
  ASSERT_FALSE(*run(runs_->find_current(context())));
  ASSERT_TRUE(done(run(runs_->save_current({.run = run_, .copies = "x"}, std::nullopt, context()))));
  EXPECT_TRUE(
      fails_with(run(runs_->save_current({.run = RunId("other"), .copies = "x"}, std::nullopt, context())),
                 ErrorKind::changed));
  const auto before = run(runs_->find_current(context()));
  ASSERT_TRUE(done(before));
  EXPECT_EQ((*before)->current.run, run_);
  ASSERT_TRUE(done(run(runs_->save_current({.run = RunId("next"), .copies = "x"}, *before, context()))));
  EXPECT_TRUE(fails_with(run(runs_->save_current({.run = RunId("late"), .copies = "x"}, *before, context())),
                         ErrorKind::changed));
}

// From the first message to the last record: a run is over when all that its listings sent out has a line.
TEST_P(S3State, ARunIsOverWhenEveryListingIsDoneAndEveryBlobHasALine) {
  const RunInfo info{
      .run = run_, .source = "az://acme/c", .destination = "s3://b", .flattened = true, .works = {"w1"}};
  ASSERT_TRUE(done(run(runs_->save_run(info, context()))));
  EXPECT_TRUE((*run(runs_->find_run(run_, context())))->flattened);
  ASSERT_EQ(run(runs_->list_runs(context())).value(), std::vector<RunId>{run_});
  const auto over = [&] {
    std::map<std::string, ListingPlan> known;
    const auto plans = run(look_at_plans(*runs_, info, known, context()));
    const auto records = run(runs_->sum_records(run_, context()));
    EXPECT_TRUE(done(plans) && done(records));
    return is_over(*plans, records->lines);
  };
  EXPECT_FALSE(over()) << "nobody has listed";
  ListingPlan first{.marker = "m", .found = {3, 30}, .to_copy = {2, 20}, .next = {"w2"}};
  ASSERT_TRUE(done(run(runs_->save_plan(run_, "w1", first, context()))));
  first.done = true;
  ASSERT_TRUE(done(run(runs_->save_plan(run_, "w1", first, context()))));
  ASSERT_TRUE(done(run(runs_->save_records(
      run_, records("b1", {record("a", Outcome::copied), record("b", Outcome::copied)}), context()))));
  EXPECT_FALSE(over()) << "the rest of the listing is not done";
  ASSERT_TRUE(done(run(
      runs_->save_plan(run_, "w2", {.done = true, .found = {1, 1}, .ended = 1, .chunks = 1}, context()))));
  EXPECT_FALSE(over()) << "what the listing itself ended has no line yet";
  ASSERT_TRUE(
      done(run(runs_->save_records(run_, records("w2-0", {record("z", Outcome::failed)}), context()))));
  EXPECT_TRUE(over());
}

// A second delivery overwrites; a batch that was cut up and came whole later counts once.
TEST_P(S3State, RecordsOfOneNameCountOnce) {
  const ObjectRecord a = record("a", Outcome::copied);
  const ObjectRecord b = record("b", Outcome::copied);
  for (int delivery = 0; delivery < 2; ++delivery) {
    ASSERT_TRUE(done(run(runs_->save_records(run_, records("batch", {a}), context()))));
  }
  ASSERT_TRUE(done(run(runs_->save_records(run_, records("batch", {a, b}), context()))));
  ASSERT_TRUE(done(run(runs_->save_records(run_, records("batch2", {a}), context()))));
  const auto listed = run(runs_->list_records(run_, context()));
  ASSERT_TRUE(done(listed));
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ((*listed)[0].lines, 2U);
  EXPECT_EQ(run(runs_->sum_records(run_, context()))->lines, 3U);
  EXPECT_TRUE(*run(runs_->is_done(run_, "batch", 2, context())));
  EXPECT_FALSE(*run(runs_->is_done(run_, "batch", 3, context())));
}

TEST_P(S3State, WhyABlobFailsIsFoundByItsName) {
  const ObjectRecord failing = record("a", Outcome::failed);
  EXPECT_FALSE(*run(runs_->find_record(run_, "n", context())));
  ASSERT_TRUE(done(run(runs_->save_failing(run_, "n", failing, context()))));
  EXPECT_EQ((*run(runs_->find_record(run_, "n", context())))->error->kind, ErrorKind::permission);
  EXPECT_EQ(run(runs_->list_failing(run_, context())).value(), std::vector<std::string>{"n"});
  ASSERT_TRUE(done(run(runs_->save_records(run_, records("n", {record("a", Outcome::copied)}), context()))));
  EXPECT_EQ((*run(runs_->find_record(run_, "n", context())))->outcome, Outcome::copied);
}

// One that was found done by somebody else does not take the record of the copy away.
TEST_P(S3State, ARecordCanBeLeftAsItIs) {
  ASSERT_TRUE(done(run(runs_->save_records(run_, records("n", {record("a", Outcome::copied)}), context()))));
  RunStore::Records late{.name = "n", .lines = "", .count = 1, .overwrite = false};
  append_json(late.lines, record("a", Outcome::unchanged));
  late.lines += '\n';
  ASSERT_TRUE(done(run(runs_->save_records(run_, late, context()))));
  EXPECT_EQ((*run(runs_->find_record(run_, "n", context())))->outcome, Outcome::copied);
}

TEST_P(S3State, AnotherReleasesStateIsRefusedByName) {
  ASSERT_TRUE(done(run(store_->put("current.json", R"({"version":2,"run":"r"})", {}, context()))));
  EXPECT_TRUE(fails_with(run(runs_->find_current(context())), ErrorKind::unsupported));
}

}  // namespace
}  // namespace azs3copy::contract
