// s3_servers.hpp: the servers of S3's dialect that the contract runs at, and what each does otherwise.
#pragma once

#include <memory>
#include <vector>

#include "aws/s3_client.hpp"
#include "aws/s3_traits.hpp"
#include "contract/support.hpp"
#include "fakes/fake_s3.hpp"

namespace azs3copy::contract {

// Where a server is known to deviate. Every quirk is asserted, so that a server that mends it is noticed.
struct S3Quirks {
  // A checksum is taken as it is sent and never compared with the bytes. moto 5.2, test-servers.md.
  bool believes_checksums = false;
  // Of uploads no CRC64NVME is known: ListParts has none, and what GET and HEAD of the finished object call
  // so is a CRC32. Reading it needs --s3-checksum none. moto 5.2, test-servers.md.
  bool no_crc_of_uploads = false;
  // CRC64NVME is neither checked nor reported; MD5 ETags confirm writes. Ceph RGW 18.2, rclone 1.76.
  bool knows_no_checksums = false;
  // Keys are tidied up as paths of a file system: "a//b" becomes "a/b", "a" and "a/b" exclude each other.
  // versitygw's posix backend, test-servers.md.
  bool keys_are_paths = false;
  // A second Complete of an upload is a success. versitygw and moto, test-servers.md.
  bool repeated_complete_succeeds = false;
  // Any access key and any signature will do. moto unless told otherwise, test-servers.md.
  bool takes_any_login = false;
  // x-amz-expected-bucket-owner is passed over. moto 5.2, tried.
  bool ignores_expected_owner = false;
  // x-amz-mp-object-size is passed over. moto 5.2, tried.
  bool ignores_upload_size = false;
  // part-number-marker counts parts and names none: with gaps in the numbers it skips some. moto 5.2, tried.
  bool part_marker_is_a_count = false;
  // Completing an upload that is gone, or sending it a part, is a 500. moto 5.2, tried.
  bool missing_upload_is_500 = false;
};

struct S3Server {
  std::string_view name;          // as tests/servers/servers.py calls it
  std::string_view url_variable;  // empty: the fake, which each test has its own of
  std::string_view access_key_variable = "S3_ACCESS_KEY";
  std::string_view secret_key_variable = "S3_SECRET_KEY";
  bool tls = false;
  S3Quirks quirks;
};

const std::vector<S3Server>& s3_servers();
// Those that keep too few of S3's rules for the whole suite: no conditions, keys that are paths. What they confirm
// of a write is tested.
std::vector<S3Server> lenient_s3_servers();
void PrintTo(const S3Server& server, std::ostream* out);

// A body for put_stream, and what goes wrong with it.
struct StreamedBody {
  std::string_view bytes;
  std::size_t piece_bytes = 64 * KiB;       // of each write
  std::optional<Crc64> crc;                 // told at the end; none: the bytes' own
  std::optional<std::size_t> cut_at_bytes;  // no more than that is written
  bool finish = true;                       // else the stream is destroyed unfinished
};
// The reply is empty where the stream was not finished.
Task<Result<PutReply>> put_streamed(S3Client& client, PutTarget target, StreamedBody body,
                                    WriteCondition condition, const Context& context);

// A bucket of its own at the server, and a client of it.
class S3Contract : public testing::TestWithParam<S3Server> {
 protected:
  void SetUp() override;

  const S3Quirks& quirks() const { return GetParam().quirks; }
  bool checks_crc() const { return !quirks().believes_checksums && !quirks().knows_no_checksums; }
  // What the server reports for a CRC that was sent.
  std::optional<Crc64> reported(Crc64 crc) const {
    return quirks().knows_no_checksums ? std::nullopt : std::optional<Crc64>(crc);
  }
  const Context& context() const { return wire_->context(); }
  // Region and endpoint.
  S3Options options() const;
  std::unique_ptr<S3Client> make_client(const Bucket& bucket, const S3Options& options,
                                        const AwsCredentials& login) const;
  Bucket new_bucket();
  // From now on the client neither sends nor asks for them.
  void leave_checksums_out();

  Result<PutReply> put(const std::string& key, std::string_view content,
                       const ObjectAttributes& attributes = {}, const WriteCondition& condition = {});
  Result<PutReply> put_stream(const std::string& key, const StreamedBody& body,
                              const WriteCondition& condition = {});
  Result<std::string> get(const std::string& key);
  testing::AssertionResult holds(const std::string& key, std::string_view content);
  Result<ObjectHead> head(const std::string& key);
  Result<ObjectPage> list(const ListObjectsOptions& options);
  // Every row of all pages; fails the test where a page is refused.
  ObjectPage list_all(ListObjectsOptions options);

  // The test fails where no upload can be opened.
  UploadId open_upload(const std::string& key, const ObjectAttributes& attributes = {});
  Result<UploadedPart> put_part(const std::string& key, const UploadId& id, std::uint32_t number,
                                const StreamedBody& body);
  Result<PartPage> parts(const std::string& key, const UploadId& id, std::uint32_t marker = 0);
  Result<PutReply> complete(const CompleteUpload& upload);
  Result<> abort(const std::string& key, const UploadId& id);

  std::unique_ptr<fakes::FakeS3> fake_;
  std::unique_ptr<Wire> wire_;
  std::string url_;
  AwsCredentials login_;
  Bucket bucket_;
  std::unique_ptr<S3Client> client_;
};

}  // namespace azs3copy::contract
