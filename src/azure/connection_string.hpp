// connection_string.hpp: what the portal calls a connection string:
//
//   DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=<base64>;EndpointSuffix=core.windows.net
//   BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=sv=...&sig=...
//   UseDevelopmentStorage=true
//
// Pairs of key and value, split at ';' and at the first '='; keys without case;
// unknown ones are passed over, as Azure's libraries do.
#pragma once

#include "azure/blob_client.hpp"
#include "core/secret.hpp"

namespace azs3copy {

struct ConnectionString {
  AzureAccount account;
  Secret account_key;  // either this ...
  Secret sas;          // ... or this, without '?'
};

// ErrorKind::invalid says what is missing; no value of the text is ever in it.
Result<ConnectionString> parse_connection_string(const Secret& text);

}  // namespace azs3copy
