// Harms: a login used that the user did not mean, or for another account than its own; public access tried
// where a login was meant; a run that starts with a SAS that has ended.
#include "azure/azure_config.hpp"

#include <gtest/gtest.h>

#include <map>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

const UtcTime now = fakes::FakeClock::start;  // 2026-11-23T07:42:10Z
constexpr const char* url = "https://acme.blob.core.windows.net/photos";
constexpr const char* az = "az://acme/photos";

using Environment = std::map<std::string, std::string, std::less<>>;

AzureEnvironment of(Environment variables) {
  return {
      .variable = [variables = std::move(variables)](std::string_view name) -> std::optional<std::string> {
        const auto found = variables.find(name);
        return found == variables.end() ? std::nullopt : std::optional(found->second);
      }};
}

struct Resolved {
  Result<AzureLogin> login;
  SourceAddress source;
};

Resolved resolve(const char* text, Environment variables, AzureLogin login = {}) {
  Result<SourceAddress> source = parse_source_address(text);
  EXPECT_TRUE(source) << source.error().to_line();
  Result<AzureLogin> found = resolve_azure_login(std::move(login), *source, of(std::move(variables)), now);
  return {.login = std::move(found), .source = *source};
}

AzureLoginKind kind_of(const char* text, Environment variables, AzureLogin login = {}) {
  const Resolved resolved = resolve(text, std::move(variables), std::move(login));
  EXPECT_TRUE(resolved.login) << resolved.login.error().to_line();
  return resolved.login ? resolved.login->kind : AzureLoginKind::automatic;
}

Error error_of(const char* text, Environment variables, AzureLogin login = {}) {
  const Resolved resolved = resolve(text, std::move(variables), std::move(login));
  EXPECT_FALSE(resolved.login);
  return resolved.login ? Error{} : resolved.login.error();
}

const Environment entra{
    {"AZURE_TENANT_ID", "tenant"}, {"AZURE_CLIENT_ID", "client"}, {"AZURE_CLIENT_SECRET", "secret"}};
const Environment everything{{"AZURE_STORAGE_CONNECTION_STRING", "AccountName=acme;AccountKey=Y29ubg=="},
                             {"AZURE_STORAGE_ACCOUNT", "acme"},
                             {"AZURE_STORAGE_KEY", "a2V5"},
                             {"AZURE_STORAGE_SAS_TOKEN", "sig=environment"},
                             {"AZURE_TENANT_ID", "tenant"},
                             {"AZURE_CLIENT_ID", "client"},
                             {"AZURE_CLIENT_SECRET", "secret"}};

TEST(AzureConfig, TheFirstThatIsThereWins) {
  using enum AzureLoginKind;
  Environment left = everything;
  EXPECT_EQ(kind_of(az, left, {.kind = anonymous}), anonymous);

  const auto by_url = resolve("az://acme/photos?sv=1&sig=address", left, {.account_key = Secret("b3B0")});
  EXPECT_EQ(by_url.login->kind, sas);
  EXPECT_EQ(by_url.login->sas.reveal(), "sv=1&sig=address");

  const auto explicit_key = resolve(az, left, {.account_key = Secret("b3B0")});
  EXPECT_EQ(explicit_key.login->kind, shared_key);
  EXPECT_EQ(explicit_key.login->account_key.reveal(), "b3B0");

  EXPECT_EQ(resolve(az, left).login->account_key.reveal(), "Y29ubg==");
  left.erase("AZURE_STORAGE_CONNECTION_STRING");
  EXPECT_EQ(resolve(az, left).login->account_key.reveal(), "a2V5");
  left.erase("AZURE_STORAGE_KEY");
  EXPECT_EQ(resolve(az, left).login->sas.reveal(), "sig=environment");
  left.erase("AZURE_STORAGE_SAS_TOKEN");
  EXPECT_EQ(kind_of(az, left), client_secret);
  left.erase("AZURE_CLIENT_SECRET");
  left["AZURE_FEDERATED_TOKEN_FILE"] = "/var/run/token";
  EXPECT_EQ(kind_of(az, left), federated);
  left.erase("AZURE_TENANT_ID");
  EXPECT_EQ(kind_of(az, left), managed_identity);
  EXPECT_EQ(resolve(az, left).login->client_id, "client");
  left.erase("AZURE_CLIENT_ID");
  EXPECT_EQ(kind_of(url, left), anonymous);
}

