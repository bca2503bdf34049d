// s3_listing_contract_test.cpp: what every listing of S3's must give, at each server.
#include "contract/s3_servers.hpp"

namespace azs3copy::contract {
namespace {

using S3Listing = S3Contract;
INSTANTIATE_TEST_SUITE_P(Servers, S3Listing, testing::ValuesIn(s3_servers()), ServerName());

using Keys = std::vector<std::string>;

Keys keys_of(const ObjectPage& page) {
  Keys keys;
  for (const ObjectEntry& row : page.objects) keys.push_back(row.key.str());
  return keys;
}

// The listing runs beside Azure's: a key out of order is copied again, a lost one too.
TEST_P(S3Listing, PagesHoldEveryRowOnceAndInOrder) {
  Keys keys = {"-",   "0",   "A",     "a", "a-b", "a.b",    "a/1",    "a/2",       "a0",
               "b b", "b+b", "b/c/d", "z", "~",   "\u00fc", "\uff5e", "\U0001F680"};
  std::ranges::sort(keys);
  for (const std::string& key : keys) ASSERT_TRUE(done(put(key == "a" ? "a_" : key, key)));
  std::ranges::replace(keys, "a", "a_");
  std::ranges::sort(keys);
  for (const int rows : {1, 5, 17, 1000}) {
    EXPECT_EQ(keys_of(list_all({.page_rows_max = rows})), keys) << rows << " rows a page";
  }
}

TEST_P(S3Listing, RowsSayWhatTheObjectsSay) {
  ASSERT_TRUE(done(put("object", noise(70'000))));
  const ObjectPage page = list_all({});
  const Result<ObjectHead> head = this->head("object");
  ASSERT_EQ(page.objects.size(), 1);
  ASSERT_TRUE(done(head));
  EXPECT_EQ(page.objects[0].size, 70'000);
  EXPECT_EQ(page.objects[0].etag, head->etag);
  EXPECT_LT(std::chrono::abs(page.objects[0].last_modified - head->last_modified), seconds(1))
      << "HEAD has whole seconds";
  EXPECT_EQ(page.objects[0].storage_class, "STANDARD");
}

// A window of the listing begins behind the last key of the one before.
TEST_P(S3Listing, StartAfterIsExclusive) {
  for (const char* key : {"a", "b", "b b", "c"}) ASSERT_TRUE(done(put(key, "x")));
  EXPECT_EQ(keys_of(list_all({.start_after = "b"})), (Keys{"b b", "c"}));
  EXPECT_EQ(keys_of(list_all({.start_after = "bb", .page_rows_max = 1})), Keys{"c"});
  EXPECT_EQ(keys_of(list_all({.start_after = "c"})), Keys{});
}

TEST_P(S3Listing, APrefixShowsNothingBesideIt) {
  for (const char* key : {"a+b/1", "a+b/2", "a%2Bb/3", "a b/4", "b/a+b/5"}) ASSERT_TRUE(done(put(key, "x")));
  EXPECT_EQ(keys_of(list_all({.prefix = "a+b/", .page_rows_max = 1})), (Keys{"a+b/1", "a+b/2"}));
  EXPECT_EQ(keys_of(list_all({.prefix = "a%2B"})), Keys{"a%2Bb/3"});
  EXPECT_EQ(keys_of(list_all({.prefix = "a b"})), Keys{"a b/4"});
  EXPECT_EQ(keys_of(list_all({.prefix = "c"})), Keys{});
}

TEST_P(S3Listing, ADelimiterFoldsWhatLiesDeeper) {
  for (const char* key : {"top", "x/1", "x/2", "x/y/3", "\u00fc &+/5"}) ASSERT_TRUE(done(put(key, "x")));
  for (const int rows : {1, 2, 1000}) {
    const ObjectPage page = list_all({.delimiter = "/", .page_rows_max = rows});
    EXPECT_EQ(keys_of(page), Keys{"top"});
    EXPECT_EQ(page.prefixes, (Keys{"x/", "\u00fc &+/"}));
    const ObjectPage below = list_all({.prefix = "x/", .delimiter = "/", .page_rows_max = rows});
    EXPECT_EQ(keys_of(below), (Keys{"x/1", "x/2"}));
    EXPECT_EQ(below.prefixes, Keys{"x/y/"});
  }
}

TEST_P(S3Listing, AnEmptyBucketIsAnEmptyPage) {
  const Result<ObjectPage> page = list({});
  ASSERT_TRUE(done(page));
  EXPECT_TRUE(page->objects.empty());
  EXPECT_EQ(page->continuation, "");
}

// Every byte of a key comes back in the listing, and leads to the object.
TEST_P(S3Listing, OddKeysAreExact) {
  Keys keys = {"plus+and=equals&and.txt",
               "question?.txt",
               "hash#.txt",
               "with spaces .txt",
               "percent%2Fslash",
               "100%",
               "%41",
               "A",
               "it's \"quoted\"",
               "<tag>&amp;",
               "semi;colon,at@$!()[]",
               "\u00fc",
               "u\u0308",
               "emoji-\U0001F680-\U0001F469\u200D\U0001F4BB",
               "~",
               ".hidden",
               "trailing.",
               " ",
               "tail ",
               "back\\slash",
               "\u65e5\u672c/\u30d5",
               "*"};
  for (const std::string& key : keys) ASSERT_TRUE(done(put(key, "content of " + key))) << key;
  std::ranges::sort(keys);
  EXPECT_EQ(keys_of(list_all({.page_rows_max = 7})), keys);
  for (const std::string& key : keys) {
    EXPECT_TRUE(holds(key, "content of " + key));
    EXPECT_TRUE(done(head(key))) << key;
  }
}

// What a file system or a URL library tidies up.
TEST_P(S3Listing, KeysThatAreNoPathsAreExact) {
  Keys keys = {"a//b", "a///",   "/leading", "//",       "..",
               ".",    "../up",  "a/../b",   "./here",   "a/./b",
               "a/..", "folder", "folder/",  "folder/x", std::string(1000, 'l') + "/x"};
  if (quirks().keys_are_paths) {
    EXPECT_TRUE(done(put("a//b", "x")));
    EXPECT_TRUE(done(put("./c", "x")));
    EXPECT_EQ(keys_of(list_all({})), (Keys{"a/b", "c"}));
    EXPECT_TRUE(fails_with(put("c/d", "x"), ErrorKind::conflict));
    EXPECT_TRUE(fails_with(put("../e", "x"), ErrorKind::invalid));
    return;
  }
  for (const std::string& key : keys) EXPECT_TRUE(done(put(key, "content of " + key))) << key;
  std::ranges::sort(keys);
  EXPECT_EQ(keys_of(list_all({.page_rows_max = 7})), keys);
  for (const std::string& key : keys) EXPECT_TRUE(holds(key, "content of " + key));
}

}  // namespace
}  // namespace azs3copy::contract
