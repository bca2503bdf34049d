// proxy.cpp: HTTPS_PROXY and NO_PROXY, as curl reads them.
//
//   NO_PROXY = entry ( [, ]+ entry )*      entry = "*" | name | ".name" | "*.name" | address | address/bits
//                                          each but "*" and address/bits also with ":port"
#include <strings.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/network_v4.hpp>
#include <boost/asio/ip/network_v6.hpp>
#include <charconv>

#include "codec/base64.hpp"
#include "codec/url.hpp"
#include "net/http_client.hpp"

namespace azs3copy {

namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> address_from(std::string_view text) {
  boost::system::error_code error;
  ip::address address = ip::make_address(std::string(text), error);
  if (error) return std::nullopt;
  return address;
}

bool in_network(const std::string& network, const ip::address& address) {
  boost::system::error_code error;
  if (address.is_v4()) {
    const ip::network_v4 v4 = ip::make_network_v4(network, error);
    if (error) return false;
    return ip::network_v4(address.to_v4(), v4.prefix_length()).canonical() == v4.canonical();
  }
  const ip::network_v6 v6 = ip::make_network_v6(network, error);
  if (error) return false;
  return ip::network_v6(address.to_v6(), v6.prefix_length()).canonical() == v6.canonical();
}

// Takes ":port" away from the entry's end. False: it is another port's entry.
bool take_port(std::string_view& entry, std::uint16_t port) {
  const std::size_t colon = entry.rfind(':');
  const bool is_port =
      colon != std::string_view::npos && (entry.find(':') == colon || (colon > 0 && entry[colon - 1] == ']'));
  if (!is_port) return true;  // none, or an IPv6 address
  const std::string_view digits = entry.substr(colon + 1);
  std::uint16_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  entry = entry.substr(0, colon);
  return error == std::errc() && end == digits.data() + digits.size() && number == port;
}

bool is_within(std::string_view host, std::string_view domain) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (domain.ends_with('.')) domain.remove_suffix(1);
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) domain.remove_prefix(1);
  if (domain.empty() || host.size() < domain.size()) return false;
  const std::string_view tail = host.substr(host.size() - domain.size());
  if (strncasecmp(tail.data(), domain.data(), domain.size()) != 0) return false;
  return host.size() == domain.size() || host[host.size() - domain.size() - 1] == '.';
}

bool excepts(std::string_view entry, const Endpoint& endpoint) {
  if (entry == "*") return true;
  const std::optional<ip::address> target = address_from(endpoint.host);
  if (entry.find('/') != std::string_view::npos) return target && in_network(std::string(entry), *target);
  if (!take_port(entry, endpoint.port)) return false;
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  // The last figures of an address are no domain.
  if (target) return address_from(entry) == target;
  return is_within(endpoint.host, entry);
}

}  // namespace

bool ProxyOptions::applies_to(const Endpoint& endpoint) const {
  if (host.empty() || !endpoint.tls) return false;
  return std::none_of(except.begin(), except.end(),
                      [&endpoint](const std::string& entry) { return excepts(entry, endpoint); });
}

Result<ProxyOptions> proxy_from_environment(const std::string& https_proxy, const std::string& no_proxy) {
  ProxyOptions proxy;
  if (https_proxy.empty()) return proxy;
  constexpr std::string_view rule = "HTTPS_PROXY is http://[user:password@]host:port";
  std::string text = https_proxy.find("://") == std::string::npos ? "http://" + https_proxy : https_proxy;
  const std::size_t begin = text.find("://") + 3;
  const std::size_t at = text.rfind('@');
  if (at != std::string::npos && at > begin) {
    Result<std::string> user = url_decode(text.substr(begin, at - begin));
    if (!user) return fail(ErrorKind::invalid, std::string(rule), "HTTPS_PROXY");
    if (user->find(':') == std::string::npos) *user += ':';  // RFC 7617: the colon stands always
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
  constexpr std::string_view separators = ", \t";
  for (std::size_t from = 0; (from = no_proxy.find_first_not_of(separators, from)) != std::string::npos;) {
    const std::size_t to = std::min(no_proxy.find_first_of(separators, from), no_proxy.size());
    proxy.except.push_back(no_proxy.substr(from, to - from));
    from = to;
  }
  return proxy;
}

}  // namespace azs3copy
