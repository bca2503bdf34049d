// Harms: another container or prefix copied than was meant; an address that people type refused without a way
// out; a SAS shown in an error.
#include "azure/source_address.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace azs3copy {
namespace {

struct Good {
  const char* text;
  const char* account;
  const char* endpoint;  // origin and the account's path
  const char* container;
  const char* prefix;
  const char* shown;
};

TEST(SourceAddress, Good) {
  for (const Good& one : {
           Good{"az://acme", "acme", "https://acme.blob.core.windows.net", "", "", "az://acme"},
           Good{"az://acme/", "acme", "https://acme.blob.core.windows.net", "", "", "az://acme"},
           Good{"AZ://acme/photos", "acme", "https://acme.blob.core.windows.net", "photos", "",
                "az://acme/photos"},
           Good{"az://acme/photos/", "acme", "https://acme.blob.core.windows.net", "photos", "",
                "az://acme/photos"},
           Good{"az://acme/photos/2024/a b%20+?c#", "acme", "https://acme.blob.core.windows.net", "photos",
                "2024/a b%20+?c#", "az://acme/photos/2024/a b%20+?c#"},
           Good{"az://acme/photos//x", "acme", "https://acme.blob.core.windows.net", "photos", "/x",
                "az://acme/photos//x"},
           Good{"az://acme/$root/x", "acme", "https://acme.blob.core.windows.net", "$root", "x",
                "az://acme/$root/x"},
           Good{"az://acme/$web", "acme", "https://acme.blob.core.windows.net", "$web", "", "az://acme/$web"},
           Good{"az://devstoreaccount1/c01", "devstoreaccount1", "http://127.0.0.1:10000/devstoreaccount1",
                "c01", "", "az://devstoreaccount1/c01"},
           Good{"https://acme.blob.core.windows.net", "acme", "https://acme.blob.core.windows.net", "", "",
                "az://acme"},
           Good{"https://ACME.blob.core.windows.net/photos/a%20b/%C3%BC%2F%25", "acme",
                "https://acme.blob.core.windows.net", "photos", "a b/\xC3\xBC/%",
                "az://acme/photos/a b/\xC3\xBC/%"},
           Good{"https://acme.blob.core.windows.net/photos/a b", "acme", "https://acme.blob.core.windows.net",
                "photos", "a b", "az://acme/photos/a b"},
           Good{"https://acme.blob.core.windows.net:443/photos", "acme", "https://acme.blob.core.windows.net",
                "photos", "", "az://acme/photos"},
           Good{"https://acme.blob.core.windows.net:8443/photos/x", "acme",
                "https://acme.blob.core.windows.net:8443", "photos", "x",
                "https://acme.blob.core.windows.net:8443/photos/x"},
           Good{"https://acme.dfs.core.windows.net/photos", "acme", "https://acme.blob.core.windows.net",
                "photos", "", "az://acme/photos"},
           Good{"https://acme-secondary.blob.core.windows.net/photos", "acme",
                "https://acme-secondary.blob.core.windows.net", "photos", "",
                "https://acme-secondary.blob.core.windows.net/photos"},
           Good{"https://acme-internetrouting.blob.core.windows.net/photos", "acme",
                "https://acme-internetrouting.blob.core.windows.net", "photos", "",
                "https://acme-internetrouting.blob.core.windows.net/photos"},
           Good{"https://acme-secondary-microsoftrouting.blob.core.windows.net/photos", "acme",
                "https://acme-secondary-microsoftrouting.blob.core.windows.net", "photos", "",
                "https://acme-secondary-microsoftrouting.blob.core.windows.net/photos"},
           Good{"https://acme-microsoftrouting-secondary.dfs.core.windows.net/photos", "acme",
                "https://acme-microsoftrouting-secondary.blob.core.windows.net", "photos", "",
                "https://acme-microsoftrouting-secondary.blob.core.windows.net/photos"},
           Good{"https://acme-dualstack.blob.core.windows.net/photos", "acme",
                "https://acme-dualstack.blob.core.windows.net", "photos", "",
                "https://acme-dualstack.blob.core.windows.net/photos"},
           Good{"https://acme-secondary-ipv6.blob.core.windows.net/photos", "acme",
                "https://acme-secondary-ipv6.blob.core.windows.net", "photos", "",
                "https://acme-secondary-ipv6.blob.core.windows.net/photos"},
           Good{"https://acme-secondary.z12.privatelink.blob.storage.azure.net/photos", "acme",
                "https://acme-secondary.z12.privatelink.blob.storage.azure.net", "photos", "",
                "https://acme-secondary.z12.privatelink.blob.storage.azure.net/photos"},
           Good{"https://acme.blob.core.chinacloudapi.cn/photos", "acme",
                "https://acme.blob.core.chinacloudapi.cn", "photos", "",
                "https://acme.blob.core.chinacloudapi.cn/photos"},
           Good{"https://acme.blob.core.usgovcloudapi.net/photos", "acme",
                "https://acme.blob.core.usgovcloudapi.net", "photos", "",
                "https://acme.blob.core.usgovcloudapi.net/photos"},
           Good{"https://acme.z12.blob.storage.azure.net/photos", "acme",
                "https://acme.z12.blob.storage.azure.net", "photos", "",
                "https://acme.z12.blob.storage.azure.net/photos"},
           Good{"https://acme.privatelink.blob.core.windows.net/photos", "acme",
                "https://acme.privatelink.blob.core.windows.net", "photos", "",
                "https://acme.privatelink.blob.core.windows.net/photos"},
           Good{"http://127.0.0.1:10000/devstoreaccount1/photos/a%20b", "devstoreaccount1",
                "http://127.0.0.1:10000/devstoreaccount1", "photos", "a b",
                "az://devstoreaccount1/photos/a b"},
           Good{"https://127.0.0.1:10000/devstoreaccount1/photos/a%20b", "devstoreaccount1",
                "https://127.0.0.1:10000/devstoreaccount1", "photos", "a b",
                "https://127.0.0.1:10000/devstoreaccount1/photos/a%20b"},
           Good{"https://10.1.2.3/acme/photos", "acme", "https://10.1.2.3/acme", "photos", "",
                "https://10.1.2.3/acme/photos"},
           Good{"https://[::1]:10000/acme/photos", "acme", "https://[::1]:10000/acme", "photos", "",
                "https://[::1]:10000/acme/photos"},
           Good{"http://localhost/acme/photos", "acme", "http://localhost/acme", "photos", "",
                "http://localhost/acme/photos"},
           Good{"http://azurite:10000/devstoreaccount1", "devstoreaccount1",
                "http://azurite:10000/devstoreaccount1", "", "", "http://azurite:10000/devstoreaccount1"},
           Good{"http://acme.blob.localhost:10000/photos", "acme", "http://acme.blob.localhost:10000",
                "photos", "", "http://acme.blob.localhost:10000/photos"},
       }) {
    const std::string text = one.text;
    const Result<SourceAddress> source = parse_source_address(text);
    ASSERT_TRUE(source) << text << ": " << source.error().to_line();
    const Endpoint& endpoint = source->account.endpoint;
    EXPECT_EQ(source->account.name.view(), one.account) << text;
    EXPECT_EQ(fmt::format("{}://{}{}", endpoint.tls ? "https" : "http", endpoint.authority(),
                          source->account.path_prefix),
              one.endpoint)
        << text;
    EXPECT_EQ(source->container.view(), one.container) << text;
    EXPECT_EQ(source->prefix, one.prefix) << text;
    EXPECT_FALSE(source->custom_domain) << text;
    EXPECT_EQ(source->is_url, text.starts_with("http")) << text;
    EXPECT_TRUE(source->sas.empty()) << text;
    EXPECT_EQ(to_string(*source), one.shown);
  }
}

TEST(SourceAddress, ACustomDomainHasNoKnownAccount) {
  const auto source = parse_source_address("https://files.example.com/photos/x");
  ASSERT_TRUE(source);
  EXPECT_TRUE(source->custom_domain);
  EXPECT_EQ(source->container.view(), "photos");
  EXPECT_EQ(to_string(*source), "https://files.example.com/photos/x");
}

TEST(SourceAddress, TheSasBecomesASecretAtOnce) {
  for (const char* text : {"https://acme.blob.core.windows.net/photos/x?sv=2025&sp=rl&sig=abc%2Bdef",
                           "az://acme/photos/x?sv=2025&sp=rl&sig=abc%2Bdef",
                           "http://127.0.0.1:10000/acme/photos/x?sv=2025&sp=rl&sig=abc%2Bdef"}) {
    const auto source = parse_source_address(text);
    ASSERT_TRUE(source) << text;
    EXPECT_EQ(source->sas.reveal(), "sv=2025&sp=rl&sig=abc%2Bdef");
    EXPECT_EQ(source->prefix, "x");
    EXPECT_EQ(to_string(*source).find("sig"), std::string::npos);
  }
}

struct Bad {
  const char* text;
  const char* message;  // parts of what is said
  const char* advice;
};

TEST(SourceAddress, BadOnesNameTheRuleAndAWayOut) {
  constexpr const char* long_container =
      "az://acme/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
  for (const Bad& one : {
           Bad{"", "starts with az:// or https://", "az://ACCOUNT"},
           Bad{"photos", "starts with az:// or https://", "az://ACCOUNT"},
           Bad{"/home/me/x", "starts with az:// or https://", "az://ACCOUNT"},
           Bad{"s3://bucket/x", "destination", "az://ACCOUNT"},
           Bad{"gs://bucket/x", "not an Azure address", "az://ACCOUNT"},
           Bad{"abfss://photos@acme.dfs.core.windows.net/2024", "not taken", "az://acme/photos/2024"},
           Bad{"az://", "account's name is missing", "az://ACCOUNT"},
           Bad{"az:///photos", "account's name is missing", "az://ACCOUNT"},
           Bad{"az://my_account/photos", "3 to 24 lower-case letters and digits", "az://ACCOUNT"},
           Bad{"az://ab/photos", "3 to 24", "az://ACCOUNT"},
           Bad{"az://aaaaaaaaaaaaaaaaaaaaaaaaa/photos", "3 to 24", "az://ACCOUNT"},
           Bad{"az://acme.blob.core.windows.net/photos", "account's name alone",
               "https://acme.blob.core.windows.net/photos"},
           Bad{"az://acme//photos", "two slashes", "az://ACCOUNT"},
           Bad{"az://acme/Photos", "no container", "\"photos\"?"},
           Bad{"az://acme/my_photos/x", "no container", "\"my-photos\"?"},
           Bad{"az://acme/ab", "3 to 63", "az://ACCOUNT"},
           Bad{"az://acme/a--b", "single hyphens", ""},
           Bad{"az://acme/-ab", "single hyphens", ""},
           Bad{"az://acme/ab-", "single hyphens", ""},
           Bad{"az://acme/$secret", "no container", ""},
           Bad{long_container, "3 to 63", ""},
           Bad{"https://acme.blob.core.windows.net/index.html", "no container", "$root/BLOB"},
           Bad{"https://acme.file.core.windows.net/share", "file service",
               "https://acme.blob.core.windows.net"},
           Bad{"https://my_acme.blob.core.windows.net/photos", "3 to 24", ""},
           Bad{"http://127.0.0.1:10000", "account is missing", "http://127.0.0.1:10000/devstoreaccount1"},
           Bad{"http://127.0.0.1:10000//photos%20/x", "account is missing", ""},
           Bad{"https://acme.blob.core.windows.net/photos/100%", "hexadecimal", "%25"},
           Bad{"https://acme.blob.core.windows.net/photos/a#b", "'#'", "https://"},
           Bad{"https://:443/photos", "host is missing", ""},
           Bad{"https://acme.blob.core.windows.net/photos?sv=2025", "no SAS", "quotes"},
           Bad{"https://acme.blob.core.windows.net/photos?restype=container&comp=list",
               "belongs to a request", "SAS"},
           Bad{"https://acme.blob.core.windows.net/photos?snapshot=2026-01-01&sig=x", "past state",
               "current state"},
           Bad{"https://acme.blob.core.windows.net/photos/x&sv=2025&sig=x", "without a '?'", ""},
       }) {
    const Result<SourceAddress> source = parse_source_address(one.text);
    ASSERT_FALSE(source) << one.text;
    const Error& error = source.error();
    EXPECT_EQ(error.kind, ErrorKind::invalid) << one.text;
    EXPECT_NE(error.message.find(one.message), std::string::npos) << one.text << ": " << error.message;
    EXPECT_NE(error.advice.find(one.advice), std::string::npos) << one.text << ": " << error.advice;
    EXPECT_FALSE(error.advice.empty()) << one.text;
    const std::string_view start =
        std::string_view(one.text).substr(0, std::string_view(one.text).find_first_of("?&"));
    EXPECT_TRUE(error.subject.starts_with(start)) << one.text << ": " << error.subject;
  }
}

TEST(SourceAddress, NoErrorShowsASignatureOrAKey) {
  for (const char* text : {
           "https://acme.blob.core.windows.net/Photos?sv=1&sig=hidden",
           "az://acme/Photos?sv=1&sig=hidden",
           "https://acme.blob.core.windows.net/photos&sv=1&sig=hidden",
           "az://acme/photos&sv=1&sig=hidden",
           "az://acme&sig=hidden",
           "https://acme.blob.core.windows.net/photos/x&sv=1&sig=hidden",
           "https://acme.blob.core.windows.net/photos%3Fsv=1&sig=hidden",
           "az://acme/photos/x&sv=1&SIG=hidden",
           "https://acme.file.core.windows.net/photos?sv=1&sig=hidden",
           "https://user:hidden@acme.blob.core.windows.net/photos",
           "gs://x?sig=hidden",
           "abfss://photos@acme.dfs.core.windows.net/2024?sv=1&sig=hidden",
           "az://acme.blob.core.windows.net/photos&sv=1&sig=hidden",
           "photos?sv=1&sig=hidden",
           "https://127.0.0.1:1?sig=hidden",
           "https://acme.blob.core.windows.net/photos?snapshot=1&sig=hidden",
           "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=hidden",
           "BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=sv=1&sig=hidden",
       }) {
    const Result<SourceAddress> source = parse_source_address(text);
    ASSERT_FALSE(source) << text;
    const Error& error = source.error();
    EXPECT_EQ((error.to_line() + error.advice).find("hidden"), std::string::npos)
        << text << ": " << error.to_line();
  }
}

}  // namespace
}  // namespace azs3copy
