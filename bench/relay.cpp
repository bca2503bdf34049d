// relay.cpp: the floor of a copy over TLS:
// receive, decrypt, encrypt, send, with blocking calls and no HTTP but two heads.
//
//   GET target --> SSL_read into 1 MiB --> SSL_write --> PUT of the same length
//
// usage: relay SOURCE_PORT SOURCE_TARGET SINK_PORT BYTES TIMES CA.pem
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

[[noreturn]] void die(const char* what) {
  std::perror(what);
  std::exit(1);
}

SSL* connect_tls(SSL_CTX* context, int port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) die("connect");
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  if (SSL_connect(ssl) != 1) die("TLS");
  return ssl;
}

void send_text(SSL* ssl, const std::string& text) {
  if (SSL_write(ssl, text.data(), static_cast<int>(text.size())) <= 0) die("write");
}

// Reads up to the end of a head; what was read of the body by then stays in `buffer`. Returns its count.
std::size_t read_head(SSL* ssl, std::vector<char>& buffer) {
  std::string head;
  while (head.find("\r\n\r\n") == std::string::npos) {
    const int got = SSL_read(ssl, buffer.data(), 4096);
    if (got <= 0) die("read");
    head.append(buffer.data(), static_cast<std::size_t>(got));
  }
  const std::size_t end = head.find("\r\n\r\n") + 4;
  std::copy(head.begin() + static_cast<std::ptrdiff_t>(end), head.end(), buffer.begin());
  return head.size() - end;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) return 2;
  const unsigned long long size = std::strtoull(argv[4], nullptr, 10);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_load_verify_file(context, argv[6]);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_default_read_buffer_len(context, 256 << 10);
  SSL* sink = connect_tls(context, std::atoi(argv[3]));
  std::vector<char> buffer(1 << 20);
  for (int i = 0; i < std::atoi(argv[5]); ++i) {
    SSL* source = connect_tls(context, std::atoi(argv[1]));
    send_text(source, std::string("GET ") + argv[2] +
                          " HTTP/1.1\r\nHost: localhost\r\nx-ms-version: 2020-04-08\r\n\r\n");
    std::size_t have = read_head(source, buffer);
    send_text(sink, "PUT /bucket/relay HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
                        std::to_string(size) + "\r\n\r\n");
    for (unsigned long long left = size; left > 0; have = 0) {
      std::size_t filled = have;
      while (filled < buffer.size() && filled < left) {
        const int got = SSL_read(source, buffer.data() + filled, static_cast<int>(buffer.size() - filled));
        if (got <= 0) die("read");
        filled += static_cast<std::size_t>(got);
      }
      if (SSL_write(sink, buffer.data(), static_cast<int>(filled)) <= 0) die("write");
      left -= filled;
    }
    std::vector<char> reply(4096);
    read_head(sink, reply);
    ::close(SSL_get_fd(source));
    SSL_free(source);
  }
}
