// blob_client.hpp: the operations on Azure Blob Storage that a copy needs. Read-only but for what tests use.
//
// Each call but `read` retries by itself (they are idempotent); `read` gives one attempt, for its body is
// streamed into another request and the range is the unit of retry (stages).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "azure/credential.hpp"
#include "messages/blob.hpp"
#include "net/http.hpp"
#include "net/retry.hpp"

namespace azs3copy {

// Service versions from 2025-01-05 know structured bodies.
inline constexpr std::string_view azure_service_version = "2025-01-05";
// For services that know only older ones: Azure Stack Hub from its update 2005 on, Azurite.
inline constexpr std::string_view azure_old_service_version = "2019-02-02";

// Where an account answers: https://account.blob.core.windows.net, or an emulator's http://host:port/account.
struct AzureAccount {
  Account name;
  Endpoint endpoint;
  std::string path_prefix;  // "" or "/devstoreaccount1": no trailing slash
};

struct BlobProperties {
  Blob blob;  // container and name as asked for
  ContentHeaders headers;
  Metadata metadata;
  std::string content_md5;  // base64 of the stored MD5 of the whole blob; may be empty
  std::string version_id;
  std::string lease_status;
};

// Headers and metadata that belong to a blob's content.
struct BlobDetails {
  ContentHeaders headers;
  Metadata metadata;
};

struct BlobPage {
  std::vector<Blob> blobs;
  std::vector<BlobDetails> details;   // of each blob, with ListBlobsOptions::details only
  std::vector<std::string> prefixes;  // with a delimiter only
  std::string next_marker;            // empty: the last page. A page may be empty and still have one.
};

struct ContainerPage {
  std::vector<Container> containers;
  std::string next_marker;
};

enum class VerifySource : std::uint8_t {
  when_offered,  // structured body where the server has it, else Content-MD5 where the blob has one
  always,        // ... else ranges of 4 MiB with x-ms-range-get-content-crc64 or -md5; fails without
};

struct ReadOptions {
  std::optional<Range> range;  // none: the whole blob
  ETag if_match;               // empty only in tools that do not pin
  VerifySource verify = VerifySource::when_offered;
};

// A blob's bytes as they come, decoded and checked. Used by one Task.
class BlobBody {
 public:
  virtual ~BlobBody() = default;
  // Size of what will be read (the range's), in bytes.
  virtual std::uint64_t size() const = 0;
  // As the reply of this read gave them: size is the whole blob's.
  virtual const BlobProperties& properties() const = 0;
  // Fills as much of `buffer` as is at hand, at least one byte; 0 once all came and all was checked.
  // ErrorKind::corrupt when a checksum of Azure's does not match; connection or protocol when it ends early.
  virtual Task<Result<std::size_t>> read(MutableBytes buffer) = 0;
  // Over the bytes given out so far.
  virtual Crc64 crc() const = 0;
  // Valid once read() has returned 0.
  virtual SourceProof proof() const = 0;
};

struct ListBlobsOptions {
  std::string prefix;
  std::string marker;
  std::string delimiter;
  int page_rows_max = 5000;  // Azure's limit
  bool details = false;      // headers and metadata too: longer pages, and no more of them
};

class BlobClient {
 public:
  BlobClient(AzureAccount account, std::unique_ptr<AzureCredential> credential, Transport& transport,
             RetryPolicy retry = {});
  ~BlobClient();

  Task<Result<ContainerPage>> list_containers(std::string marker, const Context& context);
  Task<Result<BlobPage>> list_blobs(const Container& container, const ListBlobsOptions& options,
                                    const Context& context);
  Task<Result<BlobProperties>> properties(const Container& container, const BlobName& name,
                                          const Context& context);
  // One attempt. 412 is ErrorKind::changed, 404 not_found, 409 BlobArchived archived;
  // see classify in azure_error.hpp.
  Task<Result<std::unique_ptr<BlobBody>>> read(const Container& container, const BlobName& name,
                                               const ReadOptions& options, const Context& context);

  const AzureAccount& account() const { return account_; }
  std::string describe_credential() const;

 private:
  struct Impl;
  AzureAccount account_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
