// Harms: a server trusted that no root vouches for; one refused though its root lies in the bundle, behind
// another of the same name or written another way; a bundle whose errors nobody hears of.
#include "net/root_certificates.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

namespace azs3copy {
namespace {

// A certificate and its key.
class Identity {
 public:
  // Signed by `issuer`, or by itself. A host's where it is no authority.
  Identity(const std::string& name, bool is_authority, const Identity* issuer = nullptr,
           int name_encoding = V_ASN1_UTF8STRING)
      : key_(EVP_EC_gen("P-256")), certificate_(X509_new()) {
    X509_set_version(certificate_, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate_), ++serial_);
    X509_gmtime_adj(X509_getm_notBefore(certificate_), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate_), 3600);
    X509_set_pubkey(certificate_, key_);
    X509_NAME* subject = X509_get_subject_name(certificate_);
    X509_NAME_add_entry_by_txt(subject, "O", name_encoding,
                               reinterpret_cast<const unsigned char*>(name.data()),
                               static_cast<int>(name.size()), -1, 0);
    const Identity& by = issuer != nullptr ? *issuer : *this;
    X509_set_issuer_name(certificate_, X509_get_subject_name(by.certificate_));
    extend(by, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    extend(by, NID_subject_key_identifier, "hash");
    extend(by, NID_authority_key_identifier, "keyid");
    X509_sign(certificate_, by.key_, EVP_sha256());
  }
  ~Identity() {
    X509_free(certificate_);
    EVP_PKEY_free(key_);
  }
  Identity(const Identity&) = delete;
  Identity& operator=(const Identity&) = delete;

  X509* certificate() const { return certificate_; }
  std::string pem() const {
    BIO* memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, certificate_);
    char* data = nullptr;
    const long size = BIO_get_mem_data(memory, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(memory);
    return text;
  }

 private:
  void extend(const Identity& issuer, int kind, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer.certificate_, certificate_, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value);
    X509_add_ext(certificate_, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static inline std::atomic<int> serial_{0};
  EVP_PKEY* key_;
  X509* certificate_;
};

class RootCertificates : public ::testing::Test {
 protected:
  RootCertificates() : store_(X509_STORE_new()) {}
  ~RootCertificates() override {
    X509_STORE_free(store_);
    std::filesystem::remove(path_);
  }
  bool add(const std::string& text) {
    std::ofstream(path_) << text;
    return add_root_certificates(store_, path_);
  }
  // As a client does, with what the server sent along.
  bool trusts(const Identity& host, const Identity* sent_along = nullptr) const {
    STACK_OF(X509)* chain = sk_X509_new_null();
    if (sent_along != nullptr) sk_X509_push(chain, sent_along->certificate());
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store_, host.certificate(), chain);
    const bool trusted = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    sk_X509_free(chain);
    return trusted;
  }

  X509_STORE* store_;
  std::string path_ = ::testing::TempDir() + "azs3copy-roots-" + std::to_string(::getpid()) + ".pem";
  Identity one_{"Root One", true};
  Identity two_{"Root Two", true};
  Identity stranger_{"Root Three", true};
};

TEST_F(RootCertificates, VouchForTheirOwnAndNobodyElse) {
  ASSERT_TRUE(add("# Root One\n" + one_.pem() + "\n# Root Two\n" + two_.pem() + "trailing words\n"));
  const Identity between("Between", true, &two_);
  for (int time = 0; time < 2; ++time) {
    EXPECT_TRUE(trusts(Identity("host", false, &one_)));
    EXPECT_TRUE(trusts(Identity("host", false, &between), &between));
    EXPECT_FALSE(trusts(Identity("host", false, &between))) << "a link of the chain is missing";
    EXPECT_FALSE(trusts(Identity("host", false, &stranger_)));
    EXPECT_FALSE(trusts(Identity("host", false, &stranger_), &stranger_)) << "sent along is not trusted";
    EXPECT_FALSE(trusts(Identity("host", false)));
  }
}

TEST_F(RootCertificates, AreReadHoweverTheirLinesEnd) {
  std::string text = one_.pem();
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 3)
    text.replace(at, 1, " \r\n");
  ASSERT_TRUE(add("a line with -----BEGIN CERTIFICATE----- in it\n" + text + two_.pem()));
  EXPECT_TRUE(trusts(Identity("host", false, &one_)));
  EXPECT_TRUE(trusts(Identity("host", false, &two_)));
}

