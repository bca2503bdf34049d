// s3_multipart.cpp: multipart uploads, from Create to Complete or Abort, and their listings.
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/xml.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::uint32_t part_number_max = 10'000;
constexpr std::string_view xml_start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view xml_namespace = "http://s3.amazonaws.com/doc/2006-03-01/";

[[noreturn]] void invalid_request(std::string message) {
  throw S3Refusal{400, "InvalidRequest", std::move(message)};
}

std::uint32_t part_number_of(const S3Target& target) {
  const auto number = parse_number(target.query.get("partNumber"));
  if (!number || *number < 1 || *number > part_number_max) {
    throw S3Refusal{400, "InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive"};
  }
  return static_cast<std::uint32_t>(*number);
}

std::uint64_t number_or(const Query& query, std::string_view name, std::uint64_t fallback) {
  if (!query.contains(name)) return fallback;
  const auto number = parse_number(query.get(name));
  if (!number) throw S3Refusal{400, "InvalidArgument", fmt::format("{} is not a number", name)};
  return *number;
}

struct NamedPart {
  std::uint32_t number = 0;
  std::string etag;
  std::string crc;
};

std::vector<NamedPart> parse_parts(const std::string& body) {
  const auto document = XmlDocument::parse(body);
  const S3Refusal malformed{400, "MalformedXML", "The XML you provided was not well-formed"};
  if (!document || document->root().name() != "CompleteMultipartUpload") throw malformed;
  std::vector<NamedPart> parts;
  for (XmlNode node = document->root().first_child(); node; node = node.next_sibling()) {
    const auto number = parse_number(node.child_text("PartNumber"));
    if (node.name() != "Part" || !number || node.child_text("ETag").empty()) throw malformed;
    std::string etag(node.child_text("ETag"));
    if (etag.starts_with('"')) etag = etag.substr(1, etag.size() - 2);
    parts.push_back({.number = static_cast<std::uint32_t>(*number),
                     .etag = std::move(etag),
                     .crc = std::string(node.child_text("ChecksumCRC64NVME"))});
  }
  if (parts.empty() || parts.size() > part_number_max) throw malformed;
  return parts;
}

void check_part(const NamedPart& named, const FakeUpload& upload, const FakeS3Options& options, bool last) {
  const auto found = upload.parts.find(named.number);
  const S3Refusal invalid{
      400, "InvalidPart",
      fmt::format("One or more of the specified parts could not be found: {}.", named.number)};
  if (found == upload.parts.end() || found->second.etag != named.etag) throw invalid;
  const FakePart& part = found->second;
  if (!named.crc.empty() && named.crc != to_s3_base64(part.crc)) throw invalid;
  if (named.crc.empty() && upload.crc64nvme && options.complete_needs_part_checksums) {
    invalid_request(
        "The upload was created using a CRC64NVME checksum. The complete request must include the "
        "checksum for each part.");
  }
  if (!last && part.content->size() < options.part_bytes_min) {
    throw S3Refusal{400,
                    "EntityTooSmall",
                    "Your proposed upload is smaller than the minimum allowed size",
                    {},
                    {{"PartNumber", std::to_string(named.number)}}};
  }
}

void check_whole(const RequestHead& request, const FakeUpload& upload, const FakeObject& object,
                 const FakeS3Options& options) {
  const std::string_view size = request.get("x-amz-mp-object-size");
  if (options.refuses_upload_size && !size.empty())
    throw S3Refusal{501, "NotImplemented", "A header you provided implies functionality that is not there."};
  if (options.refuses_checksum_headers && request.contains("x-amz-checksum-crc64nvme"))
    throw S3Refusal{400, "InvalidArgument", "Unsupported header 'x-amz-checksum-crc64nvme' received."};
  if (!size.empty() && parse_number(size) != object.content->size()) {
    invalid_request(fmt::format(
        "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {}", size,
        object.content->size()));
  }
  const std::string_view type = request.get("x-amz-checksum-type");
  if (!type.empty() && (type != "FULL_OBJECT" || !upload.crc64nvme)) {
    invalid_request(fmt::format("The upload was created using another checksum type than {}.", type));
  }
  const std::string_view crc = request.get("x-amz-checksum-crc64nvme");
  if (crc.empty()) return;
  if (type.empty()) invalid_request("A checksum of the whole object wants x-amz-checksum-type.");
  if (crc != to_s3_base64(object.crc)) {
    throw S3Refusal{400, "BadDigest", "The CRC64NVME you specified did not match the calculated checksum."};
  }
}

