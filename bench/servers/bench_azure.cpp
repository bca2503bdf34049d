// bench_azure.cpp: a fast Azure Blob Storage for benchmarks:
// lists, HEADs and gives made-up blobs; verifies nothing.
//
//   all blobs of all sizes are windows on one 4 MiB pattern, repeated,
//   so no byte and no CRC is computed per request: a structured segment of 4 MiB is the pattern
//   (turned by the range's start), and its CRC is in a cache
#include <mutex>
#include <random>

#include "codec/crc64.hpp"
#include "codec/url.hpp"
#include "fakes/text.hpp"
#include "servers/bench_server.hpp"

namespace azs3copy::bench {
namespace {

using fakes::Exchange;
using fakes::RequestHead;

enum Operation : std::size_t { list_containers, list_blobs, get_blob, head_blob, head_container, other };
const std::vector<std::string> operation_names = {
    "ListContainers", "ListBlobs", "GetBlob", "HeadBlob", "GetContainerProperties", "Other"};

constexpr std::uint64_t segment_bytes = 4 * MiB;
constexpr int list_rows_max = 5000;
constexpr std::string_view common_headers =
    "Server: Windows-Azure-Blob/1.0 Microsoft-HTTPAPI/2.0\r\nx-ms-request-id: "
    "7c7d5b1e-001e-0045-0000-000000000000\r\n"
    "x-ms-version: 2025-01-05\r\nDate: Mon, 01 Jan 2024 12:00:00 GMT\r\n";
constexpr std::string_view blob_headers =
    "Content-Type: application/octet-stream\r\nLast-Modified: Mon, 01 Jan 2024 00:00:00 "
    "GMT\r\nAccept-Ranges: bytes\r\n"
    "x-ms-creation-time: Mon, 01 Jan 2024 00:00:00 GMT\r\nx-ms-blob-type: BlockBlob\r\nx-ms-lease-status: "
    "unlocked\r\n"
    "x-ms-lease-state: available\r\nx-ms-server-encrypted: true\r\n";
constexpr std::string_view row_text =
    "<Blob><Name>{name}</Name><Properties><Creation-Time>Mon, 01 Jan 2024 00:00:00 "
    "GMT</Creation-Time><Last-Modified>"
    "Mon, 01 Jan 2024 00:00:00 "
    "GMT</Last-Modified><Etag>0x8DC0A{index}</Etag><Content-Length>{bytes}</Content-Length>"
    "<Content-Type>application/octet-stream</Content-Type><Content-Encoding/><Content-Language/"
    "><Content-CRC64/>"
    "<Content-MD5/><Cache-Control/><Content-Disposition/><BlobType>BlockBlob</BlobType><LeaseStatus>unlocked"
    "</LeaseStatus><LeaseState>available</LeaseState><ServerEncrypted>true</ServerEncrypted></"
    "Properties><OrMetadata/>"
    "</Blob>";

// The pattern twice over, so that a window of 4 MiB from any start is one piece of memory.
class Pattern {
 public:
  Pattern() : bytes_(2 * segment_bytes) {
    std::mt19937_64 random(42);
    for (std::size_t i = 0; i < segment_bytes; i += 8) {
      const std::uint64_t word = random();
      std::memcpy(bytes_.data() + i, &word, 8);
    }
    std::copy_n(bytes_.begin(), segment_bytes, bytes_.begin() + segment_bytes);
  }
  // At most 4 MiB of a blob's bytes.
  Bytes window(std::uint64_t offset, std::uint64_t size) const {
    return Bytes(bytes_).subspan(static_cast<std::size_t>(offset % segment_bytes),
                                 static_cast<std::size_t>(size));
  }

 private:
  std::vector<std::byte> bytes_;
};

struct RangeCrcs {
  Crc64 full;  // of each whole segment
  Crc64 last;  // of the shorter one at the end
  Crc64 total;
};

class CrcCache {
 public:
  explicit CrcCache(const Pattern& pattern) : pattern_(pattern) {}
  RangeCrcs get(Range range) {
    const std::pair<std::uint64_t, std::uint64_t> key{range.first % segment_bytes, range.size};
    const std::lock_guard lock(mutex_);
    const auto found = cache_.find(key);
    if (found != cache_.end()) return found->second;
    if (cache_.size() > 10'000) cache_.clear();
    return cache_[key] = compute(range);
  }

 private:
  RangeCrcs compute(Range range) const {
    RangeCrcs crcs;
    const std::uint64_t whole = range.size / segment_bytes;
    const std::uint64_t rest = range.size % segment_bytes;
    if (whole > 0) crcs.full = crc64({}, pattern_.window(range.first, segment_bytes));
    for (std::uint64_t i = 0; i < whole; ++i)
      crcs.total = crc64_combine(crcs.total, crcs.full, segment_bytes);
    if (rest > 0) crcs.last = crc64({}, pattern_.window(range.first, rest));
    crcs.total = crc64_combine(crcs.total, crcs.last, rest);
    return crcs;
  }
  const Pattern& pattern_;
  std::mutex mutex_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, RangeCrcs> cache_;
};

template <class T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

class BenchAzure final : public fakes::Service {
 public:
  explicit BenchAzure(const BenchOptions& options) : options_(options), crcs_(pattern_) {
    for (const Catalog& catalog : options_.catalogs) {
      std::string text(row_text);
      text.replace(text.find("{bytes}"), 7, std::to_string(catalog.bytes));
      rows_.emplace_back(std::move(text));
    }
  }
  Counters counters{operation_names};

