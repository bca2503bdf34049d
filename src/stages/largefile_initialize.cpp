// largefile_initialize.cpp: stage 4 of 6. Opens the multipart upload of a large blob, or takes up the one
// that an earlier run left, and sends out the parts that are missing.
//
//   LargeFile --> HEAD blob --> manifest? -- ours, same ETag and parts --> ListParts --> PartTask x missing
//                                 \-- else --> intent --> CreateMultipartUpload --> manifest --> PartTask x N
//
// The intent is on disk before the upload exists: of two that open one key at the same moment, one is turned
// away. Safe to repeat: the manifest names the open upload.
#include <algorithm>

#include "stages/outcome.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {

namespace {

struct Opened {
  Upload upload;
  std::vector<UploadedPart> done;
  std::optional<SourceProof> proof;
};

// Parts of the right size, in order of number, each once; a server without part checksums has proved nothing.
std::vector<UploadedPart> usable_parts(const PartPlan& plan, std::vector<UploadedPart> parts) {
  std::erase_if(parts, [&plan](const UploadedPart& part) {
    return part.number == 0 || part.number > plan.part_count || !part.crc ||
           part.size != plan.range(part.number).size;
  });
  std::sort(parts.begin(), parts.end(),
            [](const UploadedPart& a, const UploadedPart& b) { return a.number < b.number; });
  const auto again =
      std::unique(parts.begin(), parts.end(), [](const UploadedPart& a, const UploadedPart& b) {
        return a.number == b.number;  // a listing whose marker is inclusive gives a page's last part again
      });
  parts.erase(again, parts.end());
  return parts;
}

// The upload that an earlier run left, where it can be gone on with; what cannot is aborted.
Task<Result<std::optional<Opened>>> take_up(Stage& stage, const CopyTask& task, const PartPlan& plan,
                                            const Context& context) {
  Result<std::optional<UploadManifest>> manifest =
      co_await stage.ledger.find_manifest(stage.s3.bucket(), task.key, context);
  if (!manifest) co_return passed(std::move(manifest));
  if (!*manifest) co_return std::optional<Opened>{};
  const UploadManifest& found = **manifest;
  // Whichever version it copies: an abort would take its parts away under its hands.
  if (found.run != stage.run && stage.ledger.is_running(found.run)) {
    Error error = in_use_by(found.run);
    error.subject = task.blob.name.str();
    co_return std::unexpected<Error>(std::move(error));
  }
  const bool same = !found.upload.id.empty() && found.upload.task.blob.etag == task.blob.etag &&
                    found.upload.task.blob.size == plan.size && found.upload.part_bytes == plan.part_bytes &&
                    found.upload.part_count == plan.part_count &&
                    found.source_account == stage.azure.account().name.str() &&
                    found.upload.task.blob.container == task.blob.container &&
                    found.upload.task.blob.name == task.blob.name;
  if (!same) {
    Result<> aborted = co_await abort_recorded_upload(stage.s3, found, context);
    if (!aborted) co_return passed(std::move(aborted));
    co_return std::optional<Opened>{};
  }
  std::vector<UploadedPart> parts;
  const auto keep = [&parts](const UploadedPart& part) {
    parts.push_back(part);
    return true;
  };
  Result<> listed = co_await stage.s3.each_part(task.key, found.upload.id, keep, context);
  if (!listed && listed.error().kind == ErrorKind::not_found)
    co_return std::optional<Opened>{};  // expired or aborted
  if (!listed) co_return passed(std::move(listed));
  Opened opened{.upload = found.upload, .done = usable_parts(plan, std::move(parts)), .proof = found.proof};
  opened.upload.task = task;
  // It is this run's from now on: no sweep and no cleanup may take it for abandoned.
  (*manifest)->run = stage.run;
  if (Result<> saved = co_await stage.ledger.save_manifest(**manifest, context); !saved)
    co_return passed(std::move(saved));
  stage.reporter.log("info", "upload_resumed", task.blob.name.str());
  co_return opened;
}

// An attempt whose reply is lost may have opened an upload. Nothing tells it from one of another program on
// the same key, so it is left: without a part it costs nothing, and a lifecycle rule ends it (ADR 4).
Task<Result<UploadId>> create_upload(Stage& stage, const CopyTask& task, const BlobProperties& properties,
                                     const Context& context) {
  const ObjectAttributes attributes = object_attributes(stage, task.blob, properties);
  Retrier retrier(stage.rules.retry, context);
  for (;;) {
    Result<UploadId> id = co_await stage.s3.create_upload(task.key, attributes, context);
    if (id) co_return id;
    if (!co_await try_again(stage, retrier, id.error(), task.blob.name.view())) co_return id;
  }
}

Task<Result<Opened>> open_new(Stage& stage, const CopyTask& task, const PartPlan& plan,
                              const BlobProperties& properties, const Context& context) {
  UploadManifest manifest{
      .run = stage.run,
      .endpoint = stage.s3_origin,
      .bucket = stage.s3.bucket(),
      .source_account = stage.azure.account().name.str(),
      .upload = {.task = task, .part_bytes = plan.part_bytes, .part_count = plan.part_count},
      .created = context.clock.utc()};
  if (Result<> saved = co_await stage.ledger.save_manifest(manifest, context); !saved)
    co_return passed(std::move(saved));
  Result<UploadId> id = co_await create_upload(stage, task, properties, context);
  if (!id) {
    // Without an id there is nothing to take up.
    (void)co_await stage.ledger.remove_manifest(manifest.bucket, task.key, context.for_clean_up());
    co_return passed(std::move(id));
  }
  manifest.upload.id = std::move(*id);
  if (Result<> saved = co_await stage.ledger.save_manifest(manifest, context); !saved) {
    // Another delivery has opened one of its own meanwhile: no manifest will ever name this one.
    if (saved.error().kind == ErrorKind::conflict) {
      if (Result<> aborted = co_await stage.s3.abort_upload(task.key, manifest.upload.id, context); !aborted)
        co_return passed(std::move(aborted));
    }
    co_return passed(std::move(saved));
  }
  co_return Opened{.upload = manifest.upload};
}

// Sends out what is missing above number `sent`: up to there an earlier message about this upload has done so.
Task<Result<>> send_parts(Stage& stage, Opened opened, int replans, std::uint32_t sent,
                          const Context& context) {
  opened.upload.replans = replans;
  const Upload& upload = opened.upload;
  std::vector<bool> done(upload.part_count + 1, false);
  for (const UploadedPart& part : opened.done) {
    done[part.number] = true;
    stage.reporter.already_there(part.size);
  }
  const bool whole = opened.done.size() == upload.part_count;
  if (Result<> begun = co_await stage.tracker.begin(upload, std::move(opened.done), opened.proof); !begun) {
    co_return begun;
  }
  if (whole) co_return co_await stage.bus.publish(Recombine{.run = stage.run, .upload = upload});
  for (std::uint32_t number = sent + 1; number <= upload.part_count; ++number) {
    if (done[number]) continue;
    if (Result<> go = context.check(); !go) co_return go;
    if (!stage.tracker.is_open(upload)) co_return Result<>{};
    if (stage.reporter.stopping()) {  // whoever gets it takes the upload up
      co_return co_await stage.bus.publish(
          LargeFile{.run = stage.run, .task = upload.task, .replans = replans, .parts_sent = number - 1});
    }
    Result<> published =
        co_await stage.bus.publish(PartTask{.run = stage.run, .upload = upload, .number = number});
    if (!published) co_return published;
  }
  co_return Result<>{};
}

}  // namespace

