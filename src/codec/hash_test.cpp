// Harms: a signature that no service accepts; a blob's MD5 that is called wrong.
#include "codec/hash.hpp"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "codec/base64.hpp"

namespace azs3copy {
namespace {

std::string sha256_hex(std::string_view text) {
  return hex_encode(sha256(bytes_of(text)));
}
std::string hmac_hex(std::string_view key, std::string_view message) {
  return hex_encode(hmac_sha256(bytes_of(key), bytes_of(message)));
}

TEST(Hash, Sha256VectorsOfFips180) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Hash, HmacVectorsOfRfc4231) {
  EXPECT_EQ(hmac_hex(std::string(20, '\x0b'), "Hi There"),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hmac_hex("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(hmac_hex(std::string(20, '\xaa'), std::string(50, '\xdd')),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  // A key longer than a block is hashed first.
  EXPECT_EQ(hmac_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(hmac_hex("", ""), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST(Hash, Md5VectorsOfRfc1321AlsoInPieces) {
  const auto md5 = [](std::initializer_list<std::string_view> pieces) {
    Md5 running;
    for (const std::string_view piece : pieces) running.update(bytes_of(piece));
    return hex_encode(running.finish());
  };
  EXPECT_EQ(md5({}), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(md5({"abc"}), "900150983cd24fb0d6963f7d28e17f72");
  EXPECT_EQ(md5({"message", "", " digest"}), "f96b697d7cb7938d525a2f31aaf161d0");
  Md5 moved_from;
  moved_from.update(bytes_of("a"));
  Md5 moved(std::move(moved_from));
  moved.update(bytes_of("bc"));
  EXPECT_EQ(hex_encode(moved.finish()), "900150983cd24fb0d6963f7d28e17f72");
}

TEST(Hash, ThreadsDoNotShareAContext) {
  const std::string long_text(100'000, 'x');
  const std::string expected = sha256_hex(long_text);
  std::vector<std::string> seen(4);
  {
    std::vector<std::jthread> threads;
    for (std::string& result : seen) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) result = sha256_hex(long_text);
      });
    }
  }
  for (const std::string& result : seen) EXPECT_EQ(result, expected);
}

}  // namespace
}  // namespace azs3copy
