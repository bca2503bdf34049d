// source_address.cpp: taking addresses apart, with errors for what people really type.
#include "azure/source_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace azs3copy {
namespace {

constexpr std::string_view forms =
    "A source is az://ACCOUNT/CONTAINER[/PREFIX] or "
    "https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX][?SAS].";
constexpr std::string_view container_rule =
    "container names have 3 to 63 lower-case letters, digits and single hyphens";
constexpr std::size_t container_size_min = 3, container_size_max = 63;
constexpr std::size_t account_size_min = 3, account_size_max = 24;
constexpr auto special_containers =
    std::to_array<std::string_view>({"$root", "$web", "$logs", "$blobchangefeed"});
constexpr std::uint16_t emulator_port = 10000;

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
std::string lower(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(), to_lower);
  return out;
}
bool starts_without_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && lower(text.substr(0, prefix.size())) == prefix;
}

bool is_container_name(std::string_view name) {
  if (std::ranges::find(special_containers, name) != special_containers.end()) return true;
  if (name.size() < container_size_min || name.size() > container_size_max) return false;
  if (name.front() == '-' || name.back() == '-' || name.find("--") != std::string_view::npos) return false;
  return std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
}

// As much of a text as may be shown: a SAS may stand in it, also where its '?' was forgotten.
std::string shown(std::string_view text) {
  const std::size_t signature = lower(text).find("sig=");
  const std::size_t cut = std::min(text.find('?'), signature);
  if (cut == std::string_view::npos) return std::string(text);
  const std::string_view kept = text.substr(0, cut);
  // All of the SAS goes, not only what follows its signature's name.
  return fmt::format("{}{}", kept.substr(0, signature == cut ? kept.find('&') : kept.size()), "…");
}

// An error about `text` as a whole.
std::unexpected<Error> refuse(std::string_view text, std::string message, std::string_view advice) {
  std::string subject = shown(text);
  const std::size_t authority = subject.find("://");
  const bool has_user =
      starts_without_case(subject, "http") && authority != std::string::npos &&
      subject.substr(authority + 3, subject.find('/', authority + 3) - authority - 3).contains('@');
  if (has_user) subject.clear();
  return fail(ErrorKind::invalid, std::move(message), subject, advice);
}
std::unexpected<Error> refuse(std::string_view text, Error error) {
  return refuse(text, std::move(error.message), error.advice);
}

bool is_ip_address(std::string_view host) {
  return host.contains(':') || std::ranges::all_of(host, [](char c) { return is_digit(c) || c == '.'; });
}

std::vector<std::string_view> labels_of(std::string_view host) {
  std::vector<std::string_view> labels;
  for (;;) {
    const std::size_t dot = host.find('.');
    labels.push_back(host.substr(0, dot));
    if (dot == std::string_view::npos) return labels;
    host.remove_prefix(dot + 1);
  }
}

// Which label names the service, of "account.SERVICE.core...", "account.zone.SERVICE..." and
// "account.zone.privatelink.SERVICE...". 0: none does.
std::size_t service_label(const std::vector<std::string_view>& labels) {
  static constexpr auto services =
      std::to_array<std::string_view>({"blob", "dfs", "file", "queue", "table", "web"});
  for (const std::size_t at : {std::size_t{1}, std::size_t{2}, std::size_t{3}}) {
    if (labels.size() > at + 1 && std::ranges::find(services, labels[at]) != services.end()) return at;
  }
  return 0;
}

// Other hosts of the same account: its readable copy in another region, its routes, its IPv6 addresses. They
// combine: "acme-secondary-microsoftrouting". An account's own name has no hyphen.
std::string_view without_host_suffixes(std::string_view label) {
  static constexpr auto suffixes = std::to_array<std::string_view>(
      {"-secondary", "-internetrouting", "-microsoftrouting", "-dualstack", "-ipv6"});
  for (bool found = true; found;) {
    found = false;
    for (const std::string_view suffix : suffixes) {
      if (!label.ends_with(suffix)) continue;
      label.remove_suffix(suffix.size());
      found = true;
    }
  }
  return label;
}

Endpoint endpoint_of(const Url& url) {
  return {.host = url.host, .port = url.port, .tls = url.scheme == "https"};
}

Result<AccountUrl> account_in_host(const Url& url, const std::vector<std::string_view>& labels,
                                   std::size_t service) {
  if (labels[service] != "blob" && labels[service] != "dfs") {
    return fail(ErrorKind::invalid,
                fmt::format("this is the account's {} service, not its blobs", labels[service]), {},
                fmt::format("Blobs are at https://{}.blob.core.windows.net.", labels[0]));
  }
  const std::string_view name = without_host_suffixes(labels[0]);
  if (Result<> ok = check_account_name(name); !ok) return passed(std::move(ok));
  AccountUrl found{.account = {.name = Account(name), .endpoint = endpoint_of(url)}, .rest = url.path};
  if (labels[service] == "dfs") {  // the same data by another protocol
    std::string host;
    for (std::size_t i = 0; i < labels.size(); ++i) {
      if (i > 0) host += '.';
      host += i == service ? "blob" : labels[i];
    }
    found.account.endpoint.host = std::move(host);
  }
  return found;
}

