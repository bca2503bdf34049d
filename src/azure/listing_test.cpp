// Harms: a blob that is listed and never copied, or copied under another name; a page cut off taken for the
// last; a field that is missing taken for zero.
#include "azure/listing.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

#include "codec/time.hpp"

namespace azs3copy {
namespace {

const Container photos("photos");

std::string page_of(std::string_view rows, std::string_view marker = "<NextMarker />") {
  return fmt::format(
      "\xEF\xBB\xBF<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults "
      "ServiceEndpoint=\"https://acme.blob.core.windows.net/\" "
      "ContainerName=\"photos\"><MaxResults>5000</MaxResults>"
      "<Blobs>{}</Blobs>{}</EnumerationResults>",
      rows, marker);
}

std::string row(std::string_view name, std::string_view more = "", std::string_view size = "7",
                std::string_view name_attributes = "") {
  return fmt::format(
      "<Blob><Name{}>{}</Name><Properties><Creation-Time>Sun, 22 Nov 2026 00:00:00 GMT</Creation-Time>"
      "<Last-Modified>Mon, 23 Nov 2026 07:42:10 GMT</Last-Modified><Etag>0x8DC01</Etag>"
      "<Content-Length>{}</Content-Length><Content-Type>image/jpeg</Content-Type><Content-MD5 />"
      "<BlobType>BlockBlob</BlobType>{}<LeaseStatus>unlocked</LeaseStatus></Properties><OrMetadata /></Blob>",
      name_attributes, name, size, more);
}

Blob only_blob(const std::string& xml) {
  const Result<ParsedBlobPage> parsed = parse_blob_page(xml, photos);
  EXPECT_TRUE(parsed) << parsed.error().to_line();
  if (!parsed || parsed->page.blobs.size() != 1) return {};
  return parsed->page.blobs[0];
}

Error error_of(const std::string& xml) {
  const Result<ParsedBlobPage> parsed = parse_blob_page(xml, photos);
  EXPECT_FALSE(parsed);
  return parsed ? Error{} : parsed.error();
}

std::string without(std::string text, std::string_view part) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.erase(at, part.size());
}
std::string replaced(std::string text, std::string_view part, std::string_view by) {
  const std::size_t at = text.find(part);
  EXPECT_NE(at, std::string::npos) << part;
  return text.replace(at, part.size(), by);
}

TEST(Listing, DetailsComeWhereTheyAreAskedFor) {
  std::string xml = page_of(row("a", "<Content-Language>de</Content-Language>"));
  xml = replaced(xml, "</Properties>", "</Properties><Metadata><b>1</b><A>\xC3\xA9</A></Metadata>");
  xml = replaced(xml, "<Content-MD5 />",
                 "<Content-Encoding>gzip</Content-Encoding><Cache-Control>no-cache</Cache-Control>"
                 "<Content-Disposition>attachment</Content-Disposition>");
  const Result<ParsedBlobPage> parsed = parse_blob_page(xml, photos, true);
  ASSERT_TRUE(parsed && parsed->page.details.size() == 1);
  const BlobDetails& details = parsed->page.details[0];
  EXPECT_EQ(details.headers, (ContentHeaders{.content_type = "image/jpeg",
                                             .content_encoding = "gzip",
                                             .content_language = "de",
                                             .content_disposition = "attachment",
                                             .cache_control = "no-cache"}));
  EXPECT_EQ(details.metadata, (Metadata{{"b", "1"}, {"A", "\xC3\xA9"}}));
  EXPECT_TRUE(parse_blob_page(xml, photos)->page.details.empty());
}

TEST(Listing, ReadsARow) {
  const Blob blob =
      only_blob(page_of(row("a/b.jpg", "<AccessTier>Cool</AccessTier>", "18446744073709551615")));
  EXPECT_EQ(blob.container, photos);
  EXPECT_EQ(blob.name, BlobName("a/b.jpg"));
  EXPECT_EQ(blob.size, 18446744073709551615u);
  EXPECT_EQ(blob.etag, ETag("0x8DC01"));
  EXPECT_EQ(to_iso8601(blob.last_modified), "2026-11-23T07:42:10Z");
  EXPECT_EQ(blob.type, BlobType::block);
  EXPECT_EQ(blob.access_tier, "Cool");
  EXPECT_FALSE(blob.archived || blob.rehydrating || blob.is_directory);
}

TEST(Listing, NamesArriveExactly) {
  EXPECT_EQ(only_blob(page_of(row("a//b/../c%2F+=?#"))).name.view(), "a//b/../c%2F+=?#");
  EXPECT_EQ(only_blob(page_of(row("&lt;x&gt; &amp;amp; &quot;y&quot;"))).name.view(), "<x> &amp; \"y\"");
  EXPECT_EQ(only_blob(page_of(row("\xF0\x9F\x93\xB7 \xC3\xBC.jpg"))).name.view(),
            "\xF0\x9F\x93\xB7 \xC3\xBC.jpg");
  EXPECT_EQ(only_blob(page_of(row(" lead and trail "))).name.view(), " lead and trail ");
  EXPECT_EQ(only_blob(page_of(row(" "))).name.view(), " ");
  EXPECT_EQ(only_blob(page_of(row("dot."))).name.view(), "dot.");
  EXPECT_EQ(only_blob(page_of(row("back\\slash"))).name.view(), "back\\slash");
}

TEST(Listing, OnlyNamesMarkedAsEncodedAreDecoded) {
  EXPECT_EQ(only_blob(page_of(row("a%EF%BF%BEb%25", "", "7", " Encoded=\"true\""))).name.view(),
            "a\xEF\xBF\xBE"
            "b%");
  EXPECT_EQ(only_blob(page_of(row("a%25", "", "7", " Encoded=\"false\""))).name.view(), "a%25");
  EXPECT_EQ(error_of(page_of(row("a%G0", "", "7", " Encoded=\"true\""))).kind, ErrorKind::protocol);
}

TEST(Listing, EtagsAreTheSameWithQuotesAndWithout) {
  EXPECT_EQ(only_blob(replaced(page_of(row("a")), "0x8DC01", "&quot;0x8DC01&quot;")).etag, ETag("0x8DC01"));
}

TEST(Listing, AppendAndPageBlobs) {
  EXPECT_EQ(only_blob(replaced(page_of(row("a")), "BlockBlob", "AppendBlob")).type, BlobType::append);
  EXPECT_EQ(only_blob(replaced(page_of(row("a")), "BlockBlob", "PageBlob")).type, BlobType::page);
}

TEST(Listing, ArchivedAndOnItsWayBack) {
  EXPECT_TRUE(only_blob(page_of(row("a", "<AccessTier>Archive</AccessTier>"))).archived);
  const Blob pending = only_blob(page_of(
      row("a", "<AccessTier>Archive</AccessTier><ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>")));
  EXPECT_TRUE(pending.archived);
  EXPECT_TRUE(pending.rehydrating);
}

TEST(Listing, DirectoriesOfAHierarchicalAccount) {
  EXPECT_TRUE(only_blob(page_of(row("d", "<ResourceType>directory</ResourceType>", "0"))).is_directory);
  EXPECT_FALSE(only_blob(page_of(row("f", "<ResourceType>file</ResourceType>", "0"))).is_directory);
  EXPECT_FALSE(
      parse_blob_page(page_of(row("f", "<ResourceType>file</ResourceType>", "0")), photos)->has_empty_blobs)
      << "such an account says it without metadata";
}

TEST(Listing, StubsAreEmptyBlobsWithTheMarkInAnyCase) {
  const auto with = [](std::string_view size, std::string_view metadata) {
    return replaced(page_of(row("d", "", size)), "<OrMetadata />", metadata);
  };
  EXPECT_TRUE(only_blob(with("0", "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>")).is_directory);
  EXPECT_TRUE(
      only_blob(with("0", "<Metadata><a>b</a><Hdi_IsFolder>TRUE</Hdi_IsFolder></Metadata>")).is_directory);
  EXPECT_FALSE(only_blob(with("0", "<Metadata><hdi_isfolder>false</hdi_isfolder></Metadata>")).is_directory);
  EXPECT_FALSE(only_blob(with("1", "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>")).is_directory)
      << "what has bytes is copied";
  EXPECT_FALSE(only_blob(with("0", "<Metadata />")).is_directory);
  EXPECT_TRUE(parse_blob_page(with("0", ""), photos)->has_empty_blobs);
  EXPECT_FALSE(parse_blob_page(with("1", ""), photos)->has_empty_blobs);
}

TEST(Listing, AMissingFieldNamesItsBlobAndIsNeverZero) {
  const std::string page = page_of(row("a/b.jpg"));
  for (const auto& [part, field] :
       {std::pair{"<Content-Length>7</Content-Length>", "Content-Length"},
        {"<Etag>0x8DC01</Etag>", "Etag"},
        {"<Last-Modified>Mon, 23 Nov 2026 07:42:10 GMT</Last-Modified>", "Last-Modified"},
        {"<BlobType>BlockBlob</BlobType>", "BlobType"}}) {
    const Error error = error_of(without(page, part));
    EXPECT_EQ(error.kind, ErrorKind::protocol) << field;
    EXPECT_EQ(error.subject, "a/b.jpg") << field;
    EXPECT_NE(error.message.find(field), std::string::npos) << error.message;
    EXPECT_EQ(error.retry, RetryVerdict::never) << field;
  }
  EXPECT_EQ(error_of(without(page, "<Name>a/b.jpg</Name>")).kind, ErrorKind::protocol);
}

TEST(Listing, AMalformedFieldIsAnError) {
  const std::string page = page_of(row("a"));
  for (const auto& [part, by] : {std::pair{"<Content-Length>7<", "<Content-Length>-7<"},
                                 {"<Content-Length>7<", "<Content-Length>7 <"},
                                 {"<Content-Length>7<", "<Content-Length>99999999999999999999<"},
                                 {"Mon, 23 Nov 2026 07:42:10 GMT", "yesterday"},
                                 {"BlockBlob", "SockBlob"},
                                 {">0x8DC01<", ">\"\"<"}}) {
    EXPECT_EQ(error_of(replaced(page, part, by)).kind, ErrorKind::protocol) << by;
  }
}

TEST(Listing, PagesGoOnUntilTheMarkerIsEmpty) {
  EXPECT_EQ(parse_blob_page(page_of("", "<NextMarker>2!92!a&amp;b</NextMarker>"), photos)->page.next_marker,
            "2!92!a&b")
      << "also of an empty page";
  EXPECT_EQ(parse_blob_page(page_of(row("a"), "<NextMarker></NextMarker>"), photos)->page.next_marker, "");
}

TEST(Listing, AListThatDoesNotSayItsEndIsNotAtItsEnd) {
  const Error error = error_of(page_of(row("a"), ""));
  EXPECT_EQ(error.kind, ErrorKind::protocol);
  EXPECT_NE(error.message.find("NextMarker"), std::string::npos);
}

TEST(Listing, EveryTruncationIsAnErrorWorthAnotherTry) {
  const std::string page = page_of(row("a") + row("b"));
  for (std::size_t size = 0; size < page.size(); ++size) {
    const Error error = error_of(page.substr(0, size));
    EXPECT_EQ(error.kind, ErrorKind::protocol) << size;
    EXPECT_EQ(error.retry, RetryVerdict::later) << page.substr(0, size);
  }
}

TEST(Listing, AnotherServersPageIsNoEmptyListing) {
  EXPECT_EQ(error_of("<html><body/></html>").kind, ErrorKind::protocol);
  EXPECT_EQ(error_of("<ListBucketResult><NextMarker/></ListBucketResult>").kind, ErrorKind::protocol);
  EXPECT_EQ(error_of("<EnumerationResults><NextMarker/></EnumerationResults>").kind, ErrorKind::protocol);
}

TEST(Listing, PrefixesOfADelimiter) {
  const Result<ParsedBlobPage> parsed = parse_blob_page(
      page_of("<BlobPrefix><Name>a/</Name></BlobPrefix><BlobPrefix><Name Encoded=\"true\">%EF%BF%BF/</Name>"
              "<Properties><Etag>1</Etag></Properties></BlobPrefix>" +
              row("b")),
      photos);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->page.prefixes, (std::vector<std::string>{"a/", "\xEF\xBF\xBF/"}));
  EXPECT_EQ(parsed->page.blobs.size(), 1u);
}