// As where a root was renewed with a new key.
TEST_F(RootCertificates, OfOneNameAreAllTried) {
  const Identity renewed("Root One", true);
  ASSERT_TRUE(add(one_.pem() + renewed.pem() + one_.pem()));
  EXPECT_TRUE(trusts(Identity("host", false, &renewed)));
  EXPECT_TRUE(trusts(Identity("host", false, &one_)));
  const Identity forged("Root One", true);
  EXPECT_FALSE(trusts(Identity("host", false, &forged)));
}

TEST_F(RootCertificates, SecondBundleJoinsTheFirst) {
  ASSERT_TRUE(add(one_.pem()));
  ASSERT_TRUE(add(two_.pem()));
  EXPECT_TRUE(trusts(Identity("host", false, &one_)));
  EXPECT_TRUE(trusts(Identity("host", false, &two_)));
  EXPECT_FALSE(trusts(Identity("host", false, &stranger_)));
}

// RFC 5280, 7.1: names are the same whatever their encoding, case and spaces.
TEST_F(RootCertificates, AreFoundHoweverTheirNameIsWritten) {
  const Identity printed("ROOT  ONE", true, nullptr, V_ASN1_PRINTABLESTRING);
  ASSERT_TRUE(add(printed.pem()));
  X509_OBJECT* found = X509_OBJECT_new();
  X509_STORE_CTX* context = X509_STORE_CTX_new();
  X509_STORE_CTX_init(context, store_, nullptr, nullptr);
  EXPECT_EQ(
      X509_STORE_CTX_get_by_subject(context, X509_LU_X509, X509_get_subject_name(one_.certificate()), found),
      1);
  EXPECT_EQ(X509_cmp(X509_OBJECT_get0_X509(found), printed.certificate()), 0);
  X509_STORE_CTX_free(context);
  X509_OBJECT_free(found);
}

TEST_F(RootCertificates, LeaveWhatIsNoPlainBundleToOpenSsl) {
  EXPECT_FALSE(add_root_certificates(store_, path_ + ".missing"));
  EXPECT_FALSE(add(""));
  EXPECT_FALSE(add("no certificate\n"));
  EXPECT_FALSE(add(one_.pem() + "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"));
  EXPECT_FALSE(add(one_.pem() + "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(add("-----BEGIN CERTIFICATE\n-----" + one_.pem()))
      << "where the line of its name ends elsewhere";
  EXPECT_FALSE(add("-----BEGIN "));
  EXPECT_FALSE(add("-----BEGIN CERTIFICATE-----"));
  EXPECT_FALSE(add("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"));
  EXPECT_FALSE(add(one_.pem() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"));
  const std::string pem = one_.pem();
  EXPECT_FALSE(add(two_.pem() + pem.substr(0, pem.size() - 30))) << "its end is missing";
  EXPECT_FALSE(trusts(Identity("host", false, &one_)));
}

// A root that two connections ask for at once must be one and the same.
TEST_F(RootCertificates, AreFoundByManyConnectionsAtOnce) {
  ASSERT_TRUE(add(one_.pem() + two_.pem()));
  std::vector<std::unique_ptr<Identity>> hosts;
  for (int i = 0; i < 8; ++i) hosts.push_back(std::make_unique<Identity>("host", false, &two_));
  std::atomic<int> trusted{0};
  {
    std::vector<std::jthread> threads;
    for (const auto& host : hosts)
      threads.emplace_back([&, identity = host.get()] { trusted += trusts(*identity) ? 1 : 0; });
  }
  EXPECT_EQ(trusted, 8);
}

}  // namespace
}  // namespace azs3copy
