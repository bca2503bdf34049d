// outcome.hpp: from an error to what it means for its blob and for the run.
#pragma once

#include "stages/stage.hpp"

namespace azs3copy {

// What the rules say of encryption, for any object.
ObjectAttributes encryption_attributes(const CopyRules& rules);

// The object's attributes: the blob's headers and metadata, the rules' class and encryption, and our own
// record of the source's ETag and time if S3's limit of metadata has room for it.
ObjectAttributes object_attributes(Stage& stage, const Blob& blob, const BlobProperties& properties);

// True where the same work may succeed later, with nobody having mended anything. Bytes that stayed wrong at
// every attempt of the stage are not of that kind.
bool is_passing(const Error& error);

// True if other blobs of the container would meet the same error: it concerns the login, the container or the
// bucket. A single request proves nothing (breaker.hpp); a whole batch that met it is redelivered as one.
bool ends_the_run(const Error& error);

// Failed, or skipped where the blob itself stands in the way (archived).
ObjectRecord record_of_error(const CopyTask& task, Error error);

// Reports the error as this blob's outcome. Returns an error only if the run has to end: a stop, a failure of
// this machine, or enough evidence that no other blob can succeed (breaker.hpp).
Result<> end_with_error(Stage& stage, const CopyTask& task, Error error);

// Of a listing: true if the error concerns this container alone, and the run goes on with the others.
bool ends_container_only(const Stage& stage, const Error& error);

// An attempt of this operation succeeded.
void note_success(Stage& stage, Operation operation);

// Retrier::again for an attempt at `subject`, which may be a part of a blob. Waits for a service that fails for
// everybody.
Task<bool> try_again(Stage& stage, Retrier& retrier, Error& error, std::string_view subject);

// ErrorKind::changed if the blob is not the version of the task any more; asks with one HEAD.
Task<Result<>> check_unchanged(Stage& stage, const CopyTask& task, const Context& context);

// The blob as it is now, for another attempt after it changed. ErrorKind::changed once there were enough.
Task<Result<CopyTask>> plan_again(Stage& stage, CopyTask task, int replans, const Context& context);

}  // namespace azs3copy
