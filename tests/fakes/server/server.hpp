// server.hpp: listens, and gives each request on each connection to a Service.
//
//   Server: N threads, each a Loop with its own http and https listener (SO_REUSEPORT)
//     connection: handshake -> ( head -> Service::serve -> reply )* -> end
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fakes/server/certificate.hpp"
#include "fakes/server/http.hpp"

namespace azs3copy::fakes {

class Service {
 public:
  virtual ~Service() = default;
  // Reads the request's body as it likes and sends the reply. Throws Disconnected to give the connection up.
  virtual Task<void> serve(Exchange& exchange) = 0;
};

struct ServerOptions {
  std::uint16_t http_port = 0;  // 0: the kernel chooses
  std::uint16_t https_port = 0;
  unsigned threads = 1;
  std::string cipher_suites;  // of TLS 1.3; empty: OpenSSL's order
};

struct ConnectionCounters {
  std::atomic<std::uint64_t> opened = 0;
  std::atomic<std::uint64_t> open = 0;
  std::atomic<std::uint64_t> open_max = 0;
  std::atomic<std::uint64_t> handshakes_failed = 0;
  std::atomic<std::uint64_t> resumed = 0;  // TLS sessions taken up again
};

// Listens on 127.0.0.1 from construction on; serves from `start` until destruction.
class Server {
 public:
  Server(Service& service, const ServerOptions& options);
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();

  void start();
  void stop();

  std::uint16_t http_port() const { return http_port_; }
  std::uint16_t https_port() const { return https_port_; }
  std::string http_url() const { return fmt::format("http://127.0.0.1:{}", http_port_); }
  std::string https_url() const { return fmt::format("https://127.0.0.1:{}", https_port_); }
  const ConnectionCounters& connections() const { return connections_; }

 private:
  struct Worker {
    Loop loop;
    int http = -1;
    int https = -1;
    std::thread thread;
  };
  Task<void> accept_on(Loop& loop, int listener, SSL_CTX* tls);
  Task<void> serve_connection(Loop& loop, int fd, SSL_CTX* tls);
  Task<void> serve_requests(Stream& stream);

  Service& service_;
  SslContext tls_;
  std::uint16_t http_port_ = 0;
  std::uint16_t https_port_ = 0;
  ConnectionCounters connections_;
  std::vector<std::unique_ptr<Worker>> workers_;
};

}  // namespace azs3copy::fakes
