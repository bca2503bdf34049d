// azure_config.cpp: the order of logins, and what can be checked of each before the first request.
#include "azure/azure_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "azure/connection_string.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "core/environment.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view ways_to_log_in =
    "Give a SAS in the source's address, or set AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, "
    "AZURE_STORAGE_CONNECTION_STRING, or AZURE_TENANT_ID with AZURE_CLIENT_ID and AZURE_CLIENT_SECRET; or "
    "ask for a "
    "managed identity or for anonymous access.";

class Variables {
 public:
  explicit Variables(const AzureEnvironment& environment) : environment_(environment) {}
  // "" where it is not set.
  std::string operator()(std::string_view name) const {
    return environment_.variable ? environment_.variable(name).value_or("") : std::string();
  }
  bool has(std::string_view name) const { return !(*this)(name).empty(); }

 private:
  const AzureEnvironment& environment_;
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string query_value(const QueryPairs& pairs, std::string_view name) {
  const auto found = std::ranges::find_if(
      pairs, [name](const auto& pair) { return std::ranges::equal(pair.first, name, {}, lower); });
  return found == pairs.end() ? std::string() : found->second;
}

// What Azure would refuse anyway, said before anything is sent.
Result<> check_sas(const Secret& sas, UtcTime now) {
  constexpr std::string_view make_new = "Make a new SAS with the permissions read and list (sp=rl).";
  const std::string& query = sas.reveal();
  if (std::ranges::any_of(query,
                          [](char c) { return c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '#'; })) {
    return fail(ErrorKind::invalid, "the SAS has a character that no query has (a space, a quote, ...)", {},
                "Copy it whole, as it was issued, percent-encoded.");
  }
  const QueryPairs pairs = parse_query(query.starts_with('?') ? std::string_view(query).substr(1) : query);
  if (query_value(pairs, "sig").empty()) {
    return fail(ErrorKind::invalid, "the SAS has no signature (sig=)", {},
                "Copy it whole; in a shell it needs single quotes, or it ends at the first '&'.");
  }
  const std::string end = query_value(pairs, "se");
  if (const auto ends = parse_iso8601(end); ends && *ends <= now) {
    return fail(ErrorKind::credentials, fmt::format("the SAS ended at {}", to_iso8601(*ends)), {}, make_new);
  }
  if (const std::string rights = query_value(pairs, "sp"); !rights.empty()) {
    for (const auto& [letter, word] : {std::pair{'r', "read"}, std::pair{'l', "list"}}) {
      if (!rights.contains(letter)) {
        return fail(ErrorKind::permission,
                    fmt::format("the SAS does not permit to {} (its sp has no {})", word, letter), {},
                    make_new);
      }
    }
  }
  if (query_value(pairs, "sr") == "b") {
    return fail(ErrorKind::permission, "the SAS is for one blob, which cannot be listed", {},
                "Make a SAS of the container (sr=c) or of the account.");
  }
  return {};
}

// The login of the source's cloud:
// https://learn.microsoft.com/entra/identity-platform/authentication-national-cloud
std::string_view authority_of_host(std::string_view host) {
  if (host.ends_with(".chinacloudapi.cn")) return "https://login.chinacloudapi.cn";
  if (host.ends_with(".usgovcloudapi.net")) return "https://login.microsoftonline.us";
  return "https://login.microsoftonline.com";
}

Result<> set_authority(AzureLogin& login, const SourceAddress& source, const Variables& variable) {
  if (login.authority.empty()) login.authority = variable("AZURE_AUTHORITY_HOST");
  if (login.authority.empty()) login.authority = authority_of_host(source.account.endpoint.host);
  if (!login.authority.contains("://")) login.authority.insert(0, "https://");
  const Result<Url> url = parse_url(login.authority);
  const bool local = url && (url->host == "localhost" || url->host == "::1" || url->host.starts_with("127."));
  if (!url || !url->query.empty() || (url->scheme != "https" && !local)) {
    return fail(ErrorKind::invalid, "the authority (AZURE_AUTHORITY_HOST) is no https:// address", {},
                "Azure's own is https://login.microsoftonline.com.");
  }
  return {};
}

Result<AzureLogin> use_sas(AzureLogin login, Secret sas, UtcTime now) {
  if (Result<> ok = check_sas(sas, now); !ok) return passed(std::move(ok));
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
  if (!connection.sas.empty()) return use_sas(std::move(login), std::move(connection.sas), now);
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

Result<AzureLogin> use_identity(AzureLogin login, const Variables& variable) {
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
    used = use_sas(std::move(login), std::move(sas), now);
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
  if (has_sas) return chosen(use_sas(login, Secret(variable("AZURE_STORAGE_SAS_TOKEN")), now));
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
  const bool hosted = variable.has("IDENTITY_ENDPOINT") && variable.has("IDENTITY_HEADER");
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
  const bool local = host == "localhost" || host == "::1" || host.starts_with("127.");
  return local && source.account.name.view() == emulator_account;
}

}  // namespace

AzureEnvironment process_azure_environment() {
  return {.variable = login_variable};
}

Result<AzureLogin> resolve_azure_login(AzureLogin login, SourceAddress& source,
                                       const AzureEnvironment& environment, UtcTime now) {
  const Variables variable(environment);
  if (login.kind == AzureLoginKind::anonymous) {
    if (source.sas.empty()) return login;
    return fail(ErrorKind::invalid, "anonymous access is asked for, but the address holds a SAS",
                to_string(source), "Leave one of them out.");
  }
  if (!source.sas.empty()) return use_sas(std::move(login), source.sas, now);

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
              fmt::format("no login for account {}.{}", source.account.name.view(), unused),
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
