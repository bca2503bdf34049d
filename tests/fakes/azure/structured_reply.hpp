// structured_reply.hpp: a range of a blob as Azure's structured message, made as it is sent.
//
//   header 13 B | ( u16 number | u64 length | data | u64 crc ) * | u64 crc of all      little-endian
#pragma once

#include <string>

#include "fakes/content.hpp"

namespace azs3copy::fakes {

// What is wrong in it on purpose.
enum class StructuredFault : std::uint8_t { none, segment_crc, total_crc, segment_number };

class StructuredReply {
 public:
  StructuredReply(ContentPtr content, Range range, std::uint64_t segment_bytes, StructuredFault fault);

  std::uint64_t size() const { return size_; }
  // The next bytes of the message.
  void fill(MutableBytes out);

 private:
  void next_frame();

  ContentPtr content_;
  Range range_;
  std::uint64_t segment_bytes_;
  StructuredFault fault_;
  std::uint64_t segments_;
  std::uint64_t size_;
  std::string frame_;          // frame bytes waiting to be sent
  std::uint64_t segment_ = 0;  // begun so far
  std::uint64_t sent_ = 0;     // data bytes
  std::uint64_t segment_left_ = 0;
  bool in_segment_ = false;
  bool ended_ = false;
  Crc64 segment_crc_;
  Crc64 total_crc_;
};

}  // namespace azs3copy::fakes
