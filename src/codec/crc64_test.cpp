// Harms: a CRC that differs between machines, sizes or pieces
// would refuse good data or, worse, pass bad data.
#include "codec/crc64.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <random>
#include <string>
#include <vector>

namespace azs3copy {
namespace {

constexpr const char* all_names[] = {"portable", "pclmul", "vpclmul", "pmull"};

std::vector<std::byte> random_bytes(std::size_t size, std::uint32_t seed = 1) {
  std::mt19937 random(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& b : bytes) b = static_cast<std::byte>(random());
  return bytes;
}

// The definition, a bit at a time.
Crc64 by_definition(Bytes bytes) {
  std::uint64_t state = ~std::uint64_t{0};
  for (const std::byte b : bytes) {
    state ^= static_cast<std::uint64_t>(b);
    for (int bit = 0; bit < 8; ++bit) state = (state >> 1) ^ ((state & 1) != 0 ? 0x9A6C9329AC4BC9B5 : 0);
  }
  return {~state};
}

TEST(Crc64, KnownVectors) {
  std::string counting;
  for (char c = 0; c < 32; ++c) counting += c;
  const std::pair<std::string, std::uint64_t> vectors[] = {{"", 0},
                                                           {"123456789", 0xAE8B14860A799888},
                                                           {std::string(32, '\0'), 0xCF3473434D4ECF3B},
                                                           {counting, 0xB9D9D4A8492CBD7F}};
  for (const char* name : all_names) {
    const Crc64Function function = crc64_implementation(name);
    if (function == nullptr) continue;
    for (const auto& [text, crc] : vectors) {
      EXPECT_EQ(function({}, bytes_of(text)).value, crc) << name << " over " << text.size() << " bytes";
      EXPECT_EQ(by_definition(bytes_of(text)).value, crc);
    }
  }
  EXPECT_EQ(crc64({}, bytes_of("123456789")).value, 0xAE8B14860A799888);
}

TEST(Crc64, WireForms) {
  const Crc64 check = crc64({}, bytes_of("123456789"));
  EXPECT_EQ(to_s3_base64(check), "rosUhgp5mIg=");
  EXPECT_EQ(to_azure_base64(check), "iJh5CoYUi64=");
  const Crc64 hello = crc64({}, bytes_of("Hello Azure!"));
  EXPECT_EQ(to_azure_base64(hello), "DtjZpL9/o8c=");
  EXPECT_EQ(to_s3_base64(hello), "x6N/v6TZ2A4=");
  EXPECT_EQ(to_s3_base64(crc64({}, bytes_of("hello world"))), "jSnVw/bqjr4=");
  EXPECT_EQ(to_s3_base64(crc64({}, bytes_of(std::string(10'485'772, 'a')))), "ZMNX55lZurA=");
  EXPECT_EQ(crc64_from_s3_base64("rosUhgp5mIg="), check);
  EXPECT_EQ(crc64_from_azure_base64("iJh5CoYUi64="), check);
}

TEST(Crc64, RefusesTextThatIsNoCrc) {
  for (const char* text :
       {"", "rosUhgp5mIg", "rosUhgp5mIg==", "rosUhgp5", "rosUhgp5mIgA", "rosUhgp5mIgAAAAA", "!osUhgp5mIg="}) {
    EXPECT_FALSE(crc64_from_s3_base64(text)) << text;
    EXPECT_FALSE(crc64_from_azure_base64(text)) << text;
  }
}

TEST(Crc64, EachImplementationAgreesWithTheDefinitionAtEveryLengthAndAlignment) {
  const std::vector<std::byte> data = random_bytes(2048 + 64);
  for (const char* name : all_names) {
    const Crc64Function function = crc64_implementation(name);
    if (function == nullptr) continue;
    for (std::size_t size = 0; size <= 2048; ++size) {
      const std::size_t offset = size * 7 % 64;
      // A copy that ends where its memory ends: reads beyond are seen by AddressSanitizer.
      const std::vector<std::byte> exact(data.begin() + static_cast<std::ptrdiff_t>(offset),
                                         data.begin() + static_cast<std::ptrdiff_t>(offset + size));
      ASSERT_EQ(function({}, exact).value, by_definition(exact).value) << name << " over " << size;
    }
    for (std::size_t offset = 0; offset < 64; ++offset) {
      for (const std::size_t size : {0, 1, 15, 16, 17, 255, 256, 257, 511, 1000, 2048}) {
        const Bytes part = Bytes(data).subspan(offset, size);
        ASSERT_EQ(function({}, part).value, by_definition(part).value) << name << " at " << offset;
      }
    }
  }
}

TEST(Crc64, PiecesGiveTheCrcOfTheWhole) {
  EXPECT_TRUE(rc::check([](std::uint32_t seed) {
    const std::vector<std::byte> data = random_bytes(*rc::gen::inRange<std::size_t>(0, 5000), seed);
    const auto cut = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
    for (const char* name : all_names) {
      const Crc64Function function = crc64_implementation(name);
      if (function == nullptr) continue;
      const Crc64 head = function({}, Bytes(data).first(cut));
      RC_ASSERT(function(head, Bytes(data).subspan(cut)) == crc64({}, data));
    }
  }));
}

TEST(Crc64, CombineIsTheCrcOfTheConcatenation) {
  EXPECT_TRUE(rc::check([](std::uint32_t seed) {
    const std::vector<std::byte> data = random_bytes(*rc::gen::inRange<std::size_t>(0, 5000), seed);
    const auto cut = *rc::gen::inRange<std::size_t>(0, data.size() + 1);
    const Bytes a = Bytes(data).first(cut);
    const Bytes b = Bytes(data).subspan(cut);
    RC_ASSERT(crc64_combine(crc64({}, a), crc64({}, b), b.size()) == crc64({}, data));
  }));
}

TEST(Crc64, CombineHoldsForSizesThatNoTestCanRead) {
  EXPECT_TRUE(rc::check([](std::uint64_t a, std::uint64_t b, std::uint64_t c) {
    const std::uint64_t size_b = *rc::gen::inRange<std::uint64_t>(0, 1ULL << 47);
    const std::uint64_t size_c = *rc::gen::inRange<std::uint64_t>(0, 1ULL << 47);
    const Crc64 left = crc64_combine(crc64_combine({a}, {b}, size_b), {c}, size_c);
    const Crc64 right = crc64_combine({a}, crc64_combine({b}, {c}, size_c), size_b + size_c);
    RC_ASSERT(left == right);
    RC_ASSERT(crc64_combine({a}, {}, 0) == Crc64{a});
    RC_ASSERT(crc64_combine({}, {b}, size_b) == Crc64{b});
  }));
  // 3 GiB of zeros out of one MiB.
  const std::string zeros(MiB, '\0');
  const Crc64 one = crc64({}, bytes_of(zeros));
  Crc64 all;
  for (std::uint64_t i = 0; i < 3 * KiB; ++i) all = crc64_combine(all, one, MiB);
  EXPECT_EQ(all.value, 0xA1DDDD7C6FD17075);
}

TEST(Crc64, TheChosenImplementationIsTheFastestThatTheCpuHas) {
  EXPECT_NE(crc64_implementation("portable"), nullptr);
  EXPECT_EQ(crc64_implementation("no such"), nullptr);
  EXPECT_EQ(crc64_implementation(""), nullptr);
  const std::string_view chosen = crc64_chosen_implementation();
  EXPECT_NE(crc64_implementation(chosen), nullptr);
  for (const char* name : {"vpclmul", "pclmul", "pmull"}) {
    if (crc64_implementation(name) == nullptr) continue;
    EXPECT_EQ(chosen, name);
    break;
  }
}

}  // namespace
}  // namespace azs3copy
