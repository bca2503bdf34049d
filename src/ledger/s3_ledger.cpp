// s3_ledger.cpp: see s3_ledger.hpp.
#include "ledger/s3_ledger.hpp"

namespace azs3copy {

namespace {

constexpr std::string_view folder = "uploads/";
// Each round lost means that another function has written: a few are many.
constexpr int rounds_max = 20;

Result<UploadManifest> read_manifest(const SmallObject& object, const std::string& name) {
  Result<UploadManifest> manifest = upload_manifest_from_json(object.body);
  if (manifest) return manifest;
  Error& error = manifest.error();
  if (error.kind != ErrorKind::unsupported) error.kind = ErrorKind::corrupt;
  error.subject = name;
  error.message = "the manifest of an open upload cannot be read: " + error.message;
  error.advice = "Remove this object of the state prefix: the blob is then copied from its start.";
  return manifest;
}

std::unexpected<Error> overtaken_again_and_again(std::string_view operation, const std::string& name) {
  return failed(Error{.kind = ErrorKind::conflict,
                      .retry = RetryVerdict::later,
                      .message = "the manifest is written by others again and again"},
                operation, name);
}

// Somebody else wrote first: 412, 409 ConditionalRequestConflict, or 404 where it was removed.
bool is_overtaken(const Error& error) {
  return error.kind == ErrorKind::changed || error.kind == ErrorKind::conflict ||
         error.service_code == "NoSuchKey";
}

}  // namespace

std::string S3Ledger::name_of(const Bucket& bucket, const Key& key) const {
  return std::string(folder) + manifest_name(endpoint_, bucket, key);
}

Task<Result<>> S3Ledger::save_manifest(const UploadManifest& manifest, const Context& context) {
  constexpr std::string_view operation = "save the upload's manifest";
  const std::string name = name_of(manifest.bucket, manifest.upload.task.key);
  WriteCondition condition;
  if (const auto seen = seen_.find(name); seen != seen_.end()) {
    condition = {.if_absent = seen->second.etag.empty(), .if_match = seen->second.etag};
  }
  Result<ETag> saved = co_await store_.put(name, to_json(manifest), condition, context);
  if (!saved && is_overtaken(saved.error())) {
    co_return failed(Error{.kind = ErrorKind::conflict,
                           .retry = RetryVerdict::later,
                           .message = "another delivery of this work opens the same upload"},
                     operation, manifest.upload.task.key.view());
  }
  if (!saved) co_return failed(std::move(saved), operation);
  seen_.insert_or_assign(name, Seen{.etag = std::move(*saved), .upload = manifest.upload.id});
  co_return Result<>{};
}

Task<Result<std::optional<UploadManifest>>> S3Ledger::find_manifest(const Bucket& bucket, const Key& key,
                                                                    const Context& context) {
  constexpr std::string_view operation = "find the upload's manifest";
  const std::string name = name_of(bucket, key);
  Result<std::optional<SmallObject>> object = co_await store_.get(name, context);
  if (!object) co_return failed(std::move(object), operation);
  Seen& seen = seen_[name] = {};
  if (!*object) co_return std::nullopt;
  seen.etag = (*object)->etag;
  Result<UploadManifest> manifest = read_manifest(**object, name);
  if (!manifest) co_return failed(std::move(manifest), operation);
  if (Result<> own = check_manifest_is_of(*manifest, endpoint_, bucket, key); !own)
    co_return failed(std::move(own), operation, name);
  seen_[name].upload = manifest->upload.id;
  co_return std::optional(std::move(*manifest));
}

Task<Result<>> S3Ledger::weaken_proof(const Bucket& bucket, const Key& key, SourceProof proof,
                                      const Context& context) {
  constexpr std::string_view operation = "note how the source is proved";
  const std::string name = name_of(bucket, key);
  for (int round = 0; round < rounds_max; ++round) {
    Result<std::optional<SmallObject>> object = co_await store_.get(name, context);
    if (!object) co_return failed(std::move(object), operation);
    if (!*object) co_return Result<>{};
    Result<UploadManifest> manifest = read_manifest(**object, name);
    if (!manifest) co_return failed(std::move(manifest), operation);
    const SourceProof weakest = weaker(manifest->proof.value_or(proof), proof);
    if (manifest->proof == weakest) co_return Result<>{};
    manifest->proof = weakest;
    Result<ETag> saved =
        co_await store_.put(name, to_json(*manifest), {.if_match = (*object)->etag}, context);
    if (saved) co_return Result<>{};
    if (!is_overtaken(saved.error())) co_return failed(std::move(saved), operation);
  }
  co_return overtaken_again_and_again(operation, name);
}

Task<Result<>> S3Ledger::remove_manifest(const Bucket& bucket, const Key& key, const Context& context) {
  constexpr std::string_view operation = "remove the upload's manifest";
  const std::string name = name_of(bucket, key);
  std::optional<UploadId> ours;
  if (const auto seen = seen_.find(name); seen != seen_.end()) ours = seen->second.upload;
  for (int round = 0; round < rounds_max; ++round) {
    Result<std::optional<UploadManifest>> found = co_await find_manifest(bucket, key, context);
    if (!found) co_return failed(std::move(found), operation);
    if (!*found) co_return Result<>{};
    if (!ours) ours = (*found)->upload.id;
    if ((*found)->upload.id != *ours) co_return Result<>{};
    Result<> removed = co_await store_.remove(name, seen_[name].etag, context);
    if (removed) {
      seen_.erase(name);
      co_return Result<>{};
    }
    if (!is_overtaken(removed.error())) co_return failed(std::move(removed), operation);
  }
  co_return overtaken_again_and_again(operation, name);
}

Task<Result<std::vector<UploadManifest>>> S3Ledger::list_manifests(const Context& context) {
  constexpr std::string_view operation = "list the manifests";
  Result<std::vector<StateStore::Entry>> entries = co_await store_.list(std::string(folder), context);
  if (!entries) co_return failed(std::move(entries), operation);
  std::vector<UploadManifest> manifests;
  for (const StateStore::Entry& entry : *entries) {
    Result<std::optional<SmallObject>> object = co_await store_.get(entry.name, context);
    if (!object) co_return failed(std::move(object), operation);
    if (!*object) continue;  // completed since it was listed
    Result<UploadManifest> manifest = read_manifest(**object, entry.name);
    if (!manifest) co_return failed(std::move(manifest), operation);
    manifests.push_back(std::move(*manifest));
  }
  co_return manifests;
}

bool S3Ledger::is_running(const RunId& /*run*/) const {
  return false;
}

}  // namespace azs3copy
