#include "fakes/azure/structured_reply.hpp"

#include <cstring>

namespace azs3copy::fakes {
namespace {

constexpr std::uint64_t header_bytes = 13;
constexpr std::uint64_t segment_frame_bytes = 2 + 8 + 8;
constexpr std::uint64_t trailer_bytes = 8;
constexpr std::uint64_t segments_max = 65'535;  // u16

template <class T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
}

}  // namespace

StructuredReply::StructuredReply(ContentPtr content, Range range, std::uint64_t segment_bytes,
                                 StructuredFault fault)
    : content_(std::move(content)),
      range_(range),
      segment_bytes_(std::max(segment_bytes, (range.size + segments_max - 1) / segments_max)),
      fault_(fault),
      segments_((range.size + segment_bytes_ - 1) / segment_bytes_),
      size_(header_bytes + segments_ * segment_frame_bytes + range.size + trailer_bytes) {
  append_little_endian<std::uint8_t>(frame_, 1);
  append_little_endian<std::uint64_t>(frame_, size_);
  append_little_endian<std::uint16_t>(frame_, 1);
  append_little_endian<std::uint16_t>(frame_, static_cast<std::uint16_t>(segments_));
}

// Called when the last frame and the data after it are out.
void StructuredReply::next_frame() {
  if (in_segment_) {
    const std::uint64_t wrong = fault_ == StructuredFault::segment_crc && segment_ == segments_ ? 1 : 0;
    append_little_endian<std::uint64_t>(frame_, segment_crc_.value ^ wrong);
    in_segment_ = false;
  }
  if (sent_ < range_.size) {
    ++segment_;
    segment_left_ = std::min(segment_bytes_, range_.size - sent_);
    segment_crc_ = {};
    in_segment_ = true;
    const std::uint64_t wrong = fault_ == StructuredFault::segment_number ? 1 : 0;
    append_little_endian<std::uint16_t>(frame_, static_cast<std::uint16_t>(segment_ + wrong));
    append_little_endian<std::uint64_t>(frame_, segment_left_);
  } else if (!ended_) {
    ended_ = true;
    const std::uint64_t wrong = fault_ == StructuredFault::total_crc ? 1 : 0;
    append_little_endian<std::uint64_t>(frame_, total_crc_.value ^ wrong);
  }
}

void StructuredReply::fill(MutableBytes out) {
  while (!out.empty()) {
    if (!frame_.empty()) {
      const std::size_t count = std::min(frame_.size(), out.size());
      std::memcpy(out.data(), frame_.data(), count);
      frame_.erase(0, count);
      out = out.subspan(count);
    } else if (segment_left_ > 0) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(segment_left_, out.size()));
      content_->read(range_.first + sent_, out.first(count));
      segment_crc_ = crc64(segment_crc_, out.first(count));
      sent_ += count;
      segment_left_ -= count;
      // The whole's CRC from the segments': the data is summed once.
      if (segment_left_ == 0) {
        const std::uint64_t size = sent_ - (segment_ - 1) * segment_bytes_;
        total_crc_ = crc64_combine(total_crc_, segment_crc_, size);
      }
      out = out.subspan(count);
    } else {
      next_frame();
    }
  }
}

}  // namespace azs3copy::fakes
