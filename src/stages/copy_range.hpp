// copy_range.hpp: the data path: one body from Azure to S3.
//
//   whole:   [GET] --> buffer --> crc64 --> [PUT, CRC in a signed header]
//   stream:  [GET] --> ring 64 KiB --> crc64 --> [PUT, aws-chunked, CRC in the trailer]
#pragma once

#include "stages/stage.hpp"

namespace azs3copy {

struct RangeCopied {
  PutReply reply;
  Crc64 crc;
  SourceProof proof = SourceProof::none;
};

// One attempt for a small blob as a whole: exactly one GET and one PUT.
// The blob's headers and metadata go along.
Task<Result<RangeCopied>> copy_blob_once(Stage& stage, const CopyTask& task, const Context& context);

// One attempt for one part of an upload.
Task<Result<RangeCopied>> copy_part_once(Stage& stage, const PartTask& task, const Context& context);

}  // namespace azs3copy
