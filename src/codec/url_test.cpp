// Harms: a blob copied under another key; a request split in two;
// a URL that leads to another host than it shows.
#include "codec/url.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace azs3copy {
namespace {

TEST(Url, EncodesAllButTheUnreserved) {
  EXPECT_EQ(url_encode("AZaz09-_.~"), "AZaz09-_.~");
  EXPECT_EQ(url_encode("a b/c+d=e%2F\x7F"), "a%20b%2Fc%2Bd%3De%252F%7F");
  EXPECT_EQ(url_encode("\xC3\xA9\xF0\x9F\x98\x80"), "%C3%A9%F0%9F%98%80");
  EXPECT_EQ(url_encode_path("//a/../b.\\?#"), "//a/../b.%5C%3F%23");
  EXPECT_EQ(url_encode(std::string_view("\0", 1)), "%00");
}

TEST(Url, DecodesOnlyWholeEscapes) {
  EXPECT_EQ(url_decode("a%20b+c%2f%2F"), "a b+c//");
  EXPECT_EQ(url_decode("a+b%2B", true), "a b+");
  EXPECT_EQ(url_decode("%252F"), "%2F");  // once, not twice
  for (const char* text : {"%", "a%", "a%2", "%zz", "%2g", "%+1", "% 1", "%%20"}) {
    const auto decoded = url_decode(text);
    ASSERT_FALSE(decoded) << text;
    EXPECT_EQ(decoded.error().kind, ErrorKind::invalid);
  }
}

TEST(Url, AnyBytesComeBack) {
  EXPECT_TRUE(
      rc::check([](const std::string& bytes, const std::vector<std::pair<std::string, std::string>>& drawn) {
        RC_ASSERT(url_decode(url_encode(bytes)).value() == bytes);
        RC_ASSERT(url_decode(url_encode_path(bytes)).value() == bytes);
        RC_ASSERT(url_decode(url_encode(bytes), true).value() == bytes);
        const auto url = parse_url("https://h/" + url_encode_path(bytes));
        RC_ASSERT(url.has_value());
        RC_ASSERT(url_decode(url->path).value() == "/" + bytes);
        RC_ASSERT(parse_query(build_query(drawn)) == drawn);
      }));
}

TEST(Url, ReadsQueriesInOrder) {
  const QueryPairs expected = {{"a", "1"}, {"b", ""}, {"a", "x=y"}, {"", "v"}, {"sig", "+/%zz"}};
  EXPECT_EQ(parse_query("a=1&b&a=x=y&=v&&sig=+%2F%zz&"), expected);
  EXPECT_TRUE(parse_query("").empty());
}

TEST(Url, TakesUrlsApart) {
  const auto url = parse_url("HTTPS://Account.Blob.core.windows.net/Cont/a%20b?sv=2025&sig=a%2Bb");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "account.blob.core.windows.net");
  EXPECT_EQ(url->port, 443);
  EXPECT_EQ(url->path, "/Cont/a%20b");
  EXPECT_EQ(url->query, "sv=2025&sig=a%2Bb");
  EXPECT_EQ(url->origin(), "https://account.blob.core.windows.net");

  const auto local = parse_url("http://127.0.0.1:10000");
  ASSERT_TRUE(local);
  EXPECT_EQ(local->path, "/");
  EXPECT_EQ(local->origin(), "http://127.0.0.1:10000");
  EXPECT_FALSE(local->default_port());

  const auto six = parse_url("https://[2001:DB8::1]:9000?list");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->host, "2001:db8::1");
  EXPECT_EQ(six->port, 9000);
  EXPECT_EQ(six->path, "/");
  EXPECT_EQ(six->query, "list");
  EXPECT_EQ(six->authority(), "[2001:db8::1]:9000");
  EXPECT_EQ(parse_url("https://h:443/")->authority(), "h");
  EXPECT_EQ(parse_url("http://h:443/")->authority(), "h:443");
  EXPECT_EQ(parse_url("https://h:/")->port, 443);
}

TEST(Url, EncodesWhatAPersonTypedAsItIs) {
  const auto url = parse_url("https://h/c/a b\xC3\xA9\"<>\\^`{|}?q= x");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->path, "/c/a%20b%C3%A9%22%3C%3E%5C%5E%60%7B%7C%7D");
  EXPECT_EQ(url->query, "q=%20x");
}

TEST(Url, RefusesWhatIsNoHttpUrl) {
  for (const char* text : {"",
                           "h/p",
                           "//h/p",
                           "ftp://h/",
                           "https:/h",
                           "https://",
                           "https:///p",
                           "https://:80/",
                           "https://u@h/",
                           "https://u:p@h/",
                           "https://h/#f",
                           "https://h#",
                           "https://h:0/",
                           "https://h:65536/",
                           "https://h:8o/",
                           "https://h:-1/",
                           "https://h:+1/",
                           "https://[::1",
                           "https://[]/",
                           "https://[h]/",
                           "https://[::1]8/",
                           "https://a b/",
                           "https://h%2e/",
                           "https://\xC3\xA9/",
                           "https://h/\r\nHost: x",
                           "https://h/?a\nb",
                           "https://h\t/"}) {
    const auto url = parse_url(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().kind, ErrorKind::invalid);
  }
}

TEST(Url, AnErrorShowsNoSignature) {
  const auto url = parse_url("https://h:99999/c?sig=SECRET");
  ASSERT_FALSE(url);
  EXPECT_EQ(url.error().to_line().find("SECRET"), std::string::npos);
}

TEST(Url, OnlyAddressesOfThisMachineAreLoopback) {
  for (const char* host : {"localhost", "::1", "127.0.0.1", "127.1.2.3"})
    EXPECT_TRUE(is_loopback(host)) << host;
  for (const char* host : {"127.example.com", "128.0.0.1", "localhost.example.com", ""})
    EXPECT_FALSE(is_loopback(host)) << host;
}

}  // namespace
}  // namespace azs3copy
