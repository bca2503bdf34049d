// structured_body.hpp: Azure's structured message (XSM/1.0; properties=crc64),
// decoded as it streams. Little-endian:
//
//   header  13 B  u8 version=1 | u64 message length | u16 flags (1 = crc64) | u16 segments
//   segment       u16 number (from 1) | u64 length | data | u64 crc of the data
//   trailer       u64 crc over all data
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "codec/crc64.hpp"
#include "core/bytes.hpp"
#include "core/error.hpp"

namespace azs3copy {

// Feeds on encoded bytes, gives decoded ones in place: the frames are cut out of the buffer, the data moved
// together. Checks numbers, lengths, each segment's CRC and the trailer's. ErrorKind::protocol, or corrupt
// (RetryVerdict::later: a new read may mend it); every later call fails too.
class StructuredBodyDecoder {
 public:
  // `encoded_size` is Content-Length, `decoded_size` x-ms-structured-content-length.
  StructuredBodyDecoder(std::uint64_t encoded_size, std::uint64_t decoded_size);

  // Decodes buffer[0..size) in place; returns the count of data bytes now at its front.
  Result<std::size_t> decode(MutableBytes buffer);
  // True once the trailer was read and everything matched. A body that ends before is truncated.
  bool complete() const;
  // Whether the frames carry CRCs: without them nothing proves the data. Known once the header was read.
  bool has_crc() const { return (flags_ & crc_flag) != 0; }
  Crc64 crc() const;  // over the data so far
  std::uint64_t data_size() const { return data_seen_; }

 private:
  enum class State : std::uint8_t { header, segment_header, data, segment_crc, trailer, done, failed };
  static constexpr std::uint16_t crc_flag = 1;

  // What each state waits for, and what it does with it.
  std::size_t frame_bytes() const;
  Result<> take_frame();
  Result<> take_header();
  Result<> take_segment_header();
  Result<> take_segment_crc();
  Result<> take_trailer();
  void after_segment();

  std::uint64_t encoded_size_;
  std::uint64_t decoded_size_;
  std::uint64_t data_seen_ = 0;
  State state_ = State::header;
  std::array<std::byte, 16> frame_{};  // the frame being gathered
  std::size_t frame_size_ = 0;
  std::uint16_t flags_ = 0;
  std::uint16_t segments_ = 0;
  std::uint16_t segment_ = 0;
  std::uint64_t segment_left_ = 0;  // of the open segment; 0, 0 and no CRC between segments
  std::uint64_t segment_size_ = 0;
  Crc64 segment_crc_;
  Crc64 total_;  // over all closed segments
};

// The encoded form of `data` in segments of `segment_bytes`, for fakes and tests.
std::string structured_body_encode(Bytes data, std::uint64_t segment_bytes, bool with_crc = true);
// The encoded size of `size` data bytes.
std::uint64_t structured_body_size(std::uint64_t size, std::uint64_t segment_bytes, bool with_crc = true);

}  // namespace azs3copy
