// Harm: a signature that Azure refuses. The texts and signatures were made by another program (Python's
// hmac), after Microsoft's "Authorize with Shared Key".
#include "azure/shared_key.hpp"

#include <gtest/gtest.h>

#include "azure/credential.hpp"
#include "azure/source_address.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

constexpr const char* date = "Mon, 23 Nov 2026 07:42:10 GMT";
// Base64 of 64 bytes; the account is made up.
const Secret acme_key(
    "tkllaB0za5n2MwSXvQr1be1fU5dZ04vpgU8i09xm5QWYQCkXcdzbdSPuJ00rRK+xGilxL2u1u/UUgm+pHVyoeg==");

HttpRequest request_of(Method method, std::string target, const std::vector<Headers::Field>& fields) {
  HttpRequest request{.method = method, .target = std::move(target)};
  for (const auto& [name, value] : fields) request.headers.add(name, value);
  return request;
}

std::string authorization(const Account& account, const Secret& key, HttpRequest request) {
  fakes::FakeClock clock;
  const Context context = clock.context();
  const auto credential = shared_key_credential(account, key);
  EXPECT_TRUE(credential);
  EXPECT_TRUE(fakes::run((*credential)->authorize(request, context)));
  return std::string(request.headers.get("Authorization"));
}

TEST(SharedKey, SignsAReadOfARange) {
  const HttpRequest request = request_of(Method::get, "/photos/a%20b/%C3%BC%2Bx.jpg",
                                         {{"x-ms-version", "2025-01-05"},
                                          {"x-ms-date", date},
                                          {"If-Match", "\"0x8DC01\""},
                                          {"Range", "bytes=0-99"},
                                          {"x-ms-structured-body", "XSM/1.0; properties=crc64"}});
  EXPECT_EQ(shared_key_string_to_sign(request, Account("acme")),
            "GET\n\n\n\n\n\n\n\n\"0x8DC01\"\n\n\nbytes=0-99\nx-ms-date:Mon, 23 Nov 2026 07:42:10 GMT\n"
            "x-ms-structured-body:XSM/1.0; "
            "properties=crc64\nx-ms-version:2025-01-05\n/acme/photos/a%20b/%C3%BC%2Bx.jpg");
  EXPECT_EQ(authorization(Account("acme"), acme_key, request),
            "SharedKey acme:BqicHKeuUmNAYGQYldAMZCJBYq3EjLsqhJ+OGw9uJwU=");
}

TEST(SharedKey, SignsAListingOfTheEmulatorWithTheAccountTwiceAndTheQueryDecodedAndSorted) {
  const HttpRequest request = request_of(Method::get,
                                         "/devstoreaccount1/"
                                         "photos?restype=container&comp=list&maxresults=5000&prefix=a%20b%2F%"
                                         "C3%BC&Include=metadata&include=copy",
                                         {{"x-ms-date", date}, {"x-ms-version", "2025-01-05"}});
  EXPECT_EQ(shared_key_string_to_sign(request, Account(emulator_account)),
            "GET\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:Mon, 23 Nov 2026 07:42:10 GMT\nx-ms-version:2025-01-05\n"
            "/devstoreaccount1/devstoreaccount1/photos\ncomp:list\ninclude:copy,metadata\nmaxresults:5000\n"
            "prefix:a b/\xC3\xBC\nrestype:container");
  EXPECT_EQ(authorization(Account(emulator_account), Secret(std::string(emulator_key)), request),
            "SharedKey devstoreaccount1:K22J3JWLYFBxJqydEEuk1a6vDgigRE7Tw5O/wQFSTeI=");
}

TEST(SharedKey, SignsAWriteWithItsLengthAndServiceFieldsInLowerCase) {
  HttpRequest request = request_of(Method::put, "/photos/new",
                                   {{"Content-Type", "text/plain"},
                                    {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="},
                                    {"x-ms-meta-Zeta", "1"},
                                    {"X-MS-Blob-Type", "BlockBlob"},
                                    {"x-ms-meta-alpha", "2"},
                                    {"x-ms-version", "2025-01-05"},
                                    {"x-ms-date", date}});
  request.body = bytes_of("hello world");
  EXPECT_EQ(shared_key_string_to_sign(request, Account("acme")),
            "PUT\n\n\n11\nXrY7u+Ae7tCTyyK7j1rNww==\ntext/plain\n\n\n\n\n\n\nx-ms-blob-type:BlockBlob\n"
            "x-ms-date:Mon, 23 Nov 2026 07:42:10 "
            "GMT\nx-ms-meta-alpha:2\nx-ms-meta-zeta:1\nx-ms-version:2025-01-05\n"
            "/acme/photos/new");
  EXPECT_EQ(authorization(Account("acme"), acme_key, request),
            "SharedKey acme:wbBdgRfMqyiYMvOGJDQAV2Nhp5ajZnBvIOyvc56jt0A=");
}

TEST(SharedKey, AnEmptyBodyHasNoLengthLine) {
  HttpRequest request = request_of(Method::put, "/c/b", {});
  request.streamed_size = 0;
  EXPECT_TRUE(shared_key_string_to_sign(request, Account("acme")).starts_with("PUT\n\n\n\n\n"));
  request.streamed_size = 5;
  EXPECT_TRUE(shared_key_string_to_sign(request, Account("acme")).starts_with("PUT\n\n\n5\n\n"));
}

}  // namespace
}  // namespace azs3copy
