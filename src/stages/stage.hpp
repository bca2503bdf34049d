// stage.hpp: what every stage is given by its host. A stage knows no host: it reads from Azure, writes to S3,
// publishes messages on a Bus, and reports each blob's end once. Start here to read the six stages.
//
//   launch_qualification -> find_blobs -> download (small)
//                                      -> largefile_initialize -> largefile_part x N -> largefile_recombine
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "aws/s3_client.hpp"
#include "azure/blob_client.hpp"
#include "core/sync.hpp"
#include "ledger/ledger.hpp"
#include "messages/record.hpp"
#include "messages/work.hpp"
#include "net/limiter.hpp"
#include "plan/compare.hpp"
#include "plan/filter.hpp"
#include "plan/key_mapping.hpp"
#include "plan/part_plan.hpp"
#include "stages/breaker.hpp"

namespace azs3copy {

// A body up to this size is read whole before it is written, with its CRC in a signed header. In bytes.
inline constexpr std::uint64_t whole_body_bytes_max = 256 * KiB;
// Of a longer body this much is in memory at a time.
inline constexpr std::size_t ring_bytes = 64 * KiB;
// How often a blob that changes under our hands is planned again.
inline constexpr int replans_max = 3;
// Blobs that travel together, and bytes after which a batch is sent on though it has room.
inline constexpr std::size_t batch_blobs_max = 100;
inline constexpr std::uint64_t batch_bytes_max = 256 * MiB;

// The rules of the copy; the same for every blob of a run.
struct CopyRules {
  KeyMapping mapping;
  CompareOptions compare;
  std::uint64_t part_threshold = part_threshold_default;  // bytes
  std::uint64_t part_bytes = part_threshold_default;      // wish, bytes
  VerifySource verify_source = VerifySource::when_offered;
  std::string storage_class;
  std::string sse;
  std::string sse_kms_key_id;
  bool bucket_key = true;
  bool drop_large_metadata = false;  // copy a blob whose metadata S3 has no room for without it
  RetryPolicy retry;                 // of one range or one small blob
  bool dry_run = false;
};

// Where stages send work on. Local: channels. Lambda: SNS topics.
class Bus {
 public:
  virtual ~Bus() = default;
  virtual Task<Result<>> publish(FindBlobs work) = 0;
  virtual Task<Result<>> publish(CopyBatch batch) = 0;
  virtual Task<Result<>> publish(LargeFile file) = 0;
  virtual Task<Result<>> publish(PartTask part) = 0;
  virtual Task<Result<>> publish(Recombine recombine) = 0;
  // find_blobs is about to publish a page's work.
  virtual Task<Result<>> announce(Tally to_copy) = 0;
  // find_blobs has published all that lies before `rest`. A host whose messages are delivered again keeps it:
  // once this returns, a second delivery may begin with `rest`.
  virtual Task<Result<>> checkpoint(const FindBlobs& rest) = 0;
};

// Who knows which parts of an upload have arrived. Local: memory. Lambda: ListParts. Thread-safe.
class PartTracker {
 public:
  virtual ~PartTracker() = default;
  // The upload is open; `done` arrived in an earlier run, with `proof` as the weakest of them.
  virtual Task<Result<>> begin(const Upload& upload, std::vector<UploadedPart> done,
                               std::optional<SourceProof> proof) = 0;
  // The weakest proof of a part that the manifest is known to tell of; nothing: not known.
  virtual std::optional<SourceProof> noted_proof(const Upload& upload) const = 0;
  virtual void note_proof(const Upload& upload, SourceProof proof) = 0;  // the manifest tells it now
  // The part, where an earlier delivery of its message has uploaded it; nothing otherwise.
  virtual Task<Result<std::optional<UploadedPart>>> find(const Upload& upload, std::uint32_t number) = 0;
  // True for exactly one caller: the one that made the list whole.
  virtual Task<Result<bool>> add(const Upload& upload, const UploadedPart& part) = 0;
  // All parts in order of number, and the weakest proof among them.
  struct Parts {
    std::vector<UploadedPart> parts;
    SourceProof proof = SourceProof::none;
    Steady::time_point begun;
  };
  virtual Task<Result<Parts>> parts(const Upload& upload) = 0;
  virtual bool is_open(const Upload& upload) const = 0;
  // True for exactly one caller of this process. From then on `is_open` is false and the parts still queued are
  // dropped.
  virtual bool end(const Upload& upload) = 0;
  // True where another process has ended the upload: then that one tells of the blob.
  virtual Task<Result<bool>> ended_elsewhere(const Upload& upload) = 0;
};

// Where each blob's end goes: the ledger, the counters, the user. Thread-safe.
class Reporter {
 public:
  virtual ~Reporter() = default;
  // A page of the source has been looked at: its blobs before any filter, and its folders among what the filters
  // select. A folder is nothing to copy: it has no record and counts as nothing else.
  virtual void listed(std::uint64_t blobs, std::uint64_t folders) = 0;
  virtual void found(const Blob& blob) = 0;       // selected by the filters
  virtual void planned(std::uint64_t bytes) = 0;  // will be moved
  virtual void moved(std::int64_t bytes) = 0;     // went to S3; negative: in vain
  virtual void already_there(
      std::uint64_t bytes) = 0;                        // planned, and found to have arrived in an earlier run
  virtual void ended(const ObjectRecord& record) = 0;  // exactly once a blob
  virtual void would_copy(const CopyTask& task) = 0;   // dry run
  virtual void log(std::string_view level, std::string_view event, std::string text) = 0;
  // No new work is begun once this is true: it is published again instead, for another worker or, where the
  // bus is closed, for nobody. What is under way goes on.
  virtual bool stopping() const = 0;
};

// Everything at hand. One per loop; the shared parts behind the references are thread-safe.
struct Stage {
  BlobClient& azure;
  S3Client& s3;
  Bus& bus;
  PartTracker& tracker;
  Reporter& reporter;
  Ledger& ledger;
  Slots& slots;  // one a stream
  Breaker& breaker;
  const CopyRules& rules;
  const Filter& filter;
  RunId run;
  std::string s3_origin;                // for manifests: whose upload it is
  LimitedTransport* limiter = nullptr;  // that both clients send through; nullptr: there are no limits
};

// ---- The six stages. ----
// Each reports failures of blobs as records; a Result's error is one that ends the run, or of find_blobs that
// its container could not be listed (ends_container_only).

Task<Result<>> launch_qualification(Launch launch, Stage& stage, const Context& context);
Task<Result<>> find_blobs(FindBlobs work, Stage& stage, const Context& context);
Task<Result<>> download(CopyBatch batch, Stage& stage, const Context& context);
Task<Result<>> largefile_initialize(LargeFile file, Stage& stage, const Context& context);
Task<Result<>> largefile_part(PartTask task, Stage& stage, const Context& context);
Task<Result<>> largefile_recombine(Recombine work, Stage& stage, const Context& context);

}  // namespace azs3copy