TEST(AzureConfig, AuthModeLoginPassesKeysOver) {
  Environment variables = everything;
  variables["AZURE_STORAGE_AUTH_MODE"] = "login";
  EXPECT_EQ(kind_of(az, variables), AzureLoginKind::client_secret);
}

TEST(AzureConfig, EmptyVariablesAreNotSet) {
  Environment variables = everything;
  for (auto& [name, value] : variables) value.clear();
  EXPECT_EQ(kind_of(url, variables), AzureLoginKind::anonymous);
}

TEST(AzureConfig, LoginsOfAnotherAccountAreNotUsed) {
  const Environment other{{"AZURE_STORAGE_ACCOUNT", "other"}, {"AZURE_STORAGE_KEY", "a2V5"}};
  const Error error = error_of(az, other);
  EXPECT_EQ(error.kind, ErrorKind::credentials);
  EXPECT_NE(error.message.find("other"), std::string::npos) << error.message;
  EXPECT_EQ(error_of(url, other).kind, ErrorKind::credentials)
      << "a login was meant: nothing is read without one";
  const Error by_string =
      error_of(az, {{"AZURE_STORAGE_CONNECTION_STRING", "AccountName=other;AccountKey=k"}});
  EXPECT_NE(by_string.message.find("AZURE_STORAGE_CONNECTION_STRING is for account other"),
            std::string::npos);

  Environment and_entra = other;
  and_entra.insert(entra.begin(), entra.end());
  EXPECT_EQ(kind_of(az, and_entra), AzureLoginKind::client_secret);
}

TEST(AzureConfig, HalfALoginIsNamed) {
  const Error error = error_of(url, {{"AZURE_TENANT_ID", "t"}, {"AZURE_CLIENT_ID", "c"}});
  EXPECT_EQ(error.kind, ErrorKind::credentials);
  EXPECT_NE(error.message.find("lacks AZURE_CLIENT_SECRET"), std::string::npos) << error.message;
  EXPECT_NE(error_of(az, {{"AZURE_CLIENT_SECRET", "s"}}).message.find("lacks AZURE_TENANT_ID"),
            std::string::npos);
  EXPECT_NE(error_of(az, {}, {.client_secret = Secret("s")}).advice.find("AZURE_TENANT_ID"),
            std::string::npos);
}

TEST(AzureConfig, WithoutALoginOnlyAUrlIsReadAsPublic) {
  EXPECT_EQ(kind_of(url, {}), AzureLoginKind::anonymous);
  const Error error = error_of(az, {});
  EXPECT_EQ(error.kind, ErrorKind::credentials);
  EXPECT_NE(error.advice.find("AZURE_STORAGE_KEY"), std::string::npos);
  EXPECT_EQ(error.subject, az);
}

TEST(AzureConfig, TheEmulatorNeedsNoKey) {
  const auto resolved = resolve("http://127.0.0.1:10000/devstoreaccount1/photos", {});
  ASSERT_TRUE(resolved.login);
  EXPECT_EQ(resolved.login->kind, AzureLoginKind::shared_key);
  EXPECT_EQ(resolved.login->account_key.reveal(), emulator_key);
  EXPECT_EQ(kind_of("https://localhost:10000/devstoreaccount1/photos", entra), AzureLoginKind::client_secret);
  EXPECT_EQ(kind_of("https://emulator.example.com:10000/devstoreaccount1/photos", {}),
            AzureLoginKind::anonymous)
      << "the published key goes nowhere else";
}

TEST(AzureConfig, AConnectionStringTellsWhereTheAccountAnswers) {
  const Environment variables{{"AZURE_STORAGE_CONNECTION_STRING",
                               "AccountName=acme;AccountKey=a2V5;BlobEndpoint=https://127.0.0.1:7/acme"}};
  EXPECT_EQ(resolve(az, variables).source.account.endpoint.port, 7);
  EXPECT_EQ(resolve(url, variables).source.account.endpoint.host, "acme.blob.core.windows.net")
      << "a URL says it itself";
  EXPECT_EQ(resolve("az://devstoreaccount1/photos",
                    {{"AZURE_STORAGE_CONNECTION_STRING", "UseDevelopmentStorage=true"}})
                .login->kind,
            AzureLoginKind::shared_key);
}

