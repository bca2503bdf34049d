// record.cpp: records to lines and back.
#include "messages/record.hpp"

#include <limits>

#include "codec/json.hpp"
#include "codec/time.hpp"
#include "messages/json_fields.hpp"

namespace azs3copy {
namespace {

constexpr std::uint64_t int_max = std::numeric_limits<int>::max();

std::optional<ErrorKind> error_kind_from(std::string_view text) {
  // Asks every value for its name, so that a new kind needs no line here.
  for (unsigned value = 0; value <= static_cast<unsigned>(ErrorKind::internal); ++value) {
    const auto kind = static_cast<ErrorKind>(value);
    if (to_string(kind) == text) return kind;
  }
  return std::nullopt;
}

void append_text(JsonWriter& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.field(name, text);
}

void append_error(JsonWriter& json, const Error& error) {
  json.key("error").begin_object();
  json.field("kind", to_string(error.kind)).field("message", error.message);
  append_text(json, "code", error.service_code);
  append_text(json, "request_id", error.request_id);
  if (error.http_status != 0) json.field("status", error.http_status);
  append_text(json, "operation", error.operation);
  json.end_object();
}

Error error_from(JsonFields fields, JsonFields& parent) {
  Error error{.kind = fields.parsed<ErrorKind>("kind", error_kind_from),
              .message = fields.text("message"),
              .operation = fields.text_or_empty("operation"),
              .service_code = fields.text_or_empty("code"),
              .request_id = fields.text_or_empty("request_id"),
              .http_status = static_cast<int>(fields.number_or("status", 0, int_max))};
  parent.also(fields);
  return error;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::copied:
      return "copied";
    case Outcome::unchanged:
      return "unchanged";
    case Outcome::skipped:
      return "skipped";
    case Outcome::failed:
      return "failed";
  }
  return "unknown";
}

std::optional<Outcome> outcome_from(std::string_view text) {
  for (const Outcome outcome : {Outcome::copied, Outcome::unchanged, Outcome::skipped, Outcome::failed}) {
    if (to_string(outcome) == text) return outcome;
  }
  return std::nullopt;
}

void append_json(std::string& out, const ObjectRecord& record) {
  JsonWriter json(out);
  json.begin_object();
  json.field("outcome", to_string(record.outcome)).field("container", record.blob.container.view());
  json.field("source", record.blob.name.view()).field("key", record.key.view()).field("bytes", record.bytes);
  if (record.blob.size != record.bytes) json.field("size", record.blob.size);
  json.field("etag", record.blob.etag.view()).field("mtime", to_iso8601(record.blob.last_modified));
  if (record.crc) json.field("crc64nvme", to_s3_base64(*record.crc));
  // Of a copy also "none": what nobody proved is never left unsaid.
  if (record.outcome == Outcome::copied || record.proof != SourceProof::none) {
    json.field("verified", to_string(record.proof));
  }
  if (record.outcome == Outcome::copied) json.field("confirmed", to_string(record.confirmed));
  append_text(json, "s3_etag", record.s3_etag.view());
  append_text(json, "version_id", record.s3_version_id);
  if (record.parts != 0) json.field("parts", record.parts);
  append_text(json, "reason", record.reason);
  if (record.error) append_error(json, *record.error);
  json.field("attempts", record.attempts).field("ms", static_cast<std::int64_t>(record.duration.count()));
  json.end_object();
}

Result<ObjectRecord> object_record_from_json(std::string_view line) {
  auto parsed = Json::parse(line);
  if (!parsed) return passed(std::move(parsed));
  JsonFields fields(std::move(*parsed));
  ObjectRecord record;
  record.outcome = fields.parsed<Outcome>("outcome", outcome_from);
  record.bytes = fields.number("bytes");
  record.blob = Blob{.container = Container(fields.text("container")),
                     .name = BlobName(fields.text("source")),
                     .size = fields.number_or("size", record.bytes),
                     .etag = ETag(fields.text("etag")),
                     .last_modified = fields.time("mtime")};
  record.key = Key(fields.text("key"));
  record.crc = fields.parsed_if_present<Crc64>("crc64nvme", crc64_from_s3_base64);
  record.proof =
      fields.parsed_if_present<SourceProof>("verified", source_proof_from).value_or(SourceProof::none);
  if (record.outcome == Outcome::copied) {
    // Without the field it is a record of a version that accepted nothing but S3's CRC64NVME as success.
    record.confirmed = fields.parsed_if_present<Confirmation>("confirmed", confirmation_from)
                           .value_or(Confirmation::crc64nvme);
  }
  record.s3_etag = ETag(fields.text_or_empty("s3_etag"));
  record.s3_version_id = fields.text_or_empty("version_id");
  record.parts =
      static_cast<std::uint32_t>(fields.number_or("parts", 0, std::numeric_limits<std::uint32_t>::max()));
  record.reason = fields.text_or_empty("reason");
  if (auto error = fields.object("error")) record.error = error_from(std::move(*error), fields);
  record.attempts = static_cast<int>(fields.number("attempts", int_max));
  record.duration = milliseconds(fields.number("ms", std::numeric_limits<std::int64_t>::max()));
  if (auto error = fields.error()) return std::unexpected(*std::move(error));
  return record;
}

}  // namespace azs3copy
