// fake_s3.hpp: a strict Amazon S3 in this process.
//
//   FakeS3 s3;
//   s3.add_bucket("bucket");
//   ... client under test: s3.https_url(), s3.ca_path(), FakeS3::access_key_id(), FakeS3::secret_access_key()
//   EXPECT_EQ(read_all(*s3.object("bucket", "a/b.jpg")->content), "bytes");
//   EXPECT_EQ(s3.log().count("PutObject", "bucket/a/b.jpg"), 1);
//
// It refuses what S3 refuses: a wrong signature, a wrong checksum in header or trailer, a badly framed
// aws-chunked body, a part that is too small, a Complete that does not match its parts. Keys are exact bytes.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/context.hpp"
#include "fakes/content.hpp"
#include "fakes/server/faults.hpp"
#include "fakes/server/request_log.hpp"
#include "fakes/server/server.hpp"

namespace azs3copy::fakes {

struct FakeObject {
  ContentPtr content = stored_content("");
  std::string etag;         // unquoted; empty: made
  UtcTime last_modified{};  // the epoch: now
  std::string content_type = "binary/octet-stream";
  std::string content_encoding, content_language, content_disposition, cache_control;
  std::vector<std::pair<std::string, std::string>> metadata;  // lower-case names without "x-amz-meta-"
  std::string storage_class = "STANDARD";
  std::string sse;  // "AES256", "aws:kms"
  std::string sse_kms_key_id;
  bool bucket_key = false;
  std::string tagging;        // as sent: URL query
  std::string version_id;     // of versioned buckets
  bool has_checksum = false;  // CRC64NVME, FULL_OBJECT: was sent along
  Crc64 crc;
  std::uint32_t parts = 0;  // 0: not a multipart upload
};

struct FakePart {
  ContentPtr content;
  std::string etag;
  Crc64 crc;
  UtcTime last_modified{};
};

struct FakeUpload {
  std::string bucket;
  std::string key;
  FakeObject object;       // attributes only
  bool crc64nvme = false;  // x-amz-checksum-algorithm, FULL_OBJECT
  UtcTime initiated{};
  std::map<std::uint32_t, FakePart> parts;
};

struct FakeS3Options {
  ServerOptions server;
  std::string region = "us-east-1";
  bool keep_bodies = true;  // off: size and CRC only, for tests of many GB
  std::uint64_t part_bytes_min = 5 * MiB;
  std::uint64_t part_bytes_max = 5 * GiB;
  int list_rows_max = 1000;
  bool verify_signatures = true;
  bool checksums =
      true;  // off: knows no CRC64NVME, as some S3 look-alikes: the headers are ignored, none is reported
  // As Adobe S3Mock: an aws-chunked body without that Content-Encoding is stored with its framing, and
  // x-amz-object-size reports it.
  bool stores_framing = false;
  // Of a body with a trailer: the code of the refusal ("" takes it, "empty" has no body). 501, 411 or 400.
  std::string trailer_refusal;
  bool refuses_checksum_headers = false;  // as Backblaze B2: 400 InvalidArgument
  bool refuses_upload_size = false;       // as S3Proxy: 501 to x-amz-mp-object-size
  bool md5_etags = true;                  // off: ETags of the same form that are something else
  bool checks_owner = true;
  bool damages_bodies = false;  // the first byte of each body above 2,000 bytes arrives changed
  // As versitygw: Complete must name each part's checksum where the upload has one.
  bool complete_needs_part_checksums = false;
  std::chrono::minutes clock_skew_max{15};
};

// Serves from construction on. All methods are thread-safe.
class FakeS3 {
 public:
  explicit FakeS3(const FakeS3Options& options = {});
  FakeS3(const FakeS3&) = delete;
  FakeS3& operator=(const FakeS3&) = delete;
  ~FakeS3();

  std::string http_url() const;
  std::string https_url() const;
  std::uint16_t http_port() const;
  std::uint16_t https_port() const;
  const std::string& ca_path() const;

  // Logins. One is there from the start. With a session token it must be sent along.
  static const std::string& access_key_id();
  static const std::string& secret_access_key();
  void add_credentials(const std::string& id, const std::string& secret,
                       const std::string& session_token = {});
  void remove_credentials(const std::string& id);
  void expire_credentials(const std::string& id);  // ExpiredToken from now on

  // `owner`: an account id, compared with x-amz-expected-bucket-owner.
  void add_bucket(const std::string& bucket, const std::string& region = {},
                  const std::string& owner = "111122223333");
  void set_versioning(const std::string& bucket, bool on);
  void put_object(const std::string& bucket, const std::string& key, FakeObject object);
  void delete_object(const std::string& bucket, const std::string& key);
  std::optional<FakeObject> object(const std::string& bucket, const std::string& key) const;
  std::vector<std::string> keys(const std::string& bucket) const;
  std::size_t object_count(const std::string& bucket) const;
  std::map<std::string, FakeUpload> uploads() const;  // open ones, by id
  // As if every part but those of `missing` had arrived for the open upload of `key`, cut out of `content`;
  // what it holds already stays. False where there is no such upload.
  bool add_parts(const std::string& key, const ContentPtr& content, std::uint64_t part_bytes,
                 const std::set<std::uint32_t>& missing);
  // How often each part of each key was received whole: "key part" -> count.
  std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> parts_received() const;

  void set_options(const std::function<void(FakeS3Options&)>& change);
  void set_clock_offset(milliseconds offset);
  Faults& faults();
  RequestLog& log();
  const ConnectionCounters& connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy::fakes
