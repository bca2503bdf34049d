// run_store.cpp: see run_store.hpp.
#include "ledger/run_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "core/sync.hpp"
#include "messages/json_fields.hpp"

namespace azs3copy {

namespace {

constexpr std::uint64_t state_version = 1;
constexpr std::string_view current_name = "current.json";
constexpr std::string_view records_suffix = ".jsonl";
constexpr std::string_view json_suffix = ".json";

std::string digest_name(std::string_view text) {
  const auto digest = sha256(bytes_of(text));
  return hex_encode(Bytes(digest).first(16));
}

std::string in_run(const RunId& run, std::string_view rest) {
  return fmt::format("runs/{}/{}", run, rest);
}

void write_tally(JsonWriter& json, std::string_view name, const Tally& tally) {
  json.key(name).begin_object().field("blobs", tally.blobs).field("bytes", tally.bytes).end_object();
}

Tally tally_from(JsonFields& fields, std::string_view name) {
  std::optional<JsonFields> nested = fields.object(name);
  if (!nested) return {};
  const Tally tally{.blobs = nested->number("blobs"), .bytes = nested->number("bytes")};
  fields.also(*nested);
  return tally;
}

void write_names(JsonWriter& json, std::string_view name, const auto& names) {
  json.key(name).begin_array();
  for (const std::string& each : names) json.value(each);
  json.end_array();
}

std::vector<std::string> names_from(JsonFields& fields, std::string_view name) {
  const Json array = fields.value(name);
  fields.require(array.is_array(), name, "is not a list");
  std::vector<std::string> names;
  names.reserve(array.size());
  for (std::size_t i = 0; i < array.size(); ++i) names.push_back(array.at(i).string_or(""));
  return names;
}

std::set<std::string> as_set(std::vector<std::string> names) {
  return {std::make_move_iterator(names.begin()), std::make_move_iterator(names.end())};
}

// An object of this release: opened for reading, or why not.
Result<JsonFields> fields_of(const std::string& text) {
  Result<Json> json = Json::parse(text);
  if (!json) return passed(std::move(json));
  JsonFields fields(std::move(*json));
  if (fields.number("version") != state_version && !fields.error()) {
    return fail(ErrorKind::unsupported, "it was written by another version of azs3copy");
  }
  return fields;
}

template <class T>
Result<T> checked(T value, const JsonFields& fields) {
  if (auto error = fields.error()) return std::unexpected(*std::move(error));
  return value;
}

void write_begin_date(JsonWriter& json, const std::optional<UtcTime>& date) {
  if (date) json.field("begin_date", to_iso8601(*date));
}
std::optional<UtcTime> begin_date_from(JsonFields& fields) {
  if (!fields.contains("begin_date")) return std::nullopt;
  return fields.time("begin_date");
}

std::string to_json(const CurrentRun& current) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("version", state_version);
  json.field("run", current.run.view()).field("begun", to_iso8601(current.begun));
  write_begin_date(json, current.begin_date);
  json.field("copies", current.copies).end_object();
  return text;
}

Result<CurrentRun> current_from(const std::string& text) {
  Result<JsonFields> fields = fields_of(text);
  if (!fields) return passed(std::move(fields));
  CurrentRun current{.run = RunId(fields->filled("run")),
                     .begun = fields->time("begun"),
                     .begin_date = begin_date_from(*fields),
                     .copies = fields->text("copies")};
  return checked(std::move(current), *fields);
}

std::string to_json(const RunInfo& info) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("version", state_version);
  json.field("run", info.run.view()).field("begun", to_iso8601(info.begun));
  json.field("source", info.source).field("destination", info.destination);
  write_begin_date(json, info.begin_date);
  if (info.flattened) json.field("flattened", true);
  write_names(json, "works", info.works);
  json.end_object();
  return text;
}

Result<RunInfo> run_from(const std::string& text) {
  Result<JsonFields> fields = fields_of(text);
  if (!fields) return passed(std::move(fields));
  RunInfo info{.run = RunId(fields->filled("run")),
               .begun = fields->time("begun"),
               .source = fields->text("source"),
               .destination = fields->text("destination"),
               .begin_date = begin_date_from(*fields),
               .flattened = fields->contains("flattened") && fields->flag("flattened"),
               .works = names_from(*fields, "works")};
  return checked(std::move(info), *fields);
}

