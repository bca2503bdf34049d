// status.cpp: see status.hpp.
#include "hosts/local/status.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "hosts/local/ends.hpp"

namespace azs3copy {

namespace {

constexpr std::size_t reads_at_a_time = 32;
constexpr std::size_t runs_named_max = 5;
constexpr std::uint8_t never_copied = 0;
constexpr std::uint8_t unconfirmed = 1;
constexpr std::uint8_t confirmed_by_md5 = 2;  // plus the proof
constexpr std::uint8_t confirmed_by_crc = 5;  // plus the proof

// How a blob was copied; the weaker, the smaller.
std::uint8_t copied_as(const ObjectRecord& record) {
  if (record.outcome != Outcome::copied) return never_copied;
  if (record.confirmed == Confirmation::none) return unconfirmed;
  const std::uint8_t base = record.confirmed == Confirmation::md5 ? confirmed_by_md5 : confirmed_by_crc;
  return static_cast<std::uint8_t>(base + static_cast<std::uint8_t>(record.proof));
}

void add_to(Tally& tally, std::uint64_t size, bool add) {
  tally.blobs += add ? 1 : std::uint64_t(-1);
  tally.bytes += add ? size : std::uint64_t(-1) * size;
}

Tally difference(const Tally& all, const Tally& part) {
  return {.blobs = all.blobs - std::min(all.blobs, part.blobs),
          .bytes = all.bytes - std::min(all.bytes, part.bytes)};
}

// Of a listing's records: "<work>-<chunk>".
bool is_of_listing(std::string_view records_name) {
  return records_name.find('-') != std::string_view::npos;
}

// Of several objects, side by side.
struct Reading {
  RunStore& store;
  const std::vector<RunStore::RecordsEntry>& entries;
  BlobEnds& ends;
  const RunReader::OnReading& on_reading;
  const Context& context;
  std::uint64_t done = 0;
  std::optional<Error> error = {};
};

Task<void> read_one(Reading& reading, const RunStore::RecordsEntry& entry) {
  if (reading.error) co_return;
  Result<std::vector<ObjectRecord>> records =
      co_await reading.store.read_records(entry.object, reading.context);
  if (!records) {
    if (!reading.error) reading.error = std::move(records.error());
    co_return;
  }
  for (const ObjectRecord& record : *records) {
    reading.ends.add(record, is_of_listing(entry.name), entry.written);
  }
  reading.on_reading(++reading.done, reading.entries.size());
}

}  // namespace

BlobEnds::Id BlobEnds::id_of(std::string_view hex_name) {
  Id id{};
  for (std::size_t i = 0; i < id.size(); ++i) {
    const std::string_view digits = hex_name.substr(std::min(i * 16, hex_name.size()), 16);
    std::from_chars(digits.data(), digits.data() + digits.size(), id[i], 16);
  }
  return id;
}

bool BlobEnds::is_later(const End& a, const End& b) {
  return a.written != b.written ? a.written > b.written : a.outcome < b.outcome;
}

// The record as it counts where another blob was copied to the same key.
std::optional<ObjectRecord> BlobEnds::overwritten(const ObjectRecord& record, const Id& id) {
  if (!flattened_ || record.outcome != Outcome::copied) return std::nullopt;
  const auto [owner, is_new] = owners_.try_emplace(id_of(work_name(record.key.view())), id);
  if (is_new || owner->second == id) return std::nullopt;
  ObjectRecord failed = record;
  failed.outcome = Outcome::failed;
  failed.error = Error{.kind = ErrorKind::conflict,
                       .message = "another blob was copied to the same key: only one of the two is there",
                       .subject = record.key.str(),
                       .advice = "Copy one of the two on its own, to another prefix."};
  return failed;
}

void BlobEnds::add(const ObjectRecord& told, bool of_listing, UtcTime written) {
  const Id id = id_of(blob_record_name(told.blob));
  const std::optional<ObjectRecord> lost = overwritten(told, id);
  const ObjectRecord& record = lost ? *lost : told;
  End end{
      .size = record.blob.size,
      .written = static_cast<std::uint32_t>(std::chrono::floor<seconds>(written).time_since_epoch().count()),
      .outcome = record.outcome,
      .copied = static_cast<std::uint8_t>(copied_as(record) & 0xf),
      .of_listing = of_listing};
  const auto [place, is_new] = ends_.try_emplace(id, end);
  End& known = place->second;
  if (!is_new) {
    count(known, false);
    const std::uint8_t copied = known.copied == never_copied || end.copied == never_copied
                                    ? std::max<std::uint8_t>(known.copied, end.copied)
                                    : std::min<std::uint8_t>(known.copied, end.copied);
    if (is_later(end, known)) {
      if (known.outcome >= Outcome::skipped) causes_.remove(known.cause, record.blob.name.view());
      if (end.outcome >= Outcome::skipped) end.cause = causes_.add(record);
      known = end;
    }
    known.copied = copied & 0xf;
  } else if (end.outcome >= Outcome::skipped) {
    known.cause = causes_.add(record);
  }
  count(known, true);
}

void BlobEnds::count(const End& end, bool add) {
  add_to(tallies_[static_cast<std::size_t>(end.counted())], end.size, add);
  if (!end.of_listing) add_to(of_plans_, end.size, add);
  if (end.counted() == Outcome::copied) copied_as_[end.copied] += add ? 1 : std::uint64_t(-1);
}

void BlobEnds::fill(RunStatus& status) const {
  const auto tally = [this](Outcome outcome) { return tallies_[static_cast<std::size_t>(outcome)]; };
  status.copied = tally(Outcome::copied);
  status.skipped = tally(Outcome::skipped);
  status.failed = tally(Outcome::failed);
  status.unchanged.blobs += tally(Outcome::unchanged).blobs;
  status.unchanged.bytes += tally(Outcome::unchanged).bytes;
  status.waiting = difference(status.planned, of_plans_);
  const auto proved = [this](SourceProof proof) {
    const auto i = static_cast<std::size_t>(proof);
    return copied_as_[confirmed_by_md5 + i] + copied_as_[confirmed_by_crc + i];
  };
  status.unverified = proved(SourceProof::none);
  status.verified_md5 = proved(SourceProof::content_md5);
  status.verified_crc64 = proved(SourceProof::crc64);
  status.unconfirmed = copied_as_[unconfirmed];
  for (std::size_t i = confirmed_by_md5; i < confirmed_by_crc; ++i) status.confirmed_md5 += copied_as_[i];
  status.not_copied = causes_.list();
}

Task<Result<RunStatus>> RunReader::look(const OnReading& on_reading, const Context& context) {
  RunStatus status{.run = info_.run,
                   .looked = context.clock.utc(),
                   .begun = info_.begun,
                   .source = info_.source,
                   .destination = info_.destination,
                   .begin_date = info_.begin_date};
  // Plans first: what is recorded while we look makes no run over whose listing was not at its end.
  Result<PlanSummary> plans = co_await look_at_plans(store_, info_, plans_, context);
  if (!plans) co_return passed(std::move(plans));
  if (Result<> read = co_await read_records(on_reading, context); !read) co_return passed(std::move(read));
  status.listings = plans->listings;
  status.listings_done = plans->listings_done;
  status.listed = plans->done;
  status.found = plans->found;
  status.folders = plans->folders;
  status.unchanged = plans->unchanged;
  status.planned = plans->to_copy;
  status.listing_errors = std::move(plans->errors);
  ends_.fill(status);
  status.over = plans->done && ends_.count() >= plans->to_copy.blobs + plans->ended;
  status.last_record = last_record_;
  if (Result<> counted = co_await count_retrying(status, context); !counted)
    co_return passed(std::move(counted));
  if (Result<> judged = co_await judge_time(status, context); !judged) co_return passed(std::move(judged));
  co_return status;
}

Task<Result<>> RunReader::read_records(const OnReading& on_reading, const Context& context) {
  Result<std::vector<RunStore::RecordsEntry>> entries = co_await store_.list_records(info_.run, context);
  if (!entries) co_return passed(std::move(entries));
  std::vector<BlobEnds::Id> ids;
  std::erase_if(*entries, [&](const RunStore::RecordsEntry& entry) {
    last_record_ = std::max(last_record_, std::optional(entry.written));
    const auto written = entry.written.time_since_epoch().count();
    const BlobEnds::Id id = BlobEnds::id_of(work_name(fmt::format("{} {}", entry.object, written)));
    if (read_.contains(id)) return true;
    ids.push_back(id);
    return false;
  });
  Reading reading{
      .store = store_, .entries = *entries, .ends = ends_, .on_reading = on_reading, .context = context};
  co_await work_side_by_side(entries->size(), reads_at_a_time,
                             [&](std::size_t i) { return read_one(reading, (*entries)[i]); });
  if (reading.error) co_return std::unexpected<Error>(std::move(*reading.error));
  read_.insert(ids.begin(), ids.end());
  co_return Result<>{};
}

Task<Result<>> RunReader::count_retrying(RunStatus& status, const Context& context) {
  if (status.over) co_return Result<>{};
  Result<std::vector<std::string>> names = co_await store_.list_failing(info_.run, context);
  if (!names) co_return passed(std::move(names));
  status.retrying = static_cast<std::uint64_t>(std::ranges::count_if(
      *names, [this](const std::string& name) { return !ends_.contains(BlobEnds::id_of(name)); }));
  co_return Result<>{};
}

// How long it takes or took, how fast it is, and whether anything happens still.
Task<Result<>> RunReader::judge_time(RunStatus& status, const Context& context) {
  std::optional<UtcTime> last = status.last_record;
  const UtcTime quiet_since = std::max(last.value_or(status.begun), status.begun);
  const bool quiet = !status.over && status.looked - quiet_since >= silence_max;
  if (quiet || (status.over && !last)) {
    // A listing that finds all unchanged writes no record.
    Result<std::optional<UtcTime>> sign = co_await store_.find_last_sign(info_.run, context);
    if (!sign) co_return passed(std::move(sign));
    last = std::max(last, *sign);
  }
  const UtcTime last_sign = std::max(last.value_or(status.begun), status.begun);
  if (quiet && status.looked - last_sign >= silence_max) status.silent = status.looked - last_sign;
  status.elapsed = std::max(milliseconds(0), (status.over ? last_sign : status.looked) - status.begun);
  const double took = std::chrono::duration<double>(status.elapsed).count();
  if (took > 0) {
    status.bytes_per_second = static_cast<double>(status.copied.bytes) / took;
    status.blobs_per_second = static_cast<double>(status.copied.blobs) / took;
  }
  co_return Result<>{};
}

Task<Result<RunInfo>> find_run_info(RunStore& store, RunId run, std::string place, const Context& context) {
  const bool latest = run.empty();
  if (latest) {
    Result<std::optional<RunStore::Current>> current = co_await store.find_current(context);
    if (!current) co_return passed(std::move(current));
    if (!*current) {
      co_return fail(ErrorKind::not_found, "no run of the Lambda functions has left its state here", place,
                     "A run begins when launch-qualification runs: by its schedule, or by the Test button of "
                     "its console page. --state-prefix is for functions whose secret has a state_prefix.");
    }
    run = (*current)->current.run;
  }
  Result<std::optional<RunInfo>> info = co_await store.find_run(run, context);
  if (!info) co_return passed(std::move(info));
  if (*info) co_return std::move(**info);
  if (latest) {
    co_return fail(ErrorKind::not_found,
                   fmt::format("run {} was cut off at its launch, before it published anything", run), place,
                   "The next launch begins anew; see the log of launch-qualification for why.");
  }
  Result<std::vector<RunId>> runs = co_await store.list_runs(context);
  if (!runs) co_return passed(std::move(runs));
  std::string advice;
  for (std::size_t i = 0; i < std::min(runs->size(), runs_named_max); ++i) {
    advice += (i == 0 ? "The latest runs: " : ", ") + (*runs)[runs->size() - 1 - i].str();
  }
  co_return fail(ErrorKind::not_found, fmt::format("there is no run {}", run), place, advice);
}

namespace {

class Status {
 public:
  Status(RunOptions options, const StatusOptions& status, StatusObserver& observer, std::stop_token stop)
      : options_(std::move(options)), status_(status), observer_(observer), stop_(std::move(stop)) {}