  Task<void> serve(Exchange& exchange) override {
    if (exchange.body_left() > 0) co_await exchange.read_text();
    if (options_.delay.count() > 0) co_await exchange.stream().loop().sleep(options_.delay);
    const RequestHead& request = exchange.request();
    // /account/container/blob
    std::string_view path = request.path();
    path.remove_prefix(std::min(path.size(), path.find('/', 1)));
    if (path.starts_with('/')) path.remove_prefix(1);
    const std::string_view container = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), container.size() + 1));
    if (container.empty()) {
      co_await send_containers(exchange);
      co_return;
    }
    const std::size_t number = catalog_number(container);
    if (number == options_.catalogs.size()) {
      co_await refuse(exchange, "404 Not Found", "ContainerNotFound");
    } else if (!path.empty()) {
      co_await serve_blob(exchange, options_.catalogs[number], path);
    } else if (query_value(request.query(), "comp") == "list") {
      co_await send_listing(exchange, number);
    } else {
      counters.count(head_container);
      co_await send_text(
          exchange,
          fmt::format("HTTP/1.1 200 OK\r\n{}ETag: \"0x8DC\"\r\nContent-Length: 0\r\n\r\n", common_headers),
          "");
    }
  }

 private:
  std::size_t catalog_number(std::string_view container) const {
    std::size_t number = 0;
    while (number < options_.catalogs.size() && options_.catalogs[number].name != container) ++number;
    return number;
  }

  Task<void> refuse(Exchange& exchange, std::string_view status, std::string_view code) {
    counters.count(other);
    const std::string body =
        fmt::format("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{}</Code></Error>", code);
    const bool head = exchange.request().method() == "HEAD";
    co_await send_text(exchange,
                       fmt::format("HTTP/1.1 {}\r\n{}x-ms-error-code: {}\r\nContent-Type: application/xml\r\n"
                                   "Content-Length: {}\r\n\r\n",
                                   status, common_headers, code, body.size()),
                       head ? "" : std::string_view(body));
  }

  Task<void> send_xml(Exchange& exchange, const std::string& body) {
    counters.add_out(body.size());
    co_await send_text(
        exchange,
        fmt::format("HTTP/1.1 200 OK\r\n{}Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
                    common_headers, body.size()),
        body);
  }

  Task<void> send_containers(Exchange& exchange) {
    counters.count(list_containers);
    std::string body =
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults><Containers>";
    for (const Catalog& catalog : options_.catalogs) {
      body += fmt::format(
          "<Container><Name>{}</Name><Properties><Last-Modified>Mon, 01 Jan 2024 00:00:00 GMT"
          "</Last-Modified><Etag>\"0x8DC\"</Etag></Properties></Container>",
          catalog.name);
    }
    body += "</Containers><NextMarker/></EnumerationResults>";
    co_await send_xml(exchange, body);
  }

  Task<void> send_listing(Exchange& exchange, std::size_t number) {
    counters.count(list_blobs);
    const std::string_view query = exchange.request().query();
    const std::string marker = query_value(query, "marker");
    const auto token =
        marker.empty() ? std::nullopt : fakes::parse_number(std::string_view(marker).substr(1));
    const auto rows_max = std::min<std::uint64_t>(
        fakes::parse_number(query_value(query, "maxresults")).value_or(list_rows_max), list_rows_max);
    CatalogWalk walk = walk_catalog(options_.catalogs[number], query_value(query, "prefix"),
                                    query_value(query, "delimiter"), "", token);
    std::string body;
    body.reserve(rows_max * 800);
    body += fmt::format(
        "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"{}\">"
        "<Blobs>",
        options_.catalogs[number].name);
    std::string next;
    std::uint64_t rows = 0;
    while (walk.row()) {
      if (rows++ == rows_max) {
        next = fmt::format("m{}", walk.index);
        break;
      }
      if (walk.group.empty()) {
        rows_[number].append(body, walk.index);
      } else {
        body.append("<BlobPrefix><Name>").append(walk.group).append("</Name></BlobPrefix>");
      }
    }
    body.append("</Blobs>");
    fakes::xml_element(body, "NextMarker", next);
    body += "</EnumerationResults>";
    co_await send_xml(exchange, body);
  }

