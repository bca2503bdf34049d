// s3_listing_test.cpp: ListObjectsV2:
// every row, every byte of a key, and never a listing that only seems whole.
#include <gtest/gtest.h>

#include "aws/s3_test_support.hpp"

namespace azs3copy::s3_test {
namespace {

using S3Listing = S3Fixture;

std::string list(std::string_view inside, bool truncated = false) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ListBucketResult "
         "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
         "<Name>photos</Name><EncodingType>url</EncodingType><IsTruncated>" +
         std::string(truncated ? "true" : "false") + "</IsTruncated>" + std::string(inside) +
         "</ListBucketResult>";
}
std::string row(std::string_view key, std::string_view size = "12") {
  return "<Contents><Key>" + std::string(key) +
         "</Key><LastModified>2026-11-23T07:42:10.000Z</LastModified>"
         "<ETag>&quot;e&quot;</ETag><Size>" +
         std::string(size) + "</Size><StorageClass>STANDARD</StorageClass></Contents>";
}

TEST_F(S3Listing, AsksSortedAndEncoded) {
  wire.replies({.body = list("")}).replies({.body = list("")});
  ASSERT_TRUE(
      run(client->list_objects({.prefix = "a/b +", .start_after = "a/b =", .delimiter = "/"}, context)));
  EXPECT_EQ(wire.requests[0].target,
            "/?delimiter=%2F&encoding-type=url&list-type=2&prefix=a%2Fb%20%2B&start-after=a%2Fb%20%3D");
  // With a token S3 goes on from there; start-after belongs to the first page.
  ASSERT_TRUE(
      run(client->list_objects({.start_after = "a", .continuation = "t+/=", .page_rows_max = 2}, context)));
  EXPECT_EQ(wire.requests[1].target,
            "/?continuation-token=t%2B%2F%3D&encoding-type=url&list-type=2&max-keys=2");
}

TEST_F(S3Listing, GivesRowsWithKeysToTheByte) {
  wire.replies(
      {.body = list(row("a%2Fb+c%2Bd") + row("%01%0A%F0%9F%98%80", "5497558138880") + row("plain/x", "0") +
                        "<CommonPrefixes><Prefix>p+q%2F</Prefix></CommonPrefixes><NextContinuationToken>t"
                        "</NextContinuationToken>",
                    true)});
  const Result<ObjectPage> page = run(client->list_objects({}, context));
  ASSERT_TRUE(page) << page.error().to_line();
  ASSERT_EQ(page->objects.size(), 3U);
  EXPECT_EQ(page->objects[0].key.view(), "a/b c+d");
  EXPECT_EQ(page->objects[0].etag.view(), "e");
  EXPECT_EQ(page->objects[0].last_modified, FakeClock::start);
  EXPECT_EQ(page->objects[0].storage_class, "STANDARD");
  EXPECT_EQ(page->objects[1].key.view(), "\x01\n\xF0\x9F\x98\x80");
  EXPECT_EQ(page->objects[1].size, 5'497'558'138'880U);
  EXPECT_EQ(page->objects[2].key.view(), "plain/x");
  EXPECT_EQ(page->prefixes, std::vector<std::string>{"p q/"});
  EXPECT_EQ(page->continuation, "t");
}

TEST_F(S3Listing, LeavesKeysAloneThatTheServerDidNotEncode) {
  wire.replies({.body = "<ListBucketResult><IsTruncated>false</IsTruncated>" + row("a%2Fb+c") +
                        "</ListBucketResult>"});
  EXPECT_EQ(run(client->list_objects({}, context))->objects[0].key.view(), "a%2Fb+c");
}

// What is missing from a listing is copied again, or deleted by a sync:
// half a listing must never pass for a whole.
TEST_F(S3Listing, ABrokenListingIsAnErrorNeverAShorterOne) {
  const std::vector<std::string> broken = {
      "",
      list(row("a") + row("b")).substr(0, 300),
      "<ListBucketResult>" + row("a") + "</ListBucketResult>",
      list(row("a"), true),
      list(row("a", "")),
      list(row("a", "x")),
      list("<Contents><Size>1</Size><LastModified>2026-11-23T07:42:10Z</LastModified></Contents>"),
      list("<Contents><Key>a</Key><Size>1</Size><LastModified>yesterday</LastModified></Contents>"),
      list(row("a%2")),
      "<html><body>hello</body></html>",
      "<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>",
  };
  for (const std::string& body : broken) {
    make({});
    wire.replies(8, {.body = body});
    const std::size_t asked_before = wire.requests.size();
    const Result<ObjectPage> page = run(client->list_objects({}, context));
    EXPECT_FALSE(page) << body;
    EXPECT_EQ(wire.requests.size() - asked_before, 2U) << "it will not decode the third time either";
  }
}

TEST_F(S3Listing, ATruncatedReplyIsAskedForAgain) {
  wire.replies({.body = list(row("a")).substr(0, 200)}).replies({.body = list(row("a"))});
  EXPECT_EQ(run(client->list_objects({}, context))->objects.size(), 1U);
}

TEST_F(S3Listing, AnErrorNamesTheBucket) {
  wire.replies(error_reply(404, "NoSuchBucket"));
  const Result<ObjectPage> page = run(client->list_objects({}, context));
  EXPECT_EQ(page.error().kind, ErrorKind::not_found);
  EXPECT_EQ(page.error().subject, "photos");
}

}  // namespace
}  // namespace azs3copy::s3_test
