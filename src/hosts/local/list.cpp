// list.cpp: `azs3copy ls`: containers, or the blobs of one.
#include "hosts/local/ends.hpp"
#include "hosts/local/run.hpp"

namespace azs3copy {

namespace {

Task<Result<>> list_containers(Worker& worker, const RunOptions& options,
                               const std::function<void(const ListRow&)>& on_row, const Context& context) {
  Result<std::vector<Container>> containers = co_await reach_source(*worker.azure, options.source, context);
  if (!containers) co_return passed(std::move(containers));
  for (const Container& container : *containers) on_row({.is_prefix = true, .name = container.str() + '/'});
  co_return Result<>{};
}

Task<Result<>> list_blobs(Worker& worker, const RunOptions& options, bool recursive,
                          const std::function<void(const ListRow&)>& on_row, const Context& context) {
  const std::string& prefix = options.source.prefix;
  // Names are shown relative to the folder that the prefix lies in: "photos/20" lists below "photos/".
  const std::size_t folder = prefix.rfind('/') == std::string::npos ? 0 : prefix.rfind('/') + 1;
  ListBlobsOptions list{.prefix = prefix, .delimiter = recursive ? "" : "/"};
  bool is_empty = true;
  do {
    Result<BlobPage> page = co_await worker.azure->list_blobs(options.source.container, list, context);
    if (!page) co_return failed(std::move(page), "list the source", options.source.container.view());
    is_empty = is_empty && page->prefixes.empty() && page->blobs.empty();
    for (const std::string& name : page->prefixes) on_row({.is_prefix = true, .name = name.substr(folder)});
    for (Blob& blob : page->blobs) {
      std::string name = blob.name.str().substr(folder);
      on_row({.name = std::move(name), .blob = std::move(blob)});
    }
    list.marker = page->next_marker;
  } while (!list.marker.empty());
  if (is_empty && !prefix.empty()) co_return nothing_there(options.source);
  co_return Result<>{};
}

}  // namespace

Result<> run_ls(const RunOptions& options, bool recursive, const std::function<void(const ListRow&)>& on_row,
                std::stop_token stop) {
  Result<std::shared_ptr<TlsContext>> tls = tls_of(options);
  if (!tls) return passed(std::move(tls));
  RunOptions source_only = options;
  source_only.destination = {};
  Result<std::unique_ptr<Worker>> worker = Worker::make(source_only, *tls, 0, 1);
  if (!worker) return passed(std::move(worker));
  // Somebody waits for it.
  const Context context{
      .clock = (*worker)->loop, .stop = std::move(stop), .retry_time_max = std::chrono::minutes(1)};
  return run_on((*worker)->loop, options.source.container.empty()
                                     ? list_containers(**worker, options, on_row, context)
                                     : list_blobs(**worker, options, recursive, on_row, context));
}

}  // namespace azs3copy
