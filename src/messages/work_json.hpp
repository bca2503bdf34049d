// work_json.hpp: the JSON in which work travels between the Lambda stages, through SNS and SQS. Version 1:
//
//   every message   {"v":1,"type":T,"run":R, ...}; fields of other names are passed over
//   find_blobs      ... "container":C[,"prefix":P][,"marker":M][,"levels":N]}
//   copy_batch      ... "container":C[,"name_prefix":P][,"key_prefix":K][,"blob_type":B][,"tier":T],
//                       "blobs":[[name,size,etag,mtime],[name,size,etag,mtime,{...}], ...]}
//   large_file      ... <blob>[,"replans":N][,"parts_sent":N]}
//   part_task       ... <blob>,"upload_id":U,"part_bytes":N,"part_count":N[,"replans":N],"number":N}
//   recombine       ... <blob>,"upload_id":U,"part_bytes":N,"part_count":N[,"replans":N]}
//
//   <blob>          "container":C,"name":N,"key":K,"size":N,"etag":E,"mtime":S[,"ms":N][,"blob_type":B]
//                   [,"tier":T][,"directory":true][,"archived":true][,"rehydrating":true]
//
// What stands in [] is left out where it is empty, 0, false or "block". Times are whole seconds since 1970 in
// UTC, and "ms" the milliseconds beyond them. A batch says once what its blobs share: a row's blob is
// name_prefix + name and its key is key_prefix + name. Where that does not hold, or a field differs from the
// batch's, the fifth value of the row has it ("container", "key", "blob_type", "tier"), and besides it what a
// row has no place for ("ms" and the flags).
//
// A message is pure work: there is no field for a secret or for configuration, which each function reads
// itself. What XML 1.0 has no place for is escaped, for SQS refuses it. Names that are not UTF-8 can't come
// from Azure, whose listings are XML; they would arrive with U+FFFD in them.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/error.hpp"
#include "messages/work.hpp"

namespace azs3copy {

// Written into every message. A change that an older release would misread takes the next number.
inline constexpr int work_version = 1;

// Bytes of one message, and of all messages of one PublishBatch: "Amazon SNS message publishing", SNS
// developer guide, read 2026-08. SQS takes more.
inline constexpr std::size_t work_message_bytes_max = 262'144;

using WorkMessage = std::variant<FindBlobs, CopyBatch, LargeFile, PartTask, Recombine>;

// Compact, in the order above. Times outside of the years 0 to 9999 can't be written so that they are read
// back; Azure's have four digits. Everything else comes back as it was, field by field.
std::string to_json(const FindBlobs& work);
std::string to_json(const CopyBatch& batch);  // of one blob or more
std::string to_json(const LargeFile& file);
std::string to_json(const PartTask& part);
std::string to_json(const Recombine& work);

// The batch in messages of at most `bytes_max` bytes each, its blobs in their order; none for an empty batch.
// A blob is never cut: one that is longer than `bytes_max` by itself becomes a message that is too long. That
// can't happen at SNS's limit, for the longest name and key take less than 32 KiB.
std::vector<std::string> to_json_messages(const CopyBatch& batch,
                                          std::size_t bytes_max = work_message_bytes_max);

// ErrorKind::unsupported for another version, saying which came and which is understood; ErrorKind::protocol
// for what is malformed, naming the field. What is given back keeps the promises that stages rely on: names,
// ETags and upload ids are not empty (an empty ETag would unpin every read, an empty upload id would
// overwrite the object with a part), and the number and size of a part lie within its blob.
Result<WorkMessage> work_message_from_json(std::string_view text);

// What an SNS envelope holds, where a subscription is not raw; the body itself where it is none.
std::string without_envelope(std::string body);

}  // namespace azs3copy