// The MD5 of the parts' MD5s, and their number.
std::string multipart_etag(const std::vector<NamedPart>& parts) {
  Md5 md5;
  for (const NamedPart& part : parts) {
    const auto digest = hex_decode(part.etag);
    if (digest) md5.update(*digest);
  }
  return fmt::format("{}-{}", hex_encode(md5.finish()), parts.size());
}

}  // namespace

FakeUpload& S3Service::upload_of(const S3Target& target) {
  const auto found = uploads_.find(target.query.get("uploadId"));
  if (found == uploads_.end() || found->second.bucket != target.bucket || found->second.key != target.key) {
    throw S3Refusal{
        404, "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been "
        "aborted or completed."};
  }
  return found->second;
}

Response S3Service::create_upload(const RequestHead& request, const S3Target& target) {
  const std::string_view algorithm = request.get("x-amz-checksum-algorithm");
  const std::string_view type = request.get("x-amz-checksum-type");
  if (options_.refuses_checksum_headers && !algorithm.empty())
    throw S3Refusal{400, "InvalidArgument", "Unsupported header 'x-amz-checksum-algorithm' received."};
  if (options_.checksums) {
    if (!algorithm.empty() && algorithm != "CRC64NVME") {
      throw S3Refusal{501, "NotImplemented", "The fake checks CRC64NVME only."};
    }
    if (!type.empty() && algorithm.empty())
      invalid_request("x-amz-checksum-type wants x-amz-checksum-algorithm.");
    if (!type.empty() && type != "FULL_OBJECT") {
      invalid_request(
          fmt::format("The {} checksum type cannot be used with the crc64nvme checksum algorithm.", type));
    }
  }
  FakeUpload upload{.bucket = target.bucket,
                    .key = target.key,
                    .object = object_from_headers(request),
                    .crc64nvme = options_.checksums && !algorithm.empty(),
                    .initiated = now()};
  const std::string id = fmt::format("upload{:010}.with-_characters~of.theirs", ++numbers_);
  std::string out(xml_start);
  out += fmt::format("<InitiateMultipartUploadResult xmlns=\"{}\">", xml_namespace);
  xml_element(out, "Bucket", target.bucket);
  xml_element(out, "Key", target.key);
  xml_element(out, "UploadId", id);
  out += "</InitiateMultipartUploadResult>";
  Response reply = xml_reply(request, std::move(out));
  add_encryption(reply, upload.object);
  if (upload.crc64nvme) {
    reply.header("x-amz-checksum-algorithm", "CRC64NVME").header("x-amz-checksum-type", "FULL_OBJECT");
  }
  uploads_.emplace(id, std::move(upload));
  return reply;
}

Task<Response> S3Service::upload_part(Exchange& exchange, const Call& call, const S3Target& target) {
  const RequestHead& request = exchange.request();
  const std::uint32_t number = part_number_of(target);
  bool keep = false;
  std::uint64_t size_max = 0;
  {
    const std::lock_guard lock(mutex_);
    bucket_of(request, target);
    upload_of(target);
    keep = options_.keep_bodies;
    size_max = options_.part_bytes_max;
    if (request.contains("x-amz-server-side-encryption")) {
      throw S3Refusal{400, "InvalidArgument",
                      "x-amz-server-side-encryption header is not supported for this operation."};
    }
  }
  const ReceivedBody body = co_await receive(exchange, keep, size_max);
  const std::lock_guard lock(mutex_);
  FakeUpload& upload = upload_of(target);  // it may have been aborted meanwhile
  if (options_.checksums && upload.crc64nvme != body.checksum_sent) {
    invalid_request(fmt::format("Checksum Type mismatch occurred, expected checksum Type: {}, actual: {}",
                                upload.crc64nvme ? "crc64nvme" : "null",
                                body.checksum_sent ? "crc64nvme" : "null"));
  }
  const auto times = ++parts_received_[{target.key, number}];
  // Under SSE-KMS the ETag is no MD5, and another one each time.
  const bool kms = upload.object.sse.starts_with("aws:kms");
  const std::string etag = kms ? fmt::format("{:08x}{}", times, body.md5_hex.substr(8)) : body.md5_hex;
  upload.parts[number] = {.content = body.content, .etag = etag, .crc = body.crc, .last_modified = now()};
  Response reply = base_reply(request);
  reply.header("ETag", "\"" + etag + "\"");
  if (body.odd_size) reply.header("x-amz-object-size", std::to_string(*body.odd_size));
  if (body.checksum_sent && call.special != "no_checksum") {
    reply.header("x-amz-checksum-crc64nvme", to_s3_base64(body.crc));
  }
  add_encryption(reply, upload.object);
  co_return reply;
}

