// s3_client.hpp: the S3 operations of a copy. Every call retries by itself but `put_stream`, whose
// body comes from another request: there the range is the unit of retry (stages). put_object
// replays its body, which is in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/sigv4.hpp"
#include "core/limits.hpp"
#include "core/names.hpp"
#include "messages/blob.hpp"
#include "net/http.hpp"
#include "net/retry.hpp"

namespace azs3copy {

enum class Addressing : std::uint8_t { automatic, path, virtual_host };
// `unset`: CRC64NVME, unless AWS's own settings say when_required.
enum class S3Checksum : std::uint8_t { unset, crc64nvme, none };

struct S3Options {
  std::string region = "us-east-1";
  std::string endpoint_url;                       // empty: AWS's own for the region
  Addressing addressing = Addressing::automatic;  // path for custom endpoints and dotted buckets
  bool dualstack = false;
  bool fips = false;
  S3Checksum checksum = S3Checksum::unset;
  std::string expected_bucket_owner;
  // What the endpoint was found to accept and confirm; the clients of a process share it. Empty: one's own.
  std::shared_ptr<class S3Traits> traits;
};

// What an object is given besides its bytes.
struct ObjectAttributes {
  ContentHeaders headers;
  Metadata metadata;          // without "x-amz-meta-"
  std::string storage_class;  // empty: the bucket's default, STANDARD
  std::string sse;            // "", "AES256", "aws:kms", "aws:kms:dsse"
  std::string sse_kms_key_id;
  bool bucket_key = false;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string acl;  // canned; empty: none
};

// A guard against overwriting: If-None-Match: *, or If-Match.
struct WriteCondition {
  bool if_absent = false;
  ETag if_match;
};

struct PutReply {
  ETag etag;
  std::string version_id;
  std::optional<Crc64> crc;  // as the service reports it; absent where it does not
  Confirmation confirmed = Confirmation::none;
};

struct ObjectEntry {  // a row of ListObjectsV2
  Key key;
  std::uint64_t size = 0;
  ETag etag;
  UtcTime last_modified{};
  std::string storage_class;
};
struct ObjectPage {
  std::vector<ObjectEntry> objects;
  std::vector<std::string> prefixes;  // with a delimiter only
  std::string continuation;           // empty: the last page
};
struct ListObjectsOptions {
  std::string prefix;
  std::string start_after;  // exclusive
  std::string continuation;
  std::string delimiter;
  int page_rows_max = 1000;  // S3's limit
};

struct ObjectHead {
  std::uint64_t size = 0;
  ETag etag;
  UtcTime last_modified{};
  ContentHeaders headers;
  Metadata metadata;
  std::optional<Crc64> crc;  // with x-amz-checksum-mode: ENABLED
  std::string version_id;
  std::string storage_class;
  std::string sse;
};

struct SmallObject {
  std::string body;
  ETag etag;
};

struct UploadedPart {
  std::uint32_t number = 0;  // from 1
  ETag etag;
  std::uint64_t size = 0;  // bytes; 0 where unknown
  std::optional<Crc64> crc;
  Confirmation confirmed = Confirmation::none;
};
struct PartPage {
  std::vector<UploadedPart> parts;
  std::uint32_t next_part_number_marker = 0;  // 0: the last page
};
struct OpenUpload {
  Key key;
  UploadId id;
  UtcTime initiated{};
};
struct UploadPage {
  std::vector<OpenUpload> uploads;
  std::string next_key_marker;  // both empty: the last page
  std::string next_upload_id_marker;
};

struct CompleteUpload {
  Key key;
  UploadId id;
  std::vector<UploadedPart> parts;  // in order of number
  std::uint64_t size = 0;           // of the object: x-amz-mp-object-size
  std::optional<Crc64> crc;         // full object
  WriteCondition condition;
};

// Names the object or the part of an upload that a body is for.
struct PutTarget {
  Key key;
  UploadId upload;  // empty: the whole object
  std::uint32_t part_number = 0;
};

// A body on its way to S3: as aws-chunked with its CRC in the trailer (aws_chunked.hpp), or plain if the
// server does not confirm that (s3_traits.hpp). Used by one Task; destroyed unfinished it breaks the connection, and S3 stores nothing. It must not outlive its client.
class S3PutStream {
 public:
  virtual ~S3PutStream() = default;
  // Small pieces are gathered, large ones sent as they are. True: S3 has already answered; stop and `finish`.
  virtual Task<Result<bool>> write(Bytes bytes) = 0;
  // Sends the trailer, and reads the reply. `crc` is over all bytes written; ErrorKind::corrupt when S3
  // reports another. An error with RetryVerdict::later: put_stream may be called again (a new login, or the
  // bucket's region, is already in place where that was the cause).
  virtual Task<Result<PutReply>> finish(Crc64 crc) = 0;
};

class S3Client {
 public:
  S3Client(Bucket bucket, S3Options options, std::shared_ptr<AwsCredentialsProvider> credentials,
           Transport& transport, RetryPolicy retry = {});
  ~S3Client();

