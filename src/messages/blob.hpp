// blob.hpp: what is known of a blob and of its copy; the nouns that all stages share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "codec/crc64.hpp"
#include "core/context.hpp"
#include "core/names.hpp"

namespace azs3copy {

enum class BlobType : std::uint8_t { block, append, page };
std::string_view to_string(BlobType type);
std::optional<BlobType> blob_type_from(std::string_view text);

// One row of a listing: all that planning needs, and the pin for every later read.
struct Blob {
  Container container;
  BlobName name;
  std::uint64_t size = 0;
  ETag etag;
  UtcTime last_modified{};
  BlobType type = BlobType::block;
  bool is_directory = false;  // ADLS directory stub
  bool archived = false;      // AccessTier Archive, not rehydrated
  bool rehydrating = false;   // ArchiveStatus is set
  // Encrypted with a key that only its client has: Azure does not give the content without it.
  bool customer_key = false;
  // Of an account with a hierarchical namespace, where a rename keeps Last-Modified.
  bool hierarchical = false;
  std::string access_tier;  // "Hot", "Cool", ...; empty where the service does not say

  friend bool operator==(const Blob&, const Blob&) = default;
};

// The headers that belong to the content and arrive with it. Empty: not set.
struct ContentHeaders {
  std::string content_type;
  std::string content_encoding;
  std::string content_language;
  std::string content_disposition;
  std::string cache_control;
  friend bool operator==(const ContentHeaders&, const ContentHeaders&) = default;
};

// User metadata; names are case-insensitive on both sides and kept as the source wrote them.
using Metadata = std::vector<std::pair<std::string, std::string>>;

// How far Azure itself proved the bytes that we read.
enum class SourceProof : std::uint8_t {
  none,         // no CRC and no usable Content-MD5: "unverified" in every report
  content_md5,  // the whole body matched the stored Content-MD5
  crc64,        // every segment or range matched a CRC64 that Azure sent
};
std::string_view to_string(SourceProof proof);
std::optional<SourceProof> source_proof_from(std::string_view text);
// Of a body made of two parts: the weaker of both.
SourceProof weaker(SourceProof a, SourceProof b);

// How the destination confirmed the bytes that it received.
enum class Confirmation : std::uint8_t {
  none,       // nothing in its reply depends on them: "unconfirmed" in every report
  md5,        // its ETag is their MD5, or it accepted them with their Content-MD5
  crc64nvme,  // it reported their CRC64NVME
};
std::string_view to_string(Confirmation confirmation);
std::optional<Confirmation> confirmation_from(std::string_view text);

}  // namespace azs3copy