  Task<void> serve_blob(Exchange& exchange, const Catalog& catalog, std::string_view path) {
    const RequestHead& request = exchange.request();
    std::string decoded;
    if (path.find('%') != std::string_view::npos) path = decoded = url_decode(path).value_or("");
    const auto index = catalog_index(path);
    if (!index || *index >= catalog.count) {
      co_await refuse(exchange, "404 Not Found", "BlobNotFound");
      co_return;
    }
    const bool head = request.method() == "HEAD";
    counters.count(head ? head_blob : get_blob);
    std::string text;
    text.reserve(1024);
    const auto wanted =
        fakes::parse_range(request.contains("x-ms-range") ? request.get("x-ms-range") : request.get("range"));
    if (wanted && wanted->first >= catalog.bytes) {
      co_await refuse(exchange, "416 Requested Range Not Satisfiable", "InvalidRange");
      co_return;
    }
    Range range{.first = 0, .size = catalog.bytes};
    if (wanted) {
      const std::uint64_t last = std::min(wanted->last.value_or(catalog.bytes - 1), catalog.bytes - 1);
      range = {.first = wanted->first, .size = last - wanted->first + 1};
      text += fmt::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\n", range.first,
                          last, catalog.bytes);
    } else {
      text += "HTTP/1.1 200 OK\r\n";
    }
    text += fmt::format("ETag: \"0x8DC0A{:08}\"\r\n", *index);
    text.append(common_headers).append(blob_headers);
    if (head) {
      co_await send_text(exchange, text + fmt::format("Content-Length: {}\r\n\r\n", catalog.bytes), "");
    } else if (options_.structured_bodies && request.contains("x-ms-structured-body")) {
      co_await send_structured(exchange, std::move(text), range);
    } else {
      co_await send_plain(exchange, std::move(text), range);
    }
  }

  Task<void> send_plain(Exchange& exchange, std::string text, Range range) {
    counters.add_out(range.size);
    text += fmt::format("Content-Length: {}\r\n\r\n", range.size);
    co_await exchange.stream().write(text);
    for (std::uint64_t sent = 0; sent < range.size; sent += segment_bytes) {
      co_await exchange.stream().write(
          pattern_.window(range.first + sent, std::min(segment_bytes, range.size - sent)));
    }
    co_await exchange.stream().flush();
  }

  Task<void> send_structured(Exchange& exchange, std::string text, Range range) {
    const std::uint64_t segments = (range.size + segment_bytes - 1) / segment_bytes;
    const std::uint64_t size = 13 + segments * 18 + range.size + 8;
    const RangeCrcs crcs = crcs_.get(range);
    counters.add_out(size);
    text += fmt::format(
        "x-ms-structured-body: XSM/1.0; properties=crc64\r\nx-ms-structured-content-length: {}\r\n"
        "Content-Length: {}\r\n\r\n",
        range.size, size);
    append_little_endian<std::uint8_t>(text, 1);
    append_little_endian<std::uint64_t>(text, size);
    append_little_endian<std::uint16_t>(text, 1);
    append_little_endian<std::uint16_t>(text, static_cast<std::uint16_t>(segments));
    for (std::uint64_t i = 0; i < segments; ++i) {
      const std::uint64_t at = i * segment_bytes;
      const std::uint64_t data = std::min(segment_bytes, range.size - at);
      append_little_endian<std::uint16_t>(text, static_cast<std::uint16_t>(i + 1));
      append_little_endian<std::uint64_t>(text, data);
      co_await exchange.stream().write(text);
      co_await exchange.stream().write(pattern_.window(range.first + at, data));
      text.clear();
      append_little_endian<std::uint64_t>(text, (data == segment_bytes ? crcs.full : crcs.last).value);
    }
    append_little_endian<std::uint64_t>(text, crcs.total.value);
    co_await exchange.stream().write(text);
    co_await exchange.stream().flush();
  }

  const BenchOptions options_;
  const Pattern pattern_;
  CrcCache crcs_;
  std::vector<RowTemplate> rows_;
};

}  // namespace
}  // namespace azs3copy::bench

int main(int count, char** arguments) {
  using namespace azs3copy::bench;
  // What Azure's servers choose.
  const BenchOptions options = parse_bench_options(count, arguments, "TLS_AES_256_GCM_SHA384");
  BenchAzure service(options);
  return run_bench_server(service, service.counters, options);
}
