// s3_tracker.cpp: see s3_tracker.hpp.
#include "hosts/lambda/s3_tracker.hpp"

#include <algorithm>
#include <utility>

namespace azs3copy {

Task<Result<S3Tracker::Manifest>> S3Tracker::look(const Upload& upload) {
  Result<std::optional<UploadManifest>> manifest =
      co_await ledger_.find_manifest(s3_.bucket(), upload.task.key, context_);
  if (!manifest) co_return passed(std::move(manifest));
  manifest_.reset();
  if (!*manifest) co_return Manifest::is_gone;
  if ((*manifest)->upload.id != upload.id) co_return Manifest::names_another;
  manifest_ = std::move(**manifest);
  co_return Manifest::names_it;
}

Task<Result<>> S3Tracker::begin(const Upload& upload, std::vector<UploadedPart> /*done*/,
                                std::optional<SourceProof> proof) {
  manifest_ = UploadManifest{.upload = upload, .proof = proof};  // it has just been saved
  co_return Result<>{};
}

void S3Tracker::take_for_open(const Upload& upload) {
  manifest_ = UploadManifest{.upload = upload, .created = context_.clock.utc()};
  taken_for_open_ = true;
}

std::optional<SourceProof> S3Tracker::noted_proof(const Upload& /*upload*/) const {
  return manifest_ ? manifest_->proof : std::nullopt;
}

void S3Tracker::note_proof(const Upload& /*upload*/, SourceProof proof) {
  if (manifest_) manifest_->proof = weaker(manifest_->proof.value_or(proof), proof);
}

Task<Result<std::optional<UploadedPart>>> S3Tracker::find(const Upload& upload, std::uint32_t number) {
  if (!redelivered_) co_return std::nullopt;
  Result<PartPage> page = co_await s3_.list_parts(upload.task.key, upload.id, number - 1, context_, 1);
  if (!page) co_return passed(std::move(page));
  const PartPlan plan{
      .size = upload.task.blob.size, .part_bytes = upload.part_bytes, .part_count = upload.part_count};
  for (UploadedPart& part : page->parts) {
    if (part.number == number && part.size == plan.range(number).size && part.crc)
      co_return std::optional(std::move(part));
  }
  co_return std::nullopt;
}

Task<Result<bool>> S3Tracker::add(const Upload& upload, const UploadedPart& part) {
  if (part.number != upload.part_count) {
    Result<PartPage> last =
        co_await s3_.list_parts(upload.task.key, upload.id, upload.part_count - 1, context_, 1);
    if (!last) co_return passed(std::move(last));
    if (last->parts.empty()) co_return false;
  }
  std::uint32_t whole_up_to = 0;
  const auto in_a_row = [&whole_up_to](const UploadedPart& part) {
    if (part.number == whole_up_to + 1) whole_up_to = part.number;
    return part.number <= whole_up_to;
  };
  Result<> listed = co_await s3_.each_part(upload.task.key, upload.id, in_a_row, context_);
  if (!listed) co_return passed(std::move(listed));
  co_return whole_up_to == upload.part_count;
}

Task<Result<PartTracker::Parts>> S3Tracker::parts(const Upload& upload) {
  Parts all;
  const auto keep = [&all](const UploadedPart& part) {
    if (all.parts.empty() || part.number > all.parts.back().number) all.parts.push_back(part);
    return true;
  };
  Result<> listed = co_await s3_.each_part(upload.task.key, upload.id, keep, context_);
  if (!listed) co_return passed(std::move(listed));
  const UtcTime now = context_.clock.utc();
  const UtcTime created = manifest_ ? std::min(manifest_->created, now) : now;
  all.begun = context_.clock.now() - (now - created);
  all.proof = manifest_ ? manifest_->proof.value_or(SourceProof::none) : SourceProof::none;
  co_return all;
}

bool S3Tracker::is_open(const Upload& upload) const {
  return manifest_ && manifest_->upload.id == upload.id;
}

bool S3Tracker::end(const Upload& /*upload*/) {
  return std::exchange(manifest_, std::nullopt).has_value();
}

Task<Result<bool>> S3Tracker::ended_elsewhere(const Upload& upload) {
  if (taken_for_open_) co_return false;  // its manifest was gone before
  const Result<Manifest> looked = co_await look(upload);
  manifest_.reset();
  if (!looked) co_return std::unexpected<Error>(looked.error());
  co_return *looked != Manifest::names_it;
}

}  // namespace azs3copy
