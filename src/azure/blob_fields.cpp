// blob_fields.cpp: small readers.
#include "azure/blob_fields.hpp"

#include <strings.h>

#include <charconv>

namespace azs3copy {

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t size = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), size);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return size;
}

std::optional<BlobType> parse_blob_type(std::string_view text) {
  if (text == "BlockBlob") return BlobType::block;
  if (text == "AppendBlob") return BlobType::append;
  if (text == "PageBlob") return BlobType::page;
  return std::nullopt;
}

ETag unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return ETag(etag);
}

bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_stub_mark(std::string_view name, std::string_view value) {
  return same_name(name, "hdi_isfolder") && same_name(value, "true");
}

}  // namespace azs3copy
