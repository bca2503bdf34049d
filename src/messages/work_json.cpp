// work_json.cpp: see work_json.hpp for the wire format.
#include "messages/work_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <limits>
#include <span>

#include "codec/json.hpp"
#include "core/limits.hpp"
#include "messages/json_fields.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view find_blobs_type = "find_blobs";
constexpr std::string_view copy_batch_type = "copy_batch";
constexpr std::string_view large_file_type = "large_file";
constexpr std::string_view part_task_type = "part_task";
constexpr std::string_view recombine_type = "recombine";

constexpr auto row_columns = std::to_array<std::string_view>({"name", "size", "etag", "mtime", "rest"});

// A name has 1,024 characters at most ("Naming containers, blobs, and metadata", Azure's REST reference), and
// each has 4 bytes at most.
constexpr std::size_t blob_name_bytes_max = std::size_t{4} * 1024;
// Seconds since 1970 of the first and last moment that four digits of a year can tell.
constexpr std::int64_t mtime_least = -62'167'219'200;
constexpr std::int64_t mtime_most = 253'402'300'799;
constexpr std::uint64_t replans_most = std::numeric_limits<int>::max();

// ---- writing ----

JsonWriter begin_message(std::string& text, std::string_view type, const RunId& run) {
  JsonWriter json(text);
  json.begin_object().field("v", work_version).field("type", type).field("run", run.view());
  return json;
}

void append_filled(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.field(name, text);
}

seconds whole_seconds(UtcTime time) {
  return std::chrono::floor<seconds>(time.time_since_epoch());
}

milliseconds beyond_seconds(UtcTime time) {
  return time.time_since_epoch() - whole_seconds(time);
}

void append_ms(JsonWriter& json, UtcTime time) {
  if (const milliseconds beyond = beyond_seconds(time); beyond.count() != 0) json.field("ms", beyond.count());
}

// Blobs with one of these are not copied, and so do not travel; but a stage that looks must not be told
// otherwise.
void append_flags(JsonWriter& json, const Blob& blob) {
  if (blob.is_directory) json.field("directory", true);
  if (blob.archived) json.field("archived", true);
  if (blob.rehydrating) json.field("rehydrating", true);
}

void append_task(JsonWriter& json, const CopyTask& task) {
  const Blob& blob = task.blob;
  json.field("container", blob.container.view())
      .field("name", blob.name.view())
      .field("key", task.key.view());
  json.field("size", blob.size).field("etag", blob.etag.view());
  json.field("mtime", whole_seconds(blob.last_modified).count());
  append_ms(json, blob.last_modified);
  if (blob.type != BlobType::block) json.field("blob_type", to_string(blob.type));
  append_filled(json, "tier", blob.access_tier);
  append_flags(json, blob);
}

void append_upload(JsonWriter& json, const Upload& upload) {
  append_task(json, upload.task);
  json.field("upload_id", upload.id.view());
  json.field("part_bytes", upload.part_bytes).field("part_count", upload.part_count);
  if (upload.replans != 0) json.field("replans", upload.replans);
}

// ---- writing a batch ----

// What the blobs of a batch have in common. The first blob's fields stand for all; a row says where it
// differs.
struct Shared {
  const Blob& first;
  std::string_view name_prefix;
  std::string_view key_prefix;
};

// The longest prefix of all names that does not cut a character of UTF-8 in two.
std::string_view common_name_prefix(std::span<const CopyTask> tasks) {
  std::string_view prefix = tasks.front().blob.name.view();
  for (const CopyTask& task : tasks) {
    const std::string_view name = task.blob.name.view();
    const auto end = std::mismatch(prefix.begin(), prefix.end(), name.begin(), name.end()).first;
    prefix = prefix.substr(0, static_cast<std::size_t>(end - prefix.begin()));
  }
  const std::string_view first = tasks.front().blob.name.view();
  const auto cuts = [first](std::size_t at) {
    return at < first.size() && (static_cast<unsigned char>(first[at]) & 0xC0) == 0x80;
  };
  while (!prefix.empty() && cuts(prefix.size())) prefix.remove_suffix(1);
  return prefix;
}

// What of the name a row holds.
std::string_view row_name(const CopyTask& task, const Shared& shared) {
  return task.blob.name.view().substr(shared.name_prefix.size());
}

