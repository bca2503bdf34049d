// aws_chunked.hpp: the framing of a body whose CRC is known only behind it. No sizes but these, so that the
// whole can be announced beforehand:
//
//   100000\r\n <1 MiB> \r\n  100000\r\n <1 MiB> \r\n ...  3039\r\n <the rest> \r\n
//   0\r\n x-amz-checksum-crc64nvme:<base64>\r\n \r\n
//
// S3 wants chunks of 8 KiB at least but for the last; MinIO takes 16 MiB at most; botocore sends 1 MiB. A
// chunk's data passes in as many pieces as it comes in.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
#pragma once

#include <cstdint>
#include <string>

#include "core/bytes.hpp"

namespace azs3copy {

inline constexpr std::uint64_t aws_chunk_bytes = 1 * MiB;
inline constexpr std::string_view crc64_trailer_name = "x-amz-checksum-crc64nvme";

// Bytes on the wire for a body of `size` bytes, framing and trailer included.
std::uint64_t aws_chunked_size(std::uint64_t size);

// Says what goes before, between and behind the data of a body of exactly `size` bytes.
class AwsChunkedFramer {
 public:
  explicit AwsChunkedFramer(std::uint64_t size) : left_(size) {}

  std::uint64_t left() const { return left_; }  // data bytes still to come
  // The framing due before the next data byte (often nothing), and how many data bytes may follow it at once.
  struct Next {
    std::string framing;
    std::uint64_t data_bytes_max = 0;
  };
  // Needs left() > 0.
  Next next();
  // `bytes` data bytes went out; at most what next() allowed.
  void sent(std::uint64_t bytes);
  // What ends the body. Needs left() == 0.
  std::string end(std::string_view checksum_base64) const;

 private:
  std::uint64_t left_;
  std::uint64_t chunk_left_ = 0;
  bool chunk_open_ = false;  // the last chunk's \r\n is due
};

}  // namespace azs3copy
