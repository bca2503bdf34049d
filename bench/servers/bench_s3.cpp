// bench_s3.cpp: a fast S3 for benchmarks: swallows bodies, remembers sizes; verifies nothing.
//
//   PUT --> body dropped; size, CRC as sent, user metadata kept --> HEAD, ListObjectsV2, ListParts answer
//   --catalog BUCKET:COUNT:BYTES  a bucket that holds already what bench_azure's catalog of that size has
#include <mutex>

#include "codec/base64.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "fakes/text.hpp"
#include "servers/bench_server.hpp"

namespace azs3copy::bench {
namespace {

using fakes::Exchange;
using fakes::RequestHead;
using fakes::xml_element;

enum Operation : std::size_t {
  put_object,
  upload_part,
  create_upload,
  complete_upload,
  abort_upload,
  list_parts,
  list_uploads,
  list_objects,
  head_object,
  get_object,
  delete_object,
  head_bucket,
  create_bucket,
  list_buckets,
  other
};
const std::vector<std::string> operation_names = {"PutObject",
                                                  "UploadPart",
                                                  "CreateMultipartUpload",
                                                  "CompleteMultipartUpload",
                                                  "AbortMultipartUpload",
                                                  "ListParts",
                                                  "ListMultipartUploads",
                                                  "ListObjectsV2",
                                                  "HeadObject",
                                                  "GetObject",
                                                  "DeleteObject",
                                                  "HeadBucket",
                                                  "CreateBucket",
                                                  "ListBuckets",
                                                  "Other"};

constexpr int list_rows_max = 1000;
// Not of an MD5's form: rclone would compare it with one.
constexpr std::string_view etag = "\"0123456789abcdef0123456789abcdef-1\"";
constexpr std::string_view common_headers =
    "x-amz-request-id: 0123456789ABCDEF\r\nx-amz-id-2: "
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n"
    "Date: Mon, 01 Jan 2024 12:00:00 GMT\r\nx-amz-server-side-encryption: AES256\r\nServer: AmazonS3\r\n";
constexpr std::string_view row_text =
    "<Contents><Key>{name}</Key><LastModified>2025-01-01T00:00:00.000Z</LastModified><ETag>&quot;"
    "0123456789abcdef0123456789abcdef-1&quot;</ETag><Size>{bytes}</Size><StorageClass>STANDARD</StorageClass>"
    "</Contents>";
constexpr std::string_view crc_header = "x-amz-checksum-crc64nvme";

struct Object {
  std::uint64_t size = 0;
  std::string crc;      // base64, as sent
  std::string headers;  // Content-Type and x-amz-meta-*, as HEAD gives them back
  UtcTime modified{};
};

struct Upload {
  std::string bucket;
  std::string key;
  Object object;
  struct Part {
    std::uint64_t size = 0;
    std::string crc;
  };
  std::map<std::uint32_t, Part> parts;
};

// A request's place and query, decoded where needed.
struct Target {
  std::string bucket;
  std::string key;
  std::string_view query;
};

UtcTime now() {
  return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
}

std::string kept_headers(const RequestHead& request) {
  std::string headers;
  for (const auto& [name, value] : request.fields()) {
    const bool kept = fakes::same_name(name, "content-type") || fakes::same_name(name, "cache-control") ||
                      (name.size() > 11 && fakes::same_name(name.substr(0, 11), "x-amz-meta-"));
    if (kept) headers.append(name).append(": ").append(value).append("\r\n");
  }
  return headers;
}

std::string upload_id(std::string_view query) {
  return query_value(query, "uploadId");
}

class BenchS3 final : public fakes::Service {
 public:
  explicit BenchS3(const BenchOptions& options) : options_(options) {
    for (const Catalog& catalog : options_.catalogs) {
      std::string text(row_text);
      text.replace(text.find("{bytes}"), 7, std::to_string(catalog.bytes));
      rows_.emplace_back(std::move(text));
    }
  }
  Counters counters{operation_names};