Shared shared_by(std::span<const CopyTask> tasks) {
  const CopyTask& first = tasks.front();
  Shared shared{.first = first.blob, .name_prefix = common_name_prefix(tasks), .key_prefix = {}};
  const std::string_view key = first.key.view();
  const std::string_view name = row_name(first, shared);
  if (key.ends_with(name)) shared.key_prefix = key.substr(0, key.size() - name.size());
  return shared;
}

bool follows_key_prefix(const CopyTask& task, const Shared& shared) {
  const std::string_view key = task.key.view();
  return key.starts_with(shared.key_prefix) && key.substr(shared.key_prefix.size()) == row_name(task, shared);
}

void append_row(JsonWriter& json, const CopyTask& task, const Shared& shared) {
  const Blob& blob = task.blob;
  json.begin_array().value(row_name(task, shared)).value(blob.size).value(blob.etag.view());
  json.value(whole_seconds(blob.last_modified).count());
  const bool other_key = !follows_key_prefix(task, shared);
  const bool other_container = blob.container != shared.first.container;
  const bool other_type = blob.type != shared.first.type;
  const bool other_tier = blob.access_tier != shared.first.access_tier;
  const bool marked = blob.is_directory || blob.archived || blob.rehydrating;
  const bool has_ms = beyond_seconds(blob.last_modified).count() != 0;
  if (other_key || other_container || other_type || other_tier || marked || has_ms) {
    json.begin_object();
    if (other_container) json.field("container", blob.container.view());
    if (other_key) json.field("key", task.key.view());
    append_ms(json, blob.last_modified);
    if (other_type) json.field("blob_type", to_string(blob.type));
    if (other_tier) json.field("tier", blob.access_tier);
    append_flags(json, blob);
    json.end_object();
  }
  json.end_array();
}

std::string batch_json(const RunId& run, std::span<const CopyTask> tasks) {
  assert(!tasks.empty() && "a batch has work in it");
  std::string text;
  JsonWriter json = begin_message(text, copy_batch_type, run);
  const Shared shared = shared_by(tasks);
  json.field("container", shared.first.container.view());
  append_filled(json, "name_prefix", shared.name_prefix);
  append_filled(json, "key_prefix", shared.key_prefix);
  if (shared.first.type != BlobType::block) json.field("blob_type", to_string(shared.first.type));
  append_filled(json, "tier", shared.first.access_tier);
  json.key("blobs").begin_array();
  for (const CopyTask& task : tasks) append_row(json, task, shared);
  json.end_array().end_object();
  return text;
}

void append_messages(std::vector<std::string>& messages, const RunId& run, std::span<const CopyTask> tasks,
                     std::size_t bytes_max) {
  std::string text = batch_json(run, tasks);
  if (text.size() <= bytes_max || tasks.size() == 1) {
    messages.push_back(std::move(text));
    return;
  }
  // Halves are of about one size, and batches that do not fit are rare: there is nothing to gain by counting.
  const std::size_t half = tasks.size() / 2;
  append_messages(messages, run, tasks.first(half), bytes_max);
  append_messages(messages, run, tasks.subspan(half), bytes_max);
}

// ---- reading ----

UtcTime time_from(std::int64_t whole, std::uint64_t beyond) {
  return UtcTime(seconds(whole)) + milliseconds(beyond);
}

std::uint64_t ms_of(JsonFields& fields) {
  return fields.number_or("ms", 0, 999);
}

BlobType type_of(JsonFields& fields, BlobType fallback) {
  return fields.parsed_if_present<BlobType>("blob_type", blob_type_from).value_or(fallback);
}

void read_flags(JsonFields& fields, Blob& blob) {
  blob.is_directory = fields.flag("directory");
  blob.archived = fields.flag("archived");
  blob.rehydrating = fields.flag("rehydrating");
}

CopyTask task_from(JsonFields& fields) {
  CopyTask task{.blob = {.container = Container(fields.filled("container")),
                         .name = BlobName(fields.filled("name", blob_name_bytes_max)),
                         .size = fields.number("size"),
                         .etag = ETag(fields.filled("etag"))},
                .key = Key(fields.filled("key", key_bytes_max))};
  const std::int64_t whole = fields.integer("mtime", mtime_least, mtime_most);
  task.blob.last_modified = time_from(whole, ms_of(fields));
  task.blob.type = type_of(fields, BlobType::block);
  task.blob.access_tier = fields.text_or_empty("tier");
  read_flags(fields, task.blob);
  return task;
}

