// azure_config.cpp: the order of logins, and what can be checked of each before the first request.
#include "azure/azure_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "azure/connection_string.hpp"
#include "azure/sas.hpp"
#include "codec/url.hpp"
#include "core/environment.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view ways_to_log_in =
    "Give a SAS in the source's address, or set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, "
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_TENANT_ID with AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or "
    "ask for a managed identity or for anonymous access.";

class Variables {
 public:
  explicit Variables(const AzureEnvironment& environment) : environment_(environment) {}
  // "" where it is not set.
  std::string operator()(std::string_view name) const {
    return environment_.variable ? environment_.variable(name).value_or("") : std::string();
  }
  bool has(std::string_view name) const { return !(*this)(name).empty(); }
  bool has_file(const std::string& path) const {
    return environment_.file_exists && environment_.file_exists(path);
  }

 private:
  const AzureEnvironment& environment_;
};

// The login of the source's cloud:
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
std::string_view authority_of_host(std::string_view host) {
  struct Cloud {
    std::string_view domain;
    std::string_view authority;
  };
  static constexpr auto clouds = std::to_array<Cloud>({
      {".chinacloudapi.cn", "https://login.chinacloudapi.cn"},
      {".usgovcloudapi.net", "https://login.microsoftonline.us"},
      {".cloudapi.de", "https://login.microsoftonline.de"},
      {".eaglex.ic.gov", "https://login.microsoftonline.eaglex.ic.gov"},
      {".microsoft.scloud", "https://login.microsoftonline.microsoft.scloud"},
      {".sovcloud-api.fr", "https://login.sovcloud-identity.fr"},
      {".sovcloud-api.de", "https://login.sovcloud-identity.de"},
      {".sovcloud-api.sg", "https://login.sovcloud-identity.sg"},
  });
  for (const auto& [domain, authority] : clouds) {
    if (host.ends_with(domain)) return authority;
  }
  return "https://login.microsoftonline.com";
}

Result<> set_authority(AzureLogin& login, const SourceAddress& source, const Variables& variable) {
  if (login.authority.empty()) login.authority = variable("AZURE_AUTHORITY_HOST");
  if (login.authority.empty()) login.authority = authority_of_host(source.account.endpoint.host);
  if (!login.authority.contains("://")) login.authority.insert(0, "https://");
  const Result<Url> url = parse_url(login.authority);
  if (!url || !url->query.empty() || (url->scheme != "https" && !is_loopback(url->host))) {
    return fail(ErrorKind::invalid, "the authority (AZURE_AUTHORITY_HOST) is not an https:// address", {},
                "Azure's own is https://login.microsoftonline.com.");
  }
  return {};
}

Result<AzureLogin> use_sas(AzureLogin login, Secret sas, const SourceAddress& source, UtcTime now) {
  if (Result<> ok = check_sas(sas, source, now); !ok) return passed(std::move(ok));
  login.kind = AzureLoginKind::sas;
  login.sas = std::move(sas);
  return login;
}

Result<AzureLogin> use_key(AzureLogin login, const SourceAddress& source, const Variables& variable) {
  if (login.key_account.empty() && source.custom_domain) {
    login.key_account = Account(variable("AZURE_STORAGE_ACCOUNT"));
    if (login.key_account.empty()) {
      return fail(ErrorKind::invalid, "a key needs the account's name, which this address does not tell",
                  to_string(source), "Set AZURE_STORAGE_ACCOUNT.");
    }
  }
  if (login.key_account.empty()) login.key_account = source.account.name;
  login.kind = AzureLoginKind::shared_key;
  return login;
}

bool is_for_source(const ConnectionString& connection, const SourceAddress& source) {
  if (connection.account.name == source.account.name) return true;
  return source.custom_domain && connection.account.endpoint == source.account.endpoint;
}

Result<AzureLogin> use_connection(AzureLogin login, ConnectionString connection, SourceAddress& source,
                                  const Variables& variable, UtcTime now) {
  if (!source.is_url) source.account = connection.account;
  if (!connection.sas.empty()) return use_sas(std::move(login), std::move(connection.sas), source, now);
  login.account_key = std::move(connection.account_key);
  login.key_account = connection.account.name;
  return use_key(std::move(login), source, variable);
}

