// blob_body.hpp: a blob's bytes, each checked by the best proof that the service gives.
// Internal to src/azure.
#pragma once

#include "azure/session.hpp"

namespace azs3copy {

// One attempt: sends the request, looks at the reply's head, and gives the body that fits it.
// `session` must outlive it.
Task<Result<std::unique_ptr<BlobBody>>> open_blob_body(AzureSession& session, const Container& container,
                                                       const BlobName& name, const ReadOptions& options,
                                                       const Context& context);

}  // namespace azs3copy