  const Bucket& bucket() const;
  // The server that requests go to now; empty while the options name none.
  const Endpoint& server() const;
  std::string describe_credentials() const;

  // Learns the bucket's region (x-amz-bucket-region of HeadBucket, also from a 301/400/403) and uses it from
  // then on. ErrorKind::not_found where there is no such bucket.
  Task<Result<std::string>> discover_region(const Context& context);
  Task<Result<>> head_bucket(const Context& context);

  // Warns if the server ignores x-amz-expected-bucket-owner. Does nothing without an expected owner, and at AWS.
  Task<Result<>> check_owner_is_checked(const Context& context);

  // PreconditionFailed after more than one attempt may be the doing of the first,
  // whose reply was lost: HEAD tells.
  Task<Result<PutReply>> put_object(const Key& key, Bytes body, Crc64 crc, const ObjectAttributes& attributes,
                                    const WriteCondition& condition, const Context& context);
  // One attempt. `size` is exact, in bytes. Attributes only where the target is a whole object.
  Task<Result<std::unique_ptr<S3PutStream>>> put_stream(const PutTarget& target, std::uint64_t size,
                                                        const ObjectAttributes& attributes,
                                                        const WriteCondition& condition,
                                                        const Context& context);
  // One attempt: an upload whose reply is lost stays open, and only the caller can tell which it was.
  Task<Result<UploadId>> create_upload(const Key& key, const ObjectAttributes& attributes,
                                       const Context& context);
  // 200 with an <Error> body is the error it says; NoSuchUpload is ErrorKind::not_found. Confirmed by its
  // reply, by a HEAD, or as the weakest of its parts.
  Task<Result<PutReply>> complete_upload(const CompleteUpload& upload, const Context& context);
  // Success also when the upload is gone already.
  Task<Result<>> abort_upload(const Key& key, const UploadId& id, const Context& context);
  // Parts after number `part_number_marker`, at most `page_rows_max` a page.
  Task<Result<PartPage>> list_parts(const Key& key, const UploadId& id, std::uint32_t part_number_marker,
                                    const Context& context, int page_rows_max = 1000);
  // All parts, page by page, until `take` gives false. ErrorKind::protocol where the pages go round in circles.
  Task<Result<>> each_part(const Key& key, const UploadId& id,
                           const std::function<bool(const UploadedPart&)>& take, const Context& context);
  Task<Result<UploadPage>> list_uploads(const std::string& prefix, const std::string& key_marker,
                                        const std::string& upload_id_marker, const Context& context);
  Task<Result<ObjectPage>> list_objects(const ListObjectsOptions& options, const Context& context);
  // With the checksum; a missing key is ErrorKind::not_found (permission without s3:ListBucket).
  Task<Result<ObjectHead>> head_object(const Key& key, const Context& context);
  // Whole small objects: manifests, records.
  Task<Result<SmallObject>> get_object(const Key& key, std::size_t body_bytes_max, const Context& context);
  // Streams an object's bytes for `check --deep` and returns the CRC over all of them.
  Task<Result<Crc64>> read_object_crc(const Key& key, const ETag& if_match, const Context& context);
  // Success also where there is none. With an ETag, only that version: else ErrorKind::changed.
  Task<Result<>> delete_object(const Key& key, const ETag& if_match, const Context& context);

  struct Impl;  // s3_client_impl.hpp

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
