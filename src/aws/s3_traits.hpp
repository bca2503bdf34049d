// s3_traits.hpp: what one S3 endpoint accepts and confirms, learnt from its replies.
//
//   AWS            CRC64NVME in header and trailer, confirmed in every reply: known beforehand, never doubted
//   other servers  a trailer is used while its replies confirm the bytes; a header that is refused is left
//                  out from then on; MD5s are taken until a reply has shown that the CRC is confirmed
//
// One per process and endpoint, shared by the clients of all loops. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "aws/s3_client.hpp"
#include "codec/hash.hpp"

namespace azs3copy {

// Headers that a server accepts or refuses together; a request is complete without them.
enum class OptionalHeaders : std::uint8_t { checksums, upload_size, bucket_owner };
inline constexpr std::size_t optional_headers_count = 3;

// Servers treat the three differently: some confirm the CRC of a PutObject, and none of a part.
enum class WriteKind : std::uint8_t { object, stream, part };

// True if the reply refuses how the request is written, so that another form of it may succeed.
bool refuses_form(const Error& error);

class S3Traits {
 public:
  enum class Known : std::uint8_t { unknown, yes, no };

  // Called once a client knows its server. `name`: the server in warnings.
  void start(bool is_aws, std::string name);

  bool sends(OptionalHeaders group) const { return taken_[index(group)] != Known::no; }
  bool may_refuse(OptionalHeaders group) const { return taken_[index(group)] == Known::unknown; }
  void accepted(OptionalHeaders group);
  // The same request was refused with these headers and succeeded without.
  void leave_out(OptionalHeaders group, const Error& refusal);

  Known trailers() const { return trailers_; }
  bool sends_trailers() const { return trailers_ != Known::no && sends(OptionalHeaders::checksums); }
  void trailers_work() { trailers_ = Known::yes; }
  // `refusal`: nullptr if the server accepted the body and its reply confirmed nothing.
  void leave_trailers_out(const Error* refusal);

  Known confirms_crc(WriteKind kind) const { return confirms_crc_[static_cast<std::size_t>(kind)]; }
  void learn_crc(WriteKind kind, bool confirmed);
  Known md5_etags() const { return md5_etags_; }
  void learn_md5_etags(bool are_md5);
  void note_unconfirmed();

  // The MD5 of a streamed body whose ETag is another: sent with the next attempt, so that the server itself
  // decides whether the bytes or its ETags differ.
  void doubt(const PutTarget& target, std::uint64_t size, const Md5Digest& md5);
  std::optional<Md5Digest> take_doubt(const PutTarget& target, std::uint64_t size);

  // Warnings for a person, each given once.
  void warn(std::string text);
  std::vector<std::string> take_warnings();

 private:
  static std::size_t index(OptionalHeaders group) { return static_cast<std::size_t>(group); }

  std::atomic<Known> taken_[optional_headers_count] = {};
  std::atomic<Known> trailers_ = Known::unknown;
  std::atomic<Known> confirms_crc_[3] = {};
  std::atomic<Known> md5_etags_ = Known::unknown;
  std::atomic<bool> unconfirmed_ = false;

  std::mutex mutex_;  // of what follows
  bool started_ = false;
  std::string name_;
  std::vector<std::string> warnings_;
  using Target = std::tuple<Key, UploadId, std::uint32_t, std::uint64_t>;
  std::map<Target, Md5Digest> doubts_;
};

// A write as it was sent.
struct SentBody {
  WriteKind kind = WriteKind::object;
  std::uint64_t size = 0;
  std::optional<Crc64> crc;      // absent: checksums in replies are not read (--s3-checksum none)
  std::optional<Md5Digest> md5;  // absent: not taken
  Bytes bytes;                   // of an object that was held whole: its MD5 is taken if needed
  bool with_content_md5 = false;
  bool with_trailer = false;
};

// ErrorKind::corrupt if the reply reports another size than was sent (x-amz-object-size).
Result<> check_stored_size(const Headers& reply, std::uint64_t size);

// Reads the reply of a write that succeeded: what it confirms, and what that says of the endpoint.
// ErrorKind::corrupt if S3 stored other bytes than those sent, or may have done so.
Result<PutReply> judge_write(const Headers& reply, const SentBody& sent, S3Traits& traits);

}  // namespace azs3copy
