// tls_context.hpp: what all TLS connections of the process share: versions, roots, verification.
#pragma once

#include <memory>
#include <string>

#include "core/error.hpp"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace azs3copy {

// TLS 1.2 or later, peers verified against the roots.
// Thread-safe once made; the bundle is read once.
class TlsContext {
 public:
  // Roots: SSL_CERT_FILE, or SSL_CERT_DIR, or the usual places of Linux distributions; added to them `ca_bundle` (a
  // PEM file or a folder of them) and AWS_CA_BUNDLE. A bundle that was named and can't be read is an error; so is
  // finding no roots at all.
  static Result<std::shared_ptr<TlsContext>> make(const std::string& ca_bundle);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  ssl_ctx_st* handle() const { return context_; }

 private:
  explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
  ssl_ctx_st* context_;
};

}  // namespace azs3copy
