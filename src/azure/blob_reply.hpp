// blob_reply.hpp: the head of a reply to Get Blob or Get Blob Properties.
#pragma once

#include <optional>
#include <string>

#include "azure/blob_client.hpp"

namespace azs3copy {

struct BlobReply {
  BlobProperties properties;       // blob.size is the whole blob's
  Range range;                     // of the blob, that the body holds once decoded
  bool whole = false;              // the body is the whole blob
  bool structured = false;         // the body is a structured message
  std::uint64_t encoded_size = 0;  // of the body as it comes
  std::string range_crc64;         // base64, of a range that was asked for with its CRC
  std::string range_md5;           // base64, likewise; of a whole blob's reply this is properties.content_md5
};

// ErrorKind::protocol where a field is missing, malformed, or contradicts another. `method` is get or head.
Result<BlobReply> read_blob_reply(Method method, const ResponseHead& head, const Container& container,
                                  const BlobName& name);

}  // namespace azs3copy
