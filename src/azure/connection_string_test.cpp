// Harms: a login sent to another account than its own; a key in an error.
#include "azure/connection_string.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "azure/source_address.hpp"

namespace azs3copy {
namespace {

std::string address_of(const AzureAccount& account) {
  return fmt::format("{}://{}{} {}", account.endpoint.tls ? "https" : "http", account.endpoint.authority(),
                     account.path_prefix, account.name.view());
}

Result<ConnectionString> parse(std::string text) {
  return parse_connection_string(Secret(std::move(text)));
}

TEST(ConnectionString, Good) {
  struct Good {
    const char* text;
    const char* address;
    const char* key;
    const char* sas;
  };
  for (const Good& one : {
           Good{"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5==;EndpointSuffix=core."
                "windows.net",
                "https://acme.blob.core.windows.net acme", "a2V5==", ""},
           Good{"AccountName=acme;AccountKey=a2V5", "https://acme.blob.core.windows.net acme", "a2V5", ""},
           Good{" accountname = acme ; ACCOUNTKEY = a2V5 ;; ", "https://acme.blob.core.windows.net acme",
                "a2V5", ""},
           Good{"DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=k;EndpointSuffix=core."
                "chinacloudapi.cn",
                "https://acme.blob.core.chinacloudapi.cn acme", "k", ""},
           Good{"DefaultEndpointsProtocol=http;AccountName=acme;AccountKey=k",
                "http://acme.blob.core.windows.net acme", "k", ""},
           Good{"BlobEndpoint=https://acme.blob.core.windows.net/;QueueEndpoint=https://"
                "acme.queue.core.windows.net/;"
                "SharedAccessSignature=sv=2025&sig=a%3D",
                "https://acme.blob.core.windows.net acme", "", "sv=2025&sig=a%3D"},
           Good{"BlobEndpoint=https://acme.blob.core.windows.net;SharedAccessSignature=?sig=a",
                "https://acme.blob.core.windows.net acme", "", "sig=a"},
           Good{"DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=k;"
                "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;",
                "http://127.0.0.1:10000/devstoreaccount1 devstoreaccount1", "k", ""},
           Good{"AccountName=acme;AccountKey=k;BlobEndpoint=https://files.example.com",
                "https://files.example.com acme", "k", ""},
           Good{"AccountName=acme;AccountKey=k;SharedAccessSignature=sig=s",
                "https://acme.blob.core.windows.net acme", "", "sig=s"},
           Good{"AccountName=acme;AccountKey=k;NewThing=1", "https://acme.blob.core.windows.net acme", "k",
                ""},
       }) {
    const auto connection = parse(one.text);
    ASSERT_TRUE(connection) << one.text << ": " << connection.error().to_line();
    EXPECT_EQ(address_of(connection->account), one.address) << one.text;
    EXPECT_EQ(connection->account_key.reveal(), one.key) << one.text;
    EXPECT_EQ(connection->sas.reveal(), one.sas) << one.text;
  }
}

TEST(ConnectionString, TheEmulator) {
  const auto connection = parse("UseDevelopmentStorage=true");
  ASSERT_TRUE(connection);
  EXPECT_EQ(address_of(connection->account), "http://127.0.0.1:10000/devstoreaccount1 devstoreaccount1");
  EXPECT_EQ(connection->account_key.reveal(), emulator_key);
}

TEST(ConnectionString, BadOnesSayWhatIsMissingAndShowNoValue) {
  struct Bad {
    const char* text;
    const char* message;
  };
  for (const Bad& one : {
           Bad{"", "AccountName or BlobEndpoint is missing"},
           Bad{"hidden", "part 1 is not KEY=VALUE"},
           Bad{"AccountName=acme;hidden", "part 2 is not KEY=VALUE"},
           Bad{"AccountName=acme;=hidden", "part 2 is not KEY=VALUE"},
           Bad{"AccountName=acme", "neither AccountKey nor SharedAccessSignature"},
           Bad{"AccountName=acme;AccountKey=", "neither AccountKey nor SharedAccessSignature"},
           Bad{"AccountName=acme;AcountKey=hidden", "neither AccountKey nor SharedAccessSignature"},
           Bad{"AccountKey=hidden", "AccountName or BlobEndpoint is missing"},
           Bad{"AccountName=hidden==;AccountKey=hidden", "AccountName must be"},
           Bad{"AccountName=acme;AccountName=acme;AccountKey=hidden", "twice"},
           Bad{"DefaultEndpointsProtocol=ftp;AccountName=acme;AccountKey=hidden", "DefaultEndpointsProtocol"},
           Bad{"AccountName=acme;AccountKey=hidden;EndpointSuffix=evil.com/hidden", "EndpointSuffix"},
           Bad{"AccountName=acme;AccountKey=hidden;EndpointSuffix=evil.com?hidden", "EndpointSuffix"},
           Bad{"AccountName=acme;AccountKey=hidden;EndpointSuffix=x@evil.com", "EndpointSuffix"},
           Bad{"BlobEndpoint=acme.blob.core.windows.net;SharedAccessSignature=sig=hidden",
               "BlobEndpoint is not a URL"},
           Bad{"BlobEndpoint=https://acme.blob.core.windows.net/?sig=hidden;SharedAccessSignature=sig=hidden",
               "BlobEndpoint is not a URL"},
           Bad{"BlobEndpoint=https://acme.blob.core.windows.net/hidden;SharedAccessSignature=sig=hidden",
               "must end with the account"},
           Bad{"BlobEndpoint=https://acme.queue.core.windows.net;SharedAccessSignature=sig=hidden",
               "not the address of an account's blobs"},
           Bad{"AccountName=acme;AccountKey=hidden;BlobEndpoint=https://other.blob.core.windows.net",
               "different accounts"},
           Bad{"BlobEndpoint=https://files.example.com;AccountKey=hidden", "AccountName is missing"},
           Bad{"UseDevelopmentStorage=false", "can only be true"},
       }) {
    const auto connection = parse(one.text);
    ASSERT_FALSE(connection) << one.text;
    const Error& error = connection.error();
    EXPECT_EQ(error.kind, ErrorKind::invalid) << one.text;
    EXPECT_NE(error.message.find(one.message), std::string::npos) << one.text << ": " << error.message;
    EXPECT_EQ((error.to_line() + error.advice).find("hidden"), std::string::npos) << error.to_line();
    EXPECT_FALSE(error.advice.empty());
  }
}

}  // namespace
}  // namespace azs3copy
