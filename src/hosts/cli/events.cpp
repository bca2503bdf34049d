// events.cpp: see events.hpp.
#include "hosts/cli/events.hpp"

#include "codec/json.hpp"
#include "codec/time.hpp"
#include "hosts/cli/status_view.hpp"

namespace azs3copy::cli::events {
namespace {

// One line: {"event": ..., "time": ..., fields by `fill`}.
template <class Fill>
std::string line(UtcTime now, std::string_view event, Fill fill) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("event", event).field("time", to_iso8601(now));
  fill(json);
  json.end_object();
  out += '\n';
  return out;
}

void write(JsonWriter& json, std::string_view name, const Tally& tally) {
  json.key(name).begin_object().field("blobs", tally.blobs).field("bytes", tally.bytes).end_object();
}

void write_counts(JsonWriter& json, const Progress& progress) {
  json.field("ms", static_cast<std::int64_t>(progress.elapsed.count()));
  write(json, "found", progress.found);
  write(json, "copied", progress.copied);
  write(json, "unchanged", progress.unchanged);
  write(json, "skipped", progress.skipped);
  write(json, "failed", progress.failed);
  json.field("folders", progress.folders);
  json.field("retries", progress.retries);
}

void write_not_copied(JsonWriter& json, const std::vector<NotCopied>& kinds) {
  json.key("not_copied").begin_array();
  for (const NotCopied& kind : kinds) {
    json.begin_object().field("outcome", to_string(kind.outcome)).field("cause", kind.cause);
    json.field("advice", kind.advice).field("count", kind.count).key("first_names").begin_array();
    for (const std::string& name : kind.first_names) json.value(name);
    json.end_array().end_object();
  }
  json.end_array();
}

}  // namespace

std::string start(UtcTime now, Command command, const RunOptions& options, const RunObserver::Ends& ends) {
  return line(now, "start", [&](JsonWriter& json) {
    json.field("command", to_string(command)).field("version", AZS3COPY_VERSION);
    json.field("source", options.source_text).field("destination", options.destination_text);
    json.field("azure_login", ends.azure_login).field("s3_login", ends.s3_login).field("region", ends.region);
    json.field("encryption", ends.encryption)
        .field("run", ends.run.view())
        .field("run_folder", ends.run_folder);
  });
}

std::string progress(UtcTime now, const ProgressView& view) {
  const Progress& progress = view.progress;
  return line(now, "progress", [&](JsonWriter& json) {
    json.field("scanning", progress.scanning);
    write_counts(json, progress);
    json.field("bytes_moved", progress.bytes_moved).field("bytes_planned", progress.bytes_planned);
    json.field("bytes_per_second", static_cast<std::uint64_t>(view.bytes_per_second));
    if (const auto left = time_left(view))
      json.field("seconds_left", static_cast<std::int64_t>(left->count()));
    json.field("requests_azure", progress.requests_azure).field("requests_s3", progress.requests_s3);
    json.field("streams", progress.streams).field("streams_limit", progress.streams_limit);
    json.field("held_by", progress.held_by).key("large").begin_array();
    for (const LargeProgress& large : progress.large) {
      json.begin_object().field("name", large.name).field("bytes_done", large.bytes_done);
      json.field("bytes", large.bytes).field("parts_done", static_cast<std::uint64_t>(large.parts_done));
      json.field("parts", static_cast<std::uint64_t>(large.parts)).end_object();
    }
    json.end_array();
  });
}

std::string record(UtcTime now, const ObjectRecord& record) {
  // append_json writes a whole value: it takes the place of one.
  std::string out = line(now, "record", [](JsonWriter&) {});
  out.resize(out.size() - 2);  // the closing brace and the line end
  out += ",\"record\":";
  append_json(out, record);
  return out + "}\n";
}

std::string log(UtcTime now, std::string_view level, std::string_view name, std::string_view text) {
  return line(now, "log",
              [&](JsonWriter& json) { json.field("level", level).field("name", name).field("text", text); });
}

std::string summary(UtcTime now, const RunSummary& summary, bool dry_run, int exit_code) {
  return line(now, "summary", [&](JsonWriter& json) {
    json.field("exit_code", exit_code).field("interrupted", summary.interrupted).field("dry_run", dry_run);
    write_counts(json, summary.totals);
    if (summary.names)
      json.field("names_listed", summary.names->listed).field("names_missing", summary.names->missing);
    json.field("verified_crc64", summary.verified_crc64).field("verified_md5", summary.verified_md5);
    json.field("unverified", summary.unverified).field("unconfirmed", summary.unconfirmed);
    json.field("confirmed_md5", summary.confirmed_md5);
    json.field("azure_reads", summary.azure_reads).field("azure_bytes", summary.azure_bytes);
    json.field("s3_writes", summary.s3_writes).field("s3_reads", summary.s3_reads);
    json.field("run_folder", summary.run_folder);
    write_not_copied(json, summary.not_copied);
    json.key("not_listed").begin_array();
    for (const NotListed& each : summary.not_listed) json.value(each.container.view());
    json.end_array();
    if (!dry_run) return;
    json.key("would_copy").begin_array();
    for (const std::string& text : summary.would_copy) json.value(text);
    json.end_array().field("would_copy_large", summary.would_copy_large);
  });
}

