// reach_source.cpp: one look at the source.
#include "stages/reach_source.hpp"

#include <fmt/format.h>

namespace azs3copy {

namespace {

// The first row below `prefix`; nothing if there is none. Pages may be empty and still have a next one.
Task<Result<std::optional<BlobName>>> first_row(BlobClient& azure, const Container& container,
                                                std::string prefix, const Context& context) {
  ListBlobsOptions one{.prefix = std::move(prefix), .page_rows_max = 1};
  for (;;) {
    Result<BlobPage> page = co_await azure.list_blobs(container, one, context);
    if (!page) {
      co_return failed(std::move(page), fmt::format("cannot list container \"{}\" in account \"{}\"",
                                                    container, azure.account().name));
    }
    if (!page->blobs.empty()) co_return std::move(page->blobs.front().name);
    if (page->next_marker.empty()) co_return std::optional<BlobName>{};
    one.marker = std::move(page->next_marker);
  }
}

// Whether the prefix "a" is the blob "a", or has anything below "a/". A container may be empty.
Task<Result<bool>> is_there(BlobClient& azure, const SourceAddress& source, const Context& context) {
  const std::string& prefix = source.prefix;
  Result<std::optional<BlobName>> row = co_await first_row(azure, source.container, prefix, context);
  if (!row) co_return passed(std::move(row));
  if (prefix.empty()) co_return true;
  if (!*row) co_return false;
  const std::string folder = prefix.ends_with('/') ? prefix : prefix + '/';
  if ((*row)->view() == prefix || (*row)->view().starts_with(folder)) co_return true;
  row = co_await first_row(azure, source.container, folder, context);  // "a-b" comes before "a/b"
  if (!row) co_return passed(std::move(row));
  co_return row->has_value();
}

}  // namespace

std::unexpected<Error> nothing_there(const SourceAddress& source) {
  SourceAddress around = source;
  const std::size_t slash = source.prefix.rfind('/', source.prefix.size() - 2);
  around.prefix =
      slash == std::string::npos || source.prefix.size() < 2 ? "" : source.prefix.substr(0, slash + 1);
  return fail(ErrorKind::not_found, "the source has no blob or folder of this name", to_string(source),
              fmt::format("Names are case-sensitive. See what is there: azs3copy ls {}", to_string(around)));
}

Task<Result<std::vector<Container>>> reach_source(BlobClient& azure, const SourceAddress& source,
                                                  const Context& context) {
  std::vector<Container> containers;
  if (!source.container.empty()) {
    const Result<bool> there = co_await is_there(azure, source, context);
    if (!there) co_return std::unexpected<Error>(there.error());
    if (!*there) co_return nothing_there(source);
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

}  // namespace azs3copy