std::string to_json(const ListingPlan& plan) {
  std::string text;
  JsonWriter json(text);
  json.begin_object().field("version", state_version).field("done", plan.done);
  json.field("marker", plan.marker);
  write_tally(json, "found", plan.found);
  if (plan.folders > 0) json.field("folders", plan.folders);
  write_tally(json, "unchanged", plan.unchanged);
  write_tally(json, "to_copy", plan.to_copy);
  if (plan.sending.blobs > 0) write_tally(json, "sending", plan.sending);
  if (plan.resumed) json.field("resumed", true);
  json.field("ended", plan.ended).field("chunks", plan.chunks);
  write_names(json, "next", plan.next);
  if (!plan.error.empty()) json.field("error", plan.error);
  if (!plan.error_kind.empty()) json.field("error_kind", plan.error_kind);
  json.end_object();
  return text;
}

Result<ListingPlan> plan_from(const std::string& text) {
  Result<JsonFields> fields = fields_of(text);
  if (!fields) return passed(std::move(fields));
  ListingPlan plan{.done = fields->flag("done"),
                   .marker = fields->text("marker"),
                   .found = tally_from(*fields, "found"),
                   .folders = fields->number_or("folders", 0),
                   .unchanged = tally_from(*fields, "unchanged"),
                   .to_copy = tally_from(*fields, "to_copy"),
                   .sending = fields->contains("sending") ? tally_from(*fields, "sending") : Tally{},
                   .resumed = fields->contains("resumed") && fields->flag("resumed"),
                   .ended = fields->number("ended"),
                   .chunks = fields->number("chunks"),
                   .next = as_set(names_from(*fields, "next")),
                   .error = fields->text_or_empty("error"),
                   .error_kind = fields->text_or_empty("error_kind")};
  return checked(std::move(plan), *fields);
}

std::string plan_name(const RunId& run, const std::string& work) {
  return in_run(run, fmt::format("plan/{}{}", work, json_suffix));
}

std::string records_name(const RunId& run, const std::string& name, std::uint64_t lines,
                         std::uint64_t not_copied) {
  return in_run(run, fmt::format("records/{}.{}.{}{}", name, lines, not_copied, records_suffix));
}

// Takes ".<number>" off the end.
std::optional<std::uint64_t> cut_number(std::string_view& text) {
  const std::size_t dot = text.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(dot + 1);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  text = text.substr(0, dot);
  return number;
}

// "runs/R/records/abc.100.2.jsonl"; nothing for what somebody else has put there.
std::optional<RunStore::RecordsEntry> records_entry(const StateStore::Entry& entry) {
  std::string_view rest = entry.name;
  rest.remove_prefix(rest.rfind('/') + 1);
  if (!rest.ends_with(records_suffix)) return std::nullopt;
  rest.remove_suffix(records_suffix.size());
  const auto not_copied = cut_number(rest);
  const auto lines = cut_number(rest);
  if (!not_copied || !lines) return std::nullopt;
  return RunStore::RecordsEntry{.object = entry.name,
                                .name = std::string(rest),
                                .lines = *lines,
                                .not_copied = *not_copied,
                                .written = entry.written};
}

// Which of two of one name counts. What was copied once is there, whatever another delivery says of it.
bool counts_more(const RunStore::RecordsEntry& a, const RunStore::RecordsEntry& b) {
  const std::uint64_t copied_a = a.lines - std::min(a.lines, a.not_copied);
  const std::uint64_t copied_b = b.lines - std::min(b.lines, b.not_copied);
  if (copied_a != copied_b) return copied_a > copied_b;
  if (a.lines != b.lines) return a.lines > b.lines;
  return a.written > b.written;
}

// Objects that are read side by side: a run may have a plan for each of tens of thousands of folders.
constexpr std::size_t reads_at_a_time = 32;

// Adds a number for each blob that the object tells of; the same blob has the same. Does nothing once there is
// an error.
Task<void> note_blobs(RunStore& store, const std::string& object, std::vector<std::uint64_t>& blobs,
                      Result<>& first_error, const Context& context) {
  if (!first_error) co_return;
  Result<std::vector<ObjectRecord>> records = co_await store.read_records(object, context);
  if (!records) {
    if (first_error) first_error = passed(std::move(records));
    co_return;
  }
  for (const ObjectRecord& record : *records) {
    const std::string name = blob_record_name(record.blob);
    std::uint64_t number = 0;
    std::from_chars(name.data(), name.data() + 16, number, 16);
    blobs.push_back(number);
  }
}

