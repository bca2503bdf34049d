// largefile_recombine.cpp: stage 6 of 6. Completes the upload into one object, with the CRC of the whole.
//
//   Recombine --> parts, in order --> crc64 combined --> [ Complete ] --> manifest away --> record
//                 ^                                         | NoSuchUpload, no clear answer: HEAD, compare
//                 +-----------------------------------------+ InvalidPart: a few times; the upload stays
//
// Safe to repeat: an upload that is gone and an object that carries our source ETag are success.
#include <algorithm>

#include "stages/outcome.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {

namespace {

// A part that comes twice gets another ETag, where the object is encrypted under a key of KMS. All parts may come
// twice, over minutes: then the upload is for a later message to complete.
constexpr int completes_max = 5;
constexpr milliseconds pause_between_completes{1000};
// Parts of an upload that took longer may be of a version that is not the latest any more.
constexpr std::chrono::minutes check_after{5};

Result<Crc64> combined_crc(const Upload& upload, const std::vector<UploadedPart>& parts) {
  const PartPlan plan{
      .size = upload.task.blob.size, .part_bytes = upload.part_bytes, .part_count = upload.part_count};
  if (parts.size() != plan.part_count) {
    return fail(ErrorKind::internal, "the parts list has gaps", upload.task.key.view());
  }
  Crc64 total;
  for (std::uint32_t i = 0; i < plan.part_count; ++i) {
    if (parts[i].number != i + 1 || !parts[i].crc) {
      return fail(ErrorKind::internal, "the parts list is out of order", upload.task.key.view());
    }
    total = crc64_combine(total, *parts[i].crc, plan.range(i + 1).size);
  }
  return total;
}

Task<Result<PutReply>> complete(Stage& stage, const Upload& upload, const std::vector<UploadedPart>& parts,
                                Crc64 crc, const Context& context) {
  Result<PutReply> reply = co_await stage.s3.complete_upload(
      {.key = upload.task.key, .id = upload.id, .parts = parts, .size = upload.task.blob.size, .crc = crc},
      context);
  const bool unclear = !reply && (reply.error().kind == ErrorKind::not_found ||
                                  reply.error().http_status == 0 || reply.error().http_status >= 500);
  if (!unclear) co_return reply;
  // An earlier Complete may have been heard though its answer was not.
  Result<std::optional<PutReply>> found = co_await await_made_from(stage, upload.task, context);
  if (found && *found && (!(*found)->crc || *(*found)->crc == crc)) {
    (*found)->confirmed = (*found)->crc ? Confirmation::crc64nvme
                                        : std::ranges::min(parts, {}, &UploadedPart::confirmed).confirmed;
    co_return **found;
  }
  co_return reply;
}

Task<Result<>> end_completed(Stage& stage, const Upload& upload, const PartTracker::Parts& parts, Crc64 crc,
                             PutReply reply, const Context& context) {
  stage.tracker.end(upload);
  if (Result<> removed = co_await stage.ledger.remove_manifest(stage.s3.bucket(), upload.task.key, context);
      !removed) {
    co_return removed;
  }
  stage.reporter.ended(
      {.outcome = Outcome::copied,
       .blob = upload.task.blob,
       .key = upload.task.key,
       .bytes = upload.task.blob.size,
       .crc = crc,
       .proof = parts.proof,
       .confirmed = reply.confirmed,
       .s3_etag = std::move(reply.etag),
       .s3_version_id = std::move(reply.version_id),
       .parts = upload.part_count,
       .duration = std::chrono::duration_cast<milliseconds>(context.clock.now() - parts.begun)});
  co_return Result<>{};
}

}  // namespace

Task<Result<>> largefile_recombine(Recombine work, Stage& stage, const Context& context) {
  const Upload& upload = work.upload;
  for (int round = 1;; ++round) {
    Result<PartTracker::Parts> parts = co_await stage.tracker.parts(upload);
    if (!parts &&
        parts.error().kind == ErrorKind::not_found) {  // ended by somebody, or by an earlier delivery
      co_return co_await give_up_upload(stage, upload, std::move(parts.error()), context);
    }
    if (!parts) co_return passed(std::move(parts));
    const Result<Crc64> crc = combined_crc(upload, parts->parts);
    if (!crc)
      co_return co_await give_up_upload(stage, upload, failed(crc.error(), "s3.complete_upload").error(),
                                        context);
    // An object made of them now would be later than a newer blob, which would be taken for unchanged.
    Result<> unchanged;
    if (context.clock.now() - parts->begun > check_after)
      unchanged = co_await check_unchanged(stage, upload.task, context);
    if (!unchanged && unchanged.error().kind != ErrorKind::not_found)
      co_return co_await give_up_upload(stage, upload, std::move(unchanged.error()), context);
    Result<PutReply> reply = co_await complete(stage, upload, parts->parts, *crc, context);
    if (reply) co_return co_await end_completed(stage, upload, *parts, *crc, std::move(*reply), context);
    const bool replaced = reply.error().service_code == "InvalidPart";
    if (replaced && round == completes_max) reply.error().retry = RetryVerdict::later;  // a wave of them
    if (!replaced || round == completes_max)
      co_return co_await give_up_upload(stage, upload, std::move(reply.error()), context);
    stage.reporter.log("info", "part_replaced", upload.task.blob.name.str());
    Result<> slept = co_await context.clock.sleep(pause_between_completes, context);
    if (!slept) co_return co_await give_up_upload(stage, upload, std::move(slept.error()), context);
  }
}

}  // namespace azs3copy
