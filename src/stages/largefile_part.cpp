// largefile_part.cpp: stage 5 of 6. Streams one byte range of one blob into one S3 part.
//
//   PartTask --> slot --> [ GET range, If-Match ] ==crc64==> [ UploadPart, trailer ] --> tracker
//                                                                                          | last: Recombine
//
// Safe to repeat: a part uploaded again under its number replaces the first.
#include "stages/copy_range.hpp"
#include "stages/outcome.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {

namespace {

Task<Result<RangeCopied>> copy_part(Stage& stage, const PartTask& task, const Context& context) {
  Retrier retrier(stage.rules.retry, context);
  Result<RangeCopied> copied = co_await copy_part_once(stage, task, context);
  while (!copied && stage.tracker.is_open(task.upload) && co_await retrier.again(copied.error())) {
    stage.reporter.log("debug", "retry", task.upload.task.blob.name.str());
    copied = co_await copy_part_once(stage, task, context);
  }
  co_return copied;
}

// What a later run takes over must not count as better proved than it was.
Task<Result<>> save_proof(Stage& stage, const Key& key, SourceProof proof, const Context& context) {
  Result<std::optional<UploadManifest>> manifest =
      co_await stage.ledger.find_manifest(stage.s3.bucket(), key, context);
  if (!manifest) co_return passed(std::move(manifest));
  if (!*manifest) co_return Result<>{};
  (*manifest)->proof = proof;
  co_return co_await stage.ledger.save_manifest(**manifest, context);
}

}  // namespace

Task<Result<>> largefile_part(PartTask task, Stage& stage, const Context& context) {
  const Slots::Slot slot = co_await stage.slots.acquire();
  if (!stage.tracker.is_open(task.upload) || stage.reporter.stopping()) co_return Result<>{};
  Result<RangeCopied> copied = co_await copy_part(stage, task, context);
  if (!copied) {
    co_return co_await give_up_upload(stage, task.upload, std::move(copied.error()), context);
  }
  const PartPlan plan{.size = task.upload.task.blob.size,
                      .part_bytes = task.upload.part_bytes,
                      .part_count = task.upload.part_count};
  const UploadedPart part{.number = task.number,
                          .etag = std::move(copied->reply.etag),
                          .size = plan.range(task.number).size,
                          .crc = copied->crc};
  const Result<PartTracker::Added> added = co_await stage.tracker.add(task.upload, part, copied->proof);
  if (!added) co_return std::unexpected<Error>(added.error());
  if (added->new_proof) {
    Result<> saved = co_await save_proof(stage, task.upload.task.key, *added->new_proof, context);
    if (!saved) co_return saved;
  }
  if (added->whole)
    co_return co_await stage.bus.publish(Recombine{.run = task.run, .upload = std::move(task.upload)});
  co_return Result<>{};
}

}  // namespace azs3copy
