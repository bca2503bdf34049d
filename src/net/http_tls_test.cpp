// Harms: bytes given to a server that is not the one that was asked for, or under a cipher of the last
// century; a full handshake for each of a million requests; a server that never ends its handshake.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>

#include "fakes/server/certificate.hpp"
#include "net/http_client.hpp"

namespace azs3copy {
namespace {

struct TlsServerOptions {
  int version_min = TLS1_2_VERSION;
  int version_max = TLS1_3_VERSION;
  bool is_proxy = false;                         // a CONNECT comes first
  bool says_nothing = false;                     // no handshake
  std::optional<std::string> answers_with = {};  // to whatever comes, in plain text
};

// Serves one request a connection, one connection after the other.
class TlsServer {
 public:
  explicit TlsServer(const TlsServerOptions& options)
      : options_(options), context_(fakes::TestCertificates::instance().server_context()) {
    SSL_CTX_set_security_level(context_.get(), 0);  // that old versions fail for their age alone
    SSL_CTX_set_min_proto_version(context_.get(), options.version_min);
    SSL_CTX_set_max_proto_version(context_.get(), options.version_max);
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_ANY);
    socklen_t size = sizeof address;
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 16);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    if (!options.says_nothing) thread_ = std::jthread([this] { serve(); });
  }
  ~TlsServer() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  std::uint16_t port() const { return port_; }
  int handshakes() const { return handshakes_; }
  int resumed() const { return resumed_; }
  int requests() const { return requests_; }

 private:
  void serve() {
    for (int fd = 0; (fd = ::accept(listener_, nullptr, nullptr)) >= 0; ::close(fd)) {
      if (options_.is_proxy) tunnel(fd);
      if (options_.answers_with) {
        std::array<char, 4096> asked{};
        (void)!::recv(fd, asked.data(), asked.size(), 0);
        (void)!::send(fd, options_.answers_with->data(), options_.answers_with->size(), MSG_NOSIGNAL);
        ::shutdown(fd, SHUT_WR);
        continue;
      }
      SSL* ssl = SSL_new(context_.get());
      SSL_set_fd(ssl, fd);
      if (SSL_accept(ssl) == 1) answer(ssl);
      SSL_free(ssl);
    }
  }
  static void tunnel(int fd) {
    std::string head;
    for (char c = 0; !head.ends_with("\r\n\r\n") && ::recv(fd, &c, 1, 0) == 1;) head += c;
    const std::string_view reply = "HTTP/1.1 200 Connection established\r\n\r\n";
    (void)!::send(fd, reply.data(), reply.size(), MSG_NOSIGNAL);
  }
  void answer(SSL* ssl) {
    ++handshakes_;
    if (SSL_session_reused(ssl) == 1) ++resumed_;
    std::string head;
    for (char c = 0; !head.ends_with("\r\n\r\n");) {
      if (SSL_read(ssl, &c, 1) != 1) return;
      head += c;
    }
    ++requests_;
    const std::string_view reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    SSL_write(ssl, reply.data(), static_cast<int>(reply.size()));
    SSL_shutdown(ssl);
  }

  TlsServerOptions options_;
  fakes::SslContext context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> handshakes_{0};
  std::atomic<int> resumed_{0};
  std::atomic<int> requests_{0};
  std::jthread thread_;
};

class HttpTlsTest : public ::testing::Test {
 protected:
  std::string ca_bundle_ = fakes::TestCertificates::instance().ca_path();
  HttpClientOptions options_{.connect_timeout = seconds(5), .idle_timeout = seconds(5)};
  Loop loop_;
  std::optional<HttpClient> client_;

  static Task<void> fetch_into(Transport& transport, const HttpRequest& request, const Context& context,
                               Result<HttpResponse>& response) {
    response = co_await fetch(transport, request, context);
  }
  Result<HttpResponse> get(const std::string& host, std::uint16_t port, bool over_tls = true) {
    if (!client_) {
      const auto tls = TlsContext::make(ca_bundle_);
      if (!tls) return std::unexpected<Error>(tls.error());
      client_.emplace(loop_, *tls, options_);
    }
    Result<HttpResponse> response;
    const HttpRequest request{.endpoint = {.host = host, .port = port, .tls = over_tls}};
    const Context context{.clock = loop_};
    loop_.run(fetch_into(*client_, request, context, response));
    return response;
  }
};

TEST_F(HttpTlsTest, TakesItsSessionUpAgainWithTheNextConnection) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsServer server({.version_max = version});
    for (int i = 0; i < 4; ++i) {
      const auto response = get("127.0.0.1", server.port());
      ASSERT_TRUE(response) << response.error().to_line();
      EXPECT_EQ(response->body, "hello");
    }
    EXPECT_EQ(server.handshakes(), 4);
    EXPECT_EQ(server.resumed(), 3) << (version == TLS1_2_VERSION ? "TLS 1.2" : "TLS 1.3");
  }
}

