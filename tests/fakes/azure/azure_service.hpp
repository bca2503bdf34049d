// azure_service.hpp: the inside of FakeAzure: its state, and one file a group of operations.
//
//   fake_azure.cpp    what tests call; target -> operation -> dispatch
//   azure_auth.cpp    SharedKey, SAS, Bearer
//   azure_list.cpp    List Containers, List Blobs
//   azure_read.cpp    Get Blob, properties, tags, structured bodies
//   azure_write.cpp   Put Blob and others that tests use
//   azure_entra.cpp   tokens
#pragma once

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "fakes/fake_azure.hpp"
#include "fakes/server/fake_service.hpp"
#include "fakes/text.hpp"

namespace azs3copy::fakes {

// Thrown by an operation: the reply is this error.
struct AzureRefusal {
  int status = 400;
  std::string code;
  std::string message;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

struct NameOrder {
  ListOrder order = ListOrder::bytes;
  bool operator()(const std::string& a, const std::string& b) const;
};

struct AzureContainer {
  std::map<std::string, FakeBlob, NameOrder> blobs;
  std::map<std::string, std::map<std::string, ContentPtr>> blocks;  // uncommitted: by blob, by block id
  std::string public_access;
  UtcTime last_modified{};
  std::string etag;
};

struct AzureAccountState {
  std::string key;  // decoded
  std::map<std::string, AzureContainer> containers;
};

// A request's target, taken apart.
struct AzureTarget {
  std::string account;
  std::string container;  // decoded
  std::string blob;       // decoded
  Query query;
};
AzureTarget azure_target(const RequestHead& request);

// The bytes that SharedKey's HMAC is over.
std::string shared_key_string_to_sign(const RequestHead& request, std::string_view account);

class AzureService final : public FakeService {
 public:
  explicit AzureService(const FakeAzureOptions& options) : options_(options) {}

  // Guards all below; the loop's thread and the test's take it. Never held over a wait.
  mutable std::mutex mutex_;
  FakeAzureOptions options_;
  std::map<std::string, AzureAccountState> accounts_;

  struct IssuedSas {
    std::string account;
    SasGrant grant;
    UtcTime expires;
    std::set<std::pair<std::string, std::string>> pairs;
  };
  std::map<std::string, IssuedSas> sas_;             // by signature
  std::map<std::string, UtcTime> tokens_;            // and when they expire
  std::map<std::string, std::string> applications_;  // "tenant client" -> secret
  std::set<std::pair<std::string, std::string>> assertions_;
  milliseconds token_lifetime_ = std::chrono::hours(1);
  std::string bearer_permissions_ = "rl";
  std::uint64_t tokens_issued_ = 0;
  std::size_t pages_listed_ = 0;
  std::uint64_t changes_ = 0;  // for ETags

  std::string issue_token(milliseconds lifetime);  // under mutex_
  void store(const std::string& account, const std::string& container, const std::string& name,
             FakeBlob blob);
  std::string new_etag();
  std::function<std::string(const std::string& account)> https_endpoint;  // for listings' ServiceEndpoint

 protected:
  Call name_call(const RequestHead& request) override;
  Task<Response> answer(Exchange& exchange, const Call& call) override;
  Response error_reply(const RequestHead& request, int status, std::string_view code,
                       std::string_view message) override;

 private:
  Response base_reply(const RequestHead& request, int status = 200) const;
  Response refuse(const RequestHead& request, const AzureRefusal& refusal);
  Task<Response> carry_out(Exchange& exchange, const Call& call, const AzureTarget& target);

  // azure_auth.cpp, under mutex_
  void authorize(const Exchange& exchange, const AzureTarget& target, char permission);
  void check_shared_key(const RequestHead& request, const AzureTarget& target);
  void check_sas(const AzureTarget& target, char permission);
  void check_bearer(bool tls, std::string_view token, char permission);

  // Under mutex_. Throw AzureRefusal where there is none.
  AzureContainer& container_of(const AzureTarget& target);
  FakeBlob& blob_of(const AzureTarget& target);

  Response list_containers(const RequestHead& request, const AzureTarget& target);
  Response list_blobs(const RequestHead& request, const AzureTarget& target);
  Response get_blob(const RequestHead& request, const AzureTarget& target, const Call& call);
  Response get_tags(const RequestHead& request, const AzureTarget& target);
  Task<Response> write(Exchange& exchange, const Call& call, const AzureTarget& target);
  Response apply_write(const RequestHead& request, const Call& call, const AzureTarget& target,
                       std::string body);
  Response commit_blocks(const RequestHead& request, const AzureTarget& target, const std::string& body);
  Task<Response> token(Exchange& exchange, const Call& call);
};

}  // namespace azs3copy::fakes
