// certificate.hpp: a certificate authority of the moment, and the server certificate that it signs.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

namespace azs3copy::fakes {

struct SslContextFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
using SslContext = std::unique_ptr<SSL_CTX, SslContextFree>;

// Made once per process (an EC key takes under a millisecond); the CA's certificate lies in a file of its own
// in the temporary folder, deleted at exit.
class TestCertificates {
 public:
  static const TestCertificates& instance();

  // For the client: --ca-bundle, SSL_CERT_FILE.
  const std::string& ca_path() const { return ca_path_; }
  const std::string& ca_pem() const { return ca_pem_; }
  // TLS 1.2 and 1.3; valid for localhost, 127.0.0.1, ::1 and the clouds' own names.
  // `cipher_suites` as SSL_CTX_set_ciphersuites takes them; empty: OpenSSL's order.
  SslContext server_context(const std::string& cipher_suites = {}) const;

  TestCertificates(const TestCertificates&) = delete;
  TestCertificates& operator=(const TestCertificates&) = delete;
  ~TestCertificates();

 private:
  TestCertificates();
  X509* certificate_ = nullptr;
  EVP_PKEY* key_ = nullptr;
  std::string ca_pem_;
  std::string ca_path_;
};

}  // namespace azs3copy::fakes
