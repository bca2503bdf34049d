// Harms: a key, checksum or signature that is read as another one.
#include "codec/base64.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace azs3copy {
namespace {

std::vector<std::byte> to_vector(std::string_view text) {
  const Bytes bytes = bytes_of(text);
  return {bytes.begin(), bytes.end()};
}

TEST(Base64, VectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(base64_encode(bytes_of(plain)), encoded);
    EXPECT_EQ(base64_decode(encoded), to_vector(plain));
  }
  EXPECT_EQ(base64_encode(bytes_of("\xFB\xFF\xBF")), "+/+/");
  EXPECT_EQ(base64url_encode(bytes_of("\xFB\xFF\xBF")), "-_-_");
  EXPECT_EQ(base64url_encode(bytes_of("fo")), "Zm8");
}

TEST(Base64, RefusesWhatIsNotBase64) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "=", "====", "Z===", "Zm9v=", "Zm=v",
                           "Zg==Zg==", "Zm9v\n", " Zm9v", "Zm9-", "Zm9_", "Zm\xC3\xA9"}) {
    EXPECT_FALSE(base64_decode(text)) << text;
  }
  EXPECT_FALSE(base64_decode(std::string_view("Zm9\0", 4)));
}

TEST(Base64, RoundTrips) {
  EXPECT_TRUE(rc::check([](const std::string& text) {
    RC_ASSERT(base64_decode(base64_encode(bytes_of(text))) == to_vector(text));
    RC_ASSERT(hex_decode(hex_encode(bytes_of(text))) == to_vector(text));
  }));
}

TEST(Hex, EncodesInLowerCaseAndReadsBoth) {
  EXPECT_EQ(hex_encode(bytes_of(std::string_view("\x00\x7F\xAB\xFF", 4))), "007fabff");
  EXPECT_EQ(hex_decode("aBFf"), to_vector("\xAB\xFF"));
  for (const char* text : {"a", "0g", "g0", "0x", " 0", "00 "}) EXPECT_FALSE(hex_decode(text)) << text;
}

}  // namespace
}  // namespace azs3copy