Result<AccountUrl> account_in_path(const Url& url) {
  std::string_view path = url.path;
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  const std::size_t slash = std::min(path.find('/'), path.size());
  const std::string_view name = path.substr(0, slash);
  const auto fits = [](char c) { return is_lower(to_lower(c)) || is_digit(c) || c == '-' || c == '_'; };
  if (name.empty() || !std::ranges::all_of(name, fits)) {
    return fail(ErrorKind::invalid,
                "the account is missing: such an address has it as the first part of the path", {},
                fmt::format("Write {}/{}/CONTAINER for an emulator.", url.origin(), emulator_account));
  }
  return AccountUrl{.account = {.name = Account(name),
                                .endpoint = endpoint_of(url),
                                .path_prefix = fmt::format("/{}", name)},
                    .rest = std::string(path.substr(slash))};
}

// Splits "/container/prefix" in two; both may be missing.
struct ContainerPath {
  std::string_view container;
  std::string_view prefix;
};
ContainerPath split_path(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return {.container = path, .prefix = {}};
  return {.container = path.substr(0, slash), .prefix = path.substr(slash + 1)};
}

Result<> set_container(SourceAddress& source, std::string_view container, std::string_view prefix) {
  if (container.empty() && !prefix.empty()) {
    return fail(ErrorKind::invalid, "the container's name is empty: there are two slashes before it", {},
                forms);
  }
  if (!container.empty()) {
    if (Result<> ok = check_container_name(container); !ok) return ok;
  }
  if (lower(prefix).contains("sig=") && lower(prefix).contains("sv=")) {
    return fail(ErrorKind::invalid, "a SAS follows the path without a '?'", {}, forms);
  }
  source.container = Container(container);
  source.prefix = prefix;
  return {};
}

// What a query may hold: a SAS, which has a signature. Others name something that is not copied.
Result<> check_query(std::string_view query) {
  bool signature = false;
  for (const auto& [name, value] : parse_query(query)) {
    const std::string key = lower(name);
    if (key == "snapshot" || key == "versionid") {
      return fail(ErrorKind::invalid,
                  fmt::format("\"{}\" names a past state of a blob, which is not copied", key), {},
                  "Leave it out: the current state of each blob is copied.");
    }
    if (key == "comp" || key == "restype") {
      return fail(ErrorKind::invalid, fmt::format("\"{}\" belongs to a request, not to an address", key), {},
                  "Leave it out of the address; only the SAS stays behind the '?'.");
    }
    signature = signature || (key == "sig" && !value.empty());
  }
  if (!signature) {
    return fail(ErrorKind::invalid, "what stands behind '?' is no SAS: it has no sig=", {},
                "Put the whole address into single quotes, or the shell cuts it at the first '&'.");
  }
  return {};
}

Result<SourceAddress> parse_az(std::string_view text) {
  std::string_view rest = text.substr(text.find("://") + 3);
  SourceAddress source;
  // '?' is legal in blob names, so only what holds a signature is taken for a SAS.
  const std::size_t question = rest.find('?');
  if (question != std::string_view::npos && rest.substr(question).contains("sig=")) {
    source.sas = Secret(std::string(rest.substr(question + 1)));
    if (Result<> ok = check_query(source.sas.reveal()); !ok) return refuse(text, std::move(ok.error()));
    rest = rest.substr(0, question);
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view account = rest.substr(0, slash);
  if (account.contains(".blob.") || account.contains(".dfs.")) {
    return refuse(text, "az:// is followed by the account's name alone",
                  fmt::format("Write https://{}.", shown(rest)));
  }
  if (Result<> ok = check_account_name(account); !ok) return refuse(text, std::move(ok.error()));
  source.account = default_account(Account(account));
  const auto [container, prefix] = split_path(rest.substr(slash));
  if (Result<> ok = set_container(source, container, prefix); !ok) return refuse(text, std::move(ok.error()));
  return source;
}

Result<SourceAddress> parse_http(std::string_view text) {
  Result<Url> url = parse_url(text);
  if (!url) return refuse(text, std::move(url.error()));
  Result<AccountUrl> found = parse_account_url(*url);
  if (!found) return refuse(text, std::move(found.error()));
  SourceAddress source{
      .account = std::move(found->account), .is_url = true, .custom_domain = found->custom_domain};
  if (!url->query.empty()) {
    if (Result<> ok = check_query(url->query); !ok) return refuse(text, std::move(ok.error()));
    source.sas = Secret(std::move(url->query));
  }
  const auto [container, prefix] = split_path(found->rest);
  const Result<std::string> container_name = url_decode(container);
  const Result<std::string> prefix_name = url_decode(prefix);
  if (!container_name || !prefix_name) {
    return refuse(text, "a '%' in a URL must be followed by two hexadecimal digits",
                  "Write a '%' of a name as %25.");
  }
  if (Result<> ok = set_container(source, *container_name, *prefix_name); !ok) {
    return refuse(text, std::move(ok.error()));
  }
  return source;
}

// abfss://container@account.dfs.core.windows.net/path, as Spark writes it.
std::string advice_for_abfs(std::string_view text) {
  const std::string_view rest = text.substr(text.find("://") + 3);
  const std::size_t at = rest.find('@');
  if (at == std::string_view::npos) return std::string(forms);
  const std::string_view behind = rest.substr(at + 1);
  const std::size_t slash = std::min(behind.find('/'), behind.size());
  return fmt::format("Write az://{}/{}{}", behind.substr(0, std::min(behind.find('.'), slash)),
                     rest.substr(0, at), behind.substr(slash));
}

}  // namespace

