// upload_manifest.cpp: manifests to JSON and back.
//
//   {"version":1,"run":..,"endpoint":..,"bucket":..,"key":..,"upload_id":..,"account":..,"container":..,
//    "source":..,"size":..,"etag":..,"mtime":..,"type":..,"tier":..,"part_bytes":..,"part_count":..,
//    "created":..,"proof":..}
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/json.hpp"
#include "codec/time.hpp"
#include "core/limits.hpp"
#include "ledger/ledger.hpp"
#include "messages/json_fields.hpp"

namespace azs3copy {
namespace {

constexpr std::uint64_t manifest_version = 1;

}  // namespace

std::string manifest_name(std::string_view endpoint, const Bucket& bucket, const Key& key) {
  std::string subject(endpoint);
  subject += '\0';
  subject += bucket.view();
  subject += '\0';
  subject += key.view();
  const auto digest = sha256(bytes_of(subject));
  return hex_encode(Bytes(digest).first(16)) + ".json";
}

Result<> check_manifest_is_of(const UploadManifest& manifest, std::string_view endpoint, const Bucket& bucket,
                              const Key& key) {
  if (manifest.endpoint == endpoint && manifest.bucket == bucket && manifest.upload.task.key == key)
    return {};
  return fail(ErrorKind::corrupt, "the manifest of an open upload is not that of its name", {},
              "Somebody renamed or copied it; remove it.");
}

std::string to_json(const UploadManifest& manifest) {
  const Upload& upload = manifest.upload;
  const Blob& blob = upload.task.blob;
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("version", manifest_version).field("run", manifest.run.view());
  json.field("endpoint", manifest.endpoint).field("bucket", manifest.bucket.view());
  json.field("key", upload.task.key.view()).field("upload_id", upload.id.view());
  json.field("account", manifest.source_account).field("container", blob.container.view());
  json.field("source", blob.name.view()).field("size", blob.size).field("etag", blob.etag.view());
  json.field("mtime", to_iso8601(blob.last_modified)).field("type", to_string(blob.type));
  json.field("tier", blob.access_tier);
  json.field("part_bytes", upload.part_bytes).field("part_count", upload.part_count);
  json.field("created", to_iso8601(manifest.created));
  if (manifest.proof) json.field("proof", to_string(*manifest.proof));
  json.end_object();
  return text;
}

Result<UploadManifest> upload_manifest_from_json(std::string_view text) {
  auto parsed = Json::parse(text);
  if (!parsed) return passed(std::move(parsed));
  JsonFields fields(std::move(*parsed));
  if (fields.number("version") != manifest_version && !fields.error()) {
    return fail(ErrorKind::unsupported, "it was written by another version of azs3copy");
  }
  UploadManifest manifest;
  manifest.run = RunId(fields.text("run"));
  manifest.endpoint = fields.text("endpoint");
  manifest.bucket = Bucket(fields.text("bucket"));
  manifest.source_account = fields.text("account");
  manifest.created = fields.time("created");
  manifest.proof = fields.parsed_if_present<SourceProof>("proof", source_proof_from);
  manifest.upload.task = {.blob = {.container = Container(fields.text("container")),
                                   .name = BlobName(fields.text("source")),
                                   .size = fields.number("size"),
                                   .etag = ETag(fields.text("etag")),
                                   .last_modified = fields.time("mtime"),
                                   .type = fields.parsed<BlobType>("type", blob_type_from),
                                   .access_tier = fields.text("tier")},
                          .key = Key(fields.text("key"))};
  manifest.upload.id = UploadId(fields.text("upload_id"));
  manifest.upload.part_bytes = fields.number("part_bytes", part_bytes_max);
  manifest.upload.part_count = static_cast<std::uint32_t>(fields.number("part_count", part_count_max));
  if (auto error = fields.error()) return std::unexpected(*std::move(error));
  return manifest;
}

}  // namespace azs3copy