Task<Result<>> largefile_initialize(LargeFile file, Stage& stage, const Context& context) {
  CopyTask task = std::move(file.task);
  Result<BlobProperties> properties =
      co_await stage.azure.properties(task.blob.container, task.blob.name, context);
  if (!properties) co_return end_with_error(stage, task, std::move(properties.error()));
  // The blob as it is now; what was listed may be old.
  task.blob = properties->blob;
  if (const auto why = obstacle(task.blob)) {
    stage.reporter.ended({.outcome = Outcome::skipped, .blob = task.blob, .key = task.key, .reason = *why});
    co_return Result<>{};
  }
  if (route(task.blob.size, stage.rules.part_threshold) == Route::small) {
    CopyBatch batch{.run = stage.run};
    batch.tasks.push_back(std::move(task));
    co_return co_await stage.bus.publish(std::move(batch));
  }
  const Result<PartPlan> plan = plan_parts(task.blob.size, stage.rules.part_bytes);
  if (!plan) co_return end_with_error(stage, task, plan.error());

  Result<std::optional<Opened>> old = co_await take_up(stage, task, *plan, context);
  if (!old) co_return end_with_error(stage, task, std::move(old.error()));
  if (*old) co_return co_await send_parts(stage, std::move(**old), file.replans, file.parts_sent, context);
  Result<Opened> opened = co_await open_new(stage, task, *plan, *properties, context);
  if (!opened) co_return end_with_error(stage, task, std::move(opened.error()));
  co_return co_await send_parts(stage, std::move(*opened), file.replans, 0, context);
}

}  // namespace azs3copy