TEST(AzureConfig, ContradictionsAreErrors) {
  EXPECT_EQ(error_of(az, {}, {.account_key = Secret("k"), .sas = Secret("sig=s")}).kind, ErrorKind::invalid);
  EXPECT_EQ(error_of("az://acme/photos?sv=1&sig=s", {}, {.kind = AzureLoginKind::anonymous}).kind,
            ErrorKind::invalid);
  EXPECT_EQ(error_of(az, {}, {.connection_string = Secret("AccountName=other;AccountKey=k")}).kind,
            ErrorKind::invalid);
}

TEST(AzureConfig, ASasThatCannotWorkIsSaidAtOnce) {
  const auto refused = [](std::string query) {
    return error_of(az, {{"AZURE_STORAGE_SAS_TOKEN", std::move(query)}});
  };
  EXPECT_EQ(refused("sp=rl&se=2026-11-23T07:42:10Z&sig=s").kind, ErrorKind::credentials)
      << "ended this second";
  EXPECT_EQ(refused("sp=rl&se=2026-11-22&sig=s").kind, ErrorKind::credentials);
  EXPECT_EQ(refused("sp=r&sig=s").kind, ErrorKind::permission);
  EXPECT_EQ(refused("sp=wl&sig=s").kind, ErrorKind::permission);
  EXPECT_EQ(refused("sp=rl&sr=b&sig=s").kind, ErrorKind::permission);
  EXPECT_EQ(refused("sp=rl").kind, ErrorKind::invalid);
  EXPECT_EQ(refused("sp=rl&sig=s\r\nX-Evil: 1").kind, ErrorKind::invalid);
  EXPECT_EQ(refused("'sp=rl&sig=s'").kind, ErrorKind::invalid);
  EXPECT_EQ(refused("ss=f&srt=sco&sp=rl&sig=s").kind, ErrorKind::permission);
  for (const char* good :
       {"sp=rl&se=2026-11-23T07:42:11Z&sig=s", "?sp=racwl&se=2027-01-01T00:00Z&sig=s", "si=policy&sig=s"}) {
    EXPECT_EQ(kind_of(az, {{"AZURE_STORAGE_SAS_TOKEN", good}}), AzureLoginKind::sas) << good;
  }
}

TEST(AzureConfig, TheAuthorityIsThatOfTheSourcesCloud) {
  EXPECT_EQ(resolve(az, entra).login->authority, "https://login.microsoftonline.com");
  EXPECT_EQ(resolve("https://acme.blob.core.chinacloudapi.cn/photos", entra).login->authority,
            "https://login.chinacloudapi.cn");
  EXPECT_EQ(resolve("https://acme.blob.core.usgovcloudapi.net/photos", entra).login->authority,
            "https://login.microsoftonline.us");
  EXPECT_EQ(resolve("https://acme.blob.core.sovcloud-api.fr/photos", entra).login->authority,
            "https://login.sovcloud-identity.fr");
  EXPECT_EQ(resolve("https://acme.blob.core.eaglex.ic.gov/photos", entra).login->authority,
            "https://login.microsoftonline.eaglex.ic.gov");
  Environment variables = entra;
  variables["AZURE_AUTHORITY_HOST"] = "login.example.com";
  EXPECT_EQ(resolve(az, variables).login->authority, "https://login.example.com");
  variables["AZURE_AUTHORITY_HOST"] = "http://login.example.com";
  EXPECT_EQ(error_of(az, variables).kind, ErrorKind::invalid) << "the secret would go in the clear";
  variables["AZURE_AUTHORITY_HOST"] = "http://127.login.example.com";
  EXPECT_EQ(error_of(az, variables).kind, ErrorKind::invalid) << "not an address of this machine";
  variables["AZURE_AUTHORITY_HOST"] = "http://127.0.0.1:8080/";
  EXPECT_EQ(kind_of(az, variables), AzureLoginKind::client_secret);
}

TEST(AzureConfig, ManagedIdentityOfAnAppService) {
  const auto resolved =
      resolve(az, {{"IDENTITY_ENDPOINT", "http://127.0.0.1:41000/msi/token"}, {"IDENTITY_HEADER", "h"}});
  ASSERT_TRUE(resolved.login);
  EXPECT_EQ(resolved.login->kind, AzureLoginKind::app_service_identity);
  EXPECT_EQ(kind_of(az, {}, {.kind = AzureLoginKind::managed_identity}), AzureLoginKind::managed_identity);
}

