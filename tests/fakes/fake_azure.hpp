// fake_azure.hpp: a strict Azure Blob Storage (and Entra's token endpoint) in this process.
//
//   FakeAzure azure;
//   azure.add_container("photos");
//   azure.put_blob("photos", "a/b.jpg", {.content = stored_content("bytes"), .content_type = "image/jpeg"});
//   azure.put_blob("photos", "big", {.content = synthetic_content(7, 60 * GiB)});
//   ... client under test: azure.https_url() + "/" + azure.account(), azure.ca_path(), azure.account_key()
//   EXPECT_EQ(azure.log().count("GetBlob", "photos/a/b.jpg"), 1);
//
// It refuses what Azure refuses: a wrong signature, an expired token, a range CRC above 4 MiB, a
// changed ETag. Where the documentation is silent it takes the stricter reading, so that a client
// that pleases it pleases Azure.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/context.hpp"
#include "fakes/content.hpp"
#include "fakes/server/faults.hpp"
#include "fakes/server/request_log.hpp"
#include "fakes/server/server.hpp"

namespace azs3copy::fakes {

struct FakeBlob {
  ContentPtr content = stored_content("");
  std::string type = "BlockBlob";  // or "AppendBlob", "PageBlob"
  std::string content_type = "application/octet-stream";
  std::string content_encoding, content_language, content_disposition, cache_control;
  std::string content_md5;  // base64, as stored: may be absent, may be wrong. See md5_base64.
  std::vector<std::pair<std::string, std::string>> metadata;
  std::vector<std::pair<std::string, std::string>> tags;
  std::string tier = "Hot";
  std::string archive_status;  // "rehydrate-pending-to-hot"
  bool leased = false;
  bool directory = false;  // ADLS: ResourceType=directory
  std::string version_id;
  std::string etag;         // unquoted; empty: made
  UtcTime last_modified{};  // the epoch: now
  // Something happens to the blob once it has been read so many times (GET requests served).
  std::optional<std::uint64_t> change_after_reads;
  std::shared_ptr<FakeBlob> changed;  // what it becomes; none: it vanishes
  std::uint64_t reads = 0;
};

std::string md5_base64(const Content& content);

enum class ListOrder : std::uint8_t {
  bytes,        // as UTF-8 bytes: what S3 does
  slash_first,  // '/' before every other character: accounts with a hierarchical namespace
  utf16,        // by UTF-16 code units: emoji before U+FF5E
};

struct FakeAzureOptions {
  ServerOptions server;
  bool structured_bodies = true;
  std::uint64_t segment_bytes = 4 * MiB;
  bool range_checksums = true;  // off: x-ms-range-get-content-crc64 gives 500, as Azurite does
  int list_rows_max = 5000;
  std::vector<int>
      list_page_pattern;  // rows of one page after the other, in turn; 0: an empty page with a marker
  ListOrder list_order = ListOrder::bytes;
  bool bearer_needs_https = true;
  bool check_signatures = true;
};

// What a SAS allows. `permissions` of "rltwcd" as in `sp`.
struct SasGrant {
  std::string container;  // empty: the whole account
  std::string permissions = "rl";
  milliseconds lifetime = std::chrono::hours(1);
};

// Serves from construction on. All methods are thread-safe.
class FakeAzure {
 public:
  explicit FakeAzure(const FakeAzureOptions& options = {});
  FakeAzure(const FakeAzure&) = delete;
  FakeAzure& operator=(const FakeAzure&) = delete;
  ~FakeAzure();

  // Where it is: an account's URL is https_url() + "/" + account (as an emulator's), or Host: account.blob...
  std::string http_url() const;
  std::string https_url() const;
  std::uint16_t http_port() const;
  std::uint16_t https_port() const;
  const std::string& ca_path() const;

  // Logins. One account is there from the start.
  static const std::string& account();
  static const std::string& account_key();  // base64
  void add_account(const std::string& name, const std::string& key_base64);
  std::string issue_sas(const SasGrant& grant, const std::string& account_name = account());  // the query
  // Entra: POST /{tenant}/oauth2/v2.0/token.
  // The managed identity endpoint is at /metadata/identity/oauth2/token.
  void add_application(const std::string& tenant, const std::string& client_id, const std::string& secret);
  // A federated login: any assertion equal to this one is taken for the application.
  void add_assertion(const std::string& client_id, const std::string& assertion);
  std::string issue_token(milliseconds lifetime = std::chrono::hours(1));
  void set_token_lifetime(milliseconds lifetime);               // of tokens that the endpoints issue
  void expire_tokens();                                         // all of those out there, now
  void set_bearer_permissions(const std::string& permissions);  // "rl" from the start
  std::uint64_t tokens_issued() const;

  // Data, by default in the first account. `public_access`: "", "blob" or "container".
  // `order`: that of the options if none is given. slash_first is a hierarchical namespace.
  void add_container(const std::string& container, const std::string& public_access = {},
                     const std::string& account_name = account(), std::optional<ListOrder> order = {});
  void put_blob(const std::string& container, const std::string& name, FakeBlob blob,
                const std::string& account_name = account());
  void put_text(const std::string& container, const std::string& name, std::string text);
  void delete_blob(const std::string& container, const std::string& name,
                   const std::string& account_name = account());
  std::optional<FakeBlob> blob(const std::string& container, const std::string& name,
                               const std::string& account_name = account()) const;
  std::vector<std::string> names(const std::string& container,
                                 const std::string& account_name = account()) const;

  // Changes while it runs.
  void set_options(const std::function<void(FakeAzureOptions&)>& change);
  void set_clock_offset(milliseconds offset);
  Faults& faults();
  RequestLog& log();
  const ConnectionCounters& connections() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy::fakes
