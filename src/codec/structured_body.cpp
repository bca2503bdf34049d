// structured_body.cpp: the frames are gathered in `frame_` (they may come in pieces), the data passes by.
//
//   header --> segment_header --> data --> segment_crc --+--> trailer --> done
//                    ^                                   |
//                    +-----------------------------------+
//
// Each data byte is checked once: a segment's CRC, combined with those before it, is the CRC of the whole.
#include "codec/structured_body.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>

namespace azs3copy {
namespace {

constexpr std::uint8_t version = 1;
constexpr std::size_t header_bytes = 13;
constexpr std::size_t segment_header_bytes = 10;
constexpr std::size_t crc_bytes = 8;

template <class T>
T read_little_endian(const std::byte* from) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(from[i]) << (8 * i));
  }
  return value;
}

template <class T>
void append_little_endian(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof(T); ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

std::unexpected<Error> malformed(std::string message) {
  return fail(ErrorKind::protocol, "structured body: " + std::move(message));
}

std::unexpected<Error> corrupt(std::string message) {
  auto error = fail(ErrorKind::corrupt, "structured body: " + std::move(message));
  error.error().retry = RetryVerdict::later;
  return error;
}

}  // namespace

StructuredBodyDecoder::StructuredBodyDecoder(std::uint64_t encoded_size, std::uint64_t decoded_size)
    : encoded_size_(encoded_size), decoded_size_(decoded_size) {}

Result<std::size_t> StructuredBodyDecoder::decode(MutableBytes buffer) {
  std::size_t in = 0;
  std::size_t out = 0;
  while (in < buffer.size()) {
    const std::size_t left = buffer.size() - in;
    if (state_ == State::data) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(segment_left_, left));
      segment_crc_ = crc64(segment_crc_, buffer.subspan(in, count));
      if (in != out) std::memmove(buffer.data() + out, buffer.data() + in, count);
      in += count;
      out += count;
      data_seen_ += count;
      segment_left_ -= count;
      if (segment_left_ == 0) after_segment();
      continue;
    }
    const std::size_t count = std::min(frame_bytes() - frame_size_, left);
    std::memcpy(frame_.data() + frame_size_, buffer.data() + in, count);
    in += count;
    frame_size_ += count;
    if (frame_size_ < frame_bytes()) break;
    frame_size_ = 0;
    if (auto taken = take_frame(); !taken) {
      state_ = State::failed;
      return passed(std::move(taken));
    }
  }
  return out;
}

bool StructuredBodyDecoder::complete() const {
  return state_ == State::done;
}

Crc64 StructuredBodyDecoder::crc() const {
  return crc64_combine(total_, segment_crc_, segment_size_ - segment_left_);
}

std::size_t StructuredBodyDecoder::frame_bytes() const {
  switch (state_) {
    case State::header:
      return header_bytes;
    case State::segment_header:
      return segment_header_bytes;
    case State::segment_crc:
    case State::trailer:
      return crc_bytes;
    case State::data:
    case State::done:
    case State::failed:
      break;
  }
  return 0;  // nothing may come any more: take_frame says so
}

Result<> StructuredBodyDecoder::take_frame() {
  switch (state_) {
    case State::header:
      return take_header();
    case State::segment_header:
      return take_segment_header();
    case State::segment_crc:
      return take_segment_crc();
    case State::trailer:
      return take_trailer();
    case State::done:
      return malformed("bytes follow its end");
    case State::data:
    case State::failed:
      break;
  }
  return malformed("it has failed before");
}