Result<AzureLogin> use_entra(AzureLogin login, AzureLoginKind kind, const SourceAddress& source,
                             const Variables& variable) {
  if (login.tenant_id.empty()) login.tenant_id = variable("AZURE_TENANT_ID");
  if (login.client_id.empty()) login.client_id = variable("AZURE_CLIENT_ID");
  const auto missing = [](std::string_view what, std::string_view name) {
    return fail(ErrorKind::credentials, fmt::format("the Entra login lacks its {}", what), {},
                fmt::format("Set {}.", name));
  };
  if (login.tenant_id.empty()) return missing("tenant id", "AZURE_TENANT_ID");
  if (login.client_id.empty()) return missing("client id", "AZURE_CLIENT_ID");
  if (Result<> ok = set_authority(login, source, variable); !ok) return passed(std::move(ok));
  login.kind = kind;
  return login;
}

// An identity of this machine whose protocol is not spoken here; "" if none was found.
std::string_view unsupported_identity(const Variables& variable) {
  const bool endpoint = variable.has("IDENTITY_ENDPOINT");
  const bool header = variable.has("IDENTITY_HEADER");
  if (endpoint && header && variable.has("IDENTITY_SERVER_THUMBPRINT")) {
    return "The managed identity of Service Fabric (IDENTITY_SERVER_THUMBPRINT) is not supported.";
  }
  if (endpoint && header) return "";
  if (endpoint || variable.has_file("/opt/azcmagent/bin/himds"))
    return "The managed identity of Azure Arc is not supported.";
  if (variable.has("MSI_ENDPOINT") && variable.has("MSI_SECRET")) {
    return "App Service's managed identity by MSI_ENDPOINT and MSI_SECRET is not supported, only by "
           "IDENTITY_ENDPOINT and IDENTITY_HEADER.";
  }
  if (variable.has("MSI_ENDPOINT")) return "The login of Azure Cloud Shell (MSI_ENDPOINT) is not supported.";
  return "";
}

// The login of `az login` is in files of the user; it is not used.
bool has_az_login(const Variables& variable) {
  std::string folder = variable("AZURE_CONFIG_DIR");
  if (folder.empty()) folder = variable("HOME") + "/.azure";
  return variable.has_file(folder + "/msal_token_cache.json") ||
         variable.has_file(folder + "/service_principal_entries.json");
}

// Logins that were found and are passed over, for the error that there is none.
std::string unsupported_logins(const Variables& variable) {
  std::string text;
  if (const std::string_view identity = unsupported_identity(variable); !identity.empty())
    text.append(1, ' ').append(identity);
  if (has_az_login(variable)) text += " The login of `az login` is not used.";
  return text;
}

Result<AzureLogin> use_identity(AzureLogin login, const Variables& variable) {
  if (const std::string_view why = unsupported_identity(variable); !why.empty())
    return fail(ErrorKind::credentials, std::string(why), {}, ways_to_log_in);
  if (login.client_id.empty()) login.client_id = variable("AZURE_CLIENT_ID");
  login.kind = AzureLoginKind::managed_identity;
  if (variable.has("IDENTITY_ENDPOINT") && variable.has("IDENTITY_HEADER")) {
    login.kind = AzureLoginKind::app_service_identity;
    login.identity_endpoint = variable("IDENTITY_ENDPOINT");
    login.identity_header = Secret(variable("IDENTITY_HEADER"));
  }
  return login;
}