int replans_from(JsonFields& fields) {
  return static_cast<int>(fields.number_or("replans", 0, replans_most));
}

Upload upload_from(JsonFields& fields) {
  Upload upload{.task = task_from(fields), .id = UploadId(fields.filled("upload_id"))};
  upload.part_bytes = fields.number("part_bytes", part_bytes_max);
  upload.part_count = static_cast<std::uint32_t>(fields.number("part_count", part_count_max));
  upload.replans = replans_from(fields);
  // A plan that did not cover its blob exactly would make ranges outside of it.
  fields.require(upload.part_bytes > 0, "part_bytes", "is 0");
  const std::uint64_t size = upload.task.blob.size;
  const std::uint64_t bytes = std::max<std::uint64_t>(upload.part_bytes, 1);
  const std::uint64_t count = size / bytes + (size % bytes != 0 ? 1 : 0);
  fields.require(count > 0 && upload.part_count == count, "part_count",
                 "does not fit the size and part_bytes");
  return upload;
}

FindBlobs find_blobs_from(JsonFields& fields, RunId run) {
  return {.run = std::move(run),
          .container = Container(fields.filled("container")),
          .prefix = fields.text_or_empty("prefix"),
          .marker = fields.text_or_empty("marker"),
          .levels = static_cast<std::uint32_t>(fields.number_or("levels", 0, folder_levels_max))};
}

// What a batch says for all its rows.
struct BatchFields {
  Blob blob;  // container, type and tier
  std::string name_prefix;
  std::string key_prefix;
};

CopyTask row_from(JsonFields& row, const BatchFields& shared) {
  CopyTask task{.blob = shared.blob};
  Blob& blob = task.blob;
  const std::string name = row.text("name");
  blob.name = BlobName(shared.name_prefix + name);
  row.require(!blob.name.empty(), "name", "is empty");
  row.require(blob.name.size() <= blob_name_bytes_max, "name", "is too long");
  blob.size = row.number("size");
  blob.etag = ETag(row.filled("etag"));
  const std::int64_t whole = row.integer("mtime", mtime_least, mtime_most);
  std::uint64_t beyond = 0;
  std::optional<JsonFields> rest = row.object("rest");
  if (rest && rest->contains("key")) {
    task.key = Key(rest->filled("key", key_bytes_max));
  } else {
    task.key = Key(shared.key_prefix + name);
    row.require(!task.key.empty(), "key", "is empty");
    row.require(task.key.size() <= key_bytes_max, "key", "is too long");
  }
  if (rest) {
    if (rest->contains("container")) blob.container = Container(rest->filled("container"));
    if (rest->contains("tier")) blob.access_tier = rest->text("tier");
    blob.type = type_of(*rest, blob.type);
    beyond = ms_of(*rest);
    read_flags(*rest, blob);
    row.also(*rest);
  }
  blob.last_modified = time_from(whole, beyond);
  return task;
}

CopyBatch copy_batch_from(JsonFields& fields, RunId run) {
  CopyBatch batch{.run = std::move(run)};
  const Json rows = fields.value("blobs");
  fields.require(rows.is_array(), "blobs", fields.contains("blobs") ? "is not an array" : "is missing");
  fields.require(rows.size() > 0, "blobs", "is empty");
  BatchFields shared{.blob = {.container = Container(fields.filled("container"))}};
  shared.blob.type = type_of(fields, BlobType::block);
  shared.blob.access_tier = fields.text_or_empty("tier");
  shared.name_prefix = fields.text_or_empty("name_prefix");
  shared.key_prefix = fields.text_or_empty("key_prefix");
  // Before it is multiplied by the rows.
  fields.require(shared.name_prefix.size() <= blob_name_bytes_max, "name_prefix", "is too long");
  fields.require(shared.key_prefix.size() <= key_bytes_max, "key_prefix", "is too long");
  batch.tasks.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size() && !fields.error(); ++i) {
    JsonFields row(rows.at(i), row_columns, fmt::format("blobs[{}].", i));
    batch.tasks.push_back(row_from(row, shared));
    fields.also(row);
  }
  return batch;
}

