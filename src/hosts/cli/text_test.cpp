// text_test.cpp: values as people read and write them.
#include "hosts/cli/text.hpp"

#include <gtest/gtest.h>

#include "core/bytes.hpp"

namespace azs3copy::cli {
namespace {

TEST(Text, BytesKeepThreeDigitsAndStayBelow1024OfAUnit) {
  EXPECT_EQ(format_bytes(0), "0 B");
  EXPECT_EQ(format_bytes(1023), "1,023 B");
  EXPECT_EQ(format_bytes(1024), "1.00 KiB");
  EXPECT_EQ(format_bytes(88 * GiB), "88.0 GiB");
  EXPECT_EQ(format_bytes(1012 * MiB), "1,012 MiB");
  EXPECT_EQ(format_bytes(1024 * MiB - 1), "1.00 GiB");
  EXPECT_EQ(format_bytes(10 * KiB - 1), "10.0 KiB");
  EXPECT_EQ(format_bytes(100 * KiB - 1), "100 KiB");
  EXPECT_EQ(format_bytes(UINT64_MAX), "16.0 EiB");
}

TEST(Text, BytesOfAreInTheUnitOfTheTotal) {
  EXPECT_EQ(format_bytes_of(41 * GiB + 200 * MiB, 88 * GiB), "41.2 of 88.0 GiB");
  EXPECT_EQ(format_bytes_of(0, 0), "0 of 0 B");
}

TEST(Text, DurationsAreReadable) {
  EXPECT_EQ(format_duration(milliseconds(34)), "34ms");
  EXPECT_EQ(format_duration(milliseconds(4'230)), "4.2s");
  EXPECT_EQ(format_duration(milliseconds(9'960)), "10s");
  EXPECT_EQ(format_duration(milliseconds(83'000)), "1m23s");
  EXPECT_EQ(format_duration(std::chrono::minutes(161)), "2h41m");
  EXPECT_EQ(format_duration(std::chrono::hours(76)), "3d04h");
}

TEST(Text, CountsAreGrouped) {
  EXPECT_EQ(format_count(0), "0");
  EXPECT_EQ(format_count(999), "999");
  EXPECT_EQ(format_count(1'558'904), "1,558,904");
}

// A blob named like this would otherwise clear the screen, forge rows or hide its ending.
TEST(Text, NamesCannotCommandTheTerminal) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable("\x7f"), "\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b");  // C1: CSI in one character
  EXPECT_EQ(printable("x\xe2\x80\xae"
                      "fdp.exe"),
            "x\\xe2\\x80\\xaefdp.exe");                     // right-to-left override
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");           // no UTF-8
  EXPECT_EQ(printable("\xc0\xaf"), "\\xc0\\xaf");           // overlong '/'
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // a surrogate
  EXPECT_EQ(printable("\xf0\x9f"), "\\xf0\\x9f");           // cut off
  EXPECT_EQ(printable("größe 写真 🎉"), "größe 写真 🎉");
  EXPECT_EQ(printable("ö", true), "\\xc3\\xb6");
}

TEST(Text, WidthsCountColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("写真"), 4u);
  EXPECT_EQ(display_width("🎉"), 2u);
  EXPECT_EQ(display_width("e\xcc\x81"), 1u);  // a combining accent
}

TEST(Text, LongPathsKeepTheirEnd) {
  EXPECT_EQ(fit_left("photos/2024/june/beach.jpg", 15, true), "…june/beach.jpg");
  EXPECT_EQ(fit_left("photos/2024/june/beach.jpg", 15, false), "...ne/beach.jpg");
  EXPECT_EQ(fit_left("a.jpg", 8, true), "a.jpg   ");
  EXPECT_EQ(display_width(fit_left("写真写真写真.jpg", 8, true)), 8u);
}

TEST(Text, CutKeepsTheStart) {
  EXPECT_EQ(cut("abcdefgh", 5, true), "abcd…");
  EXPECT_EQ(cut("abcde", 5, true), "abcde");
}

TEST(Text, WrapIndentsAndLosesNoWord) {
  const std::vector<std::string> lines = wrap("one two three four", 9, 2);
  EXPECT_EQ(lines, (std::vector<std::string>{"one two", "  three", "  four"}));
  EXPECT_EQ(wrap("  keeps   columns", 0, 2), (std::vector<std::string>{"  keeps   columns"}));
  EXPECT_EQ(wrap("averyveryverylongword", 5, 2), (std::vector<std::string>{"averyveryverylongword"}));
}

}  // namespace
}  // namespace azs3copy::cli
