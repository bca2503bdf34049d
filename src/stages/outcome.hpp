// outcome.hpp: from an error to what it means for its blob and for the run.
#pragma once

#include "stages/stage.hpp"

namespace azs3copy {

// What the rules say of encryption, for any object.
ObjectAttributes encryption_attributes(const CopyRules& rules);

// The object's attributes: the blob's headers and metadata, the rules' class and encryption, and our own
// record of the source's ETag and time if S3's limit of metadata has room for it.
ObjectAttributes object_attributes(Stage& stage, const Blob& blob, const BlobProperties& properties);

// True where no other blob can fare better:
// the login is refused, the bucket or container is gone, the disk is full.
bool ends_the_run(const Error& error);

// True where the same work may succeed later, with nobody having mended anything. Bytes that stayed wrong at
// every attempt of the stage are not of that kind.
bool is_passing(const Error& error);

// Failed, or skipped where the blob itself stands in the way (archived).
ObjectRecord record_of_error(const CopyTask& task, Error error);

// Passes on what ends the run; everything else is reported as this blob's end.
Result<> end_with_error(Stage& stage, const CopyTask& task, Error error);

// The blob as it is now, for another attempt after it changed. ErrorKind::changed once there were enough.
Task<Result<CopyTask>> plan_again(Stage& stage, CopyTask task, int replans, const Context& context);

}  // namespace azs3copy
