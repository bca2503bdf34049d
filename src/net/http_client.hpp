// http_client.hpp: the Transport over real sockets: HTTP/1.1, TLS, a keep-alive pool per endpoint.
//
//   start --> pool: idle connection, checked for life
//               | or: resolve -> connect (all addresses, in turn) -> [proxy CONNECT] -> TLS
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/secret.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"
#include "net/tls_context.hpp"

namespace azs3copy {

struct ProxyOptions {
  std::string host;  // empty: none
  std::uint16_t port = 0;
  Secret authorization;             // value of Proxy-Authorization; empty: none
  std::vector<std::string> except;  // NO_PROXY: names and all below them, addresses, networks, "*"

  bool applies_to(const Endpoint& endpoint) const;  // never to one without TLS
};
// From HTTPS_PROXY (or https_proxy) and NO_PROXY. A proxy that is itself reached over https is refused.
Result<ProxyOptions> proxy_from_environment(const std::string& https_proxy, const std::string& no_proxy);

struct HttpClientOptions {
  milliseconds connect_timeout{15'000};  // TCP and TLS
  milliseconds idle_timeout{60'000};     // no byte moved; 0: none, a reply may take for ever
  // An idle connection older than this, by the steady or the wall clock, is not used again; 0: each ends
  // with its reply.
  milliseconds keep_alive{20'000};
  ProxyOptions proxy;  // for https endpoints
  std::string user_agent = "azs3copy/" AZS3COPY_VERSION;
  // Name and address: what the resolver is not asked for, as in a hosts file.
  std::vector<std::pair<std::string, std::string>> hosts = {};
};

// What went over one endpoint. Written by its loop, read by any thread.
struct TrafficCounters {
  std::atomic<std::uint64_t> requests[5] = {};  // by Method
  std::atomic<std::uint64_t> bytes_read{0};     // on the wire, TLS included
  std::atomic<std::uint64_t> bytes_written{0};
  std::atomic<std::uint64_t> connections{0};
};

class HttpClient final : public Transport {
 public:
  HttpClient(Loop& loop, std::shared_ptr<TlsContext> tls, HttpClientOptions options = {});
  ~HttpClient() override;

  Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request, const Context& context) override;
  // Stays valid as long as the client.
  const TrafficCounters& counters(const Endpoint& endpoint);

  struct Impl;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
