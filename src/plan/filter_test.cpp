// filter_test.cpp: what the user asked for is what is selected, as rclone's users know it.
#include "plan/filter.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace azs3copy {
namespace {

bool matches(std::string_view pattern, std::string_view path) {
  const auto glob = Glob::compile(pattern);
  EXPECT_TRUE(glob) << pattern << ": " << (glob ? "" : glob.error().message);
  return glob && glob->matches(path);
}

struct GlobCase {
  const char* pattern;
  std::vector<std::string> in;
  std::vector<std::string> out;
};

// rclone.org/filtering, "Patterns for matching path/file names",
// and what its syntax says of the cases between.
const std::vector<GlobCase> documented = {
    {"file.jpg", {"file.jpg", "directory/file.jpg"}, {"afile.jpg", "directory/afile.jpg", "file.jpg/x"}},
    {"/file.jpg", {"file.jpg"}, {"afile.jpg", "directory/file.jpg"}},
    {"*.jpg", {"file.jpg", "dir/file.jpg", ".jpg"}, {"file.png", "dir/file.png", "file.jpg/x", "jpg"}},
    {"/*.jpg", {"file.jpg", "file2.jpg"}, {"file.png", "dir/file.jpg"}},
    {"*.{jpg,png}", {"file.jpg", "dir/file.png"}, {"file.gif", "dir/file.gif", "file.jpgpng"}},
    {"dir/**",
     {"dir/anyfile", "subdir/dir/subsubdir/anyfile", "dir/"},
     {"file.png", "subdir/file.png", "dir"}},
    {"*.t?t", {"file.txt", "dir/file.tzt"}, {"file.qxt", "dir/file.png", "file.tt", "file.t/t"}},
    {"*.[a-z]", {"file.a", "dir/file.b"}, {"file.0", "dir/file.1", "file.A", "file.ab"}},
    {"*.\\?\\?\\?", {"file.???", "dir/file.???"}, {"file.abc", "dir/file.def"}},
    {"*.\\d\\d\\d", {"file.012", "dir/file.345"}, {"file.abc", "dir/file.def"}},
    {"{A,B}/**", {"A/x", "B/y/z", "c/A/x"}, {"C/x", "A", "AB/x"}},
    {"{dir1/**,dir2/**}", {"dir1/x", "a/dir2/x"}, {"dir3/x"}},
    {"??[^[:punct:]]*", {"wheat", "a/bcd"}, {"ab.c", "ab"}},
    {"*\\[{JP,KR}\\]*", {"a[JP].x", "[KR]"}, {"a[US]", "aJ"}},
    {"potato", {"potato"}, {"POTATO"}},
    {"/a/*.jpg", {"a/b.jpg"}, {"a/b/c.jpg", "x/a/b.jpg"}},
    {"b/c", {"a/b/c", "b/c"}, {"ab/c", "b/c/d"}},
    {"a**b", {"ab", "a/x/b", "x/a-b"}, {"a/x/bc", "xa/b"}},
    {"**.jpg", {"a.jpg", "a/b.jpg"}, {"a.jpg/b"}},
    {"/**/x", {"a/x", "a/b/x"}, {"x"}},
    {"**", {"", "a", "a/b", "a/"}, {}},
    {"*", {"a", "a/b", "a/"}, {}},  // the last component may be empty
    {"/*", {"a", ""}, {"a/b"}},
};

const std::vector<GlobCase> ours = {
    {"dir/", {"dir/x", "a/dir/b/c"}, {"dir", "dirx/y"}},
    {"/dir/", {"dir/x", "dir/"}, {"a/dir/b"}},
    {"/", {"a", "a/b"}, {}},
    {"[!a]", {"b", "\xC3\xA9"}, {"a", "/", "bb"}},
    {"x[!a]y", {"xby"}, {"xay", "x/y"}},  // a negated set does not cross into the next folder
    {"x[/]y", {"x/y"}, {"xy"}},
    {"[a\\]]", {"a", "]"}, {"b", "\\"}},
    {"[a-]", {"a", "-"}, {"b"}},
    {"[\\d\\-x]", {"7", "-", "x"}, {"y"}},
    {"\\D", {"x"}, {"7"}},
    {"{a,{b,c}d}e", {"ae", "bde", "cde"}, {"be", "ade", "e"}},
    {"{,a}b", {"b", "ab"}, {"aab"}},
    {"a{}", {"a"}, {"a{}", ""}},
    {"{a}", {"a"}, {"{a}"}},
    {"a,b", {"a,b"}, {"a", "b"}},
    {"\\{a,b\\}", {"{a,b}"}, {"a", "b"}},
    {"a\\*b", {"a*b"}, {"axb"}},
    {"a\\\\b", {"a\\b"}, {"ab"}},
    {"'.' '+' '(' ')' '|' '^' '$'", {"'.' '+' '(' ')' '|' '^' '$'"}, {"'x' '+' '(' ')' '|' '^' '$'"}},
    {"?", {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xFF"}, {"", "ab", "\xC3\xA9x"}},
    {"[\xC3\xA0-\xC3\xBF]", {"\xC3\xA9"}, {"e", "\xC3"}},
    {"\xC3*", {"\xC3", "\xC3x"}, {"\xC3\xA9"}},  // a stray byte is a character of its own
    {"*\xF0\x9F\x98\x80", {"\xF0\x9F\x98\x80", "a/b\xF0\x9F\x98\x80"}, {"\xF0\x9F\x98\x81"}},
    {"a//b", {"a//b", "x/a//b"}, {"a/b"}},
    {"//b", {"/b"}, {"b", "a//b"}},
    {"a*\n", {"ab\n"}, {"ab"}},
    {"x**y", {"x\ny"}, {}},
};

void expect_cases(const std::vector<GlobCase>& cases) {
  for (const GlobCase& row : cases) {
    for (const std::string& path : row.in) {
      EXPECT_TRUE(matches(row.pattern, path)) << row.pattern << " on \"" << path << '"';
    }
    for (const std::string& path : row.out) {
      EXPECT_FALSE(matches(row.pattern, path)) << row.pattern << " on \"" << path << '"';
    }
  }
}

TEST(Glob, MatchesAsRcloneDocumentsIt) {
  expect_cases(documented);
}

TEST(Glob, MatchesAsOurHeaderSays) {
  expect_cases(ours);
}

TEST(Glob, EveryNamedSetHasItsCharacters) {
  EXPECT_TRUE(matches("[[:alnum:]][[:alpha:]][[:digit:]][[:xdigit:]][[:upper:]][[:lower:]]", "0a1FZz"));
  EXPECT_TRUE(
      matches("[[:space:]][[:blank:]][[:cntrl:]][[:print:]][[:graph:]][[:punct:]][[:word:]][[:ascii:]]",
              "\n\t\x7F !@_\x01"));
  EXPECT_TRUE(matches("\\s\\w\\S\\W\\D", " _x-x"));
  EXPECT_FALSE(matches("\\s", "\v")) << "re2's \\s has no vertical tab";
  EXPECT_FALSE(matches("[[:alpha:]]", "\xC3\xA9")) << "the sets are of ASCII";
  EXPECT_TRUE(matches("[\\D]", "x"));
}

TEST(Glob, APatternThatMeansNothingIsRefusedAndQuoted) {
  for (const char* pattern :
       {"",     "***",   "a***b",         "ab]c",    "ab[c",      "ab}c",      "ab{c",   "ab{c,d",
        "{a}}", "[]",    "[!]",           "[b-a]",   "[a--b]",    "a\\",       "[a\\",   "\\q",
        "\\1",  "[\\q]", "[[:letters:]]", "[[:d:]]", "[[:alpha]", "{{jpe?g}}", "a{{x}}", "[][x]"}) {
    const auto glob = Glob::compile(pattern);
    ASSERT_FALSE(glob) << pattern;
    EXPECT_EQ(glob.error().kind, ErrorKind::invalid) << pattern;
    EXPECT_NE(glob.error().message.find(pattern), std::string::npos) << glob.error().message;
  }
  EXPECT_NE(Glob::compile("{{a}}").error().message.find("regular expressions"), std::string::npos);
}

TEST(Glob, SizeAndDepthAreLimitedAndUsedUpToTheLimit) {
  EXPECT_TRUE(matches(std::string(1024, 'a'), "x/" + std::string(1024, 'a')));
  EXPECT_FALSE(matches(std::string(1024, 'a'), std::string(1023, 'a')));
  EXPECT_FALSE(Glob::compile(std::string(1025, 'a')));
  for (const std::size_t length : {63, 64, 65, 255, 256, 257}) {
    // The last position of a word hands on to the first of the next.
    EXPECT_TRUE(matches(std::string(length, '?') + "*b", std::string(length, 'a') + "ab")) << length;
    EXPECT_FALSE(matches(std::string(length, '?') + "*b", std::string(length, 'b'))) << length;
  }
  std::string deep = "x";
  for (int i = 0; i < 32; ++i) deep = "{a," + deep + "}";
  EXPECT_TRUE(matches(deep, "x"));
  EXPECT_FALSE(Glob::compile("{a," + deep + "}"));
}

// By steps and not by the clock: the same on every machine.
TEST(Glob, NoPatternIsSlow) {
  std::string nested = "a";
  for (int i = 0; i < 20; ++i) nested = "{a*," + nested + "}{a,b}*";
  for (const std::string& pattern :
       {std::string("*a*a*a*a*a*a*a*a*a*a*a*a*b"), std::string("**a**a**a**a**a**a**b"),
        std::string("**/**/**/**/**/**/*b"), std::string("{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}{a,aa}b"),
        std::string("{*,**,*a*}{*,**,*a*}{*,**,*a*}b"), nested}) {
    const auto glob = Glob::compile(pattern);
    ASSERT_TRUE(glob) << pattern;
    for (const std::string unit : {"a", "a/", "/", "\xC3\xA9"}) {
      std::string path;
      while (path.size() < 1000) path += unit;
      const std::string longer = path + path;
      // It must not end as a quick no: the tail of the pattern is there.
      for (const std::string end : {"b", "bb", "c"}) {
        const std::size_t once = glob->steps(path + end);
        EXPECT_LE(once, (path.size() + 2) * (2 * pattern.size() + 4) * 4) << pattern;
        EXPECT_LE(glob->steps(longer + end), 2 * once + 16 * pattern.size())
            << pattern << ": linear in the path";
      }
    }
  }
}

// ---- A naive matcher to compare with: braces written out, then every split of the path tried. ----

using Texts = std::vector<std::string>;

// "a{b,c{d,e}}" as "ab", "acd", "ace".
Texts written_out(const std::string& pattern) {
  const std::size_t open = pattern.find('{');
  if (open == std::string::npos) return {pattern};
  std::size_t depth = 0;
  std::size_t begin = open + 1;
  Texts alternatives;
  for (std::size_t i = open;; ++i) {
    if (pattern[i] == '{') ++depth;
    const bool ends = pattern[i] == '}' && --depth == 0;
    if (ends || (pattern[i] == ',' && depth == 1)) {
      alternatives.push_back(pattern.substr(begin, i - begin));
      begin = i + 1;
    }
    if (ends) break;
  }
  Texts result;
  for (const std::string& alternative : alternatives) {
    for (std::string& flat : written_out(pattern.substr(0, open) + alternative + pattern.substr(begin))) {
      result.push_back(std::move(flat));
    }
  }
  return result;
}

std::size_t character_bytes(std::string_view text) {
  return text.starts_with("\xC3\xA9") ? 2 : 1;
}

bool naive_whole(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.starts_with("*")) {
    const bool two = pattern.starts_with("**");
    for (std::size_t taken = 0; taken <= path.size(); ++taken) {
      if (naive_whole(pattern.substr(two ? 2 : 1), path.substr(taken))) return true;
      if (taken < path.size() && path[taken] == '/' && !two) return false;
    }
    return false;
  }
  if (path.empty()) return false;
  const std::size_t size = character_bytes(path);
  if (pattern.starts_with("[!a]")) {
    return path[0] != 'a' && path[0] != '/' && naive_whole(pattern.substr(4), path.substr(size));
  }
  if (pattern[0] == '?') return path[0] != '/' && naive_whole(pattern.substr(1), path.substr(size));
  const std::size_t wanted = character_bytes(pattern);
  return pattern.substr(0, wanted) == path.substr(0, size) &&
         naive_whole(pattern.substr(wanted), path.substr(size));
}

bool naive(const std::string& pattern, std::string_view path) {
  // A trailing slash is seen before braces are.
  for (const std::string& flat : written_out(pattern.ends_with('/') ? pattern + "**" : pattern)) {
    if (pattern.starts_with('/')) {
      if (naive_whole(std::string_view(flat).substr(1), path)) return true;
      continue;
    }
    for (std::size_t begin = 0; begin <= path.size(); ++begin) {
      const bool at_component = begin == 0 || path[begin - 1] == '/';
      if (at_component && naive_whole(flat, path.substr(begin))) return true;
    }
  }
  return false;
}

rc::Gen<std::string> joined(int size, rc::Gen<std::string> piece) {
  return rc::gen::resize(size,
                         rc::gen::map(rc::gen::container<Texts>(std::move(piece)), [](const Texts& pieces) {
                           std::string all;
                           for (const std::string& text : pieces) all += text;
                           return all;
                         }));
}

rc::Gen<std::string> random_pattern(int depth) {
  const auto piece = rc::gen::element<std::string>("a", "b", "/", "?", "[!a]", "\xC3\xA9", ".");
  // A star is followed by something: three in a row are refused.
  const auto star = rc::gen::map(piece, [](std::string next) { return "*" + std::move(next); });
  const auto stars = rc::gen::map(piece, [](std::string next) { return "**" + std::move(next); });
  if (depth == 0) return joined(5, rc::gen::oneOf(piece, piece, star, stars));
  const auto braces =
      rc::gen::map(rc::gen::pair(random_pattern(depth - 1), random_pattern(depth - 1)),
                   [](const std::pair<std::string, std::string>& two) {
                     // "{{" would begin a regular expression.
                     const bool opens = two.first.starts_with('{');
                     return "{" + (opens ? two.second + "," + two.first : two.first + "," + two.second) + "}";
                   });
  return joined(4, rc::gen::oneOf(piece, star, stars, braces));
}

RC_GTEST_PROP(Glob, DecidesAsANaiveMatcherDoes, ()) {
  const std::string pattern = *rc::gen::suchThat(
      rc::gen::oneOf(random_pattern(0), random_pattern(1), random_pattern(2)), [](const std::string& text) {
        return !text.empty() && text.find("{{") == std::string::npos && text.find("***") == std::string::npos;
      });
  const auto glob = Glob::compile(pattern);
  RC_ASSERT(glob.has_value());
  bool any = false;
  for (int i = 0; i < 20; ++i) {
    const std::string path = *joined(8, rc::gen::element<std::string>("a", "b", "/", "\xC3\xA9", "."));
    any |= glob->matches(path);
    if (glob->matches(path) != naive(pattern, path)) RC_FAIL(pattern + " on " + path);
  }
  RC_CLASSIFY(any, "matches something");
}

// ---- Filter ----

constexpr UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
using std::chrono::hours;

bool selects(FilterOptions options, std::string_view name, std::uint64_t size = 0, UtcTime modified = now) {
  const auto filter = Filter::make(std::move(options), now);
  EXPECT_TRUE(filter);
  return filter && filter->selects(Blob{.size = size, .last_modified = modified}, name);
}

TEST(Filter, WithoutOptionsEverythingIsIn) {
  EXPECT_TRUE(selects({}, "a/b"));
}

TEST(Filter, TheFirstRuleThatMatchesDecides) {
  const FilterOptions options{
      .rules = {{false, "secret*"}, {true, "*.jpg"}, {false, "a/**"}, {true, "*.png"}}};
  EXPECT_FALSE(selects(options, "secret.jpg"));
  EXPECT_TRUE(selects(options, "a/x.jpg"));
  EXPECT_FALSE(selects(options, "a/x.png"));
  EXPECT_TRUE(selects(options, "b/x.png"));
  EXPECT_FALSE(selects(options, "b/x.gif")) << "an include rule shuts out what no rule names";
}

TEST(Filter, WithExcludesOnlyTheRestIsIn) {
  const FilterOptions options{.rules = {{false, "*.tmp"}, {false, "/cache/"}}};
  EXPECT_FALSE(selects(options, "a/x.tmp"));
  EXPECT_FALSE(selects(options, "cache/x"));
  EXPECT_TRUE(selects(options, "a/cache/x"));
}

TEST(Filter, SizesIncludeTheirBounds) {
  const FilterOptions options{.size_min = 10, .size_max = 20};
  EXPECT_FALSE(selects(options, "x", 9));
  EXPECT_TRUE(selects(options, "x", 10));
  EXPECT_TRUE(selects(options, "x", 20));
  EXPECT_FALSE(selects(options, "x", 21));
  EXPECT_TRUE(selects({.size_max = 0}, "x", 0));
  EXPECT_FALSE(selects({.size_max = 0}, "x", 1)) << "0 is a bound and not \"none\"";
}

TEST(Filter, AgesIncludeTheirBounds) {
  const FilterOptions options{.age_min = hours(1), .age_max = hours(2)};
  constexpr milliseconds tick(1);
  EXPECT_FALSE(selects(options, "x", 0, now - hours(1) + tick));
  EXPECT_TRUE(selects(options, "x", 0, now - hours(1)));
  EXPECT_TRUE(selects(options, "x", 0, now - hours(2)));
  EXPECT_FALSE(selects(options, "x", 0, now - hours(2) - tick));
  EXPECT_TRUE(selects({.age_max = hours(2)}, "x", 0, now + hours(1))) << "Azure's clock may be ahead";
}

TEST(Filter, ABlobOfTheVeryBeginDateIsIn) {
  const FilterOptions options{.begin_date = now};
  EXPECT_TRUE(selects(options, "x", 0, now));
  EXPECT_FALSE(selects(options, "x", 0, now - milliseconds(1)));
  EXPECT_FALSE(selects({.age_max = hours(1), .begin_date = now - hours(9)}, "x", 0, now - hours(2)))
      << "the narrower of two bounds holds";
  EXPECT_FALSE(selects({.age_max = hours(9), .begin_date = now - hours(1)}, "x", 0, now - hours(2)));
}

TEST(Filter, FilesFromTakesTheNamesAndNoOther) {
  const FilterOptions options{.files_from = {"a/b", "*.jpg", "/c"}, .has_files_from = true};
  EXPECT_TRUE(selects(options, "a/b"));
  EXPECT_FALSE(selects(options, "a/b/c"));
  EXPECT_FALSE(selects(options, "x/a/b"));
  EXPECT_FALSE(selects(options, "x.jpg")) << "names, not patterns";
  EXPECT_TRUE(selects(options, "*.jpg"));
  EXPECT_TRUE(selects(options, "c"));
  EXPECT_TRUE(selects(options, "/c"));
  EXPECT_FALSE(selects({.has_files_from = true}, "a")) << "an empty list selects nothing, not everything";
  FilterOptions with_rule = options;
  with_rule.rules = {{false, "b"}};
  EXPECT_FALSE(selects(with_rule, "a/b"));
}

TEST(Filter, BoundsThatNoBlobCanMeetAreRefused) {
  EXPECT_EQ(Filter::make({.size_min = 2, .size_max = 1}, now).error().kind, ErrorKind::invalid);
  EXPECT_EQ(Filter::make({.age_min = hours(2), .age_max = hours(1)}, now).error().kind, ErrorKind::invalid);
  EXPECT_EQ(Filter::make({.begin_date = now + hours(1)}, now).error().kind, ErrorKind::invalid);
  EXPECT_TRUE(Filter::make({.begin_date = now}, now));
  EXPECT_TRUE(Filter::make({.size_min = 2, .size_max = 2, .age_min = hours(1), .age_max = hours(1)}, now));
}

TEST(Filter, ABadPatternIsRefusedNamingItsFlag) {
  const auto filter = Filter::make({.rules = {{true, "ok"}, {false, "a[b"}}}, now);
  ASSERT_FALSE(filter);
  EXPECT_EQ(filter.error().operation, "--exclude");
  EXPECT_EQ(filter.error().subject, "a[b");
}

}  // namespace
}  // namespace azs3copy