// Step 3: what the caller set. Nothing where that is nothing.
Result<std::optional<AzureLogin>> explicit_login(AzureLogin& login, SourceAddress& source,
                                                 const Variables& variable, UtcTime now) {
  std::vector<std::string_view> given;
  if (!login.connection_string.empty()) given.push_back("connection string");
  if (!login.account_key.empty()) given.push_back("account key");
  if (!login.sas.empty()) given.push_back("SAS");
  if (!login.client_secret.empty()) given.push_back("client secret");
  const bool federated = !login.federated_token_file.empty() || login.kind == AzureLoginKind::federated;
  if (federated) given.push_back("federated token");
  if (login.kind == AzureLoginKind::managed_identity) given.push_back("managed identity");
  if (given.empty()) return std::optional<AzureLogin>();
  if (given.size() > 1) {
    return fail(ErrorKind::invalid, fmt::format("two logins are given: {} and {}", given[0], given[1]), {},
                "Give one of them.");
  }
  Result<AzureLogin> used;
  if (!login.connection_string.empty()) {
    Result<ConnectionString> connection = parse_connection_string(login.connection_string);
    if (!connection) return passed(std::move(connection));
    if (!is_for_source(*connection, source)) {
      return fail(ErrorKind::invalid,
                  fmt::format("the connection string is for account {}", connection->account.name.view()),
                  to_string(source), "Take that of the source's account.");
    }
    used = use_connection(std::move(login), std::move(*connection), source, variable, now);
  } else if (!login.account_key.empty()) {
    used = use_key(std::move(login), source, variable);
  } else if (!login.sas.empty()) {
    Secret sas = std::move(login.sas);
    used = use_sas(std::move(login), std::move(sas), source, now);
  } else if (!login.client_secret.empty()) {
    used = use_entra(std::move(login), AzureLoginKind::client_secret, source, variable);
  } else if (federated) {
    used = use_entra(std::move(login), AzureLoginKind::federated, source, variable);
  } else {
    used = use_identity(std::move(login), variable);
  }
  if (!used) return passed(std::move(used));
  return std::optional(std::move(*used));
}

// Step 4, first half: logins of the account. `unused` gathers what was passed over and why.
Result<std::optional<AzureLogin>> storage_variables(const AzureLogin& login, SourceAddress& source,
                                                    const Variables& variable, UtcTime now,
                                                    std::string& unused) {
  if (variable("AZURE_STORAGE_AUTH_MODE") == "login") return std::optional<AzureLogin>();
  const auto chosen = [](Result<AzureLogin> used) -> Result<std::optional<AzureLogin>> {
    if (!used) return passed(std::move(used));
    return std::optional(std::move(*used));
  };
  if (const std::string text = variable("AZURE_STORAGE_CONNECTION_STRING"); !text.empty()) {
    Result<ConnectionString> connection = parse_connection_string(Secret(text));
    if (!connection) return failed(std::move(connection), "AZURE_STORAGE_CONNECTION_STRING");
    if (is_for_source(*connection, source)) {
      return chosen(use_connection(login, std::move(*connection), source, variable, now));
    }
    unused +=
        fmt::format(" AZURE_STORAGE_CONNECTION_STRING is for account {}.", connection->account.name.view());
  }
  const bool has_key = variable.has("AZURE_STORAGE_KEY");
  const bool has_sas = variable.has("AZURE_STORAGE_SAS_TOKEN");
  const std::string account = variable("AZURE_STORAGE_ACCOUNT");
  if (!account.empty() && account != source.account.name.view() && !source.custom_domain) {
    if (has_key || has_sas)
      unused += fmt::format(" AZURE_STORAGE_ACCOUNT and its login are for account {}.", account);
    return std::optional<AzureLogin>();
  }
  if (has_key) {
    AzureLogin with_key = login;
    with_key.account_key = Secret(variable("AZURE_STORAGE_KEY"));
    return chosen(use_key(std::move(with_key), source, variable));
  }
  if (has_sas) return chosen(use_sas(login, Secret(variable("AZURE_STORAGE_SAS_TOKEN")), source, now));
  return std::optional<AzureLogin>();
}

