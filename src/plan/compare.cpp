// compare.cpp: the rows of the truth table in compare.hpp, from the top.
#include "plan/compare.hpp"

#include <algorithm>

#include "core/limits.hpp"

namespace azs3copy {

Comparison compare(const Blob& blob, const std::optional<Existing>& existing, const CompareOptions& options) {
  if (!existing) return Comparison::copy;
  if (options.ignore_existing) return Comparison::unchanged;
  if (existing->size != blob.size) return Comparison::copy;
  if (options.checksum) return Comparison::ask;
  if (options.size_only) return Comparison::unchanged;
  const milliseconds later = existing->last_modified - blob.last_modified;
  if (later > options.margin) return blob.hierarchical ? Comparison::ask : Comparison::unchanged;
  if (later < -options.margin) return Comparison::copy;
  return Comparison::ask;
}

std::string_view recorded_source_etag(const Metadata& metadata) {
  const auto found = std::ranges::find(metadata, metadata_source_etag, &Metadata::value_type::first);
  return found != metadata.end() ? std::string_view(found->second) : std::string_view();
}

Comparison compare_recorded(const Blob& blob, std::uint64_t object_size, std::string_view recorded_etag) {
  const bool same = object_size == blob.size && !recorded_etag.empty() && recorded_etag == blob.etag.view();
  return same ? Comparison::unchanged : Comparison::copy;
}

std::optional<std::string> obstacle(const Blob& blob) {
  if (blob.customer_key) return std::string(reason_customer_key);
  // Before `archived`: a blob on its way back still shows the archive tier.
  if (blob.rehydrating) return std::string(reason_rehydrating);
  if (blob.archived) return std::string(reason_archived);
  if (blob.size > object_bytes_max) return "larger than 48.8 TiB, the largest object of S3";
  return std::nullopt;
}

}  // namespace azs3copy
