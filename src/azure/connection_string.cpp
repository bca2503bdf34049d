// connection_string.cpp: pairs into an account and its login.
#include "azure/connection_string.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "azure/source_address.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view advice =
    "Copy it whole from the account's page \"Access keys\" or \"Shared access signature\", in quotes.";

// The keys that matter here, in lower case.
enum Key : std::size_t { protocol, name, key, signature, endpoint, suffix, development, key_count };
constexpr std::array<std::string_view, key_count> key_names = {
    "defaultendpointsprotocol", "accountname",          "accountkey", "sharedaccesssignature", "blobendpoint",
    "endpointsuffix",           "usedevelopmentstorage"};

using Values = std::array<std::optional<std::string_view>, key_count>;

std::unexpected<Error> wrong(std::string message) {
  return fail(ErrorKind::invalid, "connection string: " + std::move(message), {}, advice);
}

bool same(std::string_view text, std::string_view lower_case) {
  return std::ranges::equal(text, lower_case, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  text.remove_prefix(std::min(text.find_first_not_of(space), text.size()));
  return text.substr(0, text.find_last_not_of(space) + 1);
}

Result<Values> split(std::string_view text) {
  Values values;
  std::size_t number = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(';'), text.size());
    const std::string_view pair = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0)
      return wrong(fmt::format("part {} is not KEY=VALUE", number));
    const auto known = std::ranges::find_if(key_names, [&](std::string_view candidate) {
      return same(trimmed(pair.substr(0, equals)), candidate);
    });
    if (known == key_names.end()) continue;
    auto& value = values[static_cast<std::size_t>(known - key_names.begin())];
    if (value) return wrong(fmt::format("{} stands there twice", *known));
    value = trimmed(pair.substr(equals + 1));
  }
  return values;
}

std::string_view value_or_empty(const Values& values, Key which) {
  return values[which].value_or(std::string_view());
}

// https://acme.blob.core.windows.net from name, suffix and protocol.
Result<AzureAccount> account_of_name(const Values& values) {
  const std::string_view account = value_or_empty(values, name);
  if (account.empty()) return wrong("AccountName or BlobEndpoint is missing");
  if (!check_account_name(account)) return wrong("AccountName must be 3 to 24 lower-case letters and digits");
  AzureAccount found = default_account(Account(account));
  const std::string_view scheme = value_or_empty(values, protocol);
  if (!scheme.empty() && !same(scheme, "https") && !same(scheme, "http")) {
    return wrong("DefaultEndpointsProtocol must be https or http");
  }
  if (values[suffix] || !scheme.empty()) {
    const bool tls = !same(scheme, "http");
    const std::string_view domain = values[suffix].value_or("core.windows.net");
    // Parsed as a URL, so that nothing gets into the host that does not belong there.
    const Result<Url> url =
        parse_url(fmt::format("{}://{}.blob.{}", tls ? "https" : "http", account, domain));
    if (!url || url->path != "/" || !url->query.empty()) return wrong("EndpointSuffix is no domain");
    found.endpoint = {.host = url->host, .port = url->port, .tls = tls};
    found.path_prefix.clear();
  }
  return found;
}

Result<AzureAccount> account_of_endpoint(const Values& values) {
  Result<Url> url = parse_url(value_or_empty(values, endpoint));
  if (!url || !url->query.empty())
    return wrong("BlobEndpoint is not a URL such as https://acme.blob.core.windows.net");
  Result<AccountUrl> found = parse_account_url(*url);
  if (!found) return wrong("BlobEndpoint is not the address of an account's blobs");
  if (!found->rest.empty() && found->rest != "/") return wrong("BlobEndpoint must end with the account");
  const std::string_view account = value_or_empty(values, name);
  if (found->custom_domain) {
    if (account.empty() && values[key]) return wrong("AccountName is missing");
    if (!account.empty()) found->account.name = Account(account);
  } else if (!account.empty() && account != found->account.name.view()) {
    return wrong("AccountName and BlobEndpoint name different accounts");
  }
  return std::move(found->account);
}

}  // namespace

Result<ConnectionString> parse_connection_string(const Secret& text) {
  const Result<Values> values = split(text.reveal());
  if (!values) return std::unexpected<Error>(values.error());
  if (const std::string_view flag = value_or_empty(*values, development); !flag.empty()) {
    if (!same(flag, "true")) return wrong("UseDevelopmentStorage can only be true");
    return ConnectionString{.account = default_account(Account(emulator_account)),
                            .account_key = Secret(std::string(emulator_key))};
  }
  Result<AzureAccount> account =
      (*values)[endpoint] ? account_of_endpoint(*values) : account_of_name(*values);
  if (!account) return passed(std::move(account));
  ConnectionString connection{.account = std::move(*account)};
  if (const std::string_view sas = value_or_empty(*values, signature); !sas.empty()) {
    connection.sas = Secret(std::string(sas.substr(sas.starts_with('?') ? 1 : 0)));
  } else if (const std::string_view account_key = value_or_empty(*values, key); !account_key.empty()) {
    connection.account_key = Secret(std::string(account_key));
  } else {
    return wrong("it has neither AccountKey nor SharedAccessSignature");
  }
  return connection;
}

}  // namespace azs3copy
