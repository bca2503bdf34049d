// local_tracker.cpp: the bookkeeping of open uploads.
#include "hosts/local/local_tracker.hpp"

#include <algorithm>

namespace azs3copy {

Task<Result<>> LocalTracker::begin(const Upload& upload, std::vector<UploadedPart> done,
                                   std::optional<SourceProof> proof) {
  const std::lock_guard lock(mutex_);
  Open open{
      .name = upload.task.blob.name.str(), .bytes = upload.task.blob.size, .part_count = upload.part_count};
  if (!done.empty()) open.proof = proof;
  for (UploadedPart& part : done) {
    open.bytes_done += part.size;
    open.parts.emplace(part.number, std::move(part));
  }
  open.recombining = open.parts.size() == open.part_count;
  open_.insert_or_assign(upload.id, std::move(open));
  co_return Result<>{};
}

std::optional<SourceProof> LocalTracker::noted_proof(const Upload& upload) const {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(upload.id);
  return found == open_.end() ? std::nullopt : found->second.proof;
}

void LocalTracker::note_proof(const Upload& upload, SourceProof proof) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(upload.id);
  if (found == open_.end()) return;  // given up meanwhile
  found->second.proof = weaker(found->second.proof.value_or(proof), proof);
}

Task<Result<bool>> LocalTracker::add(const Upload& upload, const UploadedPart& part) {
  const std::lock_guard lock(mutex_);
  const auto found = open_.find(upload.id);
  if (found == open_.end()) co_return false;  // given up meanwhile
  Open& open = found->second;
  const bool is_new = open.parts.insert_or_assign(part.number, part).second;
  if (is_new) open.bytes_done += part.size;
  const bool whole = !open.recombining && open.parts.size() == open.part_count;
  if (whole) open.recombining = true;
  co_return whole;
}

Task<Result<PartTracker::Parts>> LocalTracker::parts(const Upload& upload) {
  const std::lock_guard lock(mutex_);
  Parts parts;
  const auto found = open_.find(upload.id);
  if (found == open_.end())
    co_return fail(ErrorKind::internal, "an upload that nobody began", upload.task.key.view());
  for (const auto& [number, part] : found->second.parts) parts.parts.push_back(part);
  parts.begun = found->second.begun;
  parts.proof = found->second.proof.value_or(SourceProof::none);
  co_return parts;
}

bool LocalTracker::is_open(const Upload& upload) const {
  const std::lock_guard lock(mutex_);
  return open_.contains(upload.id);
}

bool LocalTracker::end(const Upload& upload) {
  const std::lock_guard lock(mutex_);
  return open_.erase(upload.id) > 0;
}

std::vector<LargeProgress> LocalTracker::progress(std::size_t rows_max) const {
  std::vector<LargeProgress> rows;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, open] : open_) {
      rows.push_back({.name = open.name,
                      .bytes_done = open.bytes_done,
                      .bytes = open.bytes,
                      .parts_done = static_cast<std::uint32_t>(open.parts.size()),
                      .parts = open.part_count});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const LargeProgress& a, const LargeProgress& b) {
    return static_cast<double>(a.bytes_done) * static_cast<double>(b.bytes) >
           static_cast<double>(b.bytes_done) * static_cast<double>(a.bytes);
  });
  if (rows.size() > rows_max) rows.resize(rows_max);
  return rows;
}

std::size_t LocalTracker::open_count() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

}  // namespace azs3copy
