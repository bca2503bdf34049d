// proxy.cpp: HTTPS_PROXY and NO_PROXY, as curl reads them.
#include <strings.h>

#include "codec/base64.hpp"
#include "codec/url.hpp"
#include "net/http_client.hpp"

namespace azs3copy {

bool ProxyOptions::applies_to(std::string_view target_host) const {
  if (host.empty()) return false;
  for (const std::string& entry : except) {
    if (entry == "*") return false;
    std::string_view suffix = entry;
    if (suffix.starts_with('.')) suffix.remove_prefix(1);
    if (suffix.empty() || target_host.size() < suffix.size()) continue;
    const std::string_view tail = target_host.substr(target_host.size() - suffix.size());
    const bool same = strncasecmp(tail.data(), suffix.data(), suffix.size()) == 0;
    const bool whole_label =
        target_host.size() == suffix.size() || target_host[target_host.size() - suffix.size() - 1] == '.';
    if (same && whole_label) return false;
  }
  return true;
}

Result<ProxyOptions> proxy_from_environment(const std::string& https_proxy, const std::string& no_proxy) {
  ProxyOptions proxy;
  if (https_proxy.empty()) return proxy;
  constexpr std::string_view rule = "HTTPS_PROXY is http://[user:password@]host:port";
  std::string text = https_proxy.find("://") == std::string::npos ? "http://" + https_proxy : https_proxy;
  const std::size_t begin = text.find("://") + 3;
  const std::size_t at = text.rfind('@');
  if (at != std::string::npos && at > begin) {
    const Result<std::string> user = url_decode(text.substr(begin, at - begin));
    if (!user) return fail(ErrorKind::invalid, std::string(rule), "HTTPS_PROXY");
    proxy.authorization = Secret("Basic " + base64_encode(bytes_of(*user)));
    text.erase(begin, at + 1 - begin);
  }
  const Result<Url> url = parse_url(text);
  if (!url) return fail(ErrorKind::invalid, std::string(rule), "HTTPS_PROXY");
  if (url->scheme != "http") {
    return fail(ErrorKind::unsupported, "a proxy that is itself reached over https is not supported",
                "HTTPS_PROXY", std::string(rule));
  }
  proxy.host = url->host;
  proxy.port = url->port;
  for (std::size_t from = 0; from < no_proxy.size();) {
    const std::size_t to = std::min(no_proxy.find(',', from), no_proxy.size());
    std::string entry = no_proxy.substr(from, to - from);
    std::erase(entry, ' ');
    if (!entry.empty()) proxy.except.push_back(std::move(entry));
    from = to + 1;
  }
  return proxy;
}

}  // namespace azs3copy
