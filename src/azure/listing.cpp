// listing.cpp: one pass over the text, without a tree: values are looked at where they stand.
#include "azure/listing.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "azure/blob_fields.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "codec/xml_scanner.hpp"

namespace azs3copy {
namespace {

std::unexpected<Error> wrong_row(std::string_view name, std::string_view field, std::string_view value) {
  return fail(ErrorKind::protocol,
              value.empty() ? fmt::format("the listing gives no {}", field)
                            : fmt::format("the listing gives {} as \"{}\"", field, value),
              name);
}

// The text of <Name>. One in which a character that XML cannot carry is percent-encoded says so.
Result<std::string> read_name(XmlScanner& xml) {
  const bool encoded = xml.attribute("Encoded") == "true";
  const std::string_view text = xml.text();
  if (!encoded) return std::string(text);
  Result<std::string> decoded = url_decode(text);
  if (!decoded) return fail(ErrorKind::protocol, "the listing has a name that is encoded wrongly", text);
  return decoded;
}

// What a row must say, each as it stands in the reply.
struct Properties {
  std::string_view last_modified, etag, content_length, blob_type, access_tier, archive_status, resource_type,
      customer_key;
  std::string_view content_type, content_encoding, content_language, content_disposition, cache_control;
};

// Where the field `name` is kept; nullptr for the many that nobody asks for.
std::string_view* place_of(Properties& found, std::string_view name) {
  switch (name.size()) {
    case 4:
      return name == "Etag" ? &found.etag : nullptr;
    case 8:
      return name == "BlobType" ? &found.blob_type : nullptr;
    case 10:
      return name == "AccessTier" ? &found.access_tier : nullptr;
    case 12:
      if (name == "ResourceType") return &found.resource_type;
      return name == "Content-Type" ? &found.content_type : nullptr;
    case 13:
      if (name == "Last-Modified") return &found.last_modified;
      if (name == "Cache-Control") return &found.cache_control;
      return name == "ArchiveStatus" ? &found.archive_status : nullptr;
    case 14:
      return name == "Content-Length" ? &found.content_length : nullptr;
    case 16:
      if (name == "Content-Encoding") return &found.content_encoding;
      return name == "Content-Language" ? &found.content_language : nullptr;
    case 19:
      return name == "Content-Disposition" ? &found.content_disposition : nullptr;
    case 25:
      return name == "CustomerProvidedKeySha256" ? &found.customer_key : nullptr;
    default:
      return nullptr;
  }
}

Properties read_properties(XmlScanner& xml) {
  Properties found;
  while (xml.enter()) {
    if (std::string_view* place = place_of(found, xml.name())) {
      *place = xml.text();
    } else {
      xml.skip();
    }
  }
  return found;
}

// True if it marks a directory stub. `metadata` is filled where given.
bool read_metadata(XmlScanner& xml, Metadata* metadata) {
  bool marked = false;
  while (xml.enter()) {
    const std::string_view name = xml.name();
    const std::string_view value = xml.text();
    marked = is_stub_mark(name, value) || marked;
    if (metadata != nullptr) metadata->emplace_back(name, value);
  }
  return marked;
}

ContentHeaders headers_of(const Properties& found) {
  return {.content_type = std::string(found.content_type),
          .content_encoding = std::string(found.content_encoding),
          .content_language = std::string(found.content_language),
          .content_disposition = std::string(found.content_disposition),
          .cache_control = std::string(found.cache_control)};
}

Result<> fill_row(Blob& blob, const Properties& found) {
  const std::string_view name = blob.name.view();
  const auto size = parse_size(found.content_length);
  if (!size) return wrong_row(name, "Content-Length", found.content_length);
  const auto last_modified = parse_rfc1123(found.last_modified);
  if (!last_modified) return wrong_row(name, "Last-Modified", found.last_modified);
  const auto type = parse_blob_type(found.blob_type);
  if (!type) return wrong_row(name, "BlobType", found.blob_type);
  blob.etag = unquoted(found.etag);
  if (blob.etag.empty()) return wrong_row(name, "Etag", found.etag);
  blob.size = *size;
  blob.last_modified = *last_modified;
  blob.type = *type;
  blob.access_tier = found.access_tier;
  blob.archived = found.access_tier == archive_tier;
  blob.rehydrating = !found.archive_status.empty();
  blob.is_directory = found.resource_type == directory_resource;
  blob.hierarchical = !found.resource_type.empty();
  blob.customer_key = !found.customer_key.empty();
  return {};
}

Result<> read_blob(XmlScanner& xml, const Container& container, bool with_details, ParsedBlobPage& parsed) {
  Blob& blob = parsed.page.blobs.emplace_back();
  BlobDetails* details = with_details ? &parsed.page.details.emplace_back() : nullptr;
  Properties found;
  bool stub_mark = false;
  while (xml.enter()) {
    if (xml.name() == "Name") {
      Result<std::string> name = read_name(xml);
      if (!name) return passed(std::move(name));
      blob.name = BlobName(std::move(*name));
    } else if (xml.name() == "Properties") {
      found = read_properties(xml);
    } else if (xml.name() == "Metadata") {
      stub_mark = read_metadata(xml, details != nullptr ? &details->metadata : nullptr);
    } else {
      xml.skip();
    }
  }
  if (xml.failed()) return {};  // what is missing was cut off; finish() says so
  if (blob.name.empty()) return fail(ErrorKind::protocol, "the listing has a row without a name");
  blob.container = container;
  if (details != nullptr) details->headers = headers_of(found);
  if (Result<> ok = fill_row(blob, found); !ok) return ok;
  // A hierarchical account says of each row what it is; elsewhere a stub is an empty block blob with a mark.
  if (blob.size == 0 && blob.type == BlobType::block && found.resource_type.empty()) {
    parsed.has_empty_blobs = true;
    blob.is_directory = stub_mark;
  }
  return {};
}

Result<> read_prefix(XmlScanner& xml, BlobPage& page) {
  while (xml.enter()) {
    if (xml.name() != "Name") {
      xml.skip();
      continue;
    }
    Result<std::string> prefix = read_name(xml);
    if (!prefix) return passed(std::move(prefix));
    if (!prefix->empty()) page.prefixes.push_back(std::move(*prefix));
  }
  return {};
}

Result<> read_container(XmlScanner& xml, ContainerPage& page) {
  std::string_view name;
  while (xml.enter()) {
    if (xml.name() == "Name") {
      name = xml.text();
    } else {
      xml.skip();
    }
  }
  if (xml.failed()) return {};
  if (name.empty()) return fail(ErrorKind::protocol, "the listing has a container without a name");
  page.containers.emplace_back(name);
  return {};
}

// The frame of both listings: `list` is the element that holds the rows, `read_row` is called in
// each of them, and the marker of the next page comes back. Without its element the list would
// seem to end where it was cut off.
template <class ReadRow>
Result<std::string> read_results(std::string& text, std::string_view list, const ReadRow& read_row) {
  XmlScanner xml(text);
  const bool is_listing = xml.enter() && xml.name() == "EnumerationResults";
  bool has_list = false;
  std::optional<std::string> marker;
  while (is_listing && xml.enter()) {
    if (xml.name() == list) {
      has_list = true;
      while (xml.enter()) {
        if (Result<> ok = read_row(xml); !ok) return passed(std::move(ok));
      }
    } else if (xml.name() == "NextMarker") {
      marker = xml.text();
    } else {
      xml.skip();
    }
  }
  if (Result<> whole = xml.finish(); !whole) {
    whole.error().retry = RetryVerdict::later;  // it may have been cut off on its way
    return passed(std::move(whole));
  }
  if (!is_listing || !has_list) {
    return fail(ErrorKind::protocol, "the reply is not a listing", {},
                "Check the source's address, and proxies on the way.");
  }
  if (!marker)
    return fail(ErrorKind::protocol, "the listing does not say whether more follows (no NextMarker)");
  return std::move(*marker);
}

}  // namespace

Result<ParsedBlobPage> parse_blob_page(std::string xml, const Container& container, bool details) {
  ParsedBlobPage parsed;
  Result<std::string> marker = read_results(xml, "Blobs", [&](XmlScanner& scanner) -> Result<> {
    if (scanner.name() == "Blob") return read_blob(scanner, container, details, parsed);
    if (scanner.name() == "BlobPrefix") return read_prefix(scanner, parsed.page);
    scanner.skip();
    return {};
  });
  if (!marker) return passed(std::move(marker));
  parsed.page.next_marker = std::move(*marker);
  return parsed;
}

Result<ContainerPage> parse_container_page(std::string xml) {
  ContainerPage page;
  Result<std::string> marker = read_results(xml, "Containers", [&](XmlScanner& scanner) -> Result<> {
    if (scanner.name() == "Container") return read_container(scanner, page);
    scanner.skip();
    return {};
  });
  if (!marker) return passed(std::move(marker));
  page.next_marker = std::move(*marker);
  return page;
}

}  // namespace azs3copy
