#include "fakes/server/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace azs3copy::fakes {
namespace {

constexpr const char* server_names =
    "DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1,DNS:*.blob.core.windows.net,DNS:login.microsoftonline."
    "com,"
    "DNS:*.s3.amazonaws.com,DNS:*.s3.us-east-1.amazonaws.com,DNS:s3.us-east-1.amazonaws.com,DNS:*.fake.test";

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  if (extension == nullptr) throw std::runtime_error("a certificate extension was refused");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509* new_certificate(EVP_PKEY* key, const char* common_name) {
  X509* certificate = X509_new();
  X509_set_version(certificate, X509_VERSION_3);
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1);
  // Tests move the client's clock by years.
  X509_gmtime_adj(X509_getm_notBefore(certificate), -10L * 365 * 24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 20L * 365 * 24 * 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(common_name), -1, -1, 0);
  return certificate;
}

std::string to_pem(X509* certificate) {
  BIO* memory = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(memory, certificate);
  char* data = nullptr;
  const long size = BIO_get_mem_data(memory, &data);
  std::string pem(data, static_cast<std::size_t>(size));
  BIO_free(memory);
  return pem;
}

std::string write_temporary(const std::string& text) {
  const char* folder = std::getenv("TMPDIR");
  std::string path = std::string(folder ? folder : "/tmp") + "/azs3copy-test-ca-XXXXXX.pem";
  const int fd = mkstemps(path.data(), 4);
  if (fd < 0) throw std::runtime_error("no temporary file for the test CA");
  close(fd);
  std::ofstream(path) << text;
  return path;
}

}  // namespace

const TestCertificates& TestCertificates::instance() {
  static const TestCertificates certificates;
  return certificates;
}

TestCertificates::TestCertificates() : key_(EVP_EC_gen("P-256")) {
  EVP_PKEY* ca_key = EVP_EC_gen("P-256");
  X509* ca = new_certificate(ca_key, "azs3copy test CA");
  X509_set_issuer_name(ca, X509_get_subject_name(ca));
  add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(ca, ca, NID_subject_key_identifier, "hash");
  X509_sign(ca, ca_key, EVP_sha256());

  certificate_ = new_certificate(key_, "localhost");
  X509_set_issuer_name(certificate_, X509_get_subject_name(ca));
  add_extension(certificate_, ca, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate_, ca, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate_, ca, NID_ext_key_usage, "serverAuth");
  add_extension(certificate_, ca, NID_subject_alt_name, server_names);
  add_extension(certificate_, ca, NID_authority_key_identifier, "keyid");
  X509_sign(certificate_, ca_key, EVP_sha256());

  ca_pem_ = to_pem(ca);
  ca_path_ = write_temporary(ca_pem_);
  X509_free(ca);
  EVP_PKEY_free(ca_key);
}

TestCertificates::~TestCertificates() {
  unlink(ca_path_.c_str());
  X509_free(certificate_);
  EVP_PKEY_free(key_);
}

SslContext TestCertificates::server_context(const std::string& cipher_suites) const {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  if (!cipher_suites.empty()) SSL_CTX_set_ciphersuites(context.get(), cipher_suites.c_str());
  SSL_CTX_set_options(context.get(), SSL_OP_CIPHER_SERVER_PREFERENCE);
  if (SSL_CTX_use_certificate(context.get(), certificate_) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), key_) != 1) {
    throw std::runtime_error("the test certificate was refused");
  }
  return context;
}

}  // namespace azs3copy::fakes