TEST(AzureConfig, UnsupportedLoginsAreNamedWhereTheyAreFound) {
  const Environment endpoint{{"IDENTITY_ENDPOINT", "http://localhost:40342/metadata/identity/oauth2/token"}};
  Environment fabric = endpoint;
  fabric.insert({{"IDENTITY_HEADER", "h"}, {"IDENTITY_SERVER_THUMBPRINT", "t"}});
  Environment certificate = entra;
  certificate.erase("AZURE_CLIENT_SECRET");
  certificate["AZURE_CLIENT_CERTIFICATE_PATH"] = "/client.pem";
  const std::pair<Environment, std::string_view> cases[] = {
      {endpoint, "Azure Arc"},
      {fabric, "Service Fabric"},
      {{{"MSI_ENDPOINT", "http://localhost:50342/oauth2/token"}}, "Cloud Shell"},
      {{{"MSI_ENDPOINT", "http://127.0.0.1/msi"}, {"MSI_SECRET", "s"}}, "App Service"},
      {certificate, "AZURE_CLIENT_CERTIFICATE_PATH"},
      {{{"AZURE_USERNAME", "ann"}, {"AZURE_PASSWORD", "p"}}, "AZURE_USERNAME"},
  };
  for (const auto& [variables, named] : cases) {
    const Error error = error_of(az, variables);
    EXPECT_EQ(error.kind, ErrorKind::credentials) << named;
    EXPECT_NE(error.message.find(named), std::string::npos) << error.message;
    EXPECT_EQ(error.message.find("lacks"), std::string::npos) << error.message;
  }
  EXPECT_EQ(error_of(url, certificate).kind, ErrorKind::credentials) << "a login was meant";
  EXPECT_EQ(kind_of(url, endpoint), AzureLoginKind::anonymous) << "found, and not asked for";
  EXPECT_NE(error_of(az, endpoint, {.kind = AzureLoginKind::managed_identity}).message.find("Azure Arc"),
            std::string::npos);
}

TEST(AzureConfig, TheLoginOfTheAzCommandIsNamed) {
  AzureEnvironment environment = of({{"HOME", "/home/ann"}});
  environment.file_exists = [](const std::string& path) {
    return path == "/home/ann/.azure/msal_token_cache.json";
  };
  Result<SourceAddress> source = parse_source_address(az);
  const Result<AzureLogin> login = resolve_azure_login({}, *source, environment, now);
  ASSERT_FALSE(login);
  EXPECT_NE(login.error().message.find("`az login`"), std::string::npos) << login.error().message;
}

TEST(AzureConfig, ACustomDomainNeedsTheAccountForAKey) {
  constexpr const char* custom = "https://files.example.com/photos";
  EXPECT_EQ(error_of(custom, {{"AZURE_STORAGE_KEY", "a2V5"}}).kind, ErrorKind::invalid);
  const auto resolved = resolve(custom, {{"AZURE_STORAGE_KEY", "a2V5"}, {"AZURE_STORAGE_ACCOUNT", "acme"}});
  ASSERT_TRUE(resolved.login);
  EXPECT_EQ(resolved.login->key_account, Account("acme"));
}

TEST(AzureConfig, EachLoginBecomesItsCredential) {
  fakes::FakeClock clock;
  fakes::ScriptedTransport wire;
  const auto described = [&](const char* text, Environment variables, AzureLogin login = {}) {
    const Resolved resolved = resolve(text, std::move(variables), std::move(login));
    const auto credential = azure_credential(*resolved.login, resolved.source, wire, clock);
    return credential ? (*credential)->describe() : credential.error().to_line();
  };
  EXPECT_EQ(described(url, {}), "anonymous");
  EXPECT_EQ(described("az://acme/photos?sv=1&sig=s", {}), "SAS");
  EXPECT_EQ(described(az, {{"AZURE_STORAGE_KEY", "a2V5"}}), "shared key of account acme");
  EXPECT_EQ(described(az, entra), "Entra client secret, tenant tenant");
  EXPECT_EQ(described(az, {}, {.kind = AzureLoginKind::managed_identity}), "managed identity");
  EXPECT_EQ(wire.requests.size(), 0u) << "no request before the first that needs it";
  const Result<SourceAddress> source = parse_source_address(az);
  EXPECT_EQ(azure_credential({}, *source, wire, clock).error().kind, ErrorKind::internal);
}

}  // namespace
}  // namespace azs3copy