Result<> StructuredBodyDecoder::take_header() {
  const auto found_version = static_cast<std::uint8_t>(frame_[0]);
  if (found_version != version) return malformed(fmt::format("version {} is unknown", found_version));
  const auto size = read_little_endian<std::uint64_t>(&frame_[1]);
  flags_ = read_little_endian<std::uint16_t>(&frame_[9]);
  segments_ = read_little_endian<std::uint16_t>(&frame_[11]);
  if (flags_ > crc_flag) return malformed(fmt::format("flags {:#x} are unknown", flags_));
  if (size != encoded_size_) {
    return malformed(fmt::format("it says {} bytes, the reply {}", size, encoded_size_));
  }
  const std::uint64_t crc_size = has_crc() ? crc_bytes : 0;
  const std::uint64_t frames = header_bytes + segments_ * (segment_header_bytes + crc_size) + crc_size;
  if (size < frames || size - frames != decoded_size_ || (segments_ == 0 && decoded_size_ != 0)) {
    return malformed(
        fmt::format("{} bytes in {} segments do not hold {} bytes of data", size, segments_, decoded_size_));
  }
  after_segment();
  return {};
}

Result<> StructuredBodyDecoder::take_segment_header() {
  const auto number = read_little_endian<std::uint16_t>(&frame_[0]);
  segment_ += 1;
  if (number != segment_) return malformed(fmt::format("segment {} comes as number {}", segment_, number));
  const auto size = read_little_endian<std::uint64_t>(&frame_[2]);
  const std::uint64_t unseen = decoded_size_ - data_seen_;
  if (size > unseen || (segment_ == segments_ && size != unseen)) {
    return malformed(fmt::format("segment {} has {} bytes where {} are left", segment_, size, unseen));
  }
  segment_size_ = segment_left_ = size;
  state_ = State::data;
  if (size == 0) after_segment();
  return {};
}

Result<> StructuredBodyDecoder::take_segment_crc() {
  if (read_little_endian<std::uint64_t>(frame_.data()) != segment_crc_.value) {
    return corrupt(fmt::format("the CRC64 of segment {} does not match", segment_));
  }
  state_ = State::segment_header;
  after_segment();
  return {};
}

Result<> StructuredBodyDecoder::take_trailer() {
  if (read_little_endian<std::uint64_t>(frame_.data()) != total_.value) {
    return corrupt("the CRC64 of the whole does not match");
  }
  state_ = State::done;
  return {};
}

// Behind the header, a segment's data or its CRC: what comes next.
void StructuredBodyDecoder::after_segment() {
  if (state_ == State::data && has_crc()) {
    state_ = State::segment_crc;
    return;
  }
  total_ = crc();
  segment_size_ = 0;
  segment_crc_ = {};
  if (segment_ < segments_) {
    state_ = State::segment_header;
  } else {
    state_ = has_crc() ? State::trailer : State::done;
  }
}

std::uint64_t structured_body_size(std::uint64_t size, std::uint64_t segment_bytes, bool with_crc) {
  assert(segment_bytes > 0);
  const std::uint64_t segments = size / segment_bytes + (size % segment_bytes != 0);
  const std::uint64_t crc_size = with_crc ? crc_bytes : 0;
  return header_bytes + size + segments * (segment_header_bytes + crc_size) + crc_size;
}

std::string structured_body_encode(Bytes data, std::uint64_t segment_bytes, bool with_crc) {
  const std::uint64_t size = structured_body_size(data.size(), segment_bytes, with_crc);
  const std::uint64_t segments = data.size() / segment_bytes + (data.size() % segment_bytes != 0);
  assert(segments <= std::numeric_limits<std::uint16_t>::max());
  std::string out;
  out.reserve(size);
  out += static_cast<char>(version);
  append_little_endian(out, size);
  append_little_endian(out, static_cast<std::uint16_t>(with_crc ? 1 : 0));
  append_little_endian(out, static_cast<std::uint16_t>(segments));
  for (std::uint64_t i = 0; i < segments; ++i) {
    const Bytes rest = data.subspan(i * segment_bytes);
    const Bytes segment = rest.first(std::min<std::uint64_t>(segment_bytes, rest.size()));
    append_little_endian(out, static_cast<std::uint16_t>(i + 1));
    append_little_endian(out, static_cast<std::uint64_t>(segment.size()));
    out += text_of(segment);
    if (with_crc) append_little_endian(out, crc64({}, segment).value);
  }
  if (with_crc) append_little_endian(out, crc64({}, data).value);
  return out;
}

}  // namespace azs3copy
