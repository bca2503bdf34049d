// Harms: traffic that goes through a proxy though it was told not to, or past it; a password that the proxy
// does not know; a proxy spoken to in a language that it does not speak.
#include <gtest/gtest.h>

#include "net/http_client.hpp"

namespace azs3copy {
namespace {

ProxyOptions proxy_of(const std::string& https_proxy, const std::string& no_proxy = {}) {
  Result<ProxyOptions> proxy = proxy_from_environment(https_proxy, no_proxy);
  EXPECT_TRUE(proxy) << https_proxy;
  return proxy ? std::move(*proxy) : ProxyOptions{};
}

TEST(Proxy, NoneWithoutTheVariable) {
  const ProxyOptions proxy = proxy_of("", "localhost");
  EXPECT_FALSE(proxy.applies_to({.host = "s3.amazonaws.com"}));
}

TEST(Proxy, ReadsHostPortAndPassword) {
  struct Case {
    const char* text;
    const char* host;
    std::uint16_t port;
    const char* authorization;
  };
  for (const Case& one : {
           Case{"http://proxy.corp:3128", "proxy.corp", 3128, ""},
           Case{"proxy.corp:3128", "proxy.corp", 3128, ""},
           Case{"HTTP://Proxy.Corp:3128/", "proxy.corp", 3128, ""},
           Case{"http://proxy.corp", "proxy.corp", 80, ""},
           Case{"http://[fd00::1]:3128", "fd00::1", 3128, ""},
           Case{"http://user:pass@proxy.corp:3128", "proxy.corp", 3128, "Basic dXNlcjpwYXNz"},
           Case{"user:pass@proxy.corp:3128", "proxy.corp", 3128, "Basic dXNlcjpwYXNz"},
           Case{"http://user:p%40%3As%2Bs@proxy.corp:1", "proxy.corp", 1, "Basic dXNlcjpwQDpzK3M="},
           Case{"http://user:p@ss@proxy.corp:1", "proxy.corp", 1, "Basic dXNlcjpwQHNz"},
           Case{"http://user@proxy.corp:1", "proxy.corp", 1, "Basic dXNlcjo="},
       }) {
    const ProxyOptions proxy = proxy_of(one.text);
    EXPECT_EQ(proxy.host, one.host) << one.text;
    EXPECT_EQ(proxy.port, one.port) << one.text;
    EXPECT_EQ(proxy.authorization.reveal(), one.authorization) << one.text;
  }
}

TEST(Proxy, RefusesWhatItCannotSpeakWithoutShowingThePassword) {
  for (const auto& [text, kind] : {std::pair{"https://user:hunter2@proxy:443", ErrorKind::unsupported},
                                   std::pair{"socks5://user:hunter2@proxy:1080", ErrorKind::invalid},
                                   std::pair{"http://user:hunter2%@proxy:3128", ErrorKind::invalid},
                                   std::pair{"http://user:hunter2@:3128", ErrorKind::invalid},
                                   std::pair{"http://user:hunter2@proxy:99999", ErrorKind::invalid}}) {
    const Result<ProxyOptions> proxy = proxy_from_environment(text, "");
    ASSERT_FALSE(proxy) << text;
    EXPECT_EQ(proxy.error().kind, kind) << text;
    EXPECT_EQ((proxy.error().to_line() + proxy.error().advice).find("hunter2"), std::string::npos);
    EXPECT_NE(proxy.error().to_line().find("HTTPS_PROXY"), std::string::npos);
  }
}

TEST(Proxy, WhomNoProxyExcepts) {
  struct Case {
    const char* no_proxy;
    const char* host;
    std::uint16_t port;
    bool applies;
  };
  for (const Case& one : {
           Case{"", "a.example.org", 443, true},
           Case{"*", "a.example.org", 443, false},
           Case{"other.org,*", "10.1.2.3", 443, false},
           // Names and what lies below them.
           Case{"example.org", "example.org", 443, false},
           Case{"example.org", "a.example.org", 443, false},
           Case{".example.org", "a.example.org", 443, false},
           Case{".example.org", "example.org", 443, false},
           Case{"*.example.org", "a.example.org", 443, false},
           Case{"example.org.", "a.example.org", 443, false},
           Case{"example.org", "a.example.org.", 443, false},
           Case{"EXAMPLE.org", "A.Example.ORG", 443, false},
           Case{"example.org", "badexample.org", 443, true},
           Case{"example.org", "example.org.evil.net", 443, true},
           Case{"a.example.org", "example.org", 443, true},
           Case{".", "example.org", 443, true},
           // Lists: commas, blanks and both.
           Case{"one.org, example.org", "example.org", 443, false},
           Case{"one.org example.org", "example.org", 443, false},
           Case{" ,one.org,,\texample.org ,", "example.org", 443, false},
           // Ports.
           Case{"minio.local:9000", "minio.local", 9000, false},
           Case{"minio.local:9000", "minio.local", 443, true},
           Case{"minio.local:", "minio.local", 443, true},
           Case{"[::1]:9000", "::1", 9000, false},
           Case{"[::1]:9000", "::1", 9001, true},
           // Addresses.
           Case{"10.1.2.3", "10.1.2.3", 443, false},
           Case{"2.3", "10.1.2.3", 443, true},
           Case{"10.1.2.3", "10.1.2.30", 443, true},
           Case{"::1", "::1", 443, false},
           Case{"[::1]", "::1", 443, false},
           Case{"0:0:0:0:0:0:0:1", "::1", 443, false},
           Case{"10.0.0.0/8", "10.1.2.3", 443, false},
           Case{"10.1.2.3/8", "10.200.0.1", 443, false},
           Case{"10.0.0.0/8", "11.1.2.3", 443, true},
           Case{"fd00::/8", "fd12::1", 443, false},
           Case{"fd00::/8", "10.1.2.3", 443, true},
           Case{"10.0.0.0/99", "10.1.2.3", 443, true},
           Case{"10.0.0.0/8", "example.org", 443, true},
       }) {
    const ProxyOptions proxy = proxy_of("http://proxy:3128", one.no_proxy);
    EXPECT_EQ(proxy.applies_to({.host = one.host, .port = one.port}), one.applies)
        << '"' << one.no_proxy << "\" and " << one.host << ':' << one.port;
  }
}

TEST(Proxy, IsForTlsAlone) {
  const ProxyOptions proxy = proxy_of("http://proxy:3128");
  EXPECT_TRUE(proxy.applies_to({.host = "s3.amazonaws.com"}));
  EXPECT_FALSE(proxy.applies_to({.host = "169.254.169.254", .port = 80, .tls = false}))
      << "a machine's own metadata service is not reached through a proxy";
}

}  // namespace
}  // namespace azs3copy
