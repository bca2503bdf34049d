// azure_filler.hpp: fills an account over the wire, which the program itself never does: Azurite and the fake
// are filled by the same requests, signed by the project's own credential.
//
// Names go out with every slash as %2F, other than BlobClient writes them: each spelling judges the other.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "azure/blob_client.hpp"

namespace azs3copy::contract {

struct NewBlob {
  std::string content;
  BlobType type = BlobType::block;
  ContentHeaders headers;
  Metadata metadata;
  std::string content_md5;  // base64, kept as it is given
  // By Put Block and Put Block List, of which the service makes no MD5. Append blobs have a block each
  // append.
  std::size_t block_bytes = 0;
};

class AzureFiller {
 public:
  AzureFiller(const AzureAccount& account, const Secret& key, Transport& transport);

  // `public_access`: "", "blob" or "container".
  Task<Result<>> create_container(Container container, std::string public_access, const Context& context);
  Task<Result<>> put(Container container, BlobName name, NewBlob blob, const Context& context);
  Task<Result<>> set_tier(Container container, BlobName name, std::string tier, const Context& context);

 private:
  HttpRequest request(const Container& container, const BlobName& name, std::string_view query,
                      const Context& context) const;
  Task<Result<>> send(HttpRequest request, const Context& context);
  Task<Result<>> put_blocks(const Container& container, const BlobName& name, const NewBlob& blob,
                            const Context& context);
  Task<Result<>> put_pieces(const Container& container, const BlobName& name, const NewBlob& blob,
                            const Context& context);

  AzureAccount account_;
  std::unique_ptr<AzureCredential> credential_;
  Transport& transport_;
};

// The query of an account SAS over containers and blobs, signed with the account's key. `permissions` as in
// `sp`. https://learn.microsoft.com/rest/api/storageservices/create-account-sas
Secret account_sas(const Account& account, const Secret& key, std::string_view permissions, UtcTime expires);

}  // namespace azs3copy::contract
