// azure_read.cpp: Get Blob, Get Blob Properties, Get Blob Tags.
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/time.hpp"
#include "fakes/azure/azure_service.hpp"
#include "fakes/azure/structured_reply.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::uint64_t checksum_range_bytes_max = 4 * MiB;

std::string md5_of_range(const Content& content, Range range) {
  std::string bytes(range.size, '\0');
  content.read(range.first, {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  Md5 md5;
  md5.update(bytes_of(bytes));
  return base64_encode(md5.finish());
}

// If-Match holds quoted ETags or '*'.
void check_match(const RequestHead& request, const std::string& etag) {
  const std::string_view wanted = request.get("if-match");
  if (!wanted.empty() && wanted != "*") {
    if (!wanted.starts_with('"') || !wanted.ends_with('"')) {
      throw AzureRefusal{400, "InvalidHeaderValue", "If-Match is not a quoted ETag."};
    }
    if (wanted != "\"" + etag + "\"") {
      throw AzureRefusal{412, "ConditionNotMet",
                         "The condition specified using HTTP conditional header(s) is not met."};
    }
  }
  const std::string_view unwanted = request.get("if-none-match");
  if (!unwanted.empty() && (unwanted == "*" || unwanted == "\"" + etag + "\"")) {
    throw AzureRefusal{304, "ConditionNotMet", "The blob has not changed."};
  }
}

bool is_true(std::string_view text) {
  return same_name(text, "true");
}

}  // namespace

std::string md5_base64(const Content& content) {
  Md5 md5;
  std::vector<std::byte> buffer(MiB);
  for (std::uint64_t done = 0; done < content.size();) {
    const auto count =
        static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), content.size() - done));
    content.read(done, MutableBytes(buffer).first(count));
    md5.update(Bytes(buffer).first(count));
    done += count;
  }
  return base64_encode(md5.finish());
}

// The range that is asked for; nothing: the whole blob.
static std::optional<Range> range_of(const RequestHead& request, std::uint64_t size) {
  std::string_view text = request.get("x-ms-range");
  if (text.empty()) text = request.get("range");
  if (text.empty()) return std::nullopt;
  const auto wanted = parse_range(text);
  if (!wanted) throw AzureRefusal{400, "InvalidHeaderValue", "The range is malformed."};
  if (wanted->first >= size) {
    throw AzureRefusal{416,
                       "InvalidRange",
                       "The range specified is invalid for the current size of the resource.",
                       {{"Content-Range", fmt::format("bytes */{}", size)}}};
  }
  const std::uint64_t last = std::min(wanted->last.value_or(size - 1), size - 1);
  return Range{.first = wanted->first, .size = last - wanted->first + 1};
}

static void add_properties(Response& reply, const FakeBlob& blob, bool ranged, bool range_md5) {
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) reply.header(name, value);
  };
  add("Content-Type", blob.content_type);
  add("Content-Encoding", blob.content_encoding);
  add("Content-Language", blob.content_language);
  add("Content-Disposition", blob.content_disposition);
  add("Cache-Control", blob.cache_control);
  if (!ranged) {
    add("Content-MD5", blob.content_md5);
  } else if (!range_md5 || !blob.content_md5.empty()) {
    add("x-ms-blob-content-md5", blob.content_md5);
  }
  reply.header("Accept-Ranges", "bytes");
  reply.header("Last-Modified", to_rfc1123(blob.last_modified));
  reply.header("ETag", "\"" + blob.etag + "\"");
  reply.header("x-ms-creation-time", to_rfc1123(blob.last_modified));
  reply.header("x-ms-blob-type", blob.type);
  reply.header("x-ms-lease-status", blob.leased ? "locked" : "unlocked");
  reply.header("x-ms-lease-state", blob.leased ? "leased" : "available");
  reply.header("x-ms-server-encrypted", "true");
  if (blob.type == "BlockBlob") add("x-ms-access-tier", blob.tier);
  add("x-ms-archive-status", blob.archive_status);
  add("x-ms-version-id", blob.version_id);
  if (blob.directory) reply.header("x-ms-resource-type", "directory");
  if (!blob.tags.empty()) reply.header("x-ms-tag-count", std::to_string(blob.tags.size()));
  for (const auto& [name, value] : blob.metadata) reply.header("x-ms-meta-" + name, value);
}

static StructuredFault structured_fault(const Call& call) {
  if (call.special == "wrong_segment_crc") return StructuredFault::segment_crc;
  if (call.special == "wrong_total_crc") return StructuredFault::total_crc;
  if (call.special == "wrong_segment_number") return StructuredFault::segment_number;
  return StructuredFault::none;
}

