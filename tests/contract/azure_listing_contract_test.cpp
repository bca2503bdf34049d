// azure_listing_contract_test.cpp: what every listing of Azure's must give, at each server.
#include "contract/azure_servers.hpp"

namespace azs3copy::contract {
namespace {

using AzureListing = AzureContract;
INSTANTIATE_TEST_SUITE_P(Servers, AzureListing, testing::ValuesIn(azure_servers()), ServerName());

std::vector<std::string> names_of(const std::vector<Blob>& blobs) {
  std::vector<std::string> names;
  for (const Blob& blob : blobs) names.push_back(blob.name.str());
  return names;
}

using Names = std::vector<std::string>;

// A row lost between two pages is a blob that is never copied.
TEST_P(AzureListing, PagesHoldEveryRowOnceAndInOrder) {
  Names put_there;
  for (int i = 10; i < 23; ++i) put_there.push_back(fmt::format("blob-{}", i));
  for (const std::string& name : put_there) put(name, name);
  for (const int rows : {1, 5, 13, 5000}) {
    EXPECT_EQ(names_of(list_all({.page_rows_max = rows})), put_there) << rows << " rows a page";
  }
}

// The row is the pin of every later read: where it says otherwise than the blob, nothing can be copied, or
// the wrong thing.
TEST_P(AzureListing, RowsSayWhatTheBlobsSay) {
  put("append", {.content = "two appends", .type = BlobType::append, .block_bytes = 6});
  put("block", {.content = noise(70'000), .headers = {.content_type = "image/png"}});
  put("blocks", {.content = noise(3000), .block_bytes = 1000});
  put("page", {.content = noise(1024), .type = BlobType::page});
  const std::vector<Blob> rows = list_all({});
  ASSERT_EQ(names_of(rows), (Names{"append", "block", "blocks", "page"}));
  for (const Blob& row : rows) {
    const Result<BlobProperties> properties = this->properties(row.name.str());
    ASSERT_TRUE(done(properties));
    const Blob& blob = properties->blob;
    EXPECT_EQ(row.container, container_);
    EXPECT_EQ(row.size, blob.size) << row.name.view();
    EXPECT_EQ(row.etag, blob.etag) << row.name.view();
    EXPECT_EQ(row.last_modified, blob.last_modified) << row.name.view();
    EXPECT_EQ(row.type, blob.type) << row.name.view();
    EXPECT_EQ(row.access_tier, blob.access_tier) << row.name.view();
    EXPECT_FALSE(row.etag.view().starts_with('"')) << "quoted in the listing, not elsewhere";
    EXPECT_LT(std::chrono::abs(row.last_modified - context().clock.utc()), std::chrono::minutes(5));
  }
  EXPECT_EQ(rows[0].type, BlobType::append);
  EXPECT_EQ(rows[0].size, 11);
  EXPECT_EQ(rows[1].type, BlobType::block);
  EXPECT_EQ(rows[1].size, 70'000);
  EXPECT_EQ(rows[2].size, 3000);
  EXPECT_EQ(rows[3].type, BlobType::page);
  EXPECT_EQ(rows[3].size, 1024);
}

TEST_P(AzureListing, APrefixShowsNothingBesideIt) {
  for (const char* name : {"a", "a+b", "a+b/1", "a+b/2", "a%2Bb/3", "a b/4", "b/a+b/5"}) put(name, "x");
  EXPECT_EQ(names_of(list_all({.prefix = "a+b/", .page_rows_max = 1})), (Names{"a+b/1", "a+b/2"}));
  EXPECT_EQ(names_of(list_all({.prefix = "a%2B"})), (Names{"a%2Bb/3"}));
  EXPECT_EQ(names_of(list_all({.prefix = "a b"})), (Names{"a b/4"}));
  EXPECT_EQ(names_of(list_all({.prefix = "c"})), Names{});
}

// `ls` shows folders by it.
TEST_P(AzureListing, ADelimiterFoldsWhatLiesDeeper) {
  for (const char* name : {"top", "x/1", "x/2", "x/y/3", "z//4", "\u00fc &/5"}) put(name, "x");
  Names blobs;
  Names prefixes;
  ListBlobsOptions options{.delimiter = "/", .page_rows_max = 2};
  do {
    const Result<BlobPage> page = list(options);
    ASSERT_TRUE(done(page));
    for (const Blob& blob : page->blobs) blobs.push_back(blob.name.str());
    prefixes.insert(prefixes.end(), page->prefixes.begin(), page->prefixes.end());
    options.marker = page->next_marker;
  } while (!options.marker.empty());
  EXPECT_EQ(blobs, Names{"top"});
  EXPECT_EQ(prefixes, (Names{"x/", "z/", "\u00fc &/"}));

  const Result<BlobPage> below = list({.prefix = "x/", .delimiter = "/"});
  ASSERT_TRUE(done(below));
  EXPECT_EQ(names_of(below->blobs), (Names{"x/1", "x/2"}));
  EXPECT_EQ(below->prefixes, Names{"x/y/"});
}

TEST_P(AzureListing, AnEmptyContainerIsAnEmptyPage) {
  const Result<BlobPage> page = list({});
  ASSERT_TRUE(done(page));
  EXPECT_TRUE(page->blobs.empty());
  EXPECT_EQ(page->next_marker, "");
}

// Taken for empty, a mistyped container would be copied with success.
TEST_P(AzureListing, AMissingContainerIsNotAnEmptyOne) {
  const Container missing(new_name());
  const Result<BlobPage> page = wire_->run(client_->list_blobs(missing, {}, context()));
  EXPECT_TRUE(fails_with(page, ErrorKind::not_found));
  EXPECT_EQ(code_of(page), "ContainerNotFound");
}

// Every byte of a name comes back in the listing, and leads to the blob.
TEST_P(AzureListing, OddNamesAreExact) {
  Names names = {"a//b",
                 "a///c",
                 "plus+and=equals&and.txt",
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
                 "/leading",
                 "..",
                 "a/../b",
                 "./here",
                 "a/b/../../c",
                 "\u65e5\u672c/\u30d5",
                 " ",
                 "tail ",
                 "back\\slash",
                 std::string(512, 'l') + "/" + std::string(511, 'm')};
  for (const std::string& name : names) put(name, "content of " + name);
  if (quirks().backslash_is_slash) std::ranges::replace(names, "back\\slash", "back/slash");
  std::ranges::sort(names);
  std::vector<Blob> rows = list_all({.page_rows_max = 7});
  std::ranges::sort(rows, {}, [](const Blob& row) { return row.name.str(); });
  EXPECT_EQ(names_of(rows), names);
  for (const std::string& name : names) {
    const Result<ReadBlob> blob = read(name);
    EXPECT_TRUE(done(blob)) << name;
    if (blob && name != "back/slash") EXPECT_EQ(blob->bytes, "content of " + name);
    EXPECT_TRUE(done(properties(name))) << name;
  }
}

// A stub copied as an object is a file of no bytes beside the folder of its name; an empty file taken for a
// stub is lost.
TEST_P(AzureListing, ADirectoryStubIsToldFromAnEmptyBlob) {
  put("empty", NewBlob{});
  put("folder", {.metadata = {{"hdi_isfolder", "true"}}});
  put("full", "x");
  for (const int rows : {1, 5000}) {
    const std::vector<Blob> blobs = list_all({.page_rows_max = rows});
    ASSERT_EQ(names_of(blobs), (Names{"empty", "folder", "full"}));
    EXPECT_FALSE(blobs[0].is_directory);
    EXPECT_TRUE(blobs[1].is_directory);
    EXPECT_FALSE(blobs[2].is_directory);
  }
}

TEST_P(AzureListing, AnArchivedBlobSaysSo) {
  put("cold", "x");
  put("warm", "x");
  archive("cold");
  const std::vector<Blob> rows = list_all({});
  ASSERT_EQ(names_of(rows), (Names{"cold", "warm"}));
  EXPECT_TRUE(rows[0].archived);
  EXPECT_FALSE(rows[0].rehydrating);
  EXPECT_FALSE(rows[1].archived);
  const Result<BlobProperties> cold = properties("cold");
  ASSERT_TRUE(done(cold));
  EXPECT_TRUE(cold->blob.archived);
}

// A copy of a whole account passes over what is not among them.
TEST_P(AzureListing, ContainersAreAllNamed) {
  const Container second = new_container();
  std::vector<Container> found;
  std::string marker;
  do {
    const Result<ContainerPage> page = wire_->run(client_->list_containers(marker, context()));
    ASSERT_TRUE(done(page));
    found.insert(found.end(), page->containers.begin(), page->containers.end());
    marker = page->next_marker;
  } while (!marker.empty());
  EXPECT_EQ(std::ranges::count(found, container_), 1);
  EXPECT_EQ(std::ranges::count(found, second), 1);
}

}  // namespace
}  // namespace azs3copy::contract