std::string error(UtcTime now, const Error& error, int exit_code) {
  return line(now, "error", [&](JsonWriter& json) {
    json.field("exit_code", exit_code).field("kind", to_string(error.kind)).field("message", error.message);
    json.field("operation", error.operation)
        .field("subject", error.subject)
        .field("code", error.service_code);
    json.field("status", error.http_status)
        .field("request_id", error.request_id)
        .field("advice", error.advice);
    json.field("attempts", error.attempts);
  });
}

std::string row(UtcTime now, const CheckRow& row) {
  return line(now, "row", [&](JsonWriter& json) {
    const char mark = static_cast<char>(row.mark);
    json.field("mark", std::string_view(&mark, 1)).field("name", row.name).field("detail", row.detail);
  });
}

std::string row(UtcTime now, const ListRow& row) {
  return line(now, "row", [&](JsonWriter& json) {
    json.field("kind", row.is_prefix ? "prefix" : "blob").field("name", row.name);
    if (row.is_prefix) return;
    json.field("bytes", row.blob.size).field("time", to_iso8601(row.blob.last_modified));
    json.field("tier", row.blob.access_tier);
  });
}

std::string row(UtcTime now, const CleanupRow& row) {
  return line(now, "row", [&](JsonWriter& json) {
    json.field("key", row.key.view()).field("upload", row.upload.view());
    json.field("created", to_iso8601(row.created)).field("outcome", row.outcome);
  });
}

std::string end(UtcTime now, const CheckSummary& summary, int exit_code) {
  return line(now, "end", [&](JsonWriter& json) {
    json.field("exit_code", exit_code)
        .field("equal", summary.equal)
        .field("equal_by_crc", summary.equal_by_crc)
        .field("equal_by_etag", summary.equal_by_etag);
    json.field("equal_by_time", summary.equal_by_time).field("missing", summary.missing);
    json.field("different", summary.different).field("only_at_destination", summary.only_at_destination);
    json.field("errors", summary.errors);
  });
}

std::string end(UtcTime now, const CleanupResult& result, int exit_code) {
  return line(now, "end", [&](JsonWriter& json) {
    json.field("exit_code", exit_code).field("aborted", result.aborted).field("failed", result.failed);
  });
}

std::string status(UtcTime now, const RunStatus& status, int exit_code) {
  return line(now, "status", [&](JsonWriter& json) {
    json.field("exit_code", exit_code).field("run", status.run.view()).field("state", state_of(status));
    json.field("over", status.over);
    json.field("source", status.source).field("destination", status.destination);
    json.field("begun", to_iso8601(status.begun));
    if (status.begin_date) json.field("begin_date", to_iso8601(*status.begin_date));
    json.field("ms", static_cast<std::int64_t>(status.elapsed.count()));
    json.field("listings", status.listings).field("listings_done", status.listings_done);
    for (const auto& [name, tally] :
         {std::pair{"found", &status.found}, std::pair{"planned", &status.planned},
          std::pair{"copied", &status.copied}, std::pair{"unchanged", &status.unchanged},
          std::pair{"skipped", &status.skipped}, std::pair{"failed", &status.failed},
          std::pair{"waiting", &status.waiting}}) {
      write(json, name, *tally);
    }
    json.field("folders", status.folders).field("retrying", status.retrying);
    json.field("verified_crc64", status.verified_crc64).field("verified_md5", status.verified_md5);
    json.field("unverified", status.unverified).field("unconfirmed", status.unconfirmed);
    json.field("confirmed_md5", status.confirmed_md5);
    json.field("bytes_per_second", static_cast<std::uint64_t>(status.bytes_per_second));
    json.field("blobs_per_second", status.blobs_per_second);
    if (status.last_record) json.field("last_record", to_iso8601(*status.last_record));
    if (status.silent) json.field("silent_seconds", status.silent->count() / 1000);
    json.key("listing_errors").begin_array();
    for (const std::string& error : status.listing_errors) json.value(error);
    json.end_array();
    write_not_copied(json, status.not_copied);
  });
}

std::string row(UtcTime now, const RedriveRow& row) {
  return line(now, "row", [&](JsonWriter& json) {
    json.field("queue", row.queue).field("message_id", row.message_id).field("class", row.class_name);
    json.field("function", row.function).field("run", row.run.view()).field("what", row.what);
    json.field("outcome", row.outcome);
  });
}

std::string end(UtcTime now, const RedriveResult& result, bool dry_run, int exit_code) {
  return line(now, "end", [&](JsonWriter& json) {
    json.field("exit_code", exit_code).field("dry_run", dry_run);
    for (const auto& [name, counts] :
         {std::pair{"sent_back", &result.sent}, std::pair{"left", &result.left}}) {
      json.key(name).begin_object();
      for (const auto& [class_name, count] : *counts) json.field(class_name, count);
      json.end_object();
    }
    json.field("failed", result.failed);
  });
}

std::string end_of_list(UtcTime now, std::uint64_t rows, int exit_code) {
  return line(now, "end", [&](JsonWriter& json) { json.field("exit_code", exit_code).field("rows", rows); });
}

}  // namespace azs3copy::cli::events
