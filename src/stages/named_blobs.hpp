// named_blobs.hpp: looks up the blobs that --files-from names one by one, so that a few names do not cost a
// listing of their container.
#pragma once

#include <vector>

#include "azure/blob_client.hpp"
#include "messages/record.hpp"
#include "plan/filter.hpp"
#include "plan/key_mapping.hpp"

namespace azs3copy {

// Up to so many names are asked for one by one; with more, the container is listed.
inline constexpr std::size_t names_asked_max = 1000;

// The names to ask for one by one; nullptr if there are none, or too many.
const NameList* names_to_ask(const Filter& filter);

struct NamedBlobs {
  struct Failure {
    BlobName name;
    Error error;
  };
  std::vector<BlobProperties> blobs;  // in order of their names, each once
  std::vector<Failure> failures;      // it is not known whether these exist
};
// One HEAD for each name, more for one that can be spelled in several ways. Names that the container does not
// have are left out. An error is about the container.
Task<Result<NamedBlobs>> find_named_blobs(BlobClient& azure, const Container& container,
                                          const KeyMapping& mapping, const NameList& names,
                                          const Context& context);

// The record of a name that no container has. `container` is empty if there are several.
ObjectRecord record_of_missing_name(std::string_view name, const Container& container,
                                    const KeyMapping& mapping);

}  // namespace azs3copy