  StatusResult run() {
    Result<std::unique_ptr<Worker>> worker = reach_bucket(options_, status_.state_prefix, stop_);
    Result<> done;
    if (worker) {
      done = run_on((*worker)->loop, look_until_over(**worker));
    } else {
      done = passed(std::move(worker));
    }
    if (!done && done.error().kind == ErrorKind::cancelled && status_.watch && result_.last) {
      result_.interrupted = true;
    } else if (!done) {
      result_.fatal = std::move(done.error());
    }
    return std::move(result_);
  }

 private:
  Task<Result<>> look_until_over(Worker& worker) {
    const Context context{.clock = worker.loop, .stop = stop_};
    StateStore store(*worker.s3, status_.state_prefix);
    RunStore runs(store);
    const std::string place = fmt::format("s3://{}/{}", options_.destination.bucket, status_.state_prefix);
    Result<RunInfo> info = co_await find_run_info(runs, status_.run, place, context);
    if (!info) co_return passed(std::move(info));
    RunReader reader(runs, std::move(*info));
    const RunReader::OnReading on_reading = [this](std::uint64_t done, std::uint64_t all) {
      observer_.on_reading(done, all);
    };
    for (;;) {
      Result<RunStatus> status = co_await reader.look(on_reading, context);
      if (!status) co_return passed(std::move(status));
      observer_.on_look(*status);
      result_.last = std::move(*status);
      if (result_.last->over || !status_.watch) co_return Result<>{};
      if (Result<> slept = co_await worker.loop.sleep(status_.interval, context); !slept) co_return slept;
    }
  }

  RunOptions options_;
  StatusOptions status_;
  StatusObserver& observer_;
  std::stop_token stop_;
  StatusResult result_;
};

}  // namespace

StatusResult run_status(RunOptions options, const StatusOptions& status, StatusObserver& observer,
                        std::stop_token stop) {
  return Status(std::move(options), status, observer, std::move(stop)).run();
}

}  // namespace azs3copy