LargeFile large_file_from(JsonFields& fields, RunId run) {
  LargeFile file{.run = std::move(run), .task = task_from(fields)};
  file.replans = replans_from(fields);
  file.parts_sent = static_cast<std::uint32_t>(fields.number_or("parts_sent", 0, part_count_max));
  return file;
}

PartTask part_task_from(JsonFields& fields, RunId run) {
  PartTask part{.run = std::move(run), .upload = upload_from(fields)};
  part.number = static_cast<std::uint32_t>(fields.number("number", part.upload.part_count));
  fields.require(part.number > 0, "number", "is 0; parts are numbered from 1");
  return part;
}

Recombine recombine_from(JsonFields& fields, RunId run) {
  return {.run = std::move(run), .upload = upload_from(fields)};
}

// Why this release does not read a message of version `came`.
std::unexpected<Error> other_version(std::uint64_t came) {
  const bool newer = came > static_cast<std::uint64_t>(work_version);
  return fail(
      ErrorKind::unsupported,
      fmt::format("the message is of version {}, and this release of azs3copy understands version {}", came,
                  work_version),
      {},
      newer ? "Update this function: all six must be of one release. Then redrive its dead letters."
            : "It was sent before an update. Start the run again: what has been copied is found unchanged.");
}

}  // namespace

std::string to_json(const FindBlobs& work) {
  std::string text;
  JsonWriter json = begin_message(text, find_blobs_type, work.run);
  json.field("container", work.container.view());
  append_filled(json, "prefix", work.prefix);
  append_filled(json, "marker", work.marker);
  if (work.levels > 0) json.field("levels", work.levels);
  json.end_object();
  return text;
}

std::string to_json(const CopyBatch& batch) {
  return batch_json(batch.run, batch.tasks);
}

std::string to_json(const LargeFile& file) {
  std::string text;
  JsonWriter json = begin_message(text, large_file_type, file.run);
  append_task(json, file.task);
  if (file.replans != 0) json.field("replans", file.replans);
  if (file.parts_sent != 0) json.field("parts_sent", file.parts_sent);
  json.end_object();
  return text;
}

std::string to_json(const PartTask& part) {
  std::string text;
  JsonWriter json = begin_message(text, part_task_type, part.run);
  append_upload(json, part.upload);
  json.field("number", part.number).end_object();
  return text;
}

std::string to_json(const Recombine& work) {
  std::string text;
  JsonWriter json = begin_message(text, recombine_type, work.run);
  append_upload(json, work.upload);
  json.end_object();
  return text;
}

std::vector<std::string> to_json_messages(const CopyBatch& batch, std::size_t bytes_max) {
  std::vector<std::string> messages;
  if (!batch.tasks.empty()) append_messages(messages, batch.run, batch.tasks, bytes_max);
  return messages;
}

Result<WorkMessage> work_message_from_json(std::string_view text) {
  Result<Json> parsed = Json::parse(text);
  if (!parsed) return passed(std::move(parsed));
  JsonFields fields(std::move(*parsed));
  const std::uint64_t version = fields.number("v");
  if (auto error = fields.error()) return std::unexpected(*std::move(error));
  // Before all else: nothing of another version's fields is known.
  if (version != work_version) return other_version(version);

  const std::string type = fields.text("type");
  RunId run(fields.filled("run"));
  WorkMessage message;
  if (type == find_blobs_type) {
    message = find_blobs_from(fields, std::move(run));
  } else if (type == copy_batch_type) {
    message = copy_batch_from(fields, std::move(run));
  } else if (type == large_file_type) {
    message = large_file_from(fields, std::move(run));
  } else if (type == part_task_type) {
    message = part_task_from(fields, std::move(run));
  } else if (type == recombine_type) {
    message = recombine_from(fields, std::move(run));
  } else {
    fields.require(false, "type", "has a value that is not known");
  }
  if (auto error = fields.error()) return std::unexpected(*std::move(error));
  return message;
}

std::string without_envelope(std::string body) {
  // Work of ours never says so, and parsing it twice would be waste.
  if (body.find("\"Notification\"") == std::string::npos) return body;
  const Result<Json> json = Json::parse(body);
  if (!json || (*json)["Type"].string_or("") != "Notification") return body;
  return (*json)["Message"].string_or(body);
}

}  // namespace azs3copy
