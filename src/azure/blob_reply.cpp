// blob_reply.cpp: header fields into properties, in one pass over the fields.
#include "azure/blob_reply.hpp"

#include <fmt/format.h>

#include <array>

#include "azure/blob_fields.hpp"
#include "codec/time.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view metadata_prefix = "x-ms-meta-";

// Fields that are looked at once all are seen.
struct Fields {
  std::string_view content_length, content_range, content_md5, blob_content_md5, content_crc64, structured,
      structured_length, etag, last_modified, blob_type, access_tier, archive_status, resource_type,
      content_type, content_encoding, content_language, content_disposition, cache_control, version_id,
      lease_status;
};

struct KnownField {
  std::string_view name;
  std::string_view Fields::* place;
};

constexpr auto known_fields = std::to_array<KnownField>({
    {"Content-Length", &Fields::content_length},
    {"Content-Range", &Fields::content_range},
    {"Content-MD5", &Fields::content_md5},
    {"x-ms-blob-content-md5", &Fields::blob_content_md5},
    {"x-ms-content-crc64", &Fields::content_crc64},
    {"x-ms-structured-body", &Fields::structured},
    {"x-ms-structured-content-length", &Fields::structured_length},
    {"ETag", &Fields::etag},
    {"Last-Modified", &Fields::last_modified},
    {"x-ms-blob-type", &Fields::blob_type},
    {"x-ms-access-tier", &Fields::access_tier},
    {"x-ms-archive-status", &Fields::archive_status},
    {"x-ms-resource-type", &Fields::resource_type},
    {"Content-Type", &Fields::content_type},
    {"Content-Encoding", &Fields::content_encoding},
    {"Content-Language", &Fields::content_language},
    {"Content-Disposition", &Fields::content_disposition},
    {"Cache-Control", &Fields::cache_control},
    {"x-ms-version-id", &Fields::version_id},
    {"x-ms-lease-status", &Fields::lease_status},
});

std::unexpected<Error> wrong(const BlobName& name, std::string_view field, std::string_view value) {
  return fail(ErrorKind::protocol,
              value.empty() ? fmt::format("the reply has no {}", field)
                            : fmt::format("the reply has {} \"{}\"", field, value),
              name.view());
}

Fields gather(const Headers& headers, Metadata& metadata) {
  Fields fields;
  for (const auto& [name, value] : headers) {
    const std::string_view view = name;
    if (view.size() > metadata_prefix.size() &&
        same_name(view.substr(0, metadata_prefix.size()), metadata_prefix)) {
      metadata.emplace_back(view.substr(metadata_prefix.size()), value);
      continue;
    }
    for (const KnownField& known : known_fields) {
      if (same_name(view, known.name)) {
        fields.*known.place = value;
        break;
      }
    }
  }
  return fields;
}

// "bytes 0-99/1000"
struct ContentRange {
  Range range;
  std::uint64_t total = 0;
};
std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit)) return std::nullopt;
  text.remove_prefix(unit.size());
  const std::size_t dash = text.find('-');
  const std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
  const auto first = parse_size(text.substr(0, dash));
  const auto last = parse_size(text.substr(dash + 1, slash - dash - 1));
  const auto total = parse_size(text.substr(slash + 1));
  if (!first || !last || !total || *last < *first || *last >= *total) return std::nullopt;
  return ContentRange{.range = {.first = *first, .size = *last - *first + 1}, .total = *total};
}

Result<> fill_blob(BlobReply& reply, const Fields& fields) {
  Blob& blob = reply.properties.blob;
  blob.etag = unquoted(fields.etag);
  if (blob.etag.empty()) return wrong(blob.name, "ETag", fields.etag);
  const auto last_modified = parse_rfc1123(fields.last_modified);
  if (!last_modified) return wrong(blob.name, "Last-Modified", fields.last_modified);
  const auto type = parse_blob_type(fields.blob_type);
  if (!type) return wrong(blob.name, "x-ms-blob-type", fields.blob_type);
  blob.last_modified = *last_modified;
  blob.type = *type;
  blob.access_tier = fields.access_tier;
  blob.archived = fields.access_tier == archive_tier;
  blob.rehydrating = !fields.archive_status.empty();
  blob.is_directory = fields.resource_type == directory_resource;
  blob.hierarchical = !fields.resource_type.empty();
  for (const auto& [name, value] : reply.properties.metadata) {
    if (is_stub_mark(name, value)) blob.is_directory = true;
  }
  return {};
}

void fill_headers(BlobProperties& properties, const Fields& fields) {
  properties.headers = {.content_type = std::string(fields.content_type),
                        .content_encoding = std::string(fields.content_encoding),
                        .content_language = std::string(fields.content_language),
                        .content_disposition = std::string(fields.content_disposition),
                        .cache_control = std::string(fields.cache_control)};
  properties.version_id = fields.version_id;
  properties.lease_status = fields.lease_status;
}

// How many bytes come, and of what they are.
Result<> fill_sizes(BlobReply& reply, Method method, const ResponseHead& head, const Fields& fields) {
  BlobProperties& properties = reply.properties;
  const BlobName& name = properties.blob.name;
  std::optional<std::uint64_t> length = parse_size(fields.content_length);
  if (fields.content_length.empty()) length = head.content_length;
  if (!length) return wrong(name, "Content-Length", fields.content_length);
  reply.encoded_size = *length;
  std::uint64_t size = *length;
  if (method == Method::get && !fields.structured.empty()) {
    // "XSM/1.0; properties=crc64": another schema cannot be decoded.
    if (!fields.structured.starts_with("XSM/1.0"))
      return wrong(name, "x-ms-structured-body", fields.structured);
    const auto decoded = parse_size(fields.structured_length);
    if (!decoded) return wrong(name, "x-ms-structured-content-length", fields.structured_length);
    reply.structured = true;
    size = *decoded;
  }
  if (head.status == 206) {
    const auto content_range = parse_content_range(fields.content_range);
    if (!content_range) return wrong(name, "Content-Range", fields.content_range);
    if (content_range->range.size != size) {
      return fail(ErrorKind::protocol,
                  fmt::format("the reply says {} bytes and sends {}", content_range->range.size, size),
                  name.view());
    }
    reply.range = content_range->range;
    properties.blob.size = content_range->total;
    reply.range_md5 = fields.content_md5;
    reply.range_crc64 = fields.content_crc64;
    properties.content_md5 = fields.blob_content_md5;
  } else {
    reply.range = {.first = 0, .size = size};
    properties.blob.size = size;
    properties.content_md5 = fields.blob_content_md5.empty() ? fields.content_md5 : fields.blob_content_md5;
  }
  reply.whole = reply.range == Range{.first = 0, .size = properties.blob.size};
  return {};
}

}  // namespace

Result<BlobReply> read_blob_reply(Method method, const ResponseHead& head, const Container& container,
                                  const BlobName& name) {
  BlobReply reply;
  reply.properties.blob.container = container;
  reply.properties.blob.name = name;
  const Fields fields = gather(head.headers, reply.properties.metadata);
  if (Result<> ok = fill_blob(reply, fields); !ok) return passed(std::move(ok));
  if (Result<> ok = fill_sizes(reply, method, head, fields); !ok) return passed(std::move(ok));
  fill_headers(reply.properties, fields);
  return reply;
}

}  // namespace azs3copy
