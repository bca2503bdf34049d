// azure_servers.hpp: the servers of Azure's dialect that the contract runs at, and what each does otherwise.
#pragma once

#include <memory>
#include <vector>

#include "contract/azure_filler.hpp"
#include "contract/support.hpp"
#include "fakes/fake_azure.hpp"

namespace azs3copy::contract {

// Where a server is known to deviate. Every quirk is asserted, so that a server that mends it is noticed.
struct AzureQuirks {
  // x-ms-structured-body is passed over, and x-ms-range-get-content-crc64 answered with 500: ranges have an
  // MD5 at best. Azurite 3.37, tried.
  bool no_crc = false;
  // Blob names are tidied up as paths of a file system: "\" becomes "/". Azurite 3.37, tried.
  bool backslash_is_slash = false;
  // A range that begins at the blob's very end gives 206 with "bytes 5-4/5" instead of 416. Azurite 3.37,
  // tried.
  bool range_at_end_is_empty = false;
  // A wrong key is AuthorizationFailure, Azure's code for a network that is shut out; the text beside it
  // tells the two apart, and HEAD has none. Azurite 3.37 without --oauth, tried.
  bool head_hides_wrong_key = false;
};

struct AzureServer {
  std::string_view name;          // as tests/servers/servers.py calls it
  std::string_view url_variable;  // empty: the fake, which each test has its own of
  bool tls = false;
  AzureQuirks quirks;
};

const std::vector<AzureServer>& azure_servers();
void PrintTo(const AzureServer& server, std::ostream* out);

// One blob, read to its end.
struct ReadBlob {
  std::string bytes;
  std::uint64_t size = 0;  // as announced
  Crc64 crc;
  SourceProof proof = SourceProof::none;
  BlobProperties properties;
};
Task<Result<ReadBlob>> read_blob(BlobClient& client, Container container, BlobName name, ReadOptions options,
                                 const Context& context);

// A container of its own at the server, a client with the account's key, and a filler.
class AzureContract : public testing::TestWithParam<AzureServer> {
 protected:
  void SetUp() override;

  const AzureQuirks& quirks() const { return GetParam().quirks; }
  const Context& context() const { return wire_->context(); }
  std::unique_ptr<BlobClient> make_client(std::unique_ptr<AzureCredential> credential) const;

  // Each fails the test where the server refuses.
  Container new_container(const std::string& public_access = {});
  void put(const std::string& name, NewBlob blob);
  void put(const std::string& name, std::string content) {
    put(name, NewBlob{.content = std::move(content)});
  }
  void archive(const std::string& name);

  Result<ReadBlob> read(const std::string& name, ReadOptions options = {});
  Result<BlobProperties> properties(const std::string& name);
  Result<BlobPage> list(ListBlobsOptions options);
  // Every row of all pages; fails the test where a page is refused.
  std::vector<Blob> list_all(ListBlobsOptions options);
  Secret sas(std::string_view permissions, milliseconds lifetime = std::chrono::hours(1));

  std::unique_ptr<fakes::FakeAzure> fake_;
  std::unique_ptr<Wire> wire_;
  AzureAccount account_;
  Secret key_;
  std::unique_ptr<AzureFiller> filler_;
  std::unique_ptr<BlobClient> client_;
  Container container_;
};

}  // namespace azs3copy::contract
