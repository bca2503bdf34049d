// aws_chunked.cpp: sizes and framing of aws-chunked bodies.
#include "aws/aws_chunked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace azs3copy {
namespace {

constexpr std::string_view line_end = "\r\n";
constexpr std::size_t checksum_base64_bytes = 12;  // 8 bytes

std::uint64_t hex_digits(std::uint64_t value) {
  std::uint64_t digits = 1;
  while (value >>= 4) ++digits;
  return digits;
}

// One chunk of `size` data bytes on the wire.
std::uint64_t chunk_size(std::uint64_t size) {
  return hex_digits(size) + line_end.size() + size + line_end.size();
}

}  // namespace

std::uint64_t aws_chunked_size(std::uint64_t size) {
  const std::uint64_t rest = size % aws_chunk_bytes;
  const std::uint64_t end =
      1 + line_end.size() + crc64_trailer_name.size() + 1 + checksum_base64_bytes + 2 * line_end.size();
  return size / aws_chunk_bytes * chunk_size(aws_chunk_bytes) + (rest > 0 ? chunk_size(rest) : 0) + end;
}

AwsChunkedFramer::Next AwsChunkedFramer::next() {
  assert(left_ > 0);
  Next next;
  if (chunk_left_ == 0) {
    chunk_left_ = std::min(left_, aws_chunk_bytes);
    next.framing = fmt::format("{}{:x}{}", chunk_open_ ? line_end : "", chunk_left_, line_end);
    chunk_open_ = true;
  }
  next.data_bytes_max = chunk_left_;
  return next;
}

void AwsChunkedFramer::sent(std::uint64_t bytes) {
  assert(bytes <= chunk_left_);
  chunk_left_ -= bytes;
  left_ -= bytes;
}

std::string AwsChunkedFramer::end(std::string_view checksum_base64) const {
  assert(left_ == 0 && checksum_base64.size() == checksum_base64_bytes);
  return fmt::format("{}0\r\n{}:{}\r\n\r\n", chunk_open_ ? line_end : "", crc64_trailer_name,
                     checksum_base64);
}

}  // namespace azs3copy
