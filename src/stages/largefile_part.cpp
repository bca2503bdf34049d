// largefile_part.cpp: stage 5 of 6. Streams one byte range of one blob into one S3 part.
//
//   PartTask --> slot --> [ GET range, If-Match ] ==crc64==> [ UploadPart, trailer ] --> tracker
//                  |                                                                     ^ | last: Recombine
//                  +-- an earlier delivery has uploaded it ------------------------------+
//
// Safe to repeat: a part uploaded again under its number replaces the first.
#include <fmt/format.h>

#include "stages/copy_range.hpp"
#include "stages/outcome.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {

namespace {

Task<Result<UploadedPart>> copy_part(Stage& stage, const PartTask& task, const Context& context) {
  Retrier retrier(stage.rules.retry, context);
  const std::string part = fmt::format("{}#{}", task.upload.task.blob.name, task.number);
  Result<RangeCopied> copied = co_await copy_part_once(stage, task, context);
  while (!copied && stage.tracker.is_open(task.upload) &&
         co_await try_again(stage, retrier, copied.error(), part)) {
    stage.reporter.log("debug", "retry", task.upload.task.blob.name.str());
    copied = co_await copy_part_once(stage, task, context);
  }
  if (!copied) co_return passed(std::move(copied));
  const PartPlan plan{.size = task.upload.task.blob.size,
                      .part_bytes = task.upload.part_bytes,
                      .part_count = task.upload.part_count};
  co_return UploadedPart{.number = task.number,
                         .etag = std::move(copied->reply.etag),
                         .size = plan.range(task.number).size,
                         .crc = copied->crc,
                         .confirmed = copied->reply.confirmed};
}

}  // namespace

Task<Result<>> largefile_part(PartTask task, Stage& stage, const Context& context) {
  const Slots::Slot slot = co_await stage.slots.acquire();
  if (!stage.tracker.is_open(task.upload)) co_return Result<>{};
  if (stage.reporter.stopping()) co_return co_await stage.bus.publish(std::move(task));
  Result<std::optional<UploadedPart>> found = co_await stage.tracker.find(task.upload, task.number);
  if (!found && found.error().kind != ErrorKind::not_found) co_return passed(std::move(found));
  if (found && *found) {
    stage.reporter.log("info", "part_found", task.upload.task.blob.name.str());
  } else if (found) {
    found = co_await copy_part(stage, task, context);
  }
  if (!found) co_return co_await give_up_upload(stage, task.upload, std::move(found.error()), context);
  Result<bool> whole = co_await stage.tracker.add(task.upload, **found);
  if (!whole && whole.error().service_code == "NoSuchUpload")
    co_return co_await give_up_upload(stage, task.upload, std::move(whole.error()), context);
  if (!whole) co_return passed(std::move(whole));
  if (*whole)
    co_return co_await stage.bus.publish(Recombine{.run = task.run, .upload = std::move(task.upload)});
  co_return Result<>{};
}

}  // namespace azs3copy
