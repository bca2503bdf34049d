// byte_size_test.cpp: a size is what was written, and what is none is refused.
#include "codec/byte_size.hpp"

#include <gtest/gtest.h>

#include "core/bytes.hpp"

namespace azs3copy {
namespace {

TEST(ByteSize, SizesAreBinaryAndExact) {
  EXPECT_EQ(parse_byte_size("100MiB"), 100 * MiB);
  EXPECT_EQ(parse_byte_size("100M"), 100 * MiB);
  EXPECT_EQ(parse_byte_size("100mb"), 100 * MiB);
  EXPECT_EQ(parse_byte_size("1.5G"), GiB + GiB / 2);
  EXPECT_EQ(parse_byte_size("0"), 0u);
  EXPECT_EQ(parse_byte_size("10b"), 10u);
  EXPECT_EQ(parse_byte_size("9007199254740993"), 9'007'199'254'740'993u);  // a double would round it
}

TEST(ByteSize, WhatIsNoSizeIsRefused) {
  for (const char* text : {"", "M", "-1", "1e5", "1X", "1MiBs", "1 M", "nan", "inf", "1bib", "99999999T"}) {
    EXPECT_FALSE(parse_byte_size(text)) << text;
  }
}

}  // namespace
}  // namespace azs3copy