  Task<void> serve(Exchange& exchange) override {
    const RequestHead& request = exchange.request();
    std::string_view path = request.path().substr(1);
    Target target{.bucket = std::string(path.substr(0, path.find('/'))), .query = request.query()};
    path.remove_prefix(std::min(path.size(), target.bucket.size() + 1));
    target.key = path.find('%') == std::string_view::npos ? std::string(path) : url_decode(path).value_or("");
    const std::string_view method = request.method();
    if (method == "PUT" && !target.key.empty()) {
      co_await take(exchange, target);
      co_return;
    }
    co_await exchange.read_text(4 * MiB);
    if (options_.delay.count() > 0) co_await exchange.stream().loop().sleep(options_.delay);
    if (target.key.empty()) {
      co_await serve_bucket(exchange, target);
    } else if (method == "POST" || query_has(target.query, "uploadId")) {
      co_await serve_upload(exchange, target);
    } else if (method == "DELETE") {
      counters.count(delete_object);
      forget(target);
      co_await send_text(exchange, fmt::format("HTTP/1.1 204 No Content\r\n{}\r\n", common_headers), "");
    } else {
      co_await serve_object(exchange, target);
    }
  }

 private:
  struct Received {
    std::uint64_t size = 0;
    std::string crc;
  };

  // Swallows the body. The CRC is what its header or trailer says.
  Task<Received> swallow(Exchange& exchange) {
    static thread_local std::vector<std::byte> scratch(256 *
                                                       KiB);  // its bytes are not looked at after a wait
    const RequestHead& request = exchange.request();
    Received received{.size = exchange.body_left(), .crc = std::string(request.get(crc_header))};
    const std::string_view decoded = request.get("x-amz-decoded-content-length");
    const bool trailing = !decoded.empty();
    if (trailing) received.size = fakes::parse_number(decoded).value_or(0);
    std::string tail;
    for (;;) {
      const std::size_t count = co_await exchange.read_body(scratch);
      if (count == 0) break;
      counters.add_in(count);
      if (!trailing || exchange.body_left() > 256) continue;
      tail.append(text_of(Bytes(scratch).first(count)).substr(count > 256 ? count - 256 : 0));
    }
    const std::size_t at = tail.rfind(crc_header);
    if (at != std::string::npos) received.crc = tail.substr(at + crc_header.size() + 1, 12);
    co_return received;
  }

  Task<void> take(Exchange& exchange, const Target& target) {
    const RequestHead& request = exchange.request();
    const bool part = query_has(target.query, "partNumber");
    counters.count(part ? upload_part : put_object);
    std::string headers = part ? "" : kept_headers(request);
    const Received received = co_await swallow(exchange);
    if (options_.delay.count() > 0) co_await exchange.stream().loop().sleep(options_.delay);
    bool known = true;
    {
      const std::lock_guard lock(mutex_);
      if (part) {
        const auto upload = uploads_.find(upload_id(target.query));
        known = upload != uploads_.end();
        const auto number = fakes::parse_number(query_value(target.query, "partNumber")).value_or(0);
        if (known) upload->second.parts[static_cast<std::uint32_t>(number)] = {received.size, received.crc};
      } else if (catalog_of(target.bucket) == nullptr) {
        buckets_[target.bucket].insert_or_assign(
            target.key, Object{received.size, received.crc, std::move(headers), now()});
      }
    }
    if (!known) {
      co_await refuse(exchange, "404 Not Found", "NoSuchUpload");
      co_return;
    }
    std::string text = fmt::format("HTTP/1.1 200 OK\r\n{}ETag: {}\r\n", common_headers, etag);
    if (!received.crc.empty()) {
      text.append(crc_header)
          .append(": ")
          .append(received.crc)
          .append("\r\nx-amz-checksum-type: FULL_OBJECT\r\n");
    }
    co_await send_text(exchange, text + "Content-Length: 0\r\n\r\n", "");
  }