// An object of ours that is not what it should be.
std::unexpected<Error> unreadable(Error error, const std::string& name) {
  if (error.kind != ErrorKind::unsupported) error.kind = ErrorKind::corrupt;
  error.message = "the run's state cannot be read: " + error.message;
  return failed(std::move(error), "read the run's state", name);
}

template <class T>
Task<Result<std::optional<T>>> find(StateStore& store, std::string name,
                                    Result<T> (*parse)(const std::string&), const Context& context) {
  Result<std::optional<SmallObject>> object = co_await store.get(name, context);
  if (!object) co_return failed(std::move(object), "read the run's state");
  if (!*object) co_return std::optional<T>{};
  Result<T> value = parse((*object)->body);
  if (!value) co_return unreadable(std::move(value.error()), name);
  co_return std::optional<T>(std::move(*value));
}

Result<> without_value(Result<ETag> written) {
  if (!written) return failed(std::move(written), "write the run's state");
  return {};
}

}  // namespace

std::string work_name(std::string_view message) {
  return digest_name(message);
}

std::string blob_record_name(const Blob& blob) {
  std::string subject = blob.container.str();
  subject += '\0';
  subject += blob.name.view();
  return digest_name(subject);
}

Task<Result<std::optional<RunStore::Current>>> RunStore::find_current(const Context& context) {
  Result<std::optional<SmallObject>> object = co_await store_.get(std::string(current_name), context);
  if (!object) co_return failed(std::move(object), "read the run's state");
  if (!*object) co_return std::optional<Current>{};
  Result<CurrentRun> current = current_from((*object)->body);
  if (!current) co_return unreadable(std::move(current.error()), std::string(current_name));
  co_return std::optional<Current>(Current{.current = std::move(*current), .etag = (*object)->etag});
}

Task<Result<>> RunStore::save_current(const CurrentRun& current, const std::optional<Current>& before,
                                      const Context& context) {
  const WriteCondition condition{.if_absent = !before, .if_match = before ? before->etag : ETag()};
  co_return without_value(
      co_await store_.put(std::string(current_name), to_json(current), condition, context));
}

Task<Result<>> RunStore::save_run(const RunInfo& info, const Context& context) {
  co_return without_value(co_await store_.put(in_run(info.run, "run.json"), to_json(info), {}, context));
}

Task<Result<std::optional<RunInfo>>> RunStore::find_run(const RunId& run, const Context& context) {
  co_return co_await find<RunInfo>(store_, in_run(run, "run.json"), run_from, context);
}

Task<Result<std::vector<RunId>>> RunStore::list_runs(const Context& context) {
  Result<std::vector<std::string>> folders = co_await store_.list_folders("runs/", context);
  if (!folders) co_return failed(std::move(folders), "list the runs");
  std::vector<RunId> runs;
  for (const std::string& folder : *folders) {
    runs.emplace_back(folder.substr(5, folder.size() - 6));  // "runs/" and "/"
  }
  std::ranges::sort(runs);
  co_return runs;
}

Task<Result<>> RunStore::save_plan(const RunId& run, const std::string& work, const ListingPlan& plan,
                                   const Context& context) {
  co_return without_value(co_await store_.put(plan_name(run, work), to_json(plan), {}, context));
}

Task<Result<std::optional<ListingPlan>>> RunStore::find_plan(const RunId& run, const std::string& work,
                                                             const Context& context) {
  co_return co_await find<ListingPlan>(store_, plan_name(run, work), plan_from, context);
}

Task<Result<>> RunStore::save_records(const RunId& run, Records records, const Context& context) {
  Result<ETag> written =
      co_await store_.put(records_name(run, records.name, records.count, records.not_copied),
                          std::move(records.lines), {.if_absent = !records.overwrite}, context);
  if (!written && !records.overwrite && written.error().kind == ErrorKind::changed) co_return Result<>{};
  co_return without_value(std::move(written));
}

Task<Result<bool>> RunStore::is_done(const RunId& run, const std::string& name, std::uint64_t count,
                                     const Context& context) {
  const Key key(store_.prefix() + records_name(run, name, count, 0));
  const Result<ObjectHead> head = co_await store_.s3().head_object(key, context);
  if (!head && head.error().kind == ErrorKind::not_found) co_return false;
  if (!head) co_return std::unexpected<Error>(head.error());
  co_return true;
}