TEST_F(HttpTlsTest, NeverSpeaksAnythingOlderThanTls12) {
  const TlsServer server({.version_min = TLS1_VERSION, .version_max = TLS1_1_VERSION});
  const auto response = get("127.0.0.1", server.port());
  ASSERT_FALSE(response);
  EXPECT_EQ(server.handshakes(), 0);
}

TEST_F(HttpTlsTest, TheCertificateMustBeThatOfTheHost) {
  // The proxy takes any name to the server, as a name server that lies would.
  for (const auto& [host, trusted] :
       {std::pair{"acme.blob.core.windows.net", true}, std::pair{"bucket.s3.us-east-1.amazonaws.com", true},
        std::pair{"127.0.0.1", true}, std::pair{"example.org", false},
        std::pair{"a.b.blob.core.windows.net", false}, std::pair{"blob.core.windows.net", false},
        std::pair{"127.0.0.2", false}}) {
    const TlsServer server({.is_proxy = true});
    client_.reset();
    options_.proxy = {.host = "127.0.0.1", .port = server.port()};
    const auto response = get(host, 443);
    EXPECT_EQ(response.has_value(), trusted) << host;
    EXPECT_EQ(server.requests(), trusted ? 1 : 0) << host << ": nothing may be said to a stranger";
    if (response) continue;
    EXPECT_EQ(response.error().kind, ErrorKind::protocol) << host;
    EXPECT_EQ(response.error().retry, RetryVerdict::never) << host;
    EXPECT_NE(response.error().to_line().find("certificate is not trusted"), std::string::npos)
        << response.error().to_line();
    EXPECT_NE(response.error().advice.find("host name"), std::string::npos) << response.error().advice;
    EXPECT_EQ(response.error().advice.find("--ca-bundle"), std::string::npos) << "its root is known";
  }
}

TEST_F(HttpTlsTest, HttpServerAskedOverHttpsIsNamed) {
  for (const char* text : {"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n", "<!DOCTYPE HTML>"}) {
    const TlsServer server({.answers_with = text});
    const auto response = get("127.0.0.1", server.port());
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().retry, RetryVerdict::never);
    EXPECT_NE(response.error().message.find("speaks plain http"), std::string::npos)
        << response.error().to_line();
  }
}

TEST_F(HttpTlsTest, HttpsServerAskedOverHttpIsNamed) {
  for (int i = 0; i < 2; ++i) {
    const TlsServer server({});
    const auto response = get("127.0.0.1", server.port(), false);
    ASSERT_FALSE(response);
    EXPECT_EQ(response.error().retry, RetryVerdict::never);
    EXPECT_NE(response.error().message.find("expects https"), std::string::npos)
        << response.error().to_line();
  }
}

TEST_F(HttpTlsTest, HttpServerThatHangsUpIsNotTakenForHttps) {
  const TlsServer server({.answers_with = ""});
  const auto response = get("127.0.0.1", server.port(), false);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::connection);
  EXPECT_EQ(response.error().retry, RetryVerdict::later);
}

// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

TEST_F(HttpTlsTest, BundleJoinsTheRootsOfTheSystem) {
  const std::string ours = fakes::TestCertificates::instance().ca_path();
  const std::string other = "/etc/ssl/certs/ca-certificates.crt";
  if (!std::ifstream(other)) GTEST_SKIP() << "this system keeps its roots elsewhere";
  struct Case {
    const char* name;
    std::string system;
    std::string bundle;
    std::string aws;
  };
  for (const Case& one : {Case{"the system's beside --ca-bundle", ours, other, ""},
                          Case{"--ca-bundle beside the system's", other, ours, ""},
                          Case{"AWS_CA_BUNDLE beside the system's", other, "", ours}}) {
    const Variable system("SSL_CERT_FILE", one.system);
    const Variable aws("AWS_CA_BUNDLE", one.aws);
    ca_bundle_ = one.bundle;
    client_.reset();
    const TlsServer server({});
    const auto response = get("127.0.0.1", server.port());
    EXPECT_TRUE(response) << one.name << ": " << response.error().to_line();
  }
}

TEST_F(HttpTlsTest, ARootThatNobodyGaveIsNotTrusted) {
  ca_bundle_.clear();  // the system's
  const TlsServer server({});
  const auto response = get("127.0.0.1", server.port());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().retry, RetryVerdict::never);
  EXPECT_NE(response.error().advice.find("--ca-bundle"), std::string::npos) << response.error().to_line();
  EXPECT_EQ(server.requests(), 0);
}

TEST_F(HttpTlsTest, AHandshakeThatNeverEndsIsGivenUpAfterTheConnectTimeOut) {
  options_.connect_timeout = milliseconds(300);
  options_.idle_timeout = seconds(60);
  const TlsServer server({.says_nothing = true});
  const auto response = get("127.0.0.1", server.port());
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(response.error().retry, RetryVerdict::later);
}

}  // namespace
}  // namespace azs3copy
