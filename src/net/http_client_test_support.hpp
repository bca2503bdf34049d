// http_client_test_support.hpp: a server that runs one script per connection, plain or under TLS, and a fixture that
// runs an HttpClient against it.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/sync.hpp"
#include "fakes/server/certificate.hpp"
#include "net/http_client.hpp"

namespace azs3copy::http_client_test {

// One accepted connection, controlled by a script.
class Peer {
 public:
  // `tls`: the server's certificate; nullptr: plain.
  Peer(int fd, SSL_CTX* tls) : fd_(fd), ssl_(tls == nullptr ? nullptr : SSL_new(tls)) {
    if (ssl_ == nullptr) return;
    ::signal(SIGPIPE, SIG_IGN);  // OpenSSL has no MSG_NOSIGNAL
    SSL_set_fd(ssl_, fd_);
    SSL_accept(ssl_);
  }
  ~Peer() {
    SSL_free(ssl_);
    ::close(fd_);
  }
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Reads until the end of a request's head; "" when the client closed.
  std::string read_head() {
    std::string head;
    char c = 0;
    while (!head.ends_with("\r\n\r\n")) {
      if (receive(&c, 1) <= 0) return {};
      head += c;
    }
    return head;
  }
  std::size_t read_some(std::size_t most) {
    std::string buffer(most, '\0');
    const ssize_t got = receive(buffer.data(), most);
    return got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  void read_exactly(std::size_t count) {
    while (count > 0) {
      const std::size_t got = read_some(count);
      if (got == 0) return;
      count -= got;
    }
  }
  // The address that the client chose of this machine's.
  std::string local_address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    return ::inet_ntoa(address.sin_addr);
  }
  void send(std::string_view text) {
    if (ssl_ != nullptr) {
      SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
    } else {
      (void)!::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
    }
  }
  // Closes with a reset, so that what was sent and not read is lost.
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  // Waits until the client has closed its side.
  void wait_for_close() {
    while (read_some(4096) > 0) {
    }
  }

 private:
  ssize_t receive(char* data, std::size_t most) {
    return ssl_ != nullptr ? SSL_read(ssl_, data, static_cast<int>(most)) : ::recv(fd_, data, most, 0);
  }

  int fd_;
  SSL* ssl_;
};

struct ServerOptions {
  in_addr_t listens_on = INADDR_LOOPBACK;
  bool tls = false;
  int receive_buffer_bytes = 0;  // 0: as the system has it
};

// Runs script `n` on connection `n`.
class ScriptedServer {
 public:
  using Script = std::function<void(Peer&)>;
  explicit ScriptedServer(std::vector<Script> scripts, const ServerOptions& options = {})
      : scripts_(std::move(scripts)) {
    if (options.tls) tls_ = fakes::TestCertificates::instance().server_context();
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (const int bytes = options.receive_buffer_bytes; bytes > 0)
      ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(options.listens_on);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    ::listen(listener_, 16);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] { serve(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    {
      // A client may keep its connection; scripts that wait for its end must not wait for ever.
      const std::lock_guard lock(mutex_);
      closing_ = true;
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    thread_.join();
    ::close(listener_);
  }
  Endpoint endpoint() const { return {.host = "127.0.0.1", .port = port_, .tls = tls_ != nullptr}; }
  int connections() const { return connections_; }

 private:
  void serve() {
    std::vector<std::jthread> running;
    for (const Script& script : scripts_) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      ++connections_;
      running.emplace_back([this, fd, &script] {
        remember(fd);
        Peer peer(fd, tls_.get());
        script(peer);
        forget(fd);
      });
    }
  }

  void remember(int fd) {
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    if (closing_) ::shutdown(fd, SHUT_RDWR);
  }
  void forget(int fd) {
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
  }

  fakes::SslContext tls_;
  std::vector<Script> scripts_;
  std::mutex mutex_;
  std::vector<int> open_;
  bool closing_ = false;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::jthread thread_;
};

inline ScriptedServer::Script answers(std::vector<std::string> replies) {
  return [replies = std::move(replies)](Peer& peer) {
    for (const std::string& reply : replies) {
      if (peer.read_head().empty()) return;
      peer.send(reply);
    }
    peer.wait_for_close();
  };
}

inline const std::string ok_hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientOptions options_{.connect_timeout = seconds(5), .idle_timeout = seconds(5)};
  Loop loop_;
  std::shared_ptr<TlsContext> tls_;  // absent: the client knows plain http alone
  std::optional<HttpClient> client_;

  HttpClient& client() {
    if (!client_) client_.emplace(loop_, tls_, options_);
    return *client_;
  }
  template <class T>
  T run(Task<T> task) {
    std::optional<T> value;
    loop_.run([](Task<T> inner, std::optional<T>& out) -> Task<void> {
      out.emplace(co_await std::move(inner));
    }(std::move(task), value));
    return std::move(*value);
  }
  Result<HttpResponse> get(const ScriptedServer& server, Method method = Method::get) {
    const HttpRequest request{.method = method, .endpoint = server.endpoint()};
    const Context context{.clock = loop_};
    return run(fetch(client(), request, context));
  }
};

}  // namespace azs3copy::http_client_test
