// control.hpp: how scripts rule the fakes of fake_clouds: JSON over HTTP.
// Any refusal is 400 with {"error": "..."}.
//
//   POST   /azure/containers      {"name", "public_access"}
//   POST   /azure/blobs           {"container", "name", and of: "text" | "base64" | "seed" + "size", "type",
//                                  "content_type", "content_encoding", "content_language",
//                                  "content_disposition", "cache_control", "content_md5" ("right": computed),
//                                  "metadata": {}, "tier", "archive_status", "leased", "directory",
//                                  "last_modified", "change_after_reads", "changed": {the same}}
//                                 with "count": n, the names are "name" with {} replaced by 0..n-1,
//                                 seeds count up
//   GET    /azure/blobs           ?container=c -> [{"name", "size", "crc64nvme", "etag", "reads"}]
//   DELETE /azure/blobs           ?container=c&name=n
//   POST   /azure/sas             {"container", "permissions", "seconds"} -> {"query"}
//   POST   /azure/applications    {"tenant", "client_id", "secret" | "assertion"}
//   POST   /azure/tokens          {"lifetime_seconds", "permissions", "expire": true} -> {"issued"}
//   POST   /azure/options         {"structured_bodies", "range_checksums", "segment_bytes", "list_rows_max",
//                                  "list_page_pattern": []}
//
//   POST   /s3/buckets            {"name", "region", "owner", "versioned"}
//   GET    /s3/objects            ?bucket=b[&prefix=p] -> [{"key", "size", "crc64nvme", "etag",
//                                  "content_type", "metadata": {}, ...}]
//   POST   /s3/objects            {"bucket", "key", "text" | "base64" | "seed" + "size", "metadata": {}}
//   DELETE /s3/objects            ?bucket=b&key=k
//   GET    /s3/uploads            -> [{"bucket", "key", "id", "parts"}]
//   GET    /s3/parts              -> [{"key", "part", "received"}]: how often each part was received whole
//   POST   /s3/parts              {"key", "part_bytes", "size", "seed", "missing": []}: all others arrived
//   POST   /s3/credentials        {"id", "secret", "session_token"} | {"id", "expire": true}
//   POST   /s3/options            {"keep_bodies", "part_bytes_min", "part_bytes_max", "list_rows_max",
//                                  "checksums", "verify_signatures", "stores_framing", "trailer_refusal",
//                                  "refuses_checksum_headers", "refuses_upload_size", "md5_etags",
//                                  "checks_owner", "damages_bodies"}
//
//   POST   /{azure,s3}/faults     a fault, see server/faults.hpp -> {"rule"}
//   GET    /{azure,s3}/faults     -> {"fired"}
//   DELETE /{azure,s3}/faults     none any more
//   GET    /{azure,s3}/log        -> operations' counts and bytes, requests
//   DELETE /{azure,s3}/log        begin anew
//   POST   /{azure,s3}/clock      {"offset_ms"}
#pragma once

#include "codec/json.hpp"
#include "fakes/fake_azure.hpp"
#include "fakes/fake_s3.hpp"
#include "fakes/text.hpp"

namespace azs3copy::fakes {

class ControlService final : public Service {
 public:
  ControlService(FakeAzure& azure, FakeS3& s3) : azure_(azure), s3_(s3) {}
  Task<void> serve(Exchange& exchange) override;

 private:
  // The reply's JSON.
  Result<std::string> carry_out(const std::string& what, const Query& query, const Json& json);
  Result<std::string> azure(const std::string& what, const Query& query, const Json& json);
  Result<std::string> s3(const std::string& what, const Query& query, const Json& json);

  Result<std::string> add_blobs(const Json& json);
  std::string list_blobs(const Query& query) const;
  std::string list_objects(const Query& query) const;
  std::string list_uploads() const;
  Result<std::string> add_parts(const Json& json);
  std::string list_parts_received() const;
  void change_azure_options(const Json& json);
  void change_s3_options(const Json& json);

  FakeAzure& azure_;
  FakeS3& s3_;
};

}  // namespace azs3copy::fakes
