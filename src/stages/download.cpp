// download.cpp: stage 3 of 6. Copies a batch of small blobs, each with one GET and one PUT.
//
//   CopyBatch --> slot --> [ GET, If-Match ] ==crc64==> [ PUT ] --> record
//                            | 412: the blob as it is now, a few times; it may have become large
//
// Told to stop, it publishes the blobs that it has not begun as a batch. Safe to repeat: a blob copied twice is the same object twice.
#include "core/age.hpp"
#include "stages/copy_range.hpp"
#include "stages/outcome.hpp"

namespace azs3copy {

namespace {

// An object that is stored so long after its blob was read may be later than a newer version of the blob.
constexpr std::chrono::minutes check_after{5};

// Copies one version of a blob, with retries. ErrorKind::changed if it is not the latest any more.
Task<Result<RangeCopied>> copy_version(Stage& stage, const CopyTask& task, int& attempts,
                                       const Context& context) {
  Retrier retrier(stage.rules.retry, context);
  std::optional<HeldBody> held;
  Moment read = Moment::now(context.clock);
  Result<RangeCopied> copied = co_await copy_blob_once(stage, task, held, context);
  while (!copied && co_await try_again(stage, retrier, copied.error(), task.blob.name.view())) {
    stage.reporter.log("debug", "retry", task.blob.name.str());
    if (!held) read = Moment::now(context.clock);
    copied = co_await copy_blob_once(stage, task, held, context);
  }
  attempts = retrier.attempts();
  if (copied && read.age(context.clock) > check_after) {
    // One that is gone was copied all the same.
    Result<> unchanged = co_await check_unchanged(stage, task, context);
    if (!unchanged && unchanged.error().kind == ErrorKind::changed) co_return passed(std::move(unchanged));
  }
  co_return copied;
}

// Copies one blob to its end; an error here ends the run.
Task<Result<>> copy_small(CopyTask task, Stage& stage, const Context& context) {
  const Steady::time_point started = context.clock.now();
  for (int replans = 0;; ++replans) {
    int attempts = 1;
    Result<RangeCopied> copied = co_await copy_version(stage, task, attempts, context);
    if (copied) {
      stage.reporter.ended(
          {.outcome = Outcome::copied,
           .blob = task.blob,
           .key = task.key,
           .bytes = task.blob.size,
           .crc = copied->crc,
           .proof = copied->proof,
           .confirmed = copied->reply.confirmed,
           .s3_etag = std::move(copied->reply.etag),
           .s3_version_id = std::move(copied->reply.version_id),
           .attempts = attempts,
           .duration = std::chrono::duration_cast<milliseconds>(context.clock.now() - started)});
      co_return Result<>{};
    }
    if (copied.error().kind != ErrorKind::changed) {
      co_return end_with_error(stage, task, std::move(copied.error()));
    }
    Result<CopyTask> again = co_await plan_again(stage, task, replans, context);
    if (!again) co_return end_with_error(stage, task, std::move(again.error()));
    task = std::move(*again);
    if (route(task.blob.size, stage.rules.part_threshold) == Route::large) {
      co_return co_await stage.bus.publish(
          LargeFile{.run = stage.run, .task = std::move(task), .replans = replans + 1});
    }
  }
}

// Blobs that were not begun are left in `rest`.
Task<void> copy_in_slot(CopyTask task, Stage& stage, const Context& context, Result<>& first_error,
                        CopyBatch& rest) {
  const Slots::Slot slot = co_await stage.slots.acquire();
  if (!first_error) co_return;
  if (stage.reporter.stopping()) {
    rest.tasks.push_back(std::move(task));
    co_return;
  }
  Result<> result = co_await copy_small(std::move(task), stage, context);
  if (!result && first_error) first_error = std::move(result);
}

}  // namespace

Task<Result<>> download(CopyBatch batch, Stage& stage, const Context& context) {
  Result<> first_error;
  CopyBatch rest{.run = batch.run};
  Group group;
  for (CopyTask& task : batch.tasks) {
    group.spawn(copy_in_slot(std::move(task), stage, context, first_error, rest));
  }
  co_await group.join();
  if (first_error && !rest.tasks.empty()) co_return co_await stage.bus.publish(std::move(rest));
  co_return first_error;
}

}  // namespace azs3copy