Result<> check_container_name(std::string_view name) {
  if (is_container_name(name)) return {};
  std::string advice(forms);
  std::string guess = lower(name);
  std::ranges::replace(guess, '_', '-');
  if (guess != name && is_container_name(guess)) {
    advice = fmt::format("Did you mean \"{}\"?", guess);
  } else if (name.contains('.')) {
    advice = "A blob of the root container is written $root/BLOB.";
  }
  return fail(ErrorKind::invalid, fmt::format("\"{}\" is no container: {}", shown(name), container_rule), {},
              advice);
}

Result<> check_account_name(std::string_view name) {
  if (name.empty()) return fail(ErrorKind::invalid, "the account's name is missing", {}, forms);
  const bool fits = name.size() >= account_size_min && name.size() <= account_size_max &&
                    std::ranges::all_of(name, [](char c) { return is_lower(c) || is_digit(c); });
  if (fits) return {};
  return fail(ErrorKind::invalid,
              fmt::format("\"{}\" is no account: account names have 3 to 24 lower-case letters and digits",
                          shown(name)),
              {}, forms);
}

AzureAccount default_account(const Account& name) {
  if (name.view() == emulator_account) {
    return {.name = name,
            .endpoint = {.host = "127.0.0.1", .port = emulator_port, .tls = false},
            .path_prefix = fmt::format("/{}", emulator_account)};
  }
  return {.name = name, .endpoint = {.host = fmt::format("{}.blob.core.windows.net", name.view())}};
}

Result<AccountUrl> parse_account_url(const Url& url) {
  if (is_ip_address(url.host)) return account_in_path(url);
  const std::vector<std::string_view> labels = labels_of(url.host);
  if (const std::size_t service = service_label(labels); service > 0)
    return account_in_host(url, labels, service);
  if (labels.size() == 1 || !url.default_port()) return account_in_path(url);
  return AccountUrl{.account = {.name = Account(url.host), .endpoint = endpoint_of(url)},
                    .rest = url.path,
                    .custom_domain = true};
}

Result<SourceAddress> parse_source_address(std::string_view text) {
  if (text.contains("AccountKey=") || text.contains("SharedAccessSignature=")) {
    return fail(ErrorKind::invalid, "the source is a connection string, not an address", {},
                "Put the connection string into AZURE_STORAGE_CONNECTION_STRING and name the source as "
                "az://ACCOUNT/CONTAINER.");
  }
  if (starts_without_case(text, "az://")) return parse_az(text);
  if (starts_without_case(text, "https://") || starts_without_case(text, "http://")) return parse_http(text);
  if (starts_without_case(text, "s3://")) {
    return refuse(text, "an S3 address is a destination; the source is in Azure", forms);
  }
  if (starts_without_case(text, "abfs://") || starts_without_case(text, "abfss://")) {
    return refuse(text, "addresses of this form are not taken", advice_for_abfs(shown(text)));
  }
  return refuse(
      text,
      text.contains("://") ? "the source is not an Azure address" : "a source starts with az:// or https://",
      forms);
}

std::string to_string(const SourceAddress& source) {
  const AzureAccount usual = default_account(source.account.name);
  const bool short_form = !source.custom_domain && usual.endpoint == source.account.endpoint &&
                          usual.path_prefix == source.account.path_prefix;
  const auto name = [short_form](std::string_view text) {
    return short_form ? std::string(text) : url_encode_path(text);
  };
  const Endpoint& endpoint = source.account.endpoint;
  std::string text = short_form ? fmt::format("az://{}", source.account.name.view())
                                : fmt::format("{}://{}{}", endpoint.tls ? "https" : "http",
                                              endpoint.authority(), source.account.path_prefix);
  if (!source.container.empty()) text.append(1, '/').append(source.container.view());
  if (!source.prefix.empty()) text.append(1, '/').append(name(source.prefix));
  return text;
}

}  // namespace azs3copy