TEST(Listing, Containers) {
  const Result<ContainerPage> page = parse_container_page(
      "<EnumerationResults><Containers><Container><Name>photos</Name><Properties><Etag>1</Etag></"
      "Properties></Container>"
      "<Container><Name>$root</Name></Container></Containers><NextMarker>m</NextMarker></"
      "EnumerationResults>");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->containers, (std::vector{Container("photos"), Container("$root")}));
  EXPECT_EQ(page->next_marker, "m");
  EXPECT_FALSE(parse_container_page(
      "<EnumerationResults><Containers><Container/></Containers><NextMarker/></EnumerationResults>"));
  EXPECT_FALSE(parse_container_page("<EnumerationResults><Containers></Containers></EnumerationResults>"));
}

TEST(Listing, RowsOfAHierarchicalAccountSaySo) {
  EXPECT_FALSE(only_blob(page_of(row("a"))).hierarchical);
  EXPECT_TRUE(only_blob(page_of(row("a", "<ResourceType>file</ResourceType>"))).hierarchical);
}

TEST(Listing, ACustomerProvidedKeyIsKnownFromTheRow) {
  EXPECT_FALSE(only_blob(page_of(row("a"))).customer_key);
  EXPECT_TRUE(only_blob(page_of(row("a", "<CustomerProvidedKeySha256>3QFF</CustomerProvidedKeySha256>")))
                  .customer_key);
}

}  // namespace
}  // namespace azs3copy
