// record.hpp: the proof of one blob's copy: a line of objects.jsonl, or of a record object on S3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

enum class Outcome : std::uint8_t { copied, unchanged, skipped, failed };
std::string_view to_string(Outcome outcome);
std::optional<Outcome> outcome_from(std::string_view text);

struct Tally {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  void add(std::uint64_t size) {
    ++blobs;
    bytes += size;
  }
  friend bool operator==(const Tally&, const Tally&) = default;
};

struct ObjectRecord {
  Outcome outcome = Outcome::failed;
  Blob blob;
  Key key;
  std::uint64_t bytes = 0;   // that arrived
  std::optional<Crc64> crc;  // of the whole object
  SourceProof proof = SourceProof::none;
  Confirmation confirmed = Confirmation::none;  // of a copy
  ETag s3_etag;
  std::string s3_version_id;
  std::uint32_t parts = 0;     // 0: one PUT
  std::string reason;          // of a skip: "archived: rehydrate first"
  std::optional<Error> error;  // of a failure
  int attempts = 1;
  milliseconds duration{0};
};

// Appends one JSON object without a line end. Fields, in order:
//
//   outcome, container, source, key, bytes, size (only where it is not what arrived), etag, mtime
//   where they apply: crc64nvme (S3's base64), verified and confirmed (of every copy: "none" too),
//   s3_etag, version_id, parts, reason, error{kind, message, code, request_id, status, operation}
//   attempts, ms
void append_json(std::string& out, const ObjectRecord& record);
// ErrorKind::protocol where the line is not such an object, naming the field. What the line does not hold
// (the blob's type and tier, an error's advice) is as in a new record.
Result<ObjectRecord> object_record_from_json(std::string_view line);

}  // namespace azs3copy
