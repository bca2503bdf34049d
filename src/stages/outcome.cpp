// outcome.cpp: attributes of objects, and the ends of blobs that were not copied.
#include "stages/outcome.hpp"

#include <fmt/format.h>

#include "aws/s3_headers.hpp"
#include "azure/azure_error.hpp"
#include "codec/time.hpp"

namespace azs3copy {

ObjectAttributes encryption_attributes(const CopyRules& rules) {
  return {.sse = rules.sse,
          .sse_kms_key_id = rules.sse_kms_key_id,
          .bucket_key = rules.bucket_key && rules.sse.starts_with("aws:kms")};
}

ObjectAttributes object_attributes(Stage& stage, const Blob& blob, const BlobProperties& properties) {
  ObjectAttributes attributes = encryption_attributes(stage.rules);
  attributes.headers = properties.headers;
  attributes.storage_class = stage.rules.storage_class;
  Metadata& metadata = attributes.metadata;
  metadata = properties.metadata;
  const std::size_t bytes = user_metadata_bytes(metadata);
  if (stage.rules.drop_large_metadata && bytes > user_metadata_bytes_max) {
    metadata.clear();
    stage.reporter.log("warning", "metadata_dropped",
                       fmt::format("{}: {} bytes of metadata are left out; S3 takes {}", blob.name, bytes,
                                   user_metadata_bytes_max));
  }
  // The blob's own metadata comes first: what says which version was copied is added as far as S3 has room.
  for (auto& [name, value] : {std::pair(metadata_source_etag, blob.etag.str()),
                              std::pair(metadata_source_mtime, to_iso8601(blob.last_modified))}) {
    metadata.emplace_back(name, value);
    if (user_metadata_bytes(metadata) > user_metadata_bytes_max) metadata.pop_back();
  }
  return attributes;
}

bool is_passing(const Error& error) {
  switch (error.kind) {
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
    case ErrorKind::connection:
    case ErrorKind::cancelled:
      return true;
    case ErrorKind::conflict:  // some of Azure's 409 stay as they are
      return error.retry != RetryVerdict::never;
    default:
      return false;
  }
}

bool ends_the_run(const Error& error) {
  if (error.kind == ErrorKind::credentials) return true;
  return error.kind == ErrorKind::not_found &&
         (error.service_code == "NoSuchBucket" || error.service_code.starts_with("Container"));
}

ObjectRecord record_of_error(const CopyTask& task, Error error) {
  ObjectRecord record{.outcome = Outcome::failed, .blob = task.blob, .key = task.key};
  const bool customer_key = error.service_code == blob_uses_customer_key;
  if (error.kind == ErrorKind::archived || customer_key) {
    record.outcome = Outcome::skipped;
    record.reason = customer_key                                  ? reason_customer_key
                    : error.service_code == "BlobBeingRehydrated" ? reason_rehydrating
                                                                  : reason_archived;
    return record;
  }
  if (error.service_code == "BlobNotFound" || error.service_code == "ResourceNotFound") {
    error.message = "vanished: deleted after it was listed";
    error.advice = "Run the same command again if it should be there.";
  }
  record.attempts = error.attempts;
  record.duration = error.elapsed;
  record.error = std::move(error);
  return record;
}

Result<> end_with_error(Stage& stage, const CopyTask& task, Error error) {
  if (error.kind == ErrorKind::cancelled || is_machine_failure(error))
    return std::unexpected<Error>(std::move(error));
  const std::string_view relative =
      stage.rules.mapping.relative_name(task.blob.name).value_or(task.blob.name.view());
  std::optional<Error> end =
      stage.breaker.gave_up(error, {.container = task.blob.container, .relative_name = relative});
  stage.reporter.ended(record_of_error(task, std::move(error)));
  if (end) return std::unexpected<Error>(std::move(*end));
  return {};
}

bool ends_container_only(const Stage& stage, const Error& error) {
  return error.kind != ErrorKind::cancelled && !is_machine_failure(error) && !stage.breaker.tripped();
}

void note_success(Stage& stage, Operation operation) {
  if (stage.breaker.succeeded(operation))
    stage.reporter.log("info", "service_back", "requests succeed again");
}

Task<bool> try_again(Stage& stage, Retrier& retrier, Error& error, std::string_view subject) {
  const std::optional<Operation> operation = operation_of(error);
  if (!operation) co_return co_await retrier.again(error);
  if (stage.breaker.attempt_failed(error, subject))
    stage.reporter.log("info", "service_away", stage.breaker.waiting_text() + ": " + error.to_line());
  Breaker::Gate gate(stage.breaker, *operation);
  co_return co_await retrier.again(error, &gate);
}

Task<Result<>> check_unchanged(Stage& stage, const CopyTask& task, const Context& context) {
  const Result<BlobProperties> now =
      co_await stage.azure.properties(task.blob.container, task.blob.name, context);
  if (!now) co_return std::unexpected<Error>(now.error());
  if (now->blob.etag == task.blob.etag) co_return Result<>{};
  co_return fail(ErrorKind::changed, "the blob changed while it was copied", task.blob.name.view());
}

Task<Result<CopyTask>> plan_again(Stage& stage, CopyTask task, int replans, const Context& context) {
  if (replans >= replans_max) {
    auto error = fail(ErrorKind::changed, "changed during copy, again and again", task.blob.name.view(),
                      "Copy it when its writer is done.");
    error.error().attempts = replans + 1;
    co_return error;
  }
  Result<BlobProperties> now = co_await stage.azure.properties(task.blob.container, task.blob.name, context);
  if (!now) co_return passed(std::move(now));
  task.blob = std::move(now->blob);
  stage.reporter.log("info", "blob_changed", task.blob.name.str());
  co_return task;
}

}  // namespace azs3copy
