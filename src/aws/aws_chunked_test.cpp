// aws_chunked_test.cpp: what is announced is what is sent, at every size where the framing changes.
#include "aws/aws_chunked.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace azs3copy {
namespace {

constexpr std::string_view checksum = "rosUhgp5mIg=";

// The body as it goes on the wire, its data coming in pieces of `piece` bytes.
std::string frame(std::uint64_t size, std::uint64_t piece) {
  AwsChunkedFramer framer(size);
  std::string wire;
  std::uint64_t left_in_piece = piece;
  while (framer.left() > 0) {
    const AwsChunkedFramer::Next next = framer.next();
    wire += next.framing;
    const std::uint64_t count = std::min({next.data_bytes_max, left_in_piece, framer.left()});
    wire.append(count, 'd');
    framer.sent(count);
    left_in_piece = left_in_piece == count ? piece : left_in_piece - count;
  }
  return wire + framer.end(checksum);
}

TEST(AwsChunked, LooksAsS3WantsIt) {
  EXPECT_EQ(frame(0, 1), "0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n");
  EXPECT_EQ(frame(1, 1), "1\r\nd\r\n0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n");
  EXPECT_EQ(frame(12345, 5000),
            "3039\r\n" + std::string(12345, 'd') + "\r\n0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n");
}

// One byte more or less than Content-Length says,
// and the server waits for ever or takes the rest for a request.
TEST(AwsChunked, IsAsLongAsAnnounced) {
  const std::vector<std::uint64_t> sizes = {0,
                                            1,
                                            15,
                                            16,
                                            17,
                                            8191,
                                            8192,
                                            8193,
                                            65535,
                                            65536,
                                            aws_chunk_bytes - 1,
                                            aws_chunk_bytes,
                                            aws_chunk_bytes + 1,
                                            2 * aws_chunk_bytes,
                                            3 * aws_chunk_bytes + 4097};
  for (const std::uint64_t size : sizes) {
    for (const std::uint64_t piece : {std::uint64_t{4096}, std::uint64_t{100'003}, 8 * MiB}) {
      EXPECT_EQ(frame(size, piece).size(), aws_chunked_size(size)) << size << " in pieces of " << piece;
    }
  }
}

// A framing that followed the caller's pieces could not be announced, and would break S3's 8 KiB rule.
TEST(AwsChunked, DoesNotDependOnThePiecesItComesIn) {
  const std::uint64_t size = 2 * aws_chunk_bytes + 777;
  EXPECT_EQ(frame(size, 1000), frame(size, size));
}

TEST(AwsChunked, CountsPartsOfFiveGibibytes) {
  // 5,120 chunks of 0x100000 and the end: 1 + 2 + 24 + 1 + 12 + 4.
  EXPECT_EQ(aws_chunked_size(5 * GiB), 5 * GiB + 5120 * (6 + 2 + 2) + 44);
}

}  // namespace
}  // namespace azs3copy
