// s3_list.cpp: ListObjectsV2 and ListBuckets.
// In UTF-8 byte order, at most 1,000 rows, tokens that are no keys.
#include "codec/base64.hpp"
#include "codec/url.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::string_view xml_start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view xml_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

std::string make_token(std::string_view key) {
  return "1" + base64_encode(bytes_of(key));
}

std::string key_of_token(const std::string& token) {
  const auto key = token.starts_with('1') ? base64_decode(std::string_view(token).substr(1)) : std::nullopt;
  if (!key) throw S3Refusal{400, "InvalidArgument", "The continuation token provided is incorrect"};
  return std::string(text_of(*key));
}

struct ListWish {
  std::string prefix, delimiter, start_after, token;
  bool url = false;
  int rows_max = 1000;
};

ListWish wish_of(const Query& query, int rows_max) {
  ListWish wish{.prefix = query.get("prefix"),
                .delimiter = query.get("delimiter"),
                .start_after = query.get("start-after"),
                .token = query.get("continuation-token"),
                .url = query.get("encoding-type") == "url",
                .rows_max = rows_max};
  if (query.contains("encoding-type") && !wish.url) {
    throw S3Refusal{400, "InvalidArgument", "Invalid Encoding Method specified in Request"};
  }
  if (query.contains("max-keys")) {
    const auto wanted = parse_number(query.get("max-keys"));
    if (!wanted)
      throw S3Refusal{400, "InvalidArgument", "Provided max-keys not an integer or within integer range"};
    wish.rows_max = static_cast<int>(std::min<std::uint64_t>(*wanted, static_cast<std::uint64_t>(rows_max)));
  }
  return wish;
}

// As the real one: with encoding-type=url a space is '+', and without it a key that XML cannot hold makes a
// listing that no parser reads.
std::string shown(const ListWish& wish, std::string_view key) {
  return wish.url ? listing_encode(key) : std::string(key);
}

void append_object(std::string& out, const ListWish& wish, const std::string& key, const FakeObject& object) {
  out += "<Contents>";
  xml_element(out, "Key", shown(wish, key));
  xml_element(out, "LastModified", iso_milliseconds(object.last_modified));
  xml_element(out, "ETag", "\"" + object.etag + "\"");
  if (object.has_checksum) {
    xml_element(out, "ChecksumAlgorithm", "CRC64NVME");
    xml_element(out, "ChecksumType", "FULL_OBJECT");
  }
  xml_element(out, "Size", std::to_string(object.content->size()));
  xml_element(out, "StorageClass", object.storage_class);
  out += "</Contents>";
}

}  // namespace

std::string listing_encode(std::string_view key) {
  std::string out = url_encode_path(key);
  for (std::size_t at = out.find("%20"); at != std::string::npos; at = out.find("%20", at))
    out.replace(at, 3, "+");
  return out;
}

Response S3Service::list_buckets(const RequestHead& request) {
  std::string out(xml_start);
  out += fmt::format("<ListAllMyBucketsResult xmlns=\"{}\"><Buckets>", xml_namespace);
  for (const auto& [name, bucket] : buckets_) {
    out += "<Bucket>";
    xml_element(out, "Name", name);
    xml_element(out, "CreationDate", iso_milliseconds(now()));
    out += "</Bucket>";
  }
  out += "</Buckets></ListAllMyBucketsResult>";
  return xml_reply(request, std::move(out));
}

Response S3Service::list_objects(const RequestHead& request, const S3Target& target, const S3Bucket& bucket) {
  const ListWish wish = wish_of(target.query, options_.list_rows_max);
  const auto& objects = bucket.objects;
  auto row = objects.lower_bound(wish.prefix);
  if (!wish.token.empty()) {
    const std::string from = key_of_token(wish.token);
    if (from > wish.prefix) row = objects.lower_bound(from);
  } else if (wish.start_after >= wish.prefix && !wish.start_after.empty()) {
    row = objects.upper_bound(wish.start_after);
  }
  std::string rows;
  std::string group;  // the common prefix written last
  std::string next;
  int count = 0;
  for (; row != objects.end() && row->first.starts_with(wish.prefix); ++row) {
    const std::string& key = row->first;
    const std::size_t cut =
        wish.delimiter.empty() ? std::string::npos : key.find(wish.delimiter, wish.prefix.size());
    const std::string here = cut == std::string::npos ? "" : key.substr(0, cut + wish.delimiter.size());
    if (!here.empty() && (here == group || here <= wish.start_after)) continue;
    if (count == wish.rows_max) {
      next = make_token(key);
      break;
    }
    ++count;
    if (here.empty()) {
      append_object(rows, wish, key, row->second);
    } else {
      group = here;
      rows += "<CommonPrefixes>";
      xml_element(rows, "Prefix", shown(wish, here));
      rows += "</CommonPrefixes>";
    }
  }
  std::string out(xml_start);
  out += fmt::format("<ListBucketResult xmlns=\"{}\">", xml_namespace);
  xml_element(out, "Name", target.bucket);
  xml_element(out, "Prefix", shown(wish, wish.prefix));
  if (!wish.delimiter.empty()) xml_element(out, "Delimiter", shown(wish, wish.delimiter));
  if (!wish.start_after.empty()) xml_element(out, "StartAfter", shown(wish, wish.start_after));
  if (!wish.token.empty()) xml_element(out, "ContinuationToken", wish.token);
  if (!next.empty()) xml_element(out, "NextContinuationToken", next);
  xml_element(out, "KeyCount", std::to_string(count));
  xml_element(out, "MaxKeys", std::to_string(wish.rows_max));
  if (wish.url) xml_element(out, "EncodingType", "url");
  xml_element(out, "IsTruncated", next.empty() ? "false" : "true");
  out += rows + "</ListBucketResult>";
  return xml_reply(request, std::move(out));
}

}  // namespace azs3copy::fakes
