// compare.hpp: has this blob arrived already? The truth table of design decision 5. Pure.
//
//   destination           | default                  | --size-only | --ignore-existing | --checksum
//   ----------------------+--------------------------+-------------+-------------------+-----------
//   no such key           | copy                     | copy        | copy              | copy
//   other size            | copy                     | copy        | unchanged         | copy
//   same size, later by   | unchanged (ask if the    | unchanged   | unchanged         | ask
//     more than the margin| blob is hierarchical)    |             |                   |
//   same size, inside the | ask                      | unchanged   | unchanged         | ask
//     margin either way   |                          |             |                   |
//   same size, earlier by | copy                     | unchanged   | unchanged         | ask
//     more than the margin|                          |             |                   |
//
// "ask" is one HEAD: the recorded source ETag is equal -> unchanged, else copy.
//
// Of several options the first of these decides: --ignore-existing, --checksum, --size-only.
//
// A rename in a hierarchical namespace puts other content under a name and keeps its Last-Modified, so the time
// says nothing there. Elsewhere another blob of the same size and an older time is only found by --checksum.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/context.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

struct CompareOptions {
  bool ignore_existing = false;
  bool size_only = false;
  bool checksum = false;
  milliseconds margin =
      std::chrono::minutes(15);  // clocks of two clouds, and a multipart object's initiation time
};

// A destination row.
struct Existing {
  std::uint64_t size = 0;
  UtcTime last_modified{};
};

enum class Comparison : std::uint8_t { copy, unchanged, ask };

// Reasons of a skip that a listing or a refused read may give.
inline constexpr std::string_view reason_archived = "archived: rehydrate first";
inline constexpr std::string_view reason_rehydrating = "rehydrating: run again when the blob is online";
inline constexpr std::string_view reason_customer_key =
    "encrypted with a customer-provided key, which azs3copy cannot send";

Comparison compare(const Blob& blob, const std::optional<Existing>& existing, const CompareOptions& options);

// Names of the user metadata that every object of ours carries (after x-amz-meta-).
inline constexpr std::string_view metadata_source_etag = "azs3copy-etag";
inline constexpr std::string_view metadata_source_mtime = "azs3copy-mtime";  // ISO 8601

// What the object's metadata has of these; empty where it has not. A view into it.
std::string_view recorded_source_etag(const Metadata& metadata);

// After the HEAD: equal recorded ETag and size mean unchanged; an object without a record is copied again.
Comparison compare_recorded(const Blob& blob, std::uint64_t object_size, std::string_view recorded_etag);

// Why a listed blob cannot be copied as it is, in the words of the report; nothing where it can.
// Customer-provided key, rehydrating, archived ("archived: rehydrate first"), above 48.8 TiB.
std::optional<std::string> obstacle(const Blob& blob);

}  // namespace azs3copy
