// work.hpp: the messages between the stages, in flow order. None can hold a secret or configuration.
//
//   Launch -> FindBlobs -> CopyBatch (small) -> records
//                       -> LargeFile -> PartTask x N -> Recombine -> record
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/names.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

// Deeper name spaces are not cut up: a blob's name has 254 path segments at most.
inline constexpr std::uint32_t folder_levels_max = 254;

// Begin a run, if it may begin. What it depends on comes from the host: a command line, or a secret.
struct Launch {
  RunId run;
  bool is_active = true;              // the article's isactive
  std::optional<UtcTime> begin_date;  // only blobs modified at or after it will be copied
  std::vector<Container> containers;  // to be listed, in this order
  std::uint32_t levels = 0;           // of folders that are listed side by side
};

// List one container, or its rest from a marker on.
struct FindBlobs {
  RunId run;
  Container container;
  std::string prefix;
  std::string marker;
  std::uint32_t levels = 0;  // above 0: folders right below the prefix become messages of their own, one less
  friend bool operator==(const FindBlobs&, const FindBlobs&) = default;
};

struct CopyTask {
  Blob blob;
  Key key;
  friend bool operator==(const CopyTask&, const CopyTask&) = default;
};

// Small blobs that travel together.
struct CopyBatch {
  RunId run;
  std::vector<CopyTask> tasks;
  friend bool operator==(const CopyBatch&, const CopyBatch&) = default;
};

struct LargeFile {
  RunId run;
  CopyTask task;
  int replans = 0;               // how often it changed under our hands before
  std::uint32_t parts_sent = 0;  // of the upload that is open: up to this number they are on their way
  friend bool operator==(const LargeFile&, const LargeFile&) = default;
};

// The multipart upload of one blob, as its manifest records it.
struct Upload {
  CopyTask task;
  UploadId id;
  std::uint64_t part_bytes = 0;
  std::uint32_t part_count = 0;
  int replans = 0;  // of the blob, before this upload
  friend bool operator==(const Upload&, const Upload&) = default;
};

// One byte range of one blob into one part.
struct PartTask {
  RunId run;
  Upload upload;
  std::uint32_t number = 0;  // from 1
  friend bool operator==(const PartTask&, const PartTask&) = default;
};

struct Recombine {
  RunId run;
  Upload upload;
  friend bool operator==(const Recombine&, const Recombine&) = default;
};

}  // namespace azs3copy
