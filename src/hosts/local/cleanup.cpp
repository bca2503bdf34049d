// cleanup.cpp: `azs3copy cleanup`: aborts the open uploads that our manifests name, and no other.
#include "hosts/local/ends.hpp"
#include "hosts/local/run.hpp"
#include "stages/upload_end.hpp"

namespace azs3copy {

namespace {

class Cleanup {
 public:
  Cleanup(const RunOptions& options, const CleanupOptions& cleanup,
          const std::function<void(const CleanupRow&)>& on_row, std::stop_token stop)
      : options_(options), cleanup_(cleanup), on_row_(on_row), stop_(std::move(stop)) {}

  CleanupResult run() {
    if (Result<> done = run_all(); !done) result_.fatal = std::move(done.error());
    return std::move(result_);
  }

 private:
  Result<> run_all() {
    const auto now = std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
    Result<std::unique_ptr<LocalLedger>> ledger =
        LocalLedger::open_manifests(options_.state_folder, s3_origin(options_));
    if (!ledger) return passed(std::move(ledger));
    Result<std::shared_ptr<TlsContext>> tls = tls_of(options_);
    if (!tls) return passed(std::move(tls));
    Result<std::unique_ptr<Worker>> worker = Worker::make(options_, *tls, 0, 1);
    if (!worker) return passed(std::move(worker));
    return run_on((*worker)->loop, clean(**worker, **ledger, now));
  }

  bool concerns(const UploadManifest& manifest, UtcTime now) const {
    return manifest.bucket == options_.destination.bucket && manifest.endpoint == s3_origin(options_) &&
           manifest.upload.task.key.view().starts_with(mapping_of(options_).key_prefix()) &&
           now - manifest.created >= cleanup_.age_min;
  }

  Task<Result<>> clean(Worker& worker, LocalLedger& ledger, UtcTime now) {
    const Context context{.clock = worker.loop, .stop = stop_};
    Result<std::vector<UploadManifest>> manifests = co_await ledger.list_manifests(context);
    if (!manifests) co_return passed(std::move(manifests));
    for (const UploadManifest& manifest : *manifests) {
      if (!concerns(manifest, now)) continue;
      if (Result<> go = context.check(); !go) co_return go;
      CleanupRow row{
          .key = manifest.upload.task.key, .upload = manifest.upload.id, .created = manifest.created};
      row.outcome = co_await clean_one(worker, ledger, manifest, context);
      on_row_(row);
    }
    co_return Result<>{};
  }

  Task<std::string> clean_one(Worker& worker, LocalLedger& ledger, const UploadManifest& manifest,
                              const Context& context) {
    if (ledger.is_running(manifest.run)) co_return "in use by a run that is still working";
    if (manifest.upload.id.empty()) {
      // Its upload may be open, without a part: no listing tells it from another program's.
      Result<> removed = cleanup_.dry_run ? Result<>{}
                                          : co_await ledger.remove_manifest(
                                                manifest.bucket, manifest.upload.task.key, context);
      if (!removed) ++result_.failed;
      co_return removed ? "nothing to abort: its upload id never arrived" : removed.error().to_line();
    }
    if (cleanup_.dry_run) co_return "would abort";
    Result<> done = co_await abort_recorded_upload(*worker.s3, manifest, context);
    if (done) done = co_await ledger.remove_manifest(manifest.bucket, manifest.upload.task.key, context);
    if (!done) {
      ++result_.failed;
      co_return done.error().to_line();
    }
    ++result_.aborted;
    co_return "aborted";
  }

  const RunOptions& options_;
  CleanupOptions cleanup_;
  const std::function<void(const CleanupRow&)>& on_row_;
  std::stop_token stop_;
  CleanupResult result_;
};

}  // namespace

CleanupResult run_cleanup(const RunOptions& options, const CleanupOptions& cleanup,
                          const std::function<void(const CleanupRow&)>& on_row, std::stop_token stop) {
  return Cleanup(options, cleanup, on_row, std::move(stop)).run();
}

}  // namespace azs3copy
