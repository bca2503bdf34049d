// sweep.cpp: abandoned uploads.
#include "hosts/local/sweep.hpp"

#include <algorithm>

#include "stages/upload_end.hpp"

namespace azs3copy {

Task<Result<>> sweep_uploads(Stage& stage, const std::vector<Container>& containers, const Context& context) {
  Result<std::vector<UploadManifest>> manifests = co_await stage.ledger.list_manifests(context);
  if (!manifests) co_return passed(std::move(manifests));
  const KeyMapping& mapping = stage.rules.mapping;
  for (const UploadManifest& manifest : *manifests) {
    const Key& key = manifest.upload.task.key;
    const Blob& blob = manifest.upload.task.blob;
    const bool here = manifest.bucket == stage.s3.bucket() && manifest.endpoint == stage.s3_origin &&
                      key.view().starts_with(mapping.key_prefix()) &&
                      std::find(containers.begin(), containers.end(), blob.container) != containers.end() &&
                      mapping.relative_name(blob.name) &&
                      manifest.source_account == stage.azure.account().name.str();
    if (!here || manifest.run == stage.run || stage.ledger.is_running(manifest.run)) continue;
    if (Result<> aborted = co_await abort_recorded_upload(stage.s3, manifest, context); !aborted)
      co_return aborted;
    if (Result<> removed = co_await stage.ledger.remove_manifest(manifest.bucket, key, context); !removed) {
      co_return removed;
    }
    stage.reporter.log("info", "upload_swept", key.str());
  }
  co_return Result<>{};
}

}  // namespace azs3copy
