// root_certificates.hpp: a bundle of root certificates that are parsed when a chain asks for them.
//
//   bundle.pem --> DER and subject of each --> lookup of an X509_STORE:  issuer's name --> the few that match
//
// Of a system's bundle of 150 roots a connection needs one. OpenSSL parses all, keys included, in 10 to 20 ms;
// to read the text and the subjects takes about 2.
#pragma once

#include <openssl/types.h>

#include <string>

namespace azs3copy {

// Trusts the bundle's certificates from now on. False where this is no plain bundle (other PEM blocks, DER that
// does not reach to a subject, no certificate, no such file); the store is as it was then, and OpenSSL's own
// reader may do better or say why.
bool add_root_certificates(X509_STORE* store, const std::string& path);

}  // namespace azs3copy
