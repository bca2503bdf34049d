// credential.hpp: how a request to Azure Storage proves who asks.
//
//   Anonymous   nothing
//   Sas         the query of the signature, appended as given
//   SharedKey   HMAC-SHA256 over the request
//   Bearer      an Entra token from a TokenSource, cached, renewed early
#pragma once

#include <memory>
#include <string>

#include "core/context.hpp"
#include "core/names.hpp"
#include "core/secret.hpp"
#include "net/http.hpp"

namespace azs3copy {

struct AccessToken {
  Secret value;
  Steady::time_point expires;
};

// Where Bearer tokens come from: client secret, federated assertion, managed identity.
// Called again before expiry.
class TokenSource {
 public:
  virtual ~TokenSource() = default;
  virtual Task<Result<AccessToken>> fetch_token(const Context& context) = 0;
  virtual std::string describe()
      const = 0;  // "Entra client secret, tenant 1111…5555": for a person, no secret
};

// The seam to authentication. Used on one loop; keep one per loop.
class AzureCredential {
 public:
  virtual ~AzureCredential() = default;
  // Adds what proves the caller to a request that is otherwise complete
  // (x-ms-date, x-ms-version and all others set).
  virtual Task<Result<>> authorize(HttpRequest& request, const Context& context) = 0;
  // After a 401: forget what is cached. False where a new attempt can't help.
  virtual bool refresh() = 0;
  virtual bool is_anonymous() const { return false; }
  // False for a SAS that opens blobs and no listing: of one blob, or without the permission to list.
  virtual bool may_list() const { return true; }
  virtual std::string describe() const = 0;
  // A refusal may quote the request: what gave access is cut out of it.
  virtual void hide_in(Error& error) const { redact(error); }
};

std::unique_ptr<AzureCredential> anonymous_credential();
// `query` as in the SAS, with or without '?'; must be percent-encoded as given.
std::unique_ptr<AzureCredential> sas_credential(Secret query);
// `key` is base64, as the portal shows it. An undecodable key is ErrorKind::invalid.
Result<std::unique_ptr<AzureCredential>> shared_key_credential(Account account, const Secret& key);
// Renews a token five minutes before its end, and once more when a request met 401.
std::unique_ptr<AzureCredential> bearer_credential(std::shared_ptr<TokenSource> source, Clock& clock);

struct EntraApplication {
  std::string authority = "https://login.microsoftonline.com";  // AZURE_AUTHORITY_HOST
  std::string tenant_id;
  std::string client_id;
  std::string scope = "https://storage.azure.com/.default";
};
std::shared_ptr<TokenSource> entra_client_secret(EntraApplication application, Secret secret,
                                                 Transport& transport);
// The assertion is asked for at each renewal: a web identity file, or sts:GetWebIdentityToken.
class AssertionSource {
 public:
  virtual ~AssertionSource() = default;
  virtual Task<Result<Secret>> fetch_assertion(const Context& context) = 0;
};
std::shared_ptr<TokenSource> entra_federated(EntraApplication application,
                                             std::shared_ptr<AssertionSource> source, Transport& transport);
// AZURE_FEDERATED_TOKEN_FILE: read anew each time, as Kubernetes rotates it.
std::shared_ptr<AssertionSource> assertion_file(std::string path);
// `client_id` empty: the system-assigned identity. `endpoint` for tests.
std::shared_ptr<TokenSource> managed_identity(std::string client_id, Transport& transport,
                                              std::string endpoint = "http://169.254.169.254");
// The same on App Service, Functions and Container Apps: IDENTITY_ENDPOINT and IDENTITY_HEADER.
std::shared_ptr<TokenSource> app_service_identity(std::string client_id, Transport& transport,
                                                  std::string endpoint, Secret header);

}  // namespace azs3copy