Task<Result<bool>> RunStore::has_ended(const RunId& run, const std::string& name, const Context& context) {
  const Result<std::vector<RecordsEntry>> entries = co_await list_some(run, name + ".", context);
  if (!entries) co_return std::unexpected<Error>(entries.error());
  co_return !entries->empty();
}

Task<Result<>> RunStore::save_failing(const RunId& run, const std::string& name, const ObjectRecord& record,
                                      const Context& context) {
  std::string text;
  append_json(text, record);
  co_return without_value(co_await store_.put(in_run(run, fmt::format("failing/{}{}", name, json_suffix)),
                                              std::move(text), {}, context));
}

Task<Result<std::vector<ObjectRecord>>> RunStore::find_records(const RunId& run, const std::string& name,
                                                               const Context& context) {
  Result<std::vector<RecordsEntry>> entries = co_await list_some(run, name + ".", context);
  if (!entries) co_return passed(std::move(entries));
  const std::string object =
      entries->empty() ? in_run(run, fmt::format("failing/{}{}", name, json_suffix)) : entries->back().object;
  co_return co_await read_records(object, context);
}

Task<Result<std::optional<ObjectRecord>>> RunStore::find_record(const RunId& run, const std::string& name,
                                                                const Context& context) {
  Result<std::vector<ObjectRecord>> records = co_await find_records(run, name, context);
  if (!records) co_return passed(std::move(records));
  if (records->empty()) co_return std::optional<ObjectRecord>{};
  co_return std::optional<ObjectRecord>(std::move(records->back()));
}

Task<Result<std::vector<RunStore::RecordsEntry>>> RunStore::list_records(const RunId& run,
                                                                         const Context& context) {
  co_return co_await list_some(run, "", context);
}

Task<Result<std::vector<RunStore::RecordsEntry>>> RunStore::list_some(const RunId& run,
                                                                      const std::string& names_below,
                                                                      const Context& context) {
  std::vector<RecordsEntry> records;
  Result<> taken = co_await each_name(
      run, names_below, [&records](RecordsEntry entry) { records.push_back(std::move(entry)); }, context);
  if (!taken) co_return passed(std::move(taken));
  co_return records;
}

Task<Result<RunStore::RecordsSum>> RunStore::sum_records(const RunId& run, const Context& context) {
  RecordsSum sum;
  const auto add = [&sum](const RecordsEntry& entry) {
    sum.lines += entry.lines;
    sum.not_copied += entry.not_copied;
    sum.last_written = std::max(sum.last_written, std::optional(entry.written));
  };
  Result<> taken = co_await each_name(run, "", add, context);
  if (!taken) co_return passed(std::move(taken));
  co_return sum;
}

Task<Result<>> RunStore::each_name(const RunId& run, const std::string& names_below,
                                   const std::function<void(RecordsEntry)>& take, const Context& context) {
  std::optional<RecordsEntry> best;  // of the name at hand: in order, all of one name come together
  const auto take_entry = [&](const StateStore::Entry& entry) {
    std::optional<RecordsEntry> one = records_entry(entry);
    if (!one) return;
    const bool same = best && best->name == one->name;
    if (same && !counts_more(*one, *best)) return;
    if (best && !same) take(std::move(*best));
    best = std::move(one);
  };
  Result<> walked = co_await store_.each(in_run(run, "records/" + names_below), take_entry, context);
  if (!walked) co_return failed(std::move(walked), "list the records");
  if (best) take(std::move(*best));
  co_return walked;
}

Task<Result<std::uint64_t>> RunStore::count_blobs(const RunId& run, const Context& context) {
  Result<std::vector<RecordsEntry>> entries = co_await list_records(run, context);
  if (!entries) co_return passed(std::move(entries));
  std::vector<std::uint64_t> blobs;
  Result<> read;
  co_await work_side_by_side(entries->size(), reads_at_a_time, [&](std::size_t i) {
    return note_blobs(*this, (*entries)[i].object, blobs, read, context);
  });
  if (!read) co_return passed(std::move(read));
  std::ranges::sort(blobs);
  const auto repeated = std::ranges::unique(blobs);
  co_return blobs.size() - repeated.size();
}

