// run_json.cpp: the fields of run.json.
#include "hosts/local/run_json.hpp"

#include <openssl/crypto.h>

#include "codec/crc64.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "ledger/ledger.hpp"

namespace azs3copy {

namespace {

void write_tally(JsonWriter& json, std::string_view name, const Tally& tally) {
  json.key(name).begin_object().field("blobs", tally.blobs).field("bytes", tally.bytes).end_object();
}

void write_options(JsonWriter& json, const RunOptions& options) {
  json.key("options").begin_object();
  json.field("source", options.source_text).field("destination", options.destination_text);
  json.field("endpoint_url", options.s3.endpoint_url).field("region", options.s3.region);
  json.field("part_threshold", options.part_threshold).field("part_size", options.part_bytes);
  json.field("transfers", options.limits.transfers);
  json.field("flatten", options.flatten).field("storage_class", options.storage_class);
  json.field("sse", options.sse).field("sse_kms_key_id", options.sse_kms_key_id);
  json.field("metadata_too_large", options.drop_large_metadata ? "drop" : "fail");
  json.field("checksum", options.compare.checksum).field("size_only", options.compare.size_only);
  json.field("ignore_existing", options.compare.ignore_existing);
  json.field("verify_source", options.verify_source == VerifySource::always ? "always" : "when-offered");
  json.key("filters").begin_array();
  for (const FilterOptions::Rule& rule : options.filter.rules) {
    json.value((rule.include ? "include " : "exclude ") + rule.pattern);
  }
  json.end_array().end_object();
}

void write_totals(JsonWriter& json, const RunResult& result) {
  const RunSummary& summary = result.summary;
  const Progress& totals = summary.totals;
  json.key("totals").begin_object();
  write_tally(json, "found", totals.found);
  write_tally(json, "copied", totals.copied);
  write_tally(json, "unchanged", totals.unchanged);
  write_tally(json, "skipped", totals.skipped);
  write_tally(json, "failed", totals.failed);
  json.field("folders", totals.folders);
  if (summary.names)
    json.field("names_listed", summary.names->listed).field("names_missing", summary.names->missing);
  json.field("bytes_moved", totals.bytes_moved);
  json.field("verified_crc64", summary.verified_crc64).field("verified_md5", summary.verified_md5);
  json.field("unverified", summary.unverified).field("unconfirmed", summary.unconfirmed);
  json.field("confirmed_md5", summary.confirmed_md5);
  json.field("azure_reads", summary.azure_reads).field("azure_bytes_read", summary.azure_bytes);
  json.field("s3_writes", summary.s3_writes).field("s3_reads", summary.s3_reads);
  json.field("retries", totals.retries);
  json.field("ms", static_cast<std::int64_t>(totals.elapsed.count()));
  json.end_object();
  json.key("not_listed").begin_array();
  for (const NotListed& each : summary.not_listed) {
    json.begin_object().field("container", each.container.view());
    json.field("kind", to_string(each.error.kind)).field("message", each.error.to_line()).end_object();
  }
  json.end_array();
  if (result.fatal) {
    json.key("error").begin_object();
    json.field("kind", to_string(result.fatal->kind)).field("message", result.fatal->to_line());
    json.end_object();
  }
}

std::string_view state_of(const RunResult* result) {
  if (result == nullptr) return run_state_running;
  if (result->fatal) return "failed";
  return result->summary.interrupted ? run_state_interrupted : "finished";
}

}  // namespace

std::string run_json(const RunId& run, const RunOptions& options, UtcTime started, const RunResult* result) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("version", 1).field("run", run.view()).field("state", state_of(result));
  json.field("started", to_iso8601(started));
  if (result != nullptr) json.field("ended", to_iso8601(started + result->summary.totals.elapsed));
  json.field("program", "azs3copy " AZS3COPY_VERSION);
  json.field("openssl", OpenSSL_version(OPENSSL_VERSION)).field("crc64", crc64_chosen_implementation());
  write_options(json, options);
  if (result != nullptr) write_totals(json, *result);
  json.end_object();
  text += '\n';
  return text;
}

}  // namespace azs3copy
