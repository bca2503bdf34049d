// fuzz_url.cpp: encoding is undone by decoding; a URL that parses parses again from its parts to the same.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "check.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

void test(std::string_view input) {
  FUZZ_CHECK(url_decode(url_encode(input)).value() == input);
  FUZZ_CHECK(url_decode(url_encode(input), true).value() == input);
  FUZZ_CHECK(url_decode(url_encode_path(input)).value() == input);
  if (const auto decoded = url_decode(input))
    FUZZ_CHECK(url_decode(url_encode(*decoded)).value() == *decoded);

  const QueryPairs pairs = parse_query(input);
  FUZZ_CHECK(parse_query(build_query(pairs)) == pairs);

  const auto url = parse_url(input);
  if (!url) return;
  const auto is_plain = [](char c) { return c > 0x20 && c < 0x7F && c != '#'; };
  for (const std::string& part : {url->host, url->path, url->query}) {
    // Nothing that could end a request line or a header.
    FUZZ_CHECK(std::all_of(part.begin(), part.end(), is_plain));
  }
  FUZZ_CHECK(!url->host.empty() && url->port != 0 && url->path.starts_with('/'));
  FUZZ_CHECK(url->host.find_first_of("/?@[]") == std::string::npos);
  const auto again = parse_url(url->origin() + url->path + (url->query.empty() ? "" : "?" + url->query));
  FUZZ_CHECK(again);
  FUZZ_CHECK(again->scheme == url->scheme && again->host == url->host && again->port == url->port);
  FUZZ_CHECK(again->path == url->path && again->query == url->query);
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