Task<Response> S3Service::complete_upload(Exchange& exchange, const Call& call, const S3Target& target) {
  const std::string body = co_await exchange.read_text(4 * MiB);
  const std::lock_guard lock(mutex_);
  co_return finish_upload(exchange.request(), call, target, body);
}

Response S3Service::finish_upload(const RequestHead& request, const Call& call, const S3Target& target,
                                  const std::string& body) {
  S3Bucket& bucket = bucket_of(request, target);
  FakeUpload& upload = upload_of(target);
  if (call.special == "error_in_200") {
    Response reply = xml_reply(request, std::string(xml_start) + "\n   \n<Error>");
    xml_element(reply.body, "Code", call.fault_code.empty() ? "InternalError" : call.fault_code);
    xml_element(reply.body, "Message", "We encountered an internal error. Please try again.");
    reply.body += "</Error>";
    return reply;
  }
  const std::vector<NamedPart> named = parse_parts(body);
  FakeObject object = upload.object;
  std::vector<ContentPtr> contents;
  for (std::size_t i = 0; i < named.size(); ++i) {
    if (i > 0 && named[i].number <= named[i - 1].number) {
      throw S3Refusal{400, "InvalidPartOrder", "The list of parts was not in ascending order."};
    }
    if (upload.crc64nvme && named[i].number != i + 1)
      invalid_request("With checksums, part numbers are consecutive.");
    check_part(named[i], upload, options_, i + 1 == named.size());
    contents.push_back(upload.parts.at(named[i].number).content);
    object.crc = crc64_combine(object.crc, upload.parts.at(named[i].number).crc, contents.back()->size());
  }
  object.content = joined_content(std::move(contents));
  object.has_checksum = upload.crc64nvme;
  object.etag = multipart_etag(named);
  object.parts = static_cast<std::uint32_t>(named.size());
  object.last_modified = upload.initiated;  // as S3 does
  check_whole(request, upload, object, options_);
  check_write_condition(request, bucket, target.key);
  store(bucket, target.key, object);
  uploads_.erase(target.query.get("uploadId"));

  // S3 sends white space after the declaration while it works.
  std::string out = std::string(xml_start) + "\n \n";
  out += fmt::format("<CompleteMultipartUploadResult xmlns=\"{}\">", xml_namespace);
  xml_element(out, "Location", "https://s3.fake.test/" + target.bucket);
  xml_element(out, "Bucket", target.bucket);
  xml_element(out, "Key", target.key);
  xml_element(out, "ETag", "\"" + object.etag + "\"");
  if (object.has_checksum && call.special != "no_checksum") {
    xml_element(out, "ChecksumCRC64NVME", to_s3_base64(object.crc));
    xml_element(out, "ChecksumType", "FULL_OBJECT");
  }
  out += "</CompleteMultipartUploadResult>";
  Response reply = xml_reply(request, std::move(out));
  add_encryption(reply, object);
  if (!object.version_id.empty()) reply.header("x-amz-version-id", object.version_id);
  return reply;
}

