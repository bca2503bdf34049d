// s3_service.hpp: the inside of FakeS3: its state, and one file a group of operations.
//
//   fake_s3.cpp        what tests call
//   s3_service.cpp     target -> operation -> dispatch, errors; buckets, Delete, Abort
//   s3_auth.cpp        SigV4
//   s3_body.cpp        bodies: plain, aws-chunked, checksums
//   s3_objects.cpp     Put, Get, Head
//   s3_list.cpp        ListObjectsV2, ListBuckets
//   s3_multipart.cpp   Create, UploadPart, Complete, ListParts, ListMultipartUploads
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "fakes/fake_s3.hpp"
#include "fakes/server/fake_service.hpp"
#include "fakes/text.hpp"

namespace azs3copy::fakes {

// Thrown by an operation: the reply is this error.
struct S3Refusal {
  int status = 400;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> headers = {};
  std::vector<std::pair<std::string, std::string>> details = {};  // further elements of <Error>
};

struct S3Bucket {
  std::string region;
  std::string owner;
  bool versioned = false;
  std::map<std::string, FakeObject> objects;  // std::string compares as unsigned bytes: UTF-8 order
};

struct S3Credentials {
  std::string secret;
  std::string session_token;
  bool expired = false;
};

struct S3Target {
  std::string bucket;
  std::string key;  // decoded
  Query query;
};
S3Target s3_target(const RequestHead& request);

// SigV4 as the server computes it.
struct SignatureParts {
  std::string access_key_id, date, region, service, signature;
  std::vector<std::string> signed_headers;
};
SignatureParts parse_authorization(std::string_view authorization);
std::string canonical_request(const RequestHead& request, const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash);

// A body as it was received and checked.
struct ReceivedBody {
  ContentPtr content;
  Crc64 crc;
  std::string md5_hex;
  bool checksum_sent = false;                  // CRC64NVME in header or trailer, and it matched
  std::optional<std::uint64_t> odd_size = {};  // for x-amz-object-size: the framing was stored
};

class S3Service final : public FakeService {
 public:
  explicit S3Service(const FakeS3Options& options) : options_(options) {}

  // Guards all below; the loop's thread and the test's take it. Never held over a wait.
  mutable std::mutex mutex_;
  FakeS3Options options_;
  std::map<std::string, S3Credentials> credentials_;
  std::map<std::string, S3Bucket> buckets_;
  std::map<std::string, FakeUpload> uploads_;  // by id
  std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> parts_received_;
  std::uint64_t numbers_ = 0;  // for upload ids and versions

  // Under mutex_.
  void store(S3Bucket& bucket, const std::string& key, FakeObject& object);

 protected:
  Call name_call(const RequestHead& request) override;
  Task<Response> answer(Exchange& exchange, const Call& call) override;
  Response error_reply(const RequestHead& request, int status, std::string_view code,
                       std::string_view message) override;

 private:
  Response base_reply(const RequestHead& request, int status = 200) const;
  Response xml_reply(const RequestHead& request, std::string body) const;
  Response refuse(const RequestHead& request, const S3Refusal& refusal);
  Task<Response> carry_out(Exchange& exchange, const Call& call, const S3Target& target);
  Response read_only(const RequestHead& request, const Call& call, const S3Target& target);

  // s3_auth.cpp. Under mutex_.
  void check_signature(const RequestHead& request) const;
  void check_time(const RequestHead& request, const SignatureParts& parts) const;
  // Under mutex_. The bucket, in this region and of the owner that is expected.
  S3Bucket& bucket_of(const RequestHead& request, const S3Target& target);

  Task<ReceivedBody> receive(Exchange& exchange, bool keep, std::uint64_t size_max);

  Response list_buckets(const RequestHead& request);
  Response list_objects(const RequestHead& request, const S3Target& target, const S3Bucket& bucket);
  Response get_object(const RequestHead& request, const S3Target& target, const S3Bucket& bucket,
                      const Call& call);
  Task<Response> put_object(Exchange& exchange, const Call& call, const S3Target& target);
  Task<Response> upload_part(Exchange& exchange, const Call& call, const S3Target& target);
  Response create_upload(const RequestHead& request, const S3Target& target);
  Task<Response> complete_upload(Exchange& exchange, const Call& call, const S3Target& target);
  Response finish_upload(const RequestHead& request, const Call& call, const S3Target& target,
                         const std::string& body);
  Response list_parts(const RequestHead& request, const S3Target& target);
  Response list_uploads(const RequestHead& request, const S3Target& target);
  FakeUpload& upload_of(const S3Target& target);  // under mutex_
};

// s3_list.cpp: encoding-type=url.
std::string listing_encode(std::string_view key);
// s3_objects.cpp, for both ways to make an object.
FakeObject object_from_headers(const RequestHead& request);
void add_encryption(Response& reply, const FakeObject& object);
// If-None-Match: * and If-Match against what is there.
void check_write_condition(const RequestHead& request, const S3Bucket& bucket, const std::string& key);

}  // namespace azs3copy::fakes
