// tls_context.cpp: SSL_CTX set-up and where roots are looked for.
#include "net/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>

#include <array>

#include "core/environment.hpp"
#include "net/root_certificates.hpp"

namespace azs3copy {

namespace {

enum class Found { nothing, file, folder };

Found look(const std::string& path) {
  struct stat info{};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) return Found::nothing;
  return S_ISDIR(info.st_mode) ? Found::folder : Found::file;
}

std::string openssl_reason() {
  std::array<char, 256> text{};
  const unsigned long code = ERR_peek_last_error();
  ERR_error_string_n(code, text.data(), text.size());
  ERR_clear_error();
  return code == 0 ? "" : text.data();
}

Result<> load(SSL_CTX* context, const std::string& path, std::string_view named_by) {
  const Found found = look(path);
  if (found == Found::file && add_root_certificates(SSL_CTX_get_cert_store(context), path)) return {};
  ERR_clear_error();
  const bool loaded = found == Found::file     ? SSL_CTX_load_verify_file(context, path.c_str()) == 1
                      : found == Found::folder ? SSL_CTX_load_verify_dir(context, path.c_str()) == 1
                                               : false;
  if (loaded) return {};
  const std::string why = found == Found::nothing ? "there is no such file or folder" : openssl_reason();
  return fail(ErrorKind::invalid, "cannot load CA certificates: " + why, std::string(named_by) + " " + path,
              "Give a PEM file of root certificates that can be read.");
}

// The system's, or those that stand in for them.
Result<bool> load_system_roots(SSL_CTX* context) {
  const std::string file = environment_variable("SSL_CERT_FILE");
  const std::string folder = environment_variable("SSL_CERT_DIR");
  for (const auto& [path, name] : {std::pair(file, "SSL_CERT_FILE"), std::pair(folder, "SSL_CERT_DIR")}) {
    if (path.empty()) continue;
    if (Result<> loaded = load(context, path, name); !loaded) return passed(std::move(loaded));
    return true;
  }

  static constexpr std::array<const char*, 5> usual_places = {
      "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine
      "/etc/pki/tls/certs/ca-bundle.crt",                   // Fedora, RHEL, Amazon Linux
      "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // RHEL
      "/etc/ssl/ca-bundle.pem",                             // SUSE
      "/etc/ssl/cert.pem",                                  // Alpine, BSDs
  };
  for (const char* place : usual_places) {
    if (look(place) != Found::file) continue;
    if (Result<> loaded = load(context, place, "the system's"); !loaded) return passed(std::move(loaded));
    return true;
  }
  return false;
}

// A private root joins the system's: of the two clouds one may be reached through it, and the other not.
Result<> load_roots(SSL_CTX* context, const std::string& ca_bundle) {
  const std::string aws_bundle = environment_variable("AWS_CA_BUNDLE");
  const Result<bool> found = load_system_roots(context);
  if (!found) return std::unexpected<Error>(found.error());
  for (const auto& [path, name] :
       {std::pair(ca_bundle, "--ca-bundle"), std::pair(aws_bundle, "AWS_CA_BUNDLE")}) {
    if (path.empty()) continue;
    if (Result<> loaded = load(context, path, name); !loaded) return loaded;
  }
  if (*found || !ca_bundle.empty() || !aws_bundle.empty()) return {};
  return fail(ErrorKind::invalid, "no CA certificates were found on this machine", "TLS",
              "Install the package ca-certificates, or give a PEM file with --ca-bundle.");
}

}  // namespace

Result<std::shared_ptr<TlsContext>> TlsContext::make(const std::string& ca_bundle) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == nullptr) return fail(ErrorKind::internal, "OpenSSL gave no context: " + openssl_reason());
  auto shared = std::shared_ptr<TlsContext>(new TlsContext(context));
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // Idle connections give their 34 KB of record buffers back; writes may go on from another address.
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_RELEASE_BUFFERS);
  // Sessions are kept by the pool, by endpoint.
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (Result<> loaded = load_roots(context, ca_bundle); !loaded) return passed(std::move(loaded));
  return shared;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

}  // namespace azs3copy
