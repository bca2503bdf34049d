// ledger.hpp: what outlives a process: the run's records, and the manifests of open uploads.
//
// Two homes: a folder (local runs) and, for the Lambda functions, the bucket. LocalLedger's folder:
//
//   <state>/runs/<run>/run.json        configuration without secrets, totals, versions; rewritten at the end
//   <state>/runs/<run>/objects.jsonl   one ObjectRecord a line
//   <state>/uploads/<hash of bucket and key>.json    one UploadManifest; gone when its upload is completed or aborted
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.hpp"
#include "core/names.hpp"
#include "messages/record.hpp"
#include "messages/work.hpp"

namespace azs3copy {

// Written before the upload is opened (id empty: an intent) and again with its id, so that a process killed in between
// leaves a trace to find the upload by.
struct UploadManifest {
  RunId run;
  std::string endpoint;  // of S3, as its origin; "" for AWS's own
  Bucket bucket;
  std::string source_account;
  Upload upload;         // id empty while it is an intent
  UtcTime created{};
  SourceProof proof = SourceProof::none;  // the weakest of the parts so far; none before the first
};

std::string to_json(const UploadManifest& manifest);
Result<UploadManifest> upload_manifest_from_json(std::string_view text);

// The seam to where records and manifests live. Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;
  // Buffered; on disk or sent at flush. Errors come back from flush.
  virtual void append(const ObjectRecord& record) = 0;
  virtual Task<Result<>> flush(const Context& context) = 0;

  // Durable when it returns.
  virtual Task<Result<>> save_manifest(const UploadManifest& manifest, const Context& context) = 0;
  virtual Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket& bucket, const Key& key,
                                                                    const Context& context) = 0;
  virtual Task<Result<>> remove_manifest(const Bucket& bucket, const Key& key, const Context& context) = 0;
  virtual Task<Result<std::vector<UploadManifest>>> list_manifests(const Context& context) = 0;
  // True while the process of that run lives; its uploads are not another run's to abort.
  virtual bool is_running(const RunId& run) const = 0;
};

// $AZS3COPY_STATE_DIR, else $XDG_STATE_HOME/azs3copy, else ~/.local/state/azs3copy.
std::string default_state_folder();

// Makes the folders. A folder that cannot be made or written is an error naming it.
class LocalLedger final : public Ledger {
 public:
  static Result<std::unique_ptr<LocalLedger>> open(std::string state_folder, RunId run, std::string s3_endpoint);
  // The manifests alone, for commands that keep no records: append and write_run_json must not be called.
  static Result<std::unique_ptr<LocalLedger>> open_manifests(std::string state_folder);
  ~LocalLedger() override;

  const std::string& run_folder() const;
  // Atomically replaces run.json.
  Result<> write_run_json(std::string_view json);

  void append(const ObjectRecord& record) override;
  Task<Result<>> flush(const Context& context) override;
  Task<Result<>> save_manifest(const UploadManifest& manifest, const Context& context) override;
  Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket& bucket, const Key& key,
                                                            const Context& context) override;
  Task<Result<>> remove_manifest(const Bucket& bucket, const Key& key, const Context& context) override;
  Task<Result<std::vector<UploadManifest>>> list_manifests(const Context& context) override;
  // By a lock that the system takes away with its process: <run folder>/lock, flock.
  bool is_running(const RunId& run) const override;

 private:
  struct State;
  explicit LocalLedger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// "20261123T074210Z-7f3a": the start time and four random hex digits.
RunId new_run_id(UtcTime now);

}  // namespace azs3copy
