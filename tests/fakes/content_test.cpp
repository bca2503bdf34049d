// content_test.cpp: made-up bytes are the same from whichever offset they are read.
#include "fakes/content.hpp"

#include <gtest/gtest.h>

namespace azs3copy::fakes {
namespace {

std::string piece(const Content& content, std::uint64_t offset, std::size_t size) {
  std::string out(size, '\0');
  content.read(offset, {reinterpret_cast<std::byte*>(out.data()), size});
  return out;
}

TEST(Content, SyntheticIsAFunctionOfSeedAndOffset) {
  const ContentPtr content = synthetic_content(1, 3 * MiB + 17);
  const std::string all = read_all(*content);
  for (const std::uint64_t offset : {0ULL, 1ULL, 7ULL, 4095ULL, 1048575ULL, 1048571ULL, 2097152ULL}) {
    for (const std::size_t size : {1U, 8U, 13U, 4096U, 1048577U}) {
      ASSERT_EQ(piece(*content, offset, size), all.substr(offset, size)) << offset << " " << size;
    }
  }
  EXPECT_NE(all.substr(0, 64), all.substr(MiB, 64)) << "no MiB like the next";
  EXPECT_NE(all.substr(0, 64), piece(*synthetic_content(2, 64), 0, 64));
  EXPECT_EQ(content->crc(), crc64({}, bytes_of(all)));
}

TEST(Content, JoinedReadsAcrossItsParts) {
  const ContentPtr joined =
      joined_content({stored_content("ab"), stored_content(""), stored_content("cde"), stored_content("f")});
  EXPECT_EQ(read_all(*joined), "abcdef");
  EXPECT_EQ(piece(*joined, 1, 4), "bcde");
  EXPECT_EQ(joined->crc(), crc64({}, bytes_of("abcdef")));
  EXPECT_FALSE(joined_content({stored_content("a"), digest_content(1, {})})->readable());
}

}  // namespace
}  // namespace azs3copy::fakes
