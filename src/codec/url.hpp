// url.hpp: percent-encoding by each service's rules, and URLs taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"

namespace azs3copy {

// Encodes every byte but A-Z a-z 0-9 - _ . ~ (RFC 3986 unreserved), hex in upper case.
std::string url_encode(std::string_view bytes);
// The same, but keeps '/': S3 keys (SigV4's canonical path, never normalised) and Azure blob names.
std::string url_encode_path(std::string_view bytes);
// Decodes %XX; '+' stays '+' (`plus_is_space` false) or becomes a space. A bad escape is ErrorKind::invalid.
Result<std::string> url_decode(std::string_view text, bool plus_is_space = false);

using QueryPairs = std::vector<std::pair<std::string, std::string>>;  // decoded, in order
QueryPairs parse_query(std::string_view query);    // without '?'; a bad escape stays as it is
std::string build_query(const QueryPairs& pairs);  // url_encode'd, in order, without '?'

struct Url {
  std::string scheme;      // "http" or "https", lower case
  std::string host;        // lower case, IPv6 without brackets
  std::uint16_t port = 0;  // the scheme's default where none is given
  std::string path;        // as written, encoded; "/" where empty
  std::string query;       // as written, encoded, without '?'

  bool default_port() const { return port == (scheme == "https" ? 443 : 80); }
  // host[:port], the port only where it is not the scheme's; IPv6 in brackets.
  std::string authority() const;
  std::string origin() const;  // scheme://authority
};
// http and https only; user info and fragments are refused.
Result<Url> parse_url(std::string_view text);
// "localhost", "::1" or an address 127.x.x.x: what is sent there does not leave this machine.
bool is_loopback(std::string_view host);

}  // namespace azs3copy