  Task<void> refuse(Exchange& exchange, std::string_view status, std::string_view code) {
    const std::string body =
        fmt::format("<?xml version=\"1.0\"?><Error><Code>{0}</Code><Message>{0}</Message></Error>", code);
    const bool head = exchange.request().method() == "HEAD";
    co_await send_text(
        exchange,
        fmt::format("HTTP/1.1 {}\r\n{}Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n", status,
                    common_headers, body.size()),
        head ? "" : std::string_view(body));
  }

  Task<void> send_xml(Exchange& exchange, std::string_view body) {
    counters.add_out(body.size());
    co_await send_text(
        exchange,
        fmt::format("HTTP/1.1 200 OK\r\n{}Content-Type: application/xml\r\nContent-Length: {}\r\n\r\n",
                    common_headers, body.size()),
        body);
  }

  const Catalog* catalog_of(std::string_view bucket) const {
    for (const Catalog& catalog : options_.catalogs) {
      if (catalog.name == bucket) return &catalog;
    }
    return nullptr;
  }

  void forget(const Target& target) {
    const std::lock_guard lock(mutex_);
    buckets_[target.bucket].erase(target.key);
  }

  // Every bucket exists.
  Task<void> serve_bucket(Exchange& exchange, const Target& target) {
    const std::string_view method = exchange.request().method();
    if (target.bucket.empty()) {
      counters.count(list_buckets);
      co_await send_xml(exchange, "<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>");
    } else if (method == "GET" && query_has(target.query, "uploads")) {
      counters.count(list_uploads);
      co_await send_xml(exchange, uploads_xml(target));
    } else if (method == "GET") {
      counters.count(list_objects);
      co_await send_xml(exchange, objects_xml(target));
    } else {
      counters.count(method == "HEAD" ? head_bucket : create_bucket);
      co_await send_text(
          exchange,
          fmt::format("HTTP/1.1 200 OK\r\n{}x-amz-bucket-region: us-east-1\r\nContent-Length: 0\r\n\r\n",
                      common_headers),
          "");
    }
  }

  Task<void> serve_object(Exchange& exchange, const Target& target) {
    const bool head = exchange.request().method() == "HEAD";
    counters.count(head ? head_object : get_object);
    std::optional<Object> object;
    if (const Catalog* catalog = catalog_of(target.bucket)) {
      const auto index = catalog_index(target.key);
      if (index && *index < catalog->count) object = Object{.size = catalog->bytes, .modified = now()};
    } else {
      const std::lock_guard lock(mutex_);
      const auto& objects = buckets_[target.bucket];
      const auto found = objects.find(target.key);
      if (found != objects.end()) object = found->second;
    }
    if (!object || !head) {  // the bytes were not kept
      co_await refuse(exchange, "404 Not Found", "NoSuchKey");
      co_return;
    }
    std::string text = fmt::format("HTTP/1.1 200 OK\r\n{}ETag: {}\r\nLast-Modified: {}\r\n{}", common_headers,
                                   etag, to_rfc1123(object->modified), object->headers);
    if (!object->crc.empty()) text += fmt::format("{}: {}\r\n", crc_header, object->crc);
    co_await send_text(exchange, text + fmt::format("Content-Length: {}\r\n\r\n", object->size), "");
  }

  Task<void> serve_upload(Exchange& exchange, const Target& target) {
    const RequestHead& request = exchange.request();
    const std::string_view method = request.method();
    if (method == "POST" && query_has(target.query, "uploads")) {
      counters.count(create_upload);
      co_await send_xml(exchange, create(request, target));
    } else if (method == "POST") {
      counters.count(complete_upload);
      const auto done = complete(request, target);
      if (done) {
        co_await send_xml(exchange, *done);
      } else {
        co_await refuse(exchange, "404 Not Found", "NoSuchUpload");
      }
    } else if (method == "DELETE") {
      counters.count(abort_upload);
      {
        const std::lock_guard lock(mutex_);
        uploads_.erase(upload_id(target.query));
      }
      co_await send_text(exchange, fmt::format("HTTP/1.1 204 No Content\r\n{}\r\n", common_headers), "");
    } else {
      counters.count(list_parts);
      const std::string xml = parts_xml(target);
      if (xml.empty()) {
        co_await refuse(exchange, "404 Not Found", "NoSuchUpload");
      } else {
        co_await send_xml(exchange, xml);
      }
    }
  }

