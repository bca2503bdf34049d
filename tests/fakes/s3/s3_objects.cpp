// s3_objects.cpp: PutObject, GetObject, HeadObject, DeleteObject and the attributes of an object.
#include "codec/time.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::size_t user_metadata_bytes_max = 2 * 1024;
constexpr std::uint64_t put_bytes_max = 5 * GiB;

// "aws-chunked" is the transfer's, what follows is the object's.
std::string own_encoding(std::string_view encoding) {
  constexpr std::string_view chunked = "aws-chunked";
  if (!encoding.starts_with(chunked)) return std::string(encoding);
  encoding.remove_prefix(chunked.size());
  while (encoding.starts_with(',') || encoding.starts_with(' ')) encoding.remove_prefix(1);
  return std::string(encoding);
}

void check_storage_class(const std::string& name) {
  static const std::set<std::string> known = {
      "STANDARD",   "STANDARD_IA",  "ONEZONE_IA",         "INTELLIGENT_TIERING", "GLACIER",
      "GLACIER_IR", "DEEP_ARCHIVE", "REDUCED_REDUNDANCY", "EXPRESS_ONEZONE"};
  if (!known.contains(name)) {
    throw S3Refusal{400, "InvalidStorageClass", "The storage class you specified is not valid"};
  }
}

void check_encryption(const FakeObject& object) {
  const std::string& sse = object.sse;
  const bool kms = sse == "aws:kms" || sse == "aws:kms:dsse";
  if (!sse.empty() && sse != "AES256" && !kms) {
    throw S3Refusal{400, "InvalidEncryptionAlgorithmError",
                    "The encryption request you specified is not valid."};
  }
  if (!kms && (!object.sse_kms_key_id.empty() || object.bucket_key)) {
    throw S3Refusal{400, "InvalidArgument", "Server Side Encryption with KMS managed key requires aws:kms"};
  }
}

void check_tagging(const std::string& tagging) {
  const Query tags(tagging);
  if (tags.pairs().size() > 10) throw S3Refusal{400, "BadRequest", "Object tags cannot be greater than 10"};
  for (const auto& [key, value] : tags.pairs()) {
    if (key.empty() || key.size() > 128 || value.size() > 256) {
      throw S3Refusal{400, "InvalidTag", "The TagKey or TagValue you have provided is invalid"};
    }
  }
}

std::vector<std::pair<std::string, std::string>> metadata_of(const RequestHead& request) {
  std::vector<std::pair<std::string, std::string>> metadata;
  std::size_t bytes = 0;
  for (const auto& [name, value] : request.fields()) {
    const std::string lower = lower_case(name);
    if (!lower.starts_with("x-amz-meta-")) continue;
    metadata.emplace_back(lower.substr(11), value);
    bytes += lower.size() - 11 + value.size();
  }
  if (bytes > user_metadata_bytes_max) {
    throw S3Refusal{400, "MetadataTooLarge",
                    "Your metadata headers exceed the maximum allowed metadata size"};
  }
  return metadata;
}

void add_attributes(Response& reply, const FakeObject& object) {
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) reply.header(name, value);
  };
  reply.header("Accept-Ranges", "bytes");
  reply.header("ETag", "\"" + object.etag + "\"");
  reply.header("Last-Modified", to_rfc1123(object.last_modified));
  add("Content-Type", object.content_type);
  add("Content-Encoding", object.content_encoding);
  add("Content-Language", object.content_language);
  add("Content-Disposition", object.content_disposition);
  add("Cache-Control", object.cache_control);
  add("x-amz-version-id", object.version_id);
  if (object.storage_class != "STANDARD") add("x-amz-storage-class", object.storage_class);
  for (const auto& [name, value] : object.metadata) reply.header("x-amz-meta-" + name, value);
  if (!object.tagging.empty()) {
    reply.header("x-amz-tagging-count", std::to_string(Query(object.tagging).pairs().size()));
  }
  add_encryption(reply, object);
}

void check_read_condition(const RequestHead& request, const FakeObject& object) {
  const std::string_view wanted = request.get("if-match");
  if (!wanted.empty() && wanted != "*" && wanted != "\"" + object.etag + "\"" && wanted != object.etag) {
    throw S3Refusal{412, "PreconditionFailed",
                    "At least one of the pre-conditions you specified did not hold"};
  }
  const std::string_view unwanted = request.get("if-none-match");
  if (!unwanted.empty() && (unwanted == "*" || unwanted == "\"" + object.etag + "\"")) {
    throw S3Refusal{304, "NotModified", "Not Modified"};
  }
}

Range read_range(const RequestHead& request, Response& reply, std::uint64_t size) {
  const auto wanted = parse_range(request.get("range"));
  if (!wanted) return {.first = 0, .size = size};
  if (wanted->first >= size) {
    throw S3Refusal{416,
                    "InvalidRange",
                    "The requested range is not satisfiable",
                    {{"Content-Range", fmt::format("bytes */{}", size)}}};
  }
  const std::uint64_t last = std::min(wanted->last.value_or(size - 1), size - 1);
  reply.status = 206;
  reply.header("Content-Range", fmt::format("bytes {}-{}/{}", wanted->first, last, size));
  return {.first = wanted->first, .size = last - wanted->first + 1};
}

}  // namespace