Response S3Service::list_parts(const RequestHead& request, const S3Target& target) {
  const FakeUpload& upload = upload_of(target);
  const auto marker = number_or(target.query, "part-number-marker", 0);
  const auto rows_max = std::min<std::uint64_t>(number_or(target.query, "max-parts", 1000),
                                                static_cast<std::uint64_t>(options_.list_rows_max));
  std::string rows;
  std::uint64_t count = 0;
  std::uint32_t last = 0;
  auto row = upload.parts.upper_bound(static_cast<std::uint32_t>(marker));
  for (; row != upload.parts.end() && count < rows_max; ++row, ++count) {
    last = row->first;
    rows += "<Part>";
    xml_element(rows, "PartNumber", std::to_string(row->first));
    xml_element(rows, "LastModified", iso_milliseconds(row->second.last_modified));
    xml_element(rows, "ETag", "\"" + row->second.etag + "\"");
    if (upload.crc64nvme) xml_element(rows, "ChecksumCRC64NVME", to_s3_base64(row->second.crc));
    xml_element(rows, "Size", std::to_string(row->second.content->size()));
    rows += "</Part>";
  }
  std::string out(xml_start);
  out += fmt::format("<ListPartsResult xmlns=\"{}\">", xml_namespace);
  xml_element(out, "Bucket", target.bucket);
  xml_element(out, "Key", target.key);
  xml_element(out, "UploadId", target.query.get("uploadId"));
  xml_element(out, "PartNumberMarker", std::to_string(marker));
  xml_element(out, "NextPartNumberMarker", std::to_string(last));
  xml_element(out, "MaxParts", std::to_string(rows_max));
  xml_element(out, "IsTruncated", row == upload.parts.end() ? "false" : "true");
  if (upload.crc64nvme) {
    xml_element(out, "ChecksumAlgorithm", "CRC64NVME");
    xml_element(out, "ChecksumType", "FULL_OBJECT");
  }
  xml_element(out, "StorageClass", upload.object.storage_class);
  out += rows + "</ListPartsResult>";
  return xml_reply(request, std::move(out));
}

Response S3Service::list_uploads(const RequestHead& request, const S3Target& target) {
  const Query& query = target.query;
  const std::string prefix = query.get("prefix");
  const bool url = query.get("encoding-type") == "url";
  const std::pair<std::string, std::string> after{query.get("key-marker"), query.get("upload-id-marker")};
  const auto rows_max = std::min<std::uint64_t>(number_or(query, "max-uploads", 1000),
                                                static_cast<std::uint64_t>(options_.list_rows_max));
  // By key, then by age; ids grow.
  std::map<std::pair<std::string, std::string>, const FakeUpload*> sorted;
  for (const auto& [id, upload] : uploads_) {
    if (upload.bucket == target.bucket && upload.key.starts_with(prefix)) sorted[{upload.key, id}] = &upload;
  }
  // A key marker without an upload id marker skips all uploads of that key.
  auto row = sorted.begin();
  while (row != sorted.end() && !after.first.empty() &&
         (after.second.empty() ? row->first.first <= after.first : row->first <= after)) {
    ++row;
  }
  const auto shown = [url](const std::string& key) { return url ? listing_encode(key) : key; };
  std::string rows;
  std::uint64_t count = 0;
  std::pair<std::string, std::string> last;
  for (; row != sorted.end() && count < rows_max; ++row, ++count) {
    last = row->first;
    rows += "<Upload>";
    xml_element(rows, "Key", shown(row->first.first));
    xml_element(rows, "UploadId", row->first.second);
    xml_element(rows, "StorageClass", row->second->object.storage_class);
    xml_element(rows, "Initiated", iso_milliseconds(row->second->initiated));
    rows += "</Upload>";
  }
  std::string out(xml_start);
  out += fmt::format("<ListMultipartUploadsResult xmlns=\"{}\">", xml_namespace);
  xml_element(out, "Bucket", target.bucket);
  xml_element(out, "KeyMarker", shown(after.first));
  xml_element(out, "UploadIdMarker", after.second);
  const bool more = row != sorted.end();
  if (more) {
    xml_element(out, "NextKeyMarker", shown(last.first));
    xml_element(out, "NextUploadIdMarker", last.second);
  }
  if (!prefix.empty()) xml_element(out, "Prefix", shown(prefix));
  if (url) xml_element(out, "EncodingType", "url");
  xml_element(out, "MaxUploads", std::to_string(rows_max));
  xml_element(out, "IsTruncated", more ? "true" : "false");
  out += rows + "</ListMultipartUploadsResult>";
  return xml_reply(request, std::move(out));
}

}  // namespace azs3copy::fakes
