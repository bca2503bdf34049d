// s3_service.cpp: from a request's target to its operation; refusals.
#include "fakes/s3/s3_service.hpp"

#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy::fakes {
namespace {

constexpr std::size_t key_bytes_max = 1024;

// A virtual host's bucket, or nothing.
std::string bucket_of_host(std::string_view host) {
  host = host.substr(0, host.rfind(':'));
  for (const std::string_view suffix : {".s3.", ".s3-", ".localhost"}) {
    const std::size_t at = host.find(suffix);
    if (at != std::string_view::npos) return std::string(host.substr(0, at));
  }
  return {};
}

std::string bucket_operation(std::string_view method, const Query& query) {
  if (method == "HEAD") return "HeadBucket";
  if (method == "PUT" && query.pairs().empty()) return "CreateBucket";
  if (method != "GET") return "Unknown";
  if (query.contains("uploads")) return "ListMultipartUploads";
  if (query.contains("location")) return "GetBucketLocation";
  return query.get("list-type") == "2" ? "ListObjectsV2" : "Unknown";
}

std::string object_operation(std::string_view method, const Query& query) {
  const bool upload = query.contains("uploadId");
  if (method == "PUT") {
    if (upload != query.contains("partNumber")) return "Unknown";
    return upload ? "UploadPart" : "PutObject";
  }
  if (method == "POST") {
    return upload                      ? "CompleteMultipartUpload"
           : query.contains("uploads") ? "CreateMultipartUpload"
                                       : "Unknown";
  }
  if (method == "DELETE") return upload ? "AbortMultipartUpload" : "DeleteObject";
  if (method == "GET") return upload ? "ListParts" : "GetObject";
  return method == "HEAD" ? "HeadObject" : "Unknown";
}

std::string default_code(int status) {
  switch (status) {
    case 400:
      return "BadRequest";
    case 403:
      return "AccessDenied";
    case 404:
      return "NoSuchKey";
    case 409:
      return "ConditionalRequestConflict";
    case 412:
      return "PreconditionFailed";
    case 500:
      return "InternalError";
    case 503:
      return "SlowDown";
    default:
      return "Error";
  }
}

}  // namespace

S3Target s3_target(const RequestHead& request) {
  S3Target target{.query = Query(request.query())};
  std::string_view path = request.path().substr(1);
  target.bucket = bucket_of_host(request.get("host"));
  if (target.bucket.empty()) {
    target.bucket = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), target.bucket.size() + 1));
  }
  const auto key = url_decode(path);
  if (!key) throw S3Refusal{400, "InvalidURI", "Couldn't parse the specified URI."};
  target.key = *key;
  return target;
}

Call S3Service::name_call(const RequestHead& request) {
  Call call{.operation = "Unknown"};
  try {
    const S3Target target = s3_target(request);
    call.subject = target.key.empty() ? target.bucket : target.bucket + "/" + target.key;
    call.part = static_cast<std::uint32_t>(parse_number(target.query.get("partNumber")).value_or(0));
    if (!target.key.empty()) {
      call.operation = object_operation(request.method(), target.query);
    } else if (!target.bucket.empty()) {
      call.operation = bucket_operation(request.method(), target.query);
    } else if (request.method() == "GET") {
      call.operation = "ListBuckets";
    }
  } catch (const S3Refusal&) {
    // answer() meets it again and says it
  }
  return call;
}

Response S3Service::base_reply(const RequestHead& request, int status) const {
  static std::atomic<std::uint64_t> requests = 0;
  Response reply{.status = status};
  reply.header("x-amz-request-id", fmt::format("FAKE{:012X}", ++requests));
  reply.header("x-amz-id-2", "fake-host-id/of+many=characters");
  reply.header("Date", to_rfc1123(now()));
  reply.header("Server", "AmazonS3");
  reply.head_only = request.method() == "HEAD";
  return reply;
}

Response S3Service::xml_reply(const RequestHead& request, std::string body) const {
  Response reply = base_reply(request);
  reply.header("Content-Type", "application/xml");
  reply.body = std::move(body);
  return reply;
}

Response S3Service::refuse(const RequestHead& request, const S3Refusal& refusal) {
  Response reply = base_reply(request, refusal.status);
  reply.header("x-fake-code", refusal.code);  // for the log only: S3 names the code in the body alone
  for (const auto& [name, value] : refusal.headers) reply.header(name, value);
  if (reply.head_only || refusal.status == 304 || refusal.code.empty()) return reply;
  reply.header("Content-Type", "application/xml");
  reply.body = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>";
  xml_element(reply.body, "Code", refusal.code);
  xml_element(reply.body, "Message", refusal.message);
  for (const auto& [name, value] : refusal.details) xml_element(reply.body, name, value);
  xml_element(reply.body, "RequestId", reply.get("x-amz-request-id"));
  xml_element(reply.body, "HostId", "fake-host-id/of+many=characters");
  reply.body += "</Error>";
  return reply;
}

