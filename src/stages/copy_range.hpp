// copy_range.hpp: the data path: one body from Azure to S3.
//
//   whole:   [GET] --> buffer --> crc64 --> [PUT, CRC in a signed header]
//   stream:  [GET] --> ring 64 KiB --> crc64 --> [PUT, aws-chunked, CRC in the trailer]
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "stages/stage.hpp"

namespace azs3copy {

struct RangeCopied {
  PutReply reply;
  Crc64 crc;
  SourceProof proof = SourceProof::none;
};

// A free list a loop keeps the buffers of small bodies and of rings.
class Ring {
 public:
  explicit Ring(std::size_t size);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;
  MutableBytes bytes() { return MutableBytes(buffer_).first(size_); }

 private:
  std::vector<std::byte> buffer_;
  std::size_t size_ = 0;
};

// A small body that was read and is not stored yet. The next attempt puts it without reading it again, after
// asking whether the blob is still the same version.
struct HeldBody {
  std::unique_ptr<Ring> buffer;
  std::size_t size = 0;
  ObjectAttributes attributes;
  Crc64 crc;
  SourceProof proof = SourceProof::none;
};

// One attempt for a small blob as a whole: one GET, unless `held` has its body, and one PUT.
// The blob's headers and metadata go along.
Task<Result<RangeCopied>> copy_blob_once(Stage& stage, const CopyTask& task, std::optional<HeldBody>& held,
                                         const Context& context);

// One attempt for one part of an upload.
Task<Result<RangeCopied>> copy_part_once(Stage& stage, const PartTask& task, const Context& context);

}  // namespace azs3copy