// Step 4, second half: logins of an application or of this machine.
Result<std::optional<AzureLogin>> identity_variables(AzureLogin login, const SourceAddress& source,
                                                     const Variables& variable, std::string& unused) {
  const auto chosen = [](Result<AzureLogin> used) -> Result<std::optional<AzureLogin>> {
    if (!used) return passed(std::move(used));
    return std::optional(std::move(*used));
  };
  const bool tenant = variable.has("AZURE_TENANT_ID");
  const bool client = variable.has("AZURE_CLIENT_ID");
  const bool secret = variable.has("AZURE_CLIENT_SECRET");
  if (tenant && client && secret) {
    login.client_secret = Secret(variable("AZURE_CLIENT_SECRET"));
    return chosen(use_entra(std::move(login), AzureLoginKind::client_secret, source, variable));
  }
  if (tenant && client && variable.has("AZURE_FEDERATED_TOKEN_FILE")) {
    login.federated_token_file = variable("AZURE_FEDERATED_TOKEN_FILE");
    return chosen(use_entra(std::move(login), AzureLoginKind::federated, source, variable));
  }
  const bool certificate = variable.has("AZURE_CLIENT_CERTIFICATE_PATH");
  const bool password = variable.has("AZURE_USERNAME") && variable.has("AZURE_PASSWORD");
  if (certificate) unused += " A client certificate (AZURE_CLIENT_CERTIFICATE_PATH) is not supported.";
  if (password) unused += " A user's password (AZURE_USERNAME, AZURE_PASSWORD) is not supported.";
  if (certificate || password) return std::optional<AzureLogin>();
  const bool hosted = variable.has("IDENTITY_ENDPOINT") && variable.has("IDENTITY_HEADER") &&
                      unsupported_identity(variable).empty();
  if (hosted || (client && !tenant && !secret)) return chosen(use_identity(std::move(login), variable));
  if (tenant || client || secret) {
    for (const std::string_view name : {"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET"}) {
      if (!variable.has(name)) unused += fmt::format(" The Entra login lacks {}.", name);
    }
  }
  return std::optional<AzureLogin>();
}

bool is_emulator(const SourceAddress& source) {
  const std::string& host = source.account.endpoint.host;
  return is_loopback(host) && source.account.name.view() == emulator_account;
}

}  // namespace

AzureEnvironment process_azure_environment() {
  return {.variable = login_variable, .file_exists = [](const std::string& path) {
            std::error_code error;
            return std::filesystem::exists(path, error);
          }};
}

Result<AzureLogin> resolve_azure_login(AzureLogin login, SourceAddress& source,
                                       const AzureEnvironment& environment, UtcTime now) {
  const Variables variable(environment);
  if (login.kind == AzureLoginKind::anonymous) {
    if (source.sas.empty()) return login;
    return fail(ErrorKind::invalid, "anonymous access is asked for, but the address holds a SAS",
                to_string(source), "Leave one of them out.");
  }
  if (!source.sas.empty()) return use_sas(std::move(login), source.sas, source, now);

  Result<std::optional<AzureLogin>> found = explicit_login(login, source, variable, now);
  std::string unused;
  if (found && !*found) found = storage_variables(login, source, variable, now, unused);
  if (found && !*found) found = identity_variables(login, source, variable, unused);
  if (!found) return passed(std::move(found));
  if (*found) return std::move(**found);

  if (is_emulator(source)) {
    login.account_key = Secret(std::string(emulator_key));
    return use_key(std::move(login), source, variable);
  }
  if (source.is_url && unused.empty()) {
    login.kind = AzureLoginKind::anonymous;
    return login;
  }
  return fail(ErrorKind::credentials,
              fmt::format("no login for account {}.{}{}", source.account.name.view(), unused,
                          unsupported_logins(variable)),
              to_string(source), ways_to_log_in);
}

Result<std::unique_ptr<AzureCredential>> azure_credential(const AzureLogin& login,
                                                          const SourceAddress& source, Transport& transport,
                                                          Clock& clock,
                                                          std::shared_ptr<AssertionSource> assertion) {
  const EntraApplication application{
      .authority = login.authority, .tenant_id = login.tenant_id, .client_id = login.client_id};
  switch (login.kind) {
    case AzureLoginKind::automatic:
      break;
    case AzureLoginKind::anonymous:
      return anonymous_credential();
    case AzureLoginKind::sas:
      return sas_credential(login.sas);
    case AzureLoginKind::shared_key:
      return shared_key_credential(login.key_account.empty() ? source.account.name : login.key_account,
                                   login.account_key);
    case AzureLoginKind::client_secret:
      return bearer_credential(entra_client_secret(application, login.client_secret, transport), clock);
    case AzureLoginKind::federated:
      if (!login.federated_token_file.empty()) assertion = assertion_file(login.federated_token_file);
      return bearer_credential(entra_federated(application, std::move(assertion), transport), clock);
    case AzureLoginKind::managed_identity:
      return bearer_credential(managed_identity(login.client_id, transport), clock);
    case AzureLoginKind::app_service_identity:
      return bearer_credential(
          app_service_identity(login.client_id, transport, login.identity_endpoint, login.identity_header),
          clock);
  }
  return fail(ErrorKind::internal, "the login was not resolved");
}

}  // namespace azs3copy
