// reach_source.hpp: which containers a copy reads, before its first stage.
#pragma once

#include <vector>

#include "azure/blob_client.hpp"
#include "azure/source_address.hpp"

namespace azs3copy {

// The container that the source names, once one row of it could be listed; without one, all of the account.
// Errors say what could not be listed. ErrorKind::not_found if nothing is at the source's prefix.
Task<Result<std::vector<Container>>> reach_source(BlobClient& azure, const SourceAddress& source,
                                                  const Context& context);

// ErrorKind::not_found, with the command that shows what is there.
std::unexpected<Error> nothing_there(const SourceAddress& source);

}  // namespace azs3copy
