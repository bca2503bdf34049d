// ledger.hpp: what outlives a process: the run's records, and the manifests of open uploads.
//
// Two homes: a folder (local runs) and, for the Lambda functions, the bucket (s3_ledger.hpp, run_store.hpp).
// LocalLedger's folder:
//
//   <state>/runs/<run>/run.json        configuration without secrets, totals, versions; rewritten at the end
//   <state>/runs/<run>/objects.jsonl   one ObjectRecord a line
//   <state>/runs/<run>/lock            held while the run's process lives; removed once run.json has the run's end
//   <state>/uploads/<hash of endpoint, bucket and key>.json
//                                      one UploadManifest; gone when its upload is completed or aborted
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.hpp"
#include "core/names.hpp"
#include "messages/record.hpp"
#include "messages/work.hpp"

namespace azs3copy {

// Written before the upload is opened (id empty: an intent) and again with its id, so that a process killed
// in between leaves a trace to find the upload by.
struct UploadManifest {
  RunId run;
  std::string endpoint;  // of S3, as its origin; "" for AWS's own
  Bucket bucket;
  std::string source_account;
  Upload upload;  // id empty while it is an intent
  UtcTime created{};
  std::optional<SourceProof> proof;  // the weakest of the parts so far; nothing before the first
};

// The name of an upload's manifest, "<hash>.json". A NUL is in none of the three, so they cannot run together.
std::string manifest_name(std::string_view endpoint, const Bucket& bucket, const Key& key);
// The manifest found under that name, refused where it is another's: ErrorKind::corrupt.
Result<> check_manifest_is_of(const UploadManifest& manifest, std::string_view endpoint, const Bucket& bucket,
                              const Key& key);
std::string to_json(const UploadManifest& manifest);
// ErrorKind::protocol where the text is no manifest, unsupported where another version wrote it.
Result<UploadManifest> upload_manifest_from_json(std::string_view text);

// The seam to where manifests live: what the stages need of a ledger. Records go there through the Reporter.
// Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;
  // Durable when it returns. ErrorKind::conflict if another run that still works has saved one for this key.
  virtual Task<Result<>> save_manifest(const UploadManifest& manifest, const Context& context) = 0;
  // Nothing where there is none. A manifest that cannot be read is an error that names it: taken for none, it
  // would leave its upload open for ever.
  virtual Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket& bucket, const Key& key,
                                                                    const Context& context) = 0;
  // The manifest says from now on that a part is proved no better than `proof`; of several at a time the
  // weakest stays. Durable when it returns. Success also where there is no manifest.
  virtual Task<Result<>> weaken_proof(const Bucket& bucket, const Key& key, SourceProof proof,
                                      const Context& context) = 0;
  // Success also where there is none.
  virtual Task<Result<>> remove_manifest(const Bucket& bucket, const Key& key, const Context& context) = 0;
  // Of all endpoints and buckets.
  virtual Task<Result<std::vector<UploadManifest>>> list_manifests(const Context& context) = 0;
  // True while the process of that run lives; its uploads are not another run's to abort.
  virtual bool is_running(const RunId& run) const = 0;
};

// Of a blob that another run copies: ErrorKind::conflict.
Error in_use_by(const RunId& run);

// $AZS3COPY_STATE_DIR, else $XDG_STATE_HOME/azs3copy, else ~/.local/state/azs3copy;
// "" where there is no home either.
std::string default_state_folder();

// The states in run.json. A run whose process was killed says `running` until the next command that opens the
// state folder makes it `interrupted`.
inline constexpr std::string_view run_state_running = "running";
inline constexpr std::string_view run_state_interrupted = "interrupted";

// Makes the folders, open to nobody else. A folder that cannot be made or written is an error naming it. Its
// Tasks never wait: they do their I/O before they return. The first failed write of a record ends the writing
// of records, so that no line follows half a line; every flush then returns that error.
class LocalLedger final : public Ledger {
 public:
  static Result<std::unique_ptr<LocalLedger>> open(std::string state_folder, RunId run,
                                                   std::string s3_endpoint);
  // The manifests alone, for commands that keep no records: append and write_run_json must not be called.
  static Result<std::unique_ptr<LocalLedger>> open_manifests(std::string state_folder,
                                                             std::string s3_endpoint);
  ~LocalLedger() override;

  const std::string& run_folder() const;
  // Atomically replaces run.json.
  Result<> write_run_json(std::string_view json);
  // The same at the run's end: also when the disk is full, or no descriptor is left, by what `open` has reserved.
  Result<> write_last_run_json(std::string_view json);

  // Buffered; on disk at flush. Errors come back from flush.
  void append(const ObjectRecord& record);
  Task<Result<>> flush(const Context& context);

  Task<Result<>> save_manifest(const UploadManifest& manifest, const Context& context) override;
  Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket& bucket, const Key& key,
                                                            const Context& context) override;
  Task<Result<>> weaken_proof(const Bucket& bucket, const Key& key, SourceProof proof,
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

// Gives each record of an objects.jsonl to `take`, in order, and returns how many there were. A last line
// that a kill cut short is left out; any other line that is no record is an error naming file and line.
Result<std::uint64_t> read_records(const std::string& path, const std::function<void(ObjectRecord)>& take);

// "20261123T074210Z-7f3a": the start time and four random hex digits.
RunId new_run_id(UtcTime now);

}  // namespace azs3copy