FakeObject object_from_headers(const RequestHead& request) {
  FakeObject object;
  const auto take = [&](std::string& field, const char* name) {
    if (request.contains(name)) field = request.get(name);
  };
  take(object.content_type, "content-type");
  object.content_encoding = own_encoding(request.get("content-encoding"));
  take(object.content_language, "content-language");
  take(object.content_disposition, "content-disposition");
  take(object.cache_control, "cache-control");
  take(object.storage_class, "x-amz-storage-class");
  take(object.sse, "x-amz-server-side-encryption");
  take(object.sse_kms_key_id, "x-amz-server-side-encryption-aws-kms-key-id");
  take(object.tagging, "x-amz-tagging");
  object.bucket_key = request.get("x-amz-server-side-encryption-bucket-key-enabled") == "true";
  object.metadata = metadata_of(request);
  check_storage_class(object.storage_class);
  check_encryption(object);
  check_tagging(object.tagging);
  return object;
}

void add_encryption(Response& reply, const FakeObject& object) {
  reply.header("x-amz-server-side-encryption", object.sse.empty() ? "AES256" : object.sse);
  if (object.sse.starts_with("aws:kms")) {
    const std::string key = object.sse_kms_key_id.empty() ? "alias/aws/s3" : object.sse_kms_key_id;
    reply.header("x-amz-server-side-encryption-aws-kms-key-id", key);
    if (object.bucket_key) reply.header("x-amz-server-side-encryption-bucket-key-enabled", "true");
  }
}

void check_write_condition(const RequestHead& request, const S3Bucket& bucket, const std::string& key) {
  const auto found = bucket.objects.find(key);
  const std::string_view unwanted = request.get("if-none-match");
  if (!unwanted.empty() && unwanted != "*") {
    throw S3Refusal{501, "NotImplemented",
                    "A header you provided implies functionality that is not implemented."};
  }
  const S3Refusal failed{412, "PreconditionFailed",
                         "At least one of the pre-conditions you specified did not hold"};
  if (!unwanted.empty() && found != bucket.objects.end()) throw failed;
  const std::string_view wanted = request.get("if-match");
  if (wanted.empty()) return;
  if (found == bucket.objects.end()) throw S3Refusal{404, "NoSuchKey", "The specified key does not exist."};
  if (wanted != "\"" + found->second.etag + "\"" && wanted != found->second.etag) throw failed;
}

void S3Service::store(S3Bucket& bucket, const std::string& key, FakeObject& object) {
  // S3 keeps whole seconds.
  if (object.last_modified == UtcTime{}) object.last_modified = now();
  object.last_modified = std::chrono::floor<std::chrono::seconds>(object.last_modified);
  if (bucket.versioned && object.version_id.empty())
    object.version_id = fmt::format("version{:026}", ++numbers_);
  bucket.objects.insert_or_assign(key, object);
}

Task<Response> S3Service::put_object(Exchange& exchange, const Call& call, const S3Target& target) {
  const RequestHead& request = exchange.request();
  bool keep = false;
  FakeObject object;
  {
    const std::lock_guard lock(mutex_);
    const S3Bucket& bucket = bucket_of(request, target);
    check_write_condition(request, bucket, target.key);
    object = object_from_headers(request);
    keep = options_.keep_bodies;
  }
  ReceivedBody body = co_await receive(exchange, keep, put_bytes_max);
  const std::optional<std::uint64_t> odd_size = body.odd_size;
  object.content = std::move(body.content);
  object.crc = body.crc;
  object.has_checksum = options_.checksums;  // S3 computes it where none was sent
  // Under SSE-KMS the ETag is no MD5.
  object.etag = object.sse.starts_with("aws:kms") ? std::string(body.md5_hex.rbegin(), body.md5_hex.rend())
                                                  : body.md5_hex;

  const std::lock_guard lock(mutex_);
  S3Bucket& bucket = bucket_of(request, target);
  check_write_condition(request, bucket, target.key);  // once more: another may have been faster
  store(bucket, target.key, object);
  Response reply = base_reply(request);
  reply.header("ETag", "\"" + object.etag + "\"");
  if (odd_size) reply.header("x-amz-object-size", std::to_string(*odd_size));
  if (object.has_checksum && call.special != "no_checksum") {
    reply.header("x-amz-checksum-crc64nvme", to_s3_base64(object.crc));
    reply.header("x-amz-checksum-type", "FULL_OBJECT");
  }
  if (!object.version_id.empty()) reply.header("x-amz-version-id", object.version_id);
  add_encryption(reply, object);
  co_return reply;
}

Response S3Service::get_object(const RequestHead& request, const S3Target& target, const S3Bucket& bucket,
                               const Call& call) {
  const auto found = bucket.objects.find(target.key);
  if (found == bucket.objects.end()) {
    throw S3Refusal{404, "NoSuchKey", "The specified key does not exist.", {}, {{"Key", target.key}}};
  }
  const FakeObject& object = found->second;
  check_read_condition(request, object);
  Response reply = base_reply(request);
  add_attributes(reply, object);
  const Range range = read_range(request, reply, object.content->size());
  const bool whole = reply.status == 200;
  if (same_name(request.get("x-amz-checksum-mode"), "enabled") && object.has_checksum && whole &&
      call.special != "no_checksum") {
    reply.header("x-amz-checksum-crc64nvme", to_s3_base64(object.crc));
    reply.header("x-amz-checksum-type", "FULL_OBJECT");
  }
  if (reply.head_only) {
    reply.announced_size = range.size;
    return reply;
  }
  if (!object.content->readable())
    throw S3Refusal{501, "NotImplemented", "Only the size and the CRC were kept."};
  reply.generated_size = range.size;
  reply.generate = [content = object.content, at = range.first](MutableBytes out) mutable {
    content->read(at, out);
    at += out.size();
  };
  return reply;
}

}  // namespace azs3copy::fakes
