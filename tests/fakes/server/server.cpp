#include "fakes/server/server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>

namespace azs3copy::fakes {
namespace {

constexpr std::size_t head_bytes_max = 64 * KiB;
// A client that goes on sending after an early reply is listened to for this long, so that a RST does not
// take the reply away from it.
constexpr milliseconds linger_time{500};

int listen_on(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (bind(fd, generic, size) != 0 || listen(fd, 1024) != 0 || getsockname(fd, generic, &size) != 0) {
    close(fd);
    throw std::runtime_error(fmt::format("cannot listen on 127.0.0.1:{}", port));
  }
  port = ntohs(address.sin_port);
  return fd;
}

class Counted {
 public:
  explicit Counted(ConnectionCounters& counters) : counters_(counters) {
    ++counters_.opened;
    const std::uint64_t now = ++counters_.open;
    std::uint64_t highest = counters_.open_max;
    while (highest < now && !counters_.open_max.compare_exchange_weak(highest, now)) {
    }
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
  ~Counted() { --counters_.open; }

 private:
  ConnectionCounters& counters_;
};

}  // namespace

Server::Server(Service& service, const ServerOptions& options)
    : service_(service),
      tls_(TestCertificates::instance().server_context(options.cipher_suites)),
      http_port_(options.http_port),
      https_port_(options.https_port) {
  for (unsigned i = 0; i < options.threads; ++i) {
    auto worker = std::make_unique<Worker>();
    worker->http = listen_on(http_port_);
    worker->https = listen_on(https_port_);
    workers_.push_back(std::move(worker));
  }
}

Server::~Server() {
  stop();
  for (auto& worker : workers_) {
    close(worker->http);
    close(worker->https);
  }
}

void Server::start() {
  for (auto& worker : workers_) {
    worker->thread = std::thread([this, one = worker.get()] {
      one->loop.spawn(accept_on(one->loop, one->http, nullptr));
      one->loop.spawn(accept_on(one->loop, one->https, tls_.get()));
      one->loop.run();
    });
  }
}

void Server::stop() {
  for (auto& worker : workers_) worker->loop.stop();
  for (auto& worker : workers_) {
    if (worker->thread.joinable()) worker->thread.join();
  }
}

Task<void> Server::accept_on(Loop& loop, int listener, SSL_CTX* tls) {
  Loop::Watch& watch = loop.watch(listener);
  try {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        loop.spawn(serve_connection(loop, fd, tls));
      } else if (errno == EAGAIN) {
        co_await loop.readable(watch);
      } else if (errno == EMFILE || errno == ENFILE) {
        co_await loop.sleep(milliseconds(10));
      }
    }
  } catch (const Disconnected&) {
    loop.unwatch(watch);
  }
}

Task<void> Server::serve_connection(Loop& loop, int fd, SSL_CTX* tls) {
  const Counted counted(connections_);
  Stream stream(loop, fd, tls);
  try {
    try {
      co_await stream.handshake();
    } catch (const Disconnected&) {
      if (!loop.stopping()) ++connections_.handshakes_failed;
      throw;
    }
    if (stream.resumed()) ++connections_.resumed;
    co_await serve_requests(stream);
  } catch (const Disconnected&) {
    // The peer went, or a fault was played: this connection is over, and nobody has to know.
  }
}

Task<void> Server::serve_requests(Stream& stream) {
  RequestHead request;
  for (;;) {
    std::size_t end = 0;
    while ((end = stream.input().find("\r\n\r\n")) == std::string_view::npos) {
      if (stream.input().size() > head_bytes_max) throw Disconnected{};
      if (!co_await stream.fill()) co_return;
    }
    const auto wrong = request.parse(stream.input().substr(0, end + 4));
    stream.consume(end + 4);
    if (wrong) {
      const Response refusal{
          .status = 400, .headers = {{"X-Fake-Reason", *wrong}}, .body = *wrong + "\n", .close = true};
      co_await stream.write(refusal.head() + refusal.body);
      co_await stream.finish();
      co_return;
    }
    Exchange exchange(stream, request);
    co_await service_.serve(exchange);
    if (exchange.keep_alive()) continue;
    co_await stream.finish();
    if (exchange.body_left() > 0) co_await stream.linger(linger_time);
    co_return;
  }
}

}  // namespace azs3copy::fakes