  std::string create(const RequestHead& request, const Target& target) {
    const std::lock_guard lock(mutex_);
    const std::string id = fmt::format("upload{:010}", ++upload_number_);
    uploads_[id] = {target.bucket, target.key, {.headers = kept_headers(request), .modified = now()}, {}};
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult>";
    xml_element(out, "Bucket", target.bucket);
    xml_element(out, "Key", target.key);
    xml_element(out, "UploadId", id);
    return out + "</InitiateMultipartUploadResult>";
  }

  // All parts that came are taken, whatever the body names.
  std::optional<std::string> complete(const RequestHead& request, const Target& target) {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(upload_id(target.query));
    if (found == uploads_.end()) return std::nullopt;
    Object object = std::move(found->second.object);
    for (const auto& [number, part] : found->second.parts) object.size += part.size;
    object.crc = request.get(crc_header);
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUploadResult>";
    xml_element(out, "Bucket", target.bucket);
    xml_element(out, "Key", target.key);
    xml_element(out, "ETag", etag);
    if (!object.crc.empty()) xml_element(out, "ChecksumCRC64NVME", object.crc);
    buckets_[target.bucket].insert_or_assign(target.key, std::move(object));
    uploads_.erase(found);
    return out + "</CompleteMultipartUploadResult>";
  }

  // "" where there is no such upload.
  std::string parts_xml(const Target& target) {
    const std::lock_guard lock(mutex_);
    const auto found = uploads_.find(upload_id(target.query));
    if (found == uploads_.end()) return {};
    const auto marker = fakes::parse_number(query_value(target.query, "part-number-marker")).value_or(0);
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListPartsResult>";
    const auto& parts = found->second.parts;
    auto row = parts.upper_bound(static_cast<std::uint32_t>(marker));
    std::uint32_t last = 0;
    for (int rows = 0; row != parts.end() && rows < list_rows_max; ++row, ++rows) {
      last = row->first;
      out += fmt::format(
          "<Part><PartNumber>{}</PartNumber><LastModified>2025-01-01T00:00:00.000Z</LastModified>"
          "<ETag>{}</ETag><Size>{}</Size>",
          row->first, etag, row->second.size);
      if (!row->second.crc.empty()) xml_element(out, "ChecksumCRC64NVME", row->second.crc);
      out += "</Part>";
    }
    xml_element(out, "NextPartNumberMarker", std::to_string(last));
    xml_element(out, "IsTruncated", row == parts.end() ? "false" : "true");
    return out + "</ListPartsResult>";
  }

  // One page: benchmarks leave no thousand of them.
  std::string uploads_xml(const Target& target) {
    const std::lock_guard lock(mutex_);
    const std::string prefix = query_value(target.query, "prefix");
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListMultipartUploadsResult>";
    for (const auto& [id, upload] : uploads_) {
      if (upload.bucket != target.bucket || !upload.key.starts_with(prefix)) continue;
      out += "<Upload>";
      xml_element(out, "Key", upload.key);
      xml_element(out, "UploadId", id);
      xml_element(out, "Initiated", "2025-01-01T00:00:00.000Z");
      out += "</Upload>";
    }
    return out + "<IsTruncated>false</IsTruncated></ListMultipartUploadsResult>";
  }

