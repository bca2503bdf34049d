// blob_fields.hpp: values that listings (XML) and replies (headers) write alike, or nearly so.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "messages/blob.hpp"

namespace azs3copy {

inline constexpr std::string_view archive_tier = "Archive";
inline constexpr std::string_view directory_resource = "directory";

// Digits only, and no more than 64 bits hold.
std::optional<std::uint64_t> parse_size(std::string_view text);
// "BlockBlob", "AppendBlob", "PageBlob".
std::optional<BlobType> parse_blob_type(std::string_view text);
// Listings write ETags bare, headers in quotes.
ETag unquoted(std::string_view etag);
// Metadata that makes an empty blob a directory: hdi_isfolder=true, both in any case.
bool is_stub_mark(std::string_view name, std::string_view value);
// Without regard to case, as header names are.
bool same_name(std::string_view a, std::string_view b);

}  // namespace azs3copy
