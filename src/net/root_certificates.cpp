// root_certificates.cpp: see root_certificates.hpp.
#include "net/root_certificates.hpp"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/base64.hpp"

namespace azs3copy {

namespace {

struct Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

struct Root {
  std::vector<std::byte> der;
  Owned<X509_NAME> subject;
  Owned<X509> certificate;  // once it was asked for
};

struct Roots {
  std::vector<Root> all;
  std::mutex mutex;  // over `certificate`: connections of several loops look for roots
};

const unsigned char* der_bytes(std::string_view der) {
  return reinterpret_cast<const unsigned char*>(der.data());
}
std::string_view view_of(const std::vector<std::byte>& der) {
  return {reinterpret_cast<const char*>(der.data()), der.size()};
}

// One element of DER: its tag, and what lies in it and behind it.
struct Element {
  int tag = 0;
  std::string_view content;
  std::string_view whole;
  std::string_view rest;
};
std::optional<Element> first_element(std::string_view der) {
  const unsigned char* at = der_bytes(der);
  long size = 0;
  int tag = 0;
  int kind = 0;
  const int form = ASN1_get_object(&at, &size, &tag, &kind, static_cast<long>(der.size()));
  if ((form & 0x80) != 0 || (form & 1) != 0) return std::nullopt;  // not DER, or of no stated length
  const auto head = static_cast<std::size_t>(at - der_bytes(der));
  const std::size_t end = head + static_cast<std::size_t>(size);
  return Element{.tag = kind == V_ASN1_UNIVERSAL ? tag : -1,
                 .content = der.substr(head, static_cast<std::size_t>(size)),
                 .whole = der.substr(0, end),
                 .rest = der.substr(end)};
}

// RFC 5280, 4.1: Certificate { TBSCertificate { [version] serial signature issuer validity subject ...
Owned<X509_NAME> subject_of(std::string_view der) {
  const auto certificate = first_element(der);
  if (!certificate || certificate->tag != V_ASN1_SEQUENCE) return nullptr;
  const auto signed_part = first_element(certificate->content);
  if (!signed_part || signed_part->tag != V_ASN1_SEQUENCE) return nullptr;
  auto field = first_element(signed_part->content);
  if (field && field->tag == -1) field = first_element(field->rest);  // the version
  for (int skipped = 0; field && skipped < 4; ++skipped) field = first_element(field->rest);
  if (!field || field->tag != V_ASN1_SEQUENCE) return nullptr;
  const unsigned char* at = der_bytes(field->whole);
  return Owned<X509_NAME>(d2i_X509_NAME(nullptr, &at, static_cast<long>(field->whole.size())));
}

std::optional<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  const std::streamoff size = file.tellg();
  if (!file || size < 0) return std::nullopt;
  std::string text(static_cast<std::size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(text.data(), size)) return std::nullopt;
  return text;
}

// From `text` on: what stands before `mark`, and behind it. Marks begin a line.
struct Cut {
  std::string_view before;
  std::string_view behind;
};
std::optional<Cut> cut_at(std::string_view text, std::string_view mark) {
  std::size_t at = 0;
  while ((at = text.find(mark, at)) != std::string_view::npos && at > 0 && text[at - 1] != '\n') ++at;
  if (at == std::string_view::npos) return std::nullopt;
  return Cut{.before = text.substr(0, at), .behind = text.substr(at + mark.size())};
}

// The lines of a block without what ends them.
void join_lines(std::string_view text, std::string& joined) {
  joined.clear();
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.remove_suffix(line.size() - (line.find_last_not_of(" \t\r") + 1));
    joined += line;
  }
}

// RFC 7468, 2 and 5. Nothing where a block is anything else than a certificate.
std::optional<std::vector<Root>> read_bundle(const std::string& path) {
  const std::optional<std::string> text = read_file(path);
  if (!text) return std::nullopt;
  std::vector<Root> roots;
  std::string digits;
  std::string_view rest = *text;
  while (const auto block = cut_at(rest, "-----BEGIN ")) {
    const std::string_view name = block->behind.substr(0, block->behind.find('-'));
    if (name != PEM_STRING_X509 && name != PEM_STRING_X509_OLD) return std::nullopt;
    const std::string name_to_end = std::string(name) + "-----";
    const auto body = cut_at(block->behind, "-----END " + name_to_end);
    if (!body || !body->before.starts_with(name_to_end)) return std::nullopt;
    join_lines(body->before.substr(name_to_end.size()), digits);
    auto der = base64_decode(digits);
    if (!der) return std::nullopt;
    Owned<X509_NAME> subject = subject_of(view_of(*der));
    if (!subject) return std::nullopt;
    roots.push_back({.der = std::move(*der), .subject = std::move(subject), .certificate = nullptr});
    rest = body->behind;
  }
  if (roots.empty()) return std::nullopt;
  return roots;
}

// Puts all roots of this name into the store, of which the caller tries one after the other; gives the first.
int find_by_subject(X509_LOOKUP* lookup, X509_LOOKUP_TYPE type, const X509_NAME* name, X509_OBJECT* found) {
  if (type != X509_LU_X509) return 0;
  bool is_found = false;
  auto& roots = *static_cast<Roots*>(X509_LOOKUP_get_method_data(lookup));
  const std::lock_guard lock(roots.mutex);
  for (Root& root : roots.all) {
    if (X509_NAME_cmp(root.subject.get(), name) != 0) continue;
    if (!root.certificate) {
      const unsigned char* at = der_bytes(view_of(root.der));
      root.certificate.reset(d2i_X509(nullptr, &at, static_cast<long>(root.der.size())));
      // Its extensions are read at their first use: here, not by two connections at once.
      if (root.certificate) X509_check_purpose(root.certificate.get(), -1, 0);
    }
    X509* certificate = root.certificate.get();
    if (certificate == nullptr || X509_STORE_add_cert(X509_LOOKUP_get_store(lookup), certificate) != 1)
      continue;
    if (is_found || X509_OBJECT_set1_X509(found, certificate) != 1) continue;
    is_found = true;
    X509_free(certificate);  // the caller takes it for the store's, and gives no reference back
  }
  return is_found ? 1 : 0;
}

void free_roots(X509_LOOKUP* lookup) {
  delete static_cast<Roots*>(X509_LOOKUP_get_method_data(lookup));
}

X509_LOOKUP_METHOD* lookup_method() {
  static X509_LOOKUP_METHOD* const method = [] {
    X509_LOOKUP_METHOD* made = X509_LOOKUP_meth_new("roots, parsed when asked for");
    X509_LOOKUP_meth_set_get_by_subject(made, find_by_subject);
    X509_LOOKUP_meth_set_free(made, free_roots);
    return made;
  }();
  return method;
}

}  // namespace

bool add_root_certificates(X509_STORE* store, const std::string& path) {
  ERR_clear_error();
  std::optional<std::vector<Root>> bundle = read_bundle(path);
  ERR_clear_error();
  if (!bundle) return false;
  X509_LOOKUP* lookup = X509_STORE_add_lookup(store, lookup_method());
  if (lookup == nullptr) return false;
  // A store has one lookup of a kind: the roots of a second bundle join those of the first.
  auto* roots = static_cast<Roots*>(X509_LOOKUP_get_method_data(lookup));
  if (roots == nullptr) return X509_LOOKUP_set_method_data(lookup, new Roots{.all = std::move(*bundle)}) == 1;
  const std::lock_guard lock(roots->mutex);
  std::ranges::move(*bundle, std::back_inserter(roots->all));
  return true;
}

}  // namespace azs3copy
