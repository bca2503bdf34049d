// run_reporter.cpp: counting and grouping by cause.
#include "hosts/local/run_reporter.hpp"

#include <fmt/format.h>

namespace azs3copy {

namespace {

constexpr std::size_t names_kept_max = 10;

std::string size_text(std::uint64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.3g} {}", value, units[unit]);
}

}  // namespace

void RunReporter::listed(std::uint64_t blobs, std::uint64_t folders) {
  listed_.fetch_add(blobs, std::memory_order_relaxed);
  folders_.fetch_add(folders, std::memory_order_relaxed);
}

void RunReporter::found(const Blob& blob) {
  found_.add(blob.size);
}

void RunReporter::planned(std::uint64_t bytes) {
  planned_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void RunReporter::moved(std::int64_t bytes) {
  moved_bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void RunReporter::already_there(std::uint64_t bytes) {
  planned_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

void RunReporter::ended(const ObjectRecord& record) {
  ended_[static_cast<std::size_t>(record.outcome)].add(record.blob.size);
  if (record.outcome == Outcome::copied) {
    confirmations_[static_cast<std::size_t>(record.confirmed)].fetch_add(1, std::memory_order_relaxed);
    if (record.confirmed != Confirmation::none)
      proofs_[static_cast<std::size_t>(record.proof)].fetch_add(1, std::memory_order_relaxed);
  }
  if (ledger_ != nullptr) ledger_->append(record);
  if (record.outcome == Outcome::unchanged) return;
  const std::lock_guard lock(mutex_);
  if (record.outcome != Outcome::copied) remember(record);
  observer_.on_record(record);
}

void RunReporter::remember(const ObjectRecord& record) {
  causes_.add(record);
}

void RunReporter::would_copy(const CopyTask& task) {
  const std::lock_guard lock(mutex_);
  ended_[static_cast<std::size_t>(Outcome::copied)].add(task.blob.size);
  const bool large = route(task.blob.size, rules_->part_threshold) == Route::large;
  if (large) ++would_copy_large_;
  if (would_copy_.size() >= names_kept_max) return;
  std::string parts;
  if (large) {
    if (const auto plan = plan_parts(task.blob.size, rules_->part_bytes)) {
      parts = fmt::format(", {} parts of {}", plan->part_count, size_text(plan->part_bytes));
    }
  }
  would_copy_.push_back(fmt::format("{} ({}{}) -> s3://{}/{}", task.blob.name, size_text(task.blob.size),
                                    parts, destination_, task.key));
}

void RunReporter::log(std::string_view level, std::string_view event, std::string text) {
  const std::lock_guard lock(mutex_);
  observer_.on_log(level, event, text);
}

void RunReporter::fatal(Error error) {
  stop();
  const std::lock_guard lock(mutex_);
  // What came of stopping says less than what made it stop.
  if (!fatal_ || fatal_->kind == ErrorKind::cancelled) fatal_ = std::move(error);
}

void RunReporter::not_listed(Container container, Error error) {
  const std::lock_guard lock(mutex_);
  observer_.on_log("warning", "not_listed", error.to_line());
  not_listed_.push_back({.container = std::move(container), .error = std::move(error)});
}

bool RunReporter::knows_all() const {
  const std::lock_guard lock(mutex_);
  return not_listed_.empty();
}

std::optional<Error> RunReporter::take_fatal() {
  const std::lock_guard lock(mutex_);
  return std::exchange(fatal_, std::nullopt);
}

void RunReporter::fill(Progress& progress) const {
  progress.listed = listed_.load(std::memory_order_relaxed);
  progress.folders = folders_.load(std::memory_order_relaxed);
  progress.found = found_.load();
  progress.copied = ended_[static_cast<std::size_t>(Outcome::copied)].load();
  progress.unchanged = ended_[static_cast<std::size_t>(Outcome::unchanged)].load();
  progress.skipped = ended_[static_cast<std::size_t>(Outcome::skipped)].load();
  progress.failed = ended_[static_cast<std::size_t>(Outcome::failed)].load();
  progress.bytes_moved = static_cast<std::uint64_t>(std::max<std::int64_t>(0, moved_bytes_));
  progress.bytes_planned = planned_bytes_.load(std::memory_order_relaxed);
}

void RunReporter::fill(RunSummary& summary) const {
  fill(summary.totals);
  summary.unverified = proofs_[static_cast<std::size_t>(SourceProof::none)].load();
  summary.verified_md5 = proofs_[static_cast<std::size_t>(SourceProof::content_md5)].load();
  summary.verified_crc64 = proofs_[static_cast<std::size_t>(SourceProof::crc64)].load();
  summary.unconfirmed = confirmations_[static_cast<std::size_t>(Confirmation::none)].load();
  summary.confirmed_md5 = confirmations_[static_cast<std::size_t>(Confirmation::md5)].load();
  const std::lock_guard lock(mutex_);
  summary.not_copied = causes_.list();
  summary.not_listed = not_listed_;
  summary.would_copy = would_copy_;
  summary.would_copy_large = would_copy_large_;
}

}  // namespace azs3copy
