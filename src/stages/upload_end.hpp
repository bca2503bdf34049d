// upload_end.hpp: the ends of an upload that did not become an object.
#pragma once

#include "stages/stage.hpp"

namespace azs3copy {

// Ends the upload for its first failure; later ones of the same upload change nothing. A blob that changed is
// planned again. After a temporary failure the upload and its manifest stay, to be gone on with by the next
// run; after any other both are removed.
Task<Result<>> give_up_upload(Stage& stage, const Upload& upload, Error error, const Context& context);

// The object at the task's key where it is whole and was made from this version of the blob;
// nothing otherwise.
Task<Result<std::optional<PutReply>>> find_made_from(Stage& stage, const CopyTask& task,
                                                     const Context& context);
// Looks a few times: a Complete that runs at this moment is about to show it.
Task<Result<std::optional<PutReply>>> await_made_from(Stage& stage, const CopyTask& task,
                                                      const Context& context);

// Aborts what a manifest of an earlier run names; success also where it is gone already. The manifest stays.
Task<Result<>> abort_recorded_upload(S3Client& s3, const UploadManifest& manifest, const Context& context);

}  // namespace azs3copy