Task<Result<std::vector<std::string>>> RunStore::list_failing(const RunId& run, const Context& context) {
  const std::string folder = in_run(run, "failing/");
  Result<std::vector<StateStore::Entry>> entries = co_await store_.list(folder, context);
  if (!entries) co_return failed(std::move(entries), "list what fails");
  std::vector<std::string> names;
  for (const StateStore::Entry& entry : *entries) {
    if (!entry.name.ends_with(json_suffix)) continue;
    names.push_back(entry.name.substr(folder.size(), entry.name.size() - folder.size() - json_suffix.size()));
  }
  co_return names;
}

Task<Result<std::vector<ObjectRecord>>> RunStore::read_records(const std::string& object,
                                                               const Context& context) {
  Result<std::optional<SmallObject>> found = co_await store_.get(object, context);
  if (!found) co_return failed(std::move(found), "read the records");
  std::vector<ObjectRecord> records;
  if (!*found) co_return records;
  std::string_view text = (*found)->body;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    Result<ObjectRecord> record = object_record_from_json(text.substr(0, end));
    if (!record) co_return unreadable(std::move(record.error()), object);
    records.push_back(std::move(*record));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  co_return records;
}

Task<Result<std::optional<UtcTime>>> RunStore::find_last_sign(const RunId& run, const Context& context) {
  std::optional<UtcTime> last;
  for (const std::string_view folder : {"plan/", "failing/"}) {
    Result<std::vector<StateStore::Entry>> entries = co_await store_.list(in_run(run, folder), context);
    if (!entries) co_return failed(std::move(entries), "list the run's state");
    for (const StateStore::Entry& entry : *entries) last = std::max(last, std::optional(entry.written));
  }
  co_return last;
}

namespace {

// Puts the plan of a message that has been taken up into `known`. Does nothing once there is an error.
Task<void> read_plan(RunStore& store, const RunId& run, const std::string& work,
                     std::map<std::string, ListingPlan>& known, Result<>& first_error,
                     const Context& context) {
  if (!first_error) co_return;
  Result<std::optional<ListingPlan>> plan = co_await store.find_plan(run, work, context);
  if (!plan) {
    if (first_error) first_error = passed(std::move(plan));
  } else if (*plan) {
    known.insert_or_assign(work, std::move(**plan));
  }
}

void add_plan(PlanSummary& summary, const ListingPlan& plan) {
  summary.listings_done += plan.done ? 1 : 0;
  summary.done = summary.done && plan.done;
  for (const auto& [sum, part] :
       {std::pair{&summary.found, &plan.found}, std::pair{&summary.unchanged, &plan.unchanged},
        std::pair{&summary.to_copy, &plan.to_copy}}) {
    sum->blobs += part->blobs;
    sum->bytes += part->bytes;
  }
  summary.folders += plan.folders;
  summary.ended += plan.ended;
  summary.resumed = summary.resumed || plan.resumed;
  if (!plan.error.empty()) summary.errors.push_back(plan.error);
}

}  // namespace

Task<Result<PlanSummary>> look_at_plans(RunStore& store, const RunInfo& info,
                                        std::map<std::string, ListingPlan>& known, const Context& context) {
  PlanSummary summary{.done = true};
  std::set<std::string> seen;
  std::vector<std::string> open(info.works);  // those that the plans of the round before lead to
  while (!open.empty()) {
    std::erase_if(open, [&seen](const std::string& work) { return !seen.insert(work).second; });
    std::vector<std::string> unknown;
    std::ranges::copy_if(open, std::back_inserter(unknown), [&known](const std::string& work) {
      const auto place = known.find(work);
      return place == known.end() || !place->second.done;
    });
    Result<> read;
    co_await work_side_by_side(unknown.size(), reads_at_a_time, [&](std::size_t i) {
      return read_plan(store, info.run, unknown[i], known, read, context);
    });
    if (!read) co_return passed(std::move(read));
    summary.listings += open.size();
    std::vector<std::string> next;
    for (const std::string& work : open) {
      const auto place = known.find(work);
      if (place == known.end()) {  // its message has not been taken up yet
        summary.done = false;
        continue;
      }
      add_plan(summary, place->second);
      next.insert(next.end(), place->second.next.begin(), place->second.next.end());
    }
    open = std::move(next);
  }
  co_return summary;
}

bool is_over(const PlanSummary& plans, std::uint64_t lines) {
  return plans.done && lines >= plans.to_copy.blobs + plans.ended;
}

}  // namespace azs3copy
