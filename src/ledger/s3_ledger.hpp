// s3_ledger.hpp: the manifests of open uploads in the bucket itself: uploads/<hash>.json.
#pragma once

#include <map>

#include "ledger/ledger.hpp"
#include "ledger/state_store.hpp"

namespace azs3copy {

// Of one bucket, for one message. Others use the same manifests at the same time: what this one has looked
// for it writes only if nobody wrote in between (ErrorKind::conflict, to be tried again later), so that of two
// deliveries of a message only one opens an upload.
class S3Ledger final : public Ledger {
 public:
  // `endpoint`: of S3, as the manifests have it.
  S3Ledger(StateStore& store, std::string endpoint) : store_(store), endpoint_(std::move(endpoint)) {}

  Task<Result<>> save_manifest(const UploadManifest& manifest, const Context& context) override;
  Task<Result<std::optional<UploadManifest>>> find_manifest(const Bucket& bucket, const Key& key,
                                                            const Context& context) override;
  Task<Result<>> weaken_proof(const Bucket& bucket, const Key& key, SourceProof proof,
                              const Context& context) override;
  // One that names another upload than the one seen here is somebody else's by now, and stays.
  Task<Result<>> remove_manifest(const Bucket& bucket, const Key& key, const Context& context) override;
  Task<Result<std::vector<UploadManifest>>> list_manifests(const Context& context) override;
  // Nobody else's: launch_qualification begins no run while another works, and after a run's time limit what
  // it left is taken over.
  bool is_running(const RunId& run) const override;

 private:
  std::string name_of(const Bucket& bucket, const Key& key) const;

  StateStore& store_;
  std::string endpoint_;
  // A manifest as this ledger has found or written it last; both empty: there was none.
  struct Seen {
    ETag etag;
    UploadId upload;
  };
  std::map<std::string, Seen> seen_;  // by name
};

}  // namespace azs3copy
