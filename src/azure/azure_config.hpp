// azure_config.hpp: which login is used, decided once, before the first request.
// The first that is there wins:
//
//   1. anonymous access, asked for
//   2. the SAS in the source's address
//   3. what the caller set: connection string, account key, SAS, client secret, federated token, managed
//      identity; one of them, two are an error
//   4. the environment, as the az command line looks: AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY,
//      AZURE_STORAGE_SAS_TOKEN (each only where it is for the source's account: AZURE_STORAGE_ACCOUNT, and
//      not with AZURE_STORAGE_AUTH_MODE=login); then as Azure's libraries do: AZURE_TENANT_ID +
//      AZURE_CLIENT_ID with AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE; then a managed identity where
//      the host says that there is one (IDENTITY_ENDPOINT + IDENTITY_HEADER) or where AZURE_CLIENT_ID stands
//      alone and names it
//   5. the emulator's published key, for the emulator's published account on this machine
//   6. nothing, for an https:// address and with no half of a login set: public data, as AzCopy reads it
//
// Variables that are set to nothing count as not set. Logins that Azure's own tools know and azs3copy does not
// (`az login`, Cloud Shell, Azure Arc, Service Fabric, a client certificate, a user's password) are named in the
// error if nothing else is found.
// A login is never guessed by trying: no request is made here.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "azure/credential.hpp"
#include "azure/source_address.hpp"

namespace azs3copy {

enum class AzureLoginKind : std::uint8_t {
  automatic,  // not decided yet
  anonymous,
  sas,
  shared_key,
  client_secret,
  federated,
  managed_identity,     // of a virtual machine
  app_service_identity  // of App Service, Functions, Container Apps
};

// What the caller set, and after resolve_azure_login what is used.
struct AzureLogin {
  // Set to anonymous or managed_identity to ask for them, or to federated where the caller has the assertions.
  AzureLoginKind kind = AzureLoginKind::automatic;
  Secret connection_string;
  Account key_account;  // whose key it is; empty: the source's
  Secret account_key;   // base64
  Secret sas;           // without '?'
  std::string tenant_id;
  std::string client_id;
  Secret client_secret;
  std::string federated_token_file;
  std::string authority;          // empty: AZURE_AUTHORITY_HOST, else that of the source's cloud
  std::string identity_endpoint;  // of app_service_identity
  Secret identity_header;
};

struct AzureEnvironment {
  std::function<std::optional<std::string>(std::string_view)> variable;
  std::function<bool(const std::string& path)> file_exists;  // may be empty: none does
};
AzureEnvironment process_azure_environment();

// The login that is used, of kind other than automatic. A connection string may also tell where the
// account of an az:// source answers: then `source.account` is set to it. ErrorKind::invalid where
// settings contradict one another or a SAS cannot do what a copy needs; credentials where there is
// no login or the SAS has ended.
Result<AzureLogin> resolve_azure_login(AzureLogin login, SourceAddress& source,
                                       const AzureEnvironment& environment, UtcTime now);

// The credential of a resolved login, for one loop. `assertion`: of a federated login without a token file.
Result<std::unique_ptr<AzureCredential>> azure_credential(const AzureLogin& login,
                                                          const SourceAddress& source, Transport& transport,
                                                          Clock& clock,
                                                          std::shared_ptr<AssertionSource> assertion = {});

}  // namespace azs3copy
