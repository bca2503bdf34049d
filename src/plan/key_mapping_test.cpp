// key_mapping_test.cpp: a blob's bytes become its key's bytes, and no blob writes over another.
#include "plan/key_mapping.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "core/limits.hpp"

namespace azs3copy {
namespace {

using namespace std::string_literals;

// The key of a blob, "-" where it does not belong to the source, "!" and the message where it has none.
std::string mapped(const KeyMapping& mapping, std::string_view blob, std::string_view container = "photos") {
  const BlobName name(blob);
  const auto relative = mapping.relative_name(name);
  if (!relative) return "-";
  const auto key = mapping.key(Container(container), *relative);
  return key ? key->str() : "!" + key.error().message;
}

TEST(KeyMapping, TheTableOfTheHeader) {
  EXPECT_EQ(mapped({.destination_prefix = "2024"}, "a/b.jpg"), "2024/a/b.jpg");
  EXPECT_EQ(mapped({.source_prefix = "a"}, "a/b.jpg"), "b.jpg");
  EXPECT_EQ(mapped({.source_prefix = "a/b.jpg", .destination_prefix = "2024"}, "a/b.jpg"), "2024/b.jpg");
  EXPECT_EQ(mapped({.container_in_key = true}, "x"), "photos/x");
  EXPECT_EQ(mapped({.flatten = true}, "a/b.jpg"), "b.jpg");
}

TEST(KeyMapping, ASlashAtTheEndOfAPrefixChangesNothingBelowIt) {
  for (const std::string source : {"a", "a/"}) {
    for (const std::string destination : {"2024", "2024/"}) {
      const KeyMapping mapping{.source_prefix = source, .destination_prefix = destination};
      EXPECT_EQ(mapped(mapping, "a/b.jpg"), "2024/b.jpg");
      EXPECT_EQ(mapped(mapping, "a/"), "2024/") << "a folder's marker";
      EXPECT_EQ(mapped(mapping, "a//b"), "2024//b");
      EXPECT_EQ(mapping.key_prefix(), "2024/");
    }
  }
  EXPECT_EQ(mapped({.source_prefix = "a/"}, "a"), "-") << "a/ names a folder, not the blob a";
}

TEST(KeyMapping, WhatOnlySharesLettersWithThePrefixStaysOut) {
  const KeyMapping mapping{.source_prefix = "a"};
  EXPECT_EQ(mapped(mapping, "ab/c"), "-");
  EXPECT_EQ(mapped(mapping, "ab"), "-");
  EXPECT_EQ(mapped(mapping, "b/a"), "-");
  EXPECT_EQ(mapped(mapping, "A/c"), "-");
}

TEST(KeyMapping, NamesArriveByteForByte) {
  const std::vector<std::string> names = {"a//b",
                                          "//",
                                          "/leading",
                                          "a/../b",
                                          "..",
                                          "./a",
                                          "a%2Fb",
                                          "a+b=c",
                                          "what?",
                                          "#1",
                                          " spaces  in names ",
                                          "trailing.",
                                          "dir./x",
                                          "back\\slash",
                                          "a&b;c<d>e\"f'g",
                                          "\xF0\x9F\x98\x80.jpg",
                                          "e\xCC\x81",  // e and a combining accent
                                          "\xC3\xA9",   // the same in one code point: another name
                                          "tab\tline\n",
                                          "folder/"};
  for (const std::string& name : names) {
    EXPECT_EQ(mapped({}, name), name);
    EXPECT_EQ(mapped({.source_prefix = "x y"}, "x y/" + name), name);
    EXPECT_EQ(mapped({.source_prefix = "x%2F/"}, "x%2F/" + name), name);
    EXPECT_EQ(mapped({.destination_prefix = "a b"}, name), "a b/" + name);
    EXPECT_EQ(mapped({.container_in_key = true}, name), "photos/" + name);
  }
}

// A blob there would pass for a run's state, or overwrite it.
TEST(KeyMapping, WhatWouldLieBelowTheReservedPrefixIsRefused) {
  const KeyMapping mapping{.reserved_prefix = ".azs3copy/"};
  const Result<Key> refused = mapping.key(Container("c"), ".azs3copy/current.json");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_NE(refused.error().message.find("state of runs"), std::string::npos);
  EXPECT_TRUE(mapping.key(Container("c"), ".azs3copy"));
  EXPECT_TRUE(KeyMapping{}.key(Container("c"), ".azs3copy/current.json"));
}

TEST(KeyMapping, AKeyOf1024BytesFitsAnd1025AreRefusedNamingBoth) {
  const std::string fits(1024, 'x');
  EXPECT_EQ(mapped({}, fits), fits);
  // 341 characters of 3 bytes and one more: Azure counts 342 characters, S3 1,024 bytes.
  std::string wide = "x";
  for (int i = 0; i < 341; ++i) wide += "\xE2\x82\xAC";
  EXPECT_EQ(mapped({}, wide), wide);

  const std::string name = wide + "y";
  const auto refused = KeyMapping{.container_in_key = true}.key(Container("photos"), name);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::invalid);
  EXPECT_EQ(refused.error().subject, "photos/" + name) << "the blob";
  EXPECT_NE(refused.error().message.find("\"photos/" + name + "\""), std::string::npos) << "the key";
  EXPECT_NE(refused.error().message.find("1032 bytes"), std::string::npos);
  // The destination's prefix counts too.
  EXPECT_EQ(mapped({.destination_prefix = "p"}, fits)[0], '!');
  EXPECT_FALSE(KeyMapping{}.key(Container("photos"), fits + "x"));
}

TEST(KeyMapping, AnEmptyKeyIsRefusedAndNotSentAsTheBucketItself) {
  EXPECT_EQ(mapped({.source_prefix = "a/"}, "a/")[0], '!');
  EXPECT_EQ(mapped({.source_prefix = "a/", .destination_prefix = "d"}, "a/"), "d/");
}

TEST(KeyMapping, SampleDefectContainersDoNotOverwriteEachOther) {
  const KeyMapping mapping{.destination_prefix = "all", .container_in_key = true};
  EXPECT_EQ(mapped(mapping, "x", "photos"), "all/photos/x");
  EXPECT_EQ(mapped(mapping, "x", "music"), "all/music/x");
  EXPECT_EQ(mapping.key_prefix(), "all/") << "one listing sees the keys of all containers";
}

TEST(KeyMapping, FlattenKeepsTheLastNameAndRefusesAFolderMarker) {
  const KeyMapping mapping{.destination_prefix = "d", .flatten = true};
  EXPECT_EQ(mapped(mapping, "a/b/c.jpg"), "d/c.jpg");
  EXPECT_EQ(mapped(mapping, "c.jpg"), "d/c.jpg");
  EXPECT_EQ(mapped(mapping, "a/")[0], '!') << "all markers would meet on the key d/";
  EXPECT_EQ(mapped({.container_in_key = true, .flatten = true}, "a/b"), "photos/b");
}

TEST(KeyMapping, MarkersWithoutANameOfTheirOwnAreFolders) {
  const auto is_folder = [](const KeyMapping& mapping, std::string_view name, const Blob& like = {}) {
    const BlobName blob(name);
    return mapping.is_folder(like, mapping.relative_name(blob).value());
  };
  EXPECT_TRUE(is_folder({.source_prefix = "photos"}, "photos/"));
  EXPECT_TRUE(is_folder({.source_prefix = "photos/"}, "photos/"));
  EXPECT_TRUE(is_folder({.flatten = true}, "a/"));
  EXPECT_TRUE(is_folder({.source_prefix = "dir"}, "dir", {.is_directory = true}));
  EXPECT_TRUE(is_folder({}, "dir", {.is_directory = true}));
  EXPECT_FALSE(is_folder({}, "photos/")) << "an empty blob that does not say that it is a folder is data";
  EXPECT_FALSE(is_folder({.source_prefix = "photos"}, "photos"));
  EXPECT_FALSE(is_folder({.source_prefix = "photos"}, "photos/a/"));
  EXPECT_FALSE(is_folder({.source_prefix = "photos"}, "photos/", {.size = 1}));
  EXPECT_FALSE(is_folder({.flatten = true}, "a/b"));
}

TEST(KeyMapping, ListingsBeginWhereTheFiltersDo) {
  using Texts = std::vector<std::string>;
  const KeyMapping all{};
  EXPECT_EQ(all.listing_prefixes({""}), Texts{""});
  EXPECT_EQ(all.listing_prefixes({"d/f17"}), Texts{"d/f17"});
  EXPECT_EQ(all.listing_prefixes({"z/", "a/b", "a/", "z/"}), (Texts{"a/", "z/"}))
      << "no blob is listed twice";
  EXPECT_EQ(all.listing_prefixes({"a/", ""}), Texts{""});
  EXPECT_EQ((KeyMapping{.source_prefix = "p"}.listing_prefixes({"d/"})), Texts{"p/d/"});
  EXPECT_EQ((KeyMapping{.source_prefix = "p/"}.listing_prefixes({"d/"})), Texts{"p/d/"});
  EXPECT_EQ((KeyMapping{.source_prefix = "x/dir"}.listing_prefixes({"d"})), Texts{"x/dir"})
      << "the blob x/dir itself has the relative name dir";
  EXPECT_EQ((KeyMapping{.flatten = true}.listing_prefixes({"a/b", "a/c"})), Texts{"a/"});
  EXPECT_EQ(all.listing_prefixes(Texts(33, "a/b")), Texts{"a/b"});
}

TEST(KeyMapping, BlobNamesOfARelativeName) {
  EXPECT_EQ((KeyMapping{.source_prefix = "p"}.blob_names("x")), std::vector{BlobName("p/x")});
  EXPECT_EQ((KeyMapping{.source_prefix = "q/p"}.blob_names("p")),
            (std::vector{BlobName("q/p/p"), BlobName("q/p")}));
  EXPECT_EQ(KeyMapping{}.blob_names("x/y"), std::vector{BlobName("x/y")});
}

TEST(KeyMapping, OneKeyOfABlobAndItsFolderIsSeen) {
  const KeyMapping mapping{.source_prefix = "x/a"};
  EXPECT_EQ(mapped(mapping, "x/a"), "a");
  EXPECT_EQ(mapped(mapping, "x/a/a"), "a");
  EXPECT_TRUE(mapping.rivals_source_blob(BlobName("x/a/a")));
  EXPECT_FALSE(mapping.rivals_source_blob(BlobName("x/a")));
  EXPECT_FALSE(mapping.rivals_source_blob(BlobName("x/a/b")));
  EXPECT_FALSE(mapping.rivals_source_blob(BlobName("x/a/a/a")));
  EXPECT_FALSE(KeyMapping{.source_prefix = "x/a/"}.rivals_source_blob(BlobName("x/a/a")));
  EXPECT_FALSE(KeyMapping{}.rivals_source_blob(BlobName("a/a")));
}

// Short texts over few letters meet each other, prefixes and slashes often.
rc::Gen<std::string> short_text() {
  return rc::gen::resize(6, rc::gen::container<std::string>(rc::gen::element('a', 'b', '/', '.', '%')));
}

RC_GTEST_PROP(KeyMapping, TwoBlobsNeverGetOneKey, ()) {
  const KeyMapping mapping{.source_prefix = *short_text(),
                           .destination_prefix = *short_text(),
                           .container_in_key = *rc::gen::arbitrary<bool>()};
  // One container where its name is not part of the key: the command line sees to that. Names hold no slash.
  const std::vector<std::string> containers =
      mapping.container_in_key ? std::vector{"a"s, "aa"s, "b"s} : std::vector{"a"s};
  const auto names = *rc::gen::container<std::set<std::string>>(
      rc::gen::oneOf(short_text(), rc::gen::map(short_text(), [&](std::string tail) {
                       return mapping.source_prefix + "/" + std::move(tail);
                     })));
  std::map<std::string, std::string> owners;
  for (const std::string& container : containers) {
    for (const std::string& name : names) {
      if (name.empty() || mapping.rivals_source_blob(BlobName(name))) continue;
      const std::string key = mapped(mapping, name, container);
      if (key == "-" || key.starts_with('!')) continue;
      RC_ASSERT(key.starts_with(mapping.key_prefix()));
      const auto [owner, fresh] = owners.emplace(key, container + "/" + name);
      if (!fresh) RC_FAIL(owner->second + " and " + container + "/" + name + " both get " + key);
    }
  }
}

}  // namespace
}  // namespace azs3copy
