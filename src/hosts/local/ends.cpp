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

Task<Result<std::vector<Container>>> reach_source(BlobClient& azure, const SourceAddress& source,
                                                  const Context& context) {
  std::vector<Container> containers;
  if (!source.container.empty()) {
    const ListBlobsOptions one{.prefix = source.prefix, .page_rows_max = 1};
    Result<BlobPage> page = co_await azure.list_blobs(source.container, one, context);
    if (!page) {
      co_return failed(std::move(page), fmt::format("cannot list container \"{}\" in account \"{}\"",
                                                    source.container, azure.account().name));
    }
    containers.push_back(source.container);
    co_return containers;
  }
  std::string marker;
  do {
    Result<ContainerPage> page = co_await azure.list_containers(marker, context);
    if (!page) {
      co_return failed(std::move(page),
                       fmt::format("cannot list the containers of account \"{}\"", azure.account().name));
    }
    for (Container& container : page->containers) containers.push_back(std::move(container));
    if (!page->next_marker.empty() && page->next_marker == marker) {
      co_return fail(ErrorKind::protocol, "the list of containers goes round in circles");
    }
    marker = std::move(page->next_marker);
  } while (!marker.empty());
  co_return containers;
}

namespace {

Task<Result<Ends>> reach_both(Worker& worker, const RunOptions& options, Context context) {
  Ends ends{.region = options.s3.region};
  Result<std::vector<Container>> containers = co_await reach_source(*worker.azure, options.source, context);
  if (!containers) co_return passed(std::move(containers));
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
  co_return ends;
}

}  // namespace

Result<Ends> reach_ends(Worker& worker, const RunOptions& options, std::stop_token stop) {
  const Context context{.clock = worker.loop, .stop = std::move(stop)};
  return run_on(worker.loop, reach_both(worker, options, context));
}

}  // namespace azs3copy
