// name_list_test.cpp: every list that people write is understood or refused, and no name is lost in silence.
#include "plan/name_list.hpp"

#include <gtest/gtest.h>

#include "plan/filter.hpp"

namespace azs3copy {
namespace {

using namespace std::string_literals;
using Texts = std::vector<std::string>;

Texts parsed(const std::string& text) {
  const Result<Texts> names = parse_files_from(text);
  return names ? *names : Texts{"refused: " + names.error().message};
}

std::string as_utf16(std::u16string_view text, bool big) {
  std::string bytes;
  for (const char16_t unit : text) {
    const char high = static_cast<char>(unit >> 8);
    const char low = static_cast<char>(unit & 0xFF);
    bytes += big ? high : low;
    bytes += big ? low : high;
  }
  return bytes;
}

TEST(ParseFilesFrom, LeavesOutCommentsAndBlankLinesAndKeepsNamesExact) {
  EXPECT_EQ(parsed("a\n\n# no\n  \n b c \r\n/#yes\nlast"), (Texts{"a", " b c ", "/#yes", "last"}));
  EXPECT_EQ(parsed("\xEF\xBB\xBF"
                   "a\r\nb\r\n"),
            (Texts{"a", "b"}));
  EXPECT_EQ(parsed("a\rb\n"), Texts{"a\rb"});
  EXPECT_EQ(parsed(""), Texts{});
  EXPECT_EQ(parsed("\r\n\n"), Texts{});
}

TEST(ParseFilesFrom, NulSeparatedNamesAreExact) {
  EXPECT_EQ(parsed("./a/x.txt\0#b\n.bin\0c\r\0"s), (Texts{"./a/x.txt", "#b\n.bin", "c\r"}));
  EXPECT_EQ(parsed("a\0b\0"s), (Texts{"a", "b"}));
}

TEST(ParseFilesFrom, Utf16IsReadWithAndWithoutAMark) {
  const std::u16string_view text = u"a/\u00fc.txt\r\n\U0001F680\r\n";
  const Texts names{"a/\xC3\xBC.txt", "\xF0\x9F\x9A\x80"};
  EXPECT_EQ(parsed("\xFF\xFE" + as_utf16(text, false)), names);
  EXPECT_EQ(parsed("\xFE\xFF" + as_utf16(text, true)), names);
  EXPECT_EQ(parsed(as_utf16(u"a/x.txt\nb.bin\n", false)), (Texts{"a/x.txt", "b.bin"}));
  EXPECT_EQ(parsed(as_utf16(u"a/x.txt\nb.bin\n", true)), (Texts{"a/x.txt", "b.bin"}));
}

TEST(ParseFilesFrom, TextOfAnotherEncodingIsRefusedByItsLine) {
  EXPECT_EQ(parsed("a\nm\xFCller\n"), Texts{"refused: line 2 is not valid UTF-8"});
  EXPECT_EQ(parsed("a\0m\xFCller\0"s), Texts{"refused: name 2 is not valid UTF-8"});
  EXPECT_EQ(parsed("\xED\xA0\x80\n"), Texts{"refused: line 1 is not valid UTF-8"});
  EXPECT_EQ(parsed("\xFF\xFE" + as_utf16(u"a\n", false) + "\x3D\xD8"),
            Texts{"refused: line 2 is not valid UTF-16"});
  EXPECT_EQ(parsed("\xFF\xFE"
                   "a"),
            Texts{"refused: line 1 is not valid UTF-16"})
      << "cut in half";
}

TEST(NameList, SpellingsOfOneName) {
  EXPECT_EQ(spellings_of("a/x"), Texts{"a/x"});
  EXPECT_EQ(spellings_of("/a"), (Texts{"/a", "a"}));
  EXPECT_EQ(spellings_of("./a/x"), (Texts{"./a/x", "a/x"}));
  EXPECT_EQ(spellings_of("a\\x"), (Texts{"a\\x", "a/x"}));
  EXPECT_EQ(spellings_of(".\\a\\x"), (Texts{".\\a\\x", "./a/x", "a/x"}));
}

TEST(NameList, NamesThatNoBlobHasAreMissing) {
  const NameList list({"b", "./a", "a", "x\\y", "never", "b"});
  EXPECT_EQ(list.names(), (Texts{"b", "./a", "a", "x\\y", "never"}));
  EXPECT_TRUE(list.take("a")) << "meant by two";
  EXPECT_TRUE(list.take("x/y"));
  EXPECT_FALSE(list.take("y"));
  EXPECT_EQ(list.missing(), (Texts{"b", "never"}));
}

TEST(NameList, CommonStartIsOfEverySpelling) {
  EXPECT_EQ(NameList({"a/b/c", "a/b/d", "a/bc"}).common_start(), "a/b");
  EXPECT_EQ(NameList({"a/b", "./a/c"}).common_start(), "");
  EXPECT_EQ(NameList({}).common_start(), "");
}

TEST(Filter, NameOfABlobThatAnotherFilterLeavesOutIsFound) {
  const Result<Filter> filter =
      Filter::make({.files_from = {"small", "gone"}, .has_files_from = true, .size_min = 10}, UtcTime());
  ASSERT_TRUE(filter);
  EXPECT_FALSE(filter->selects({.size = 1}, "small"));
  EXPECT_EQ(filter->names()->missing(), Texts{"gone"});
}

TEST(Filter, StartsAreTheLiteralStartsOfAnchoredIncludes) {
  const auto starts = [](std::vector<FilterOptions::Rule> rules) {
    return Filter::make({.rules = std::move(rules)}, UtcTime())->starts();
  };
  EXPECT_EQ(starts({}), Texts{""});
  EXPECT_EQ(starts({{false, "/d/x"}}), Texts{""});
  EXPECT_EQ(starts({{true, "/d/f17"}}), Texts{"d/f17"});
  EXPECT_EQ(starts({{true, "/d/"}, {false, "*.tmp"}, {true, "/e/f*"}}), (Texts{"d/", "e/f"}));
  EXPECT_EQ(starts({{true, "/d/{a,b}"}, {true, "*.jpg"}}), (Texts{"d/", ""}));
}

}  // namespace
}  // namespace azs3copy