  std::string objects_xml(const Target& target) {
    std::string rows;
    std::string next;
    const std::string prefix = query_value(target.query, "prefix");
    const std::string delimiter = query_value(target.query, "delimiter");
    std::string after = query_value(target.query, "start-after");
    if (after.empty()) after = query_value(target.query, "marker");  // version 1
    const std::string token = query_value(target.query, "continuation-token");
    const auto rows_max = std::min<std::uint64_t>(
        fakes::parse_number(query_value(target.query, "max-keys")).value_or(list_rows_max), list_rows_max);
    const Catalog* catalog = catalog_of(target.bucket);
    std::uint64_t count = 0;
    if (catalog) {
      const auto from = token.empty() ? std::nullopt : fakes::parse_number(std::string_view(token).substr(1));
      CatalogWalk walk = walk_catalog(*catalog, prefix, delimiter, after, from);
      rows.reserve(rows_max * 300);
      while (walk.row()) {
        if (count++ == rows_max) {
          next = fmt::format("t{}", walk.index);
          break;
        }
        if (walk.group.empty()) {
          rows_[static_cast<std::size_t>(catalog - options_.catalogs.data())].append(rows, walk.index);
        } else {
          rows.append("<CommonPrefixes><Prefix>").append(walk.group).append("</Prefix></CommonPrefixes>");
        }
      }
    } else {
      const bool url = query_value(target.query, "encoding-type") == "url";
      next = stored_rows(rows, target.bucket, {prefix, delimiter, after, token, rows_max, url});
    }
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult>";
    xml_element(out, "Name", target.bucket);
    xml_element(out, "Prefix", url_encode_path(prefix));
    xml_element(out, "EncodingType", query_value(target.query, "encoding-type"));
    if (!next.empty()) xml_element(out, "NextContinuationToken", next);
    xml_element(out, "IsTruncated", next.empty() ? "false" : "true");
    return out + rows + "</ListBucketResult>";
  }

  struct Wish {
    const std::string& prefix;
    const std::string& delimiter;
    const std::string& after;
    const std::string& token;
    std::uint64_t rows_max = 0;
    bool url = false;
  };

  // The continuation token, where the page is full.
  std::string stored_rows(std::string& out, const std::string& bucket, const Wish& wish) {
    const std::lock_guard lock(mutex_);
    const auto& objects = buckets_[bucket];
    auto row = objects.lower_bound(wish.prefix);
    if (!wish.token.empty()) {
      const auto key = base64_decode(wish.token).value_or(std::vector<std::byte>{});
      row = objects.lower_bound(std::string(text_of(key)));
    } else if (wish.after > wish.prefix) {
      row = objects.upper_bound(wish.after);
    }
    const auto shown = [&](const std::string& key) {
      return wish.url ? url_encode_path(key) : fakes::xml_text(key);
    };
    std::uint64_t count = 0;
    while (row != objects.end() && row->first.starts_with(wish.prefix)) {
      const std::string& key = row->first;
      if (count++ == wish.rows_max) return base64_encode(bytes_of(key));
      const std::size_t cut =
          wish.delimiter.empty() ? std::string::npos : key.find(wish.delimiter, wish.prefix.size());
      if (cut != std::string::npos) {
        const std::string group = key.substr(0, cut + wish.delimiter.size());
        out += fmt::format("<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", shown(group));
        row = objects.lower_bound(group + "\xff");
        continue;
      }
      out += fmt::format(
          "<Contents><Key>{}</Key><LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size>"
          "<StorageClass>STANDARD</StorageClass></Contents>",
          shown(key), fakes::iso_milliseconds(row->second.modified), etag, row->second.size);
      ++row;
    }
    return {};
  }

  const BenchOptions options_;
  std::vector<RowTemplate> rows_;
  std::mutex mutex_;
  std::map<std::string, std::map<std::string, Object>, std::less<>> buckets_;
  std::map<std::string, Upload> uploads_;
  std::uint64_t upload_number_ = 0;
};

}  // namespace
}  // namespace azs3copy::bench

int main(int count, char** arguments) {
  using namespace azs3copy::bench;
  // What S3's servers choose.
  const BenchOptions options = parse_bench_options(count, arguments, "TLS_AES_128_GCM_SHA256");
  BenchS3 service(options);
  return run_bench_server(service, service.counters, options);
}
