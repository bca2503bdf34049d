// Harms: an object that stands at the destination and is taken for missing, or the reverse, so that it is
// copied again or never; a conclusion drawn from half a listing.
#include "stages/destination_window.hpp"

#include <rapidcheck.h>

#include <random>

#include "stages/stage_test_support.hpp"

namespace azs3copy {
namespace {

using namespace stage_test;

std::string row_xml(const std::string& key) {
  return fmt::format(
      "<Contents><Key>{}</Key><LastModified>2026-11-23T07:42:10.000Z</LastModified><ETag>\"e\"</ETag>"
      "<Size>{}</Size></Contents>",
      key, key.size());
}
std::string page_xml(const std::string& rows, const std::string& continuation) {
  return fmt::format(
      "<ListBucketResult>{}<IsTruncated>{}</IsTruncated>{}</ListBucketResult>", rows, !continuation.empty(),
      continuation.empty() ? ""
                           : fmt::format("<NextContinuationToken>{}</NextContinuationToken>", continuation));
}

// ListObjectsV2 and HEAD over a set of keys, a few rows a page. A size is the key's length.
ScriptedReply list(const std::set<std::string>& keys, std::size_t rows_max, const RecordedRequest& request) {
  if (request.method == Method::head) {
    const std::string key = url_decode(request.path().substr(std::string_view("/bucket/").size())).value();
    if (!keys.contains(key)) return {.status = 404};
    return {.headers = {{"ETag", "\"e\""}, {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"}},
            .content_length = key.size()};
  }
  std::string prefix;
  std::string after;
  for (const auto& [name, value] : parse_query(request.query())) {
    if (name == "prefix") prefix = value;
    if (name == "start-after") after = value;
    if (name == "continuation-token") after = value.substr(2);  // "t:" and the last key
  }
  std::string rows;
  std::size_t count = 0;
  std::string last;
  for (auto key = keys.upper_bound(after); key != keys.end(); ++key) {
    if (!key->starts_with(prefix)) continue;
    if (count == rows_max) return {.body = page_xml(rows, "t:" + last)};
    rows += row_xml(*key);
    last = *key;
    ++count;
  }
  return {.body = page_xml(rows, "")};
}

// Few letters, so that keys are prefixes and neighbours of one another; all widths of UTF-8.
rc::Gen<std::string> any_key() {
  return rc::gen::map(rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(
                          rc::gen::elementOf(std::vector<std::string>{
                              "a", "b", "!", "~", "/", "\u00e9", "\uffee", "\U0001F600", "\U0010FFFF"}))),
                      [](const std::vector<std::string>& letters) {
                        std::string key = "p/";
                        for (std::size_t i = 0; i < std::min<std::size_t>(letters.size(), 4); ++i)
                          key += letters[i];
                        return key;
                      });
}

struct Clouds {
  explicit Clouds(std::set<std::string> keys, std::size_t rows_max) {
    wire.fallback = [keys = std::move(keys), rows_max](const RecordedRequest& request) {
      return list(keys, rows_max, request);
    };
  }
  FakeClock clock;
  Context context = clock.context();
  ScriptedTransport wire;
  S3Client s3{Bucket("bucket"), {.endpoint_url = "https://s3.test"}, anonymous_aws_credentials(), wire};
};

std::vector<const Key*> pointers(const std::vector<Key>& keys) {
  std::vector<const Key*> all;
  for (const Key& key : keys) all.push_back(&key);
  return all;
}

TEST(DestinationWindowProperty, FindsWhatStandsThereInWhateverOrderPagesCome) {
  const bool holds = rc::check("as a set that is asked", [] {
    const auto stands = *rc::gen::container<std::set<std::string>>(any_key());
    const auto rows_max = *rc::gen::inRange<std::size_t>(1, 4);
    Clouds clouds(stands, rows_max);
    DestinationWindow window(clouds.s3, "p/");
    const std::vector<std::string> known(stands.begin(), stands.end());
    const auto some_key = known.empty() ? any_key() : rc::gen::oneOf(any_key(), rc::gen::elementOf(known));
    for (const auto& page : *rc::gen::container<std::vector<std::vector<std::string>>>(
             rc::gen::container<std::vector<std::string>>(some_key))) {
      std::vector<Key> keys;
      for (const std::string& key : page) keys.emplace_back(key);
      const auto found = run(window.look_up(pointers(keys), clouds.context));
      RC_ASSERT(found.has_value());
      for (std::size_t i = 0; i < keys.size(); ++i) {
        RC_ASSERT((*found)[i].has_value() == stands.contains(keys[i].str()));
        if ((*found)[i]) RC_ASSERT((*found)[i]->size == keys[i].size());
      }
    }
  });
  EXPECT_TRUE(holds);
}

TEST(DestinationWindowProperty, TellsOfEachRowThatNoKeyAskedForInAnyOrder) {
  const bool holds = rc::check("the difference of two sets", [] {
    const auto stands = *rc::gen::container<std::set<std::string>>(any_key());
    auto asked = *rc::gen::container<std::set<std::string>>(any_key());
    for (const std::string& key : stands) {
      if (*rc::gen::arbitrary<bool>()) asked.insert(key);
    }
    std::vector<std::string> order(asked.begin(), asked.end());
    if (*rc::gen::arbitrary<bool>())
      std::ranges::shuffle(order, std::mt19937(*rc::gen::arbitrary<unsigned>()));
    Clouds clouds(stands, *rc::gen::inRange<std::size_t>(1, 4));
    std::vector<std::string> told;
    DestinationWindow window(clouds.s3, "p/",
                             [&told](const ObjectEntry& row) { told.push_back(row.key.str()); });
    std::vector<Key> page;
    for (std::size_t i = 0; i < order.size(); ++i) {
      page.emplace_back(order[i]);
      if (i + 1 < order.size() && *rc::gen::arbitrary<bool>()) continue;
      const auto found = run(window.look_up(pointers(page), clouds.context));
      RC_ASSERT(found.has_value());
      for (std::size_t k = 0; k < page.size(); ++k)
        RC_ASSERT((*found)[k].has_value() == stands.contains(page[k].str()));
      page.clear();
    }
    RC_ASSERT(run(window.pass_rest(clouds.context)).has_value());
    std::vector<std::string> expected;
    std::set_difference(stands.begin(), stands.end(), asked.begin(), asked.end(),
                        std::back_inserter(expected));
    RC_ASSERT(told == expected);
  });
  EXPECT_TRUE(holds);
}

TEST(DestinationWindow, AnErrorVoidsTheWholeAnswer) {
  Clouds clouds({}, 1);
  clouds.wire.replies({.body = page_xml(row_xml("p/a"), "next")});
  clouds.wire.replies({.status = 403, .body = "<Error><Code>AccessDenied</Code></Error>"});
  DestinationWindow window(clouds.s3, "p/");
  const std::vector<Key> keys{Key("p/a"), Key("p/b")};
  const auto found = run(window.look_up(pointers(keys), clouds.context));
  ASSERT_FALSE(found) << "p/b would be copied again, or deleted";
  EXPECT_EQ(found.error().kind, ErrorKind::permission);
}

TEST(DestinationWindow, AServerOutOfOrderIsAskedForEachKey) {
  for (const auto& second : {page_xml(row_xml("p/a"), ""), page_xml(row_xml("p/b") + row_xml("p/b"), "")}) {
    Clouds clouds({}, 1);
    clouds.wire.replies({.body = page_xml(row_xml("p/b"), "next")});
    clouds.wire.replies({.body = second});
    clouds.wire.fallback = [](const RecordedRequest& request) -> ScriptedReply {
      EXPECT_EQ(request.method, Method::head);
      if (request.path().ends_with("/p/missing")) return {.status = 404};
      return {.headers = {{"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"}}, .content_length = 3};
    };
    DestinationWindow window(clouds.s3, "p/");
    const std::vector<Key> keys{Key("p/a"), Key("p/missing"), Key("p/z")};
    const auto found = run(window.look_up(pointers(keys), clouds.context));
    ASSERT_TRUE(found) << found.error().to_line();
    EXPECT_FALSE(window.in_order());
    EXPECT_EQ((*found)[0]->size, 3U);
    EXPECT_FALSE((*found)[1].has_value());
    EXPECT_TRUE((*found)[2].has_value());
  }
}

TEST(DestinationWindow, EmptyPageThatRepeatsItsTokenIsAnError) {
  Clouds clouds({}, 1);
  clouds.wire.fallback = [](const RecordedRequest&) -> ScriptedReply {
    return {.body = page_xml("", "next")};
  };
  DestinationWindow window(clouds.s3, "p/");
  const std::vector<Key> keys{Key("p/a")};
  const auto found = run(window.look_up(pointers(keys), clouds.context));
  ASSERT_FALSE(found) << "it would be listed for ever";
  EXPECT_EQ(found.error().kind, ErrorKind::protocol);
}

// The rows of a destination that lists in no order, each page as scripted.
void script_unordered(Clouds& clouds) {
  clouds.wire.replies({.body = page_xml(row_xml("p/d") + row_xml("p/b"), "next")})
      .replies({.body = page_xml(row_xml("p/a") + row_xml("p/extra"), "")});
}

TEST(DestinationWindow, ADestinationListedInNoOrderIsAskedKeyByKey) {
  Clouds clouds({"p/a", "p/b", "p/d", "p/extra"}, 10);
  script_unordered(clouds);
  DestinationWindow window(clouds.s3, "p/");
  const std::vector<Key> keys{Key("p/a"), Key("p/b"), Key("p/c"), Key("p/d")};
  const auto found = run(window.look_up(pointers(keys), clouds.context));
  ASSERT_TRUE(found) << found.error().to_line();
  std::string there;
  for (const auto& one : *found) there += one ? '=' : '+';
  EXPECT_EQ(there, "==+=");
}

TEST(DestinationWindow, ACheckOfAnUnorderedDestinationMissesNoRow) {
  Clouds clouds({"p/a", "p/b", "p/d", "p/extra"}, 10);
  script_unordered(clouds);
  std::vector<std::string> only_there;
  DestinationWindow window(clouds.s3, "p/",
                           [&](const ObjectEntry& row) { only_there.push_back(row.key.str()); });
  const std::vector<Key> keys{Key("p/a"), Key("p/b"), Key("p/c"), Key("p/d")};
  const auto found = run(window.look_up(pointers(keys), clouds.context));
  ASSERT_TRUE(found) << found.error().to_line();
  EXPECT_TRUE((*found)[0] && (*found)[1] && !(*found)[2] && (*found)[3]);
  ASSERT_TRUE(run(window.pass_rest(clouds.context)));
  EXPECT_EQ(only_there, std::vector<std::string>{"p/extra"});
}

TEST(DestinationWindow, ARowThatIsListedTwiceCountsOnce) {
  Clouds clouds({}, 1);  // as with a server whose start-after is inclusive
  clouds.wire.replies({.body = page_xml(row_xml("p/b"), "next")})
      .replies({.body = page_xml(row_xml("p/b"), "")});
  int rows = 0;
  DestinationWindow window(clouds.s3, "p/", [&](const ObjectEntry&) { ++rows; });
  ASSERT_TRUE(run(window.pass_rest(clouds.context)));
  EXPECT_EQ(rows, 1);
}

}  // namespace
}  // namespace azs3copy
