// upload_end.cpp: abort, keep for the next run, or plan again.
#include "stages/upload_end.hpp"

#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

// The next run may do better with what has arrived.
bool is_temporary(const Error& error) {
  return is_passing(error) || error.kind == ErrorKind::credentials || error.kind == ErrorKind::permission ||
         error.kind == ErrorKind::internal;
}

Task<Result<>> remove_upload(Stage& stage, const Upload& upload, const Context& context) {
  // Parts still in flight may land after an abort; those of this process see that the upload is closed and
  // stop, and S3 drops what comes late. The manifest stays until the abort was heard.
  const Context clean_up = context.for_clean_up();
  Result<> aborted = co_await stage.s3.abort_upload(upload.task.key, upload.id, clean_up);
  if (!aborted) co_return aborted;
  co_return co_await stage.ledger.remove_manifest(stage.s3.bucket(), upload.task.key, clean_up);
}

}  // namespace

Task<Result<>> abort_recorded_upload(S3Client& s3, const UploadManifest& manifest, const Context& context) {
  if (manifest.upload.id.empty()) co_return Result<>{};  // no listing tells ours from another's
  co_return co_await s3.abort_upload(manifest.upload.task.key, manifest.upload.id, context);
}

Task<Result<std::optional<PutReply>>> find_made_from(Stage& stage, const CopyTask& task,
                                                     const Context& context) {
  Result<ObjectHead> head = co_await stage.s3.head_object(task.key, context);
  if (!head && head.error().kind == ErrorKind::not_found) co_return std::optional<PutReply>{};
  if (!head) co_return passed(std::move(head));
  if (head->size != task.blob.size || recorded_source_etag(head->metadata) != task.blob.etag.view())
    co_return std::optional<PutReply>{};
  co_return std::optional<PutReply>{
      PutReply{.etag = head->etag, .version_id = head->version_id, .crc = head->crc}};
}

Task<Result<std::optional<PutReply>>> await_made_from(Stage& stage, const CopyTask& task,
                                                      const Context& context) {
  constexpr int looks = 3;
  constexpr milliseconds pause{1000};
  // What these looks follow was retried for long already.
  const Context brief = context.with_retries_for(std::chrono::seconds(20));
  for (int look = 1;; ++look) {
    Result<std::optional<PutReply>> found = co_await find_made_from(stage, task, brief);
    if ((found && *found) || look == looks) co_return found;
    if (!co_await context.clock.sleep(pause, context.for_pause())) co_return found;
  }
}

Task<Result<>> give_up_upload(Stage& stage, const Upload& upload, Error error, const Context& context) {
  if (!stage.tracker.end(upload)) co_return Result<>{};
  const bool gone = error.service_code == "NoSuchUpload";
  Result<bool> elsewhere = co_await stage.tracker.ended_elsewhere(upload);
  bool made = false;
  if (gone && elsewhere && *elsewhere) {  // the object stood before it was told
    const Result<std::optional<PutReply>> found = co_await find_made_from(stage, upload.task, context);
    if (!found) co_return std::unexpected<Error>(found.error());
    made = found->has_value();
  } else if (gone && elsewhere) {
    // Somebody ended it: a lifecycle rule, a person, another run that completed it. Or another message of this run,
    // which has the time of these looks to remove the manifest.
    const Result<std::optional<PutReply>> found = co_await await_made_from(stage, upload.task, context);
    made = found && *found;
    elsewhere = co_await stage.tracker.ended_elsewhere(upload);
  }
  if (!elsewhere) co_return std::unexpected<Error>(elsewhere.error());
  if (made) {  // told here too: it may have been another run that completed it
    stage.reporter.ended({.outcome = Outcome::unchanged, .blob = upload.task.blob, .key = upload.task.key});
    if (*elsewhere) co_return Result<>{};
    co_return co_await stage.ledger.remove_manifest(stage.s3.bucket(), upload.task.key, context);
  }
  if (*elsewhere) co_return Result<>{};
  if (!is_temporary(error)) {
    const Result<> removed = co_await remove_upload(stage, upload, context);
    if (!removed) stage.reporter.log("info", "abort_failed", removed.error().to_line());
  }
  if (error.kind == ErrorKind::changed || gone) {
    Result<CopyTask> again = co_await plan_again(stage, upload.task, upload.replans, context);
    if (!again) co_return end_with_error(stage, upload.task, std::move(again.error()));
    co_return co_await stage.bus.publish(
        LargeFile{.run = stage.run, .task = std::move(*again), .replans = upload.replans + 1});
  }
  co_return end_with_error(stage, upload.task, std::move(error));
}

}  // namespace azs3copy