static void add_structured(Response& reply, const FakeBlob& blob, Range range, std::uint64_t segment_bytes,
                           StructuredFault fault) {
  auto message = std::make_shared<StructuredReply>(blob.content, range, segment_bytes, fault);
  reply.header("x-ms-structured-body", "XSM/1.0; properties=crc64");
  reply.header("x-ms-structured-content-length", std::to_string(range.size));
  reply.generated_size = message->size();
  reply.generate = [message](MutableBytes out) { message->fill(out); };
}

static void add_plain(Response& reply, const FakeBlob& blob, Range range) {
  reply.generated_size = range.size;
  reply.generate = [content = blob.content, at = range.first](MutableBytes out) mutable {
    content->read(at, out);
    at += out.size();
  };
}

// Whether the reply is to be structured; refuses headers that do not go together.
static bool wants_structured(const RequestHead& request, const FakeAzureOptions& options) {
  const std::string_view wanted = request.get("x-ms-structured-body");
  if (wanted.empty() || !options.structured_bodies) return false;
  if (wanted != "XSM/1.0; properties=crc64") {
    throw AzureRefusal{400, "InvalidHeaderValue", "x-ms-structured-body is not a known schema."};
  }
  if (request.get("x-ms-version") < "2025-01-05") {
    throw AzureRefusal{400, "UnsupportedHeader", "x-ms-structured-body wants a later x-ms-version."};
  }
  if (is_true(request.get("x-ms-range-get-content-crc64")) ||
      is_true(request.get("x-ms-range-get-content-md5"))) {
    throw AzureRefusal{400, "InvalidHeaderValue",
                       "A structured body and a range checksum exclude each other."};
  }
  return true;
}

static void add_range_checksum(Response& reply, const RequestHead& request, const FakeBlob& blob,
                               const std::optional<Range>& range, const FakeAzureOptions& options) {
  const bool crc = is_true(request.get("x-ms-range-get-content-crc64"));
  const bool md5 = is_true(request.get("x-ms-range-get-content-md5"));
  if (!crc && !md5) return;
  if (crc && md5) throw AzureRefusal{400, "InvalidHeaderValue", "Either CRC64 or MD5, not both."};
  if (!range || range->size > checksum_range_bytes_max) {
    throw AzureRefusal{400, "OutOfRangeInput", "A range checksum wants a range of at most 4 MiB."};
  }
  if (crc && !options.range_checksums) throw AzureRefusal{500, "InternalError", "Not done here."};
  if (crc) reply.header("x-ms-content-crc64", to_azure_base64(crc_of(*blob.content, *range)));
  if (md5) reply.header("Content-MD5", md5_of_range(*blob.content, *range));
}

Response AzureService::get_blob(const RequestHead& request, const AzureTarget& target, const Call& call) {
  const bool head = request.method() == "HEAD";
  FakeBlob& blob = blob_of(target);
  check_match(request, blob.etag);
  if (!head && blob.tier == "Archive") {
    const bool rehydrating = !blob.archive_status.empty();
    throw AzureRefusal{409, rehydrating ? "BlobBeingRehydrated" : "BlobArchived",
                       "This operation is not permitted on an archived blob."};
  }
  const std::uint64_t size = blob.content->size();
  const auto range = head ? std::nullopt : range_of(request, size);
  const bool structured =
      !head && wants_structured(request, options_) && call.special != "no_structured_body";
  Response reply = base_reply(request, range ? 206 : 200);
  const bool range_md5 = is_true(request.get("x-ms-range-get-content-md5"));
  add_properties(reply, blob, range.has_value(), range_md5);
  if (head) {
    reply.announced_size = size;
    return reply;
  }
  const Range read = range.value_or(Range{.first = 0, .size = size});
  add_range_checksum(reply, request, blob, range, options_);
  if (range)
    reply.header("Content-Range",
                 fmt::format("bytes {}-{}/{}", read.first, read.first + read.size - 1, size));
  if (structured) {
    add_structured(reply, blob, read, options_.segment_bytes, structured_fault(call));
  } else {
    add_plain(reply, blob, read);
  }
  ++blob.reads;
  if (blob.change_after_reads && blob.reads >= *blob.change_after_reads) {
    const std::shared_ptr<FakeBlob> changed = blob.changed;
    auto& blobs = container_of(target).blobs;
    blobs.erase(target.blob);
    if (changed) store(target.account, target.container, target.blob, *changed);
  }
  return reply;
}

Response AzureService::get_tags(const RequestHead& request, const AzureTarget& target) {
  std::string out = "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><Tags><TagSet>";
  for (const auto& [key, value] : blob_of(target).tags) {
    out += "<Tag>";
    xml_element(out, "Key", key);
    xml_element(out, "Value", value);
    out += "</Tag>";
  }
  out += "</TagSet></Tags>";
  Response reply = base_reply(request);
  reply.header("Content-Type", "application/xml").body = std::move(out);
  return reply;
}

}  // namespace azs3copy::fakes
