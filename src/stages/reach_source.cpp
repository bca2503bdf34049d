// reach_source.cpp: one look at the source.
#include "stages/reach_source.hpp"

#include <fmt/format.h>

namespace azs3copy {

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

}  // namespace azs3copy
