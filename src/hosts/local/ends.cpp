// ends.cpp: one look at each side.
#include "hosts/local/ends.hpp"

#include <fmt/format.h>

namespace azs3copy {

KeyMapping mapping_of(const RunOptions& options) {
  return {.source_prefix = options.source.prefix,
          .destination_prefix = options.destination.prefix,
          .container_in_key = options.source.container.empty(),
          .flatten = options.flatten};
}

std::string encryption_text(const RunOptions& options) {
  if (options.sse == "AES256") return "SSE-S3";
  if (options.sse.starts_with("aws:kms")) return options.bucket_key ? "SSE-KMS with bucket key" : "SSE-KMS";
  return "bucket default";
}

namespace {

// A service that does not answer at the start is reported soon: its address may be wrong.
constexpr seconds first_answer_max{20};

Task<Result<Ends>> reach_both(Worker& worker, const RunOptions& options, Context context) {
  Ends ends{.region = options.s3.region};
  Result<std::vector<Container>> containers = co_await reach_source(*worker.azure, options.source, context);
  if (!containers) co_return passed(std::move(containers));
  if (containers->empty()) {
    co_return fail(ErrorKind::not_found, "the account has no container", to_string(options.source),
                   "Check the account's name, and which containers the login may list.");
  }
  ends.containers = std::move(*containers);
  const std::string where = fmt::format("cannot use bucket \"{}\"", options.destination.bucket);
  if (options.aws.region.empty() && options.s3.endpoint_url.empty()) {
    Result<std::string> region = co_await worker.s3->discover_region(context);
    if (!region) co_return failed(std::move(region), where);
    ends.region = std::move(*region);
    if (ends.region != options.s3.region) co_return ends;  // the listing waits for a client of that region
  }
  const ListObjectsOptions one{.prefix = mapping_of(options).key_prefix(), .page_rows_max = 1};
  Result<ObjectPage> page = co_await worker.s3->list_objects(one, context);
  if (!page) co_return failed(std::move(page), where);
  if (Result<> known = co_await worker.s3->check_owner_is_checked(context); !known)
    co_return failed(std::move(known), where);
  co_return ends;
}

Task<Result<std::string>> find_region(Worker& worker, const RunOptions& options, const Context& context) {
  if (!options.aws.region.empty() || !options.s3.endpoint_url.empty()) co_return options.s3.region;
  co_return co_await worker.s3->discover_region(context);
}

Task<Result<>> list_one_row(Worker& worker, std::string prefix, const Context& context) {
  const Result<ObjectPage> page =
      co_await worker.s3->list_objects({.prefix = std::move(prefix), .page_rows_max = 1}, context);
  if (!page) co_return std::unexpected<Error>(page.error());
  co_return Result<>{};
}

}  // namespace

Result<std::unique_ptr<Worker>> reach_bucket(RunOptions& options, std::string prefix, std::stop_token stop) {
  Result<std::shared_ptr<TlsContext>> tls = tls_of(options);
  if (!tls) return passed(std::move(tls));
  Result<std::unique_ptr<Worker>> worker = Worker::make(options, *tls, 0, 1);
  if (!worker) return worker;
  const std::string where = fmt::format("cannot use bucket \"{}\"", options.destination.bucket);
  const Context first{.clock = (*worker)->loop, .stop = stop, .retry_time_max = first_answer_max};
  Result<std::string> region = run_on((*worker)->loop, find_region(**worker, options, first));
  if (!region) return failed(std::move(region), where);
  if (*region != options.s3.region) {
    options.s3.region = std::move(*region);
    worker = Worker::make(options, *tls, 0, 1);
    if (!worker) return worker;
  }
  const Context context{
      .clock = (*worker)->loop, .stop = std::move(stop), .retry_time_max = first_answer_max};
  Result<> listed = run_on((*worker)->loop, list_one_row(**worker, std::move(prefix), context));
  if (!listed) return failed(std::move(listed), where);
  return worker;
}

Result<Ends> reach_ends(Worker& worker, const RunOptions& options, std::stop_token stop) {
  const Context context{.clock = worker.loop, .stop = std::move(stop), .retry_time_max = first_answer_max};
  return run_on(worker.loop, reach_both(worker, options, context));
}

}  // namespace azs3copy