Response S3Service::error_reply(const RequestHead& request, int status, std::string_view code,
                                std::string_view message) {
  return refuse(request,
                {status, code.empty() ? default_code(status) : std::string(code), std::string(message)});
}

S3Bucket& S3Service::bucket_of(const RequestHead& request, const S3Target& target) {
  const auto found = buckets_.find(target.bucket);
  if (found == buckets_.end()) {
    throw S3Refusal{
        404, "NoSuchBucket", "The specified bucket does not exist", {}, {{"BucketName", target.bucket}}};
  }
  S3Bucket& bucket = found->second;
  const std::pair<std::string, std::string> where{"x-amz-bucket-region", bucket.region};
  const std::string signed_region =
      options_.verify_signatures ? parse_authorization(request.get("authorization")).region : bucket.region;
  if (signed_region != bucket.region) {
    if (signed_region == options_.region) {
      throw S3Refusal{
          301,
          "PermanentRedirect",
          "The bucket you are attempting to access must be addressed using the specified endpoint.",
          {where},
          {{"Endpoint", fmt::format("{}.s3.{}.amazonaws.com", target.bucket, bucket.region)}}};
    }
    throw S3Refusal{
        400,
        "AuthorizationHeaderMalformed",
        fmt::format("The authorization header is malformed; the region '{}' is wrong; expecting '{}'",
                    signed_region, bucket.region),
        {where},
        {{"Region", bucket.region}}};
  }
  const std::string_view owner = request.get("x-amz-expected-bucket-owner");
  if (options_.checks_owner && !owner.empty() && owner != bucket.owner)
    throw S3Refusal{403, "AccessDenied", "Access Denied"};
  return bucket;
}

Task<Response> S3Service::answer(Exchange& exchange, const Call& call) {
  const RequestHead& request = exchange.request();
  try {
    const S3Target target = s3_target(request);
    {
      const std::lock_guard lock(mutex_);
      check_signature(request);
    }
    if (target.key.size() > key_bytes_max) throw S3Refusal{400, "KeyTooLongError", "Your key is too long"};
    if (call.operation == "Unknown") {
      throw S3Refusal{501, "NotImplemented", "The fake does not know this operation."};
    }
    co_return co_await carry_out(exchange, call, target);
  } catch (const S3Refusal& refusal) {
    co_return refuse(request, refusal);
  }
}

Task<Response> S3Service::carry_out(Exchange& exchange, const Call& call, const S3Target& target) {
  const RequestHead& request = exchange.request();
  const std::string& operation = call.operation;
  if (operation == "PutObject") co_return co_await put_object(exchange, call, target);
  if (operation == "UploadPart") co_return co_await upload_part(exchange, call, target);
  if (operation == "CompleteMultipartUpload") co_return co_await complete_upload(exchange, call, target);
  const std::string body = co_await exchange.read_text();
  const std::lock_guard lock(mutex_);
  if (operation == "ListBuckets") co_return list_buckets(request);
  if (operation == "CreateBucket") {
    const bool made = buckets_.try_emplace(target.bucket, S3Bucket{.region = options_.region}).second;
    if (!made) throw S3Refusal{409, "BucketAlreadyOwnedByYou", "You have it already."};
    co_return base_reply(request).header("Location", "/" + target.bucket);
  }
  co_return read_only(request, call, target);
}

// And what only removes.
Response S3Service::read_only(const RequestHead& request, const Call& call, const S3Target& target) {
  S3Bucket& bucket = bucket_of(request, target);
  const std::string& operation = call.operation;
  if (operation == "HeadBucket") return base_reply(request).header("x-amz-bucket-region", bucket.region);
  if (operation == "GetBucketLocation") {
    std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    xml_element(out, "LocationConstraint", bucket.region == "us-east-1" ? "" : bucket.region);
    return xml_reply(request, std::move(out));
  }
  if (operation == "ListObjectsV2") return list_objects(request, target, bucket);
  if (operation == "ListMultipartUploads") return list_uploads(request, target);
  if (operation == "ListParts") return list_parts(request, target);
  if (operation == "CreateMultipartUpload") return create_upload(request, target);
  if (operation == "AbortMultipartUpload") {
    upload_of(target);
    uploads_.erase(target.query.get("uploadId"));
    return base_reply(request, 204);
  }
  if (operation == "DeleteObject") {
    check_write_condition(request, bucket, target.key);
    bucket.objects.erase(target.key);  // a key that is not there is success
    return base_reply(request, 204);
  }
  return get_object(request, target, bucket, call);
}

}  // namespace azs3copy::fakes
