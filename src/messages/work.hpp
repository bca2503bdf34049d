// work.hpp: the messages between the stages, in flow order. None can hold a secret or configuration.
//
//   FindBlobs -> CopyBatch (small) -> records
//             -> LargeFile -> PartTask x N -> Recombine -> record
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/names.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

// List one container, or its rest from a marker on.
struct FindBlobs {
  RunId run;
  Container container;
  std::string prefix;
  std::string marker;
};

struct CopyTask {
  Blob blob;
  Key key;
};

// Small blobs that travel together.
struct CopyBatch {
  RunId run;
  std::vector<CopyTask> tasks;
};

struct LargeFile {
  RunId run;
  CopyTask task;
  int replans = 0;  // how often it changed under our hands before
};

// The multipart upload of one blob, as its manifest records it.
struct Upload {
  CopyTask task;
  UploadId id;
  std::uint64_t part_bytes = 0;
  std::uint32_t part_count = 0;
  int replans = 0;  // of the blob, before this upload
};

// One byte range of one blob into one part.
struct PartTask {
  RunId run;
  Upload upload;
  std::uint32_t number = 0;  // from 1
};

struct Recombine {
  RunId run;
  Upload upload;
};

}  // namespace azs3copy
