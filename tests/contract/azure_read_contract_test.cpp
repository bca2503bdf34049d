// azure_read_contract_test.cpp: reading blobs, and who may, at each server.
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "contract/azure_servers.hpp"

namespace azs3copy::contract {
namespace {

using AzureReading = AzureContract;
INSTANTIATE_TEST_SUITE_P(Servers, AzureReading, testing::ValuesIn(azure_servers()), ServerName());
using AzureLogin = AzureContract;
INSTANTIATE_TEST_SUITE_P(Servers, AzureLogin, testing::ValuesIn(azure_servers()), ServerName());

std::string md5_of(std::string_view text) {
  Md5 md5;
  md5.update(bytes_of(text));
  return base64_encode(md5.finish());
}

// Lost, a browser would offer a download where it showed a page.
TEST_P(AzureReading, PropertiesCarryHeadersAndMetadata) {
  const ContentHeaders headers{.content_type = "text/csv; charset=utf-8",
                               .content_encoding = "br",
                               .content_language = "de-DE, en",
                               .content_disposition = "attachment; filename=\"a b;c.csv\"",
                               .cache_control = "max-age=60, must-revalidate"};
  const Metadata metadata = {{"Owner", "somebody"}, {"empty_is_not_allowed", "x"}, {"note", "a=b; c, d%20e"}};
  put("blob", {.content = "1,2,3", .headers = headers, .metadata = metadata});
  Result<BlobProperties> properties = this->properties("blob");
  ASSERT_TRUE(done(properties));
  EXPECT_EQ(properties->headers, headers);
  EXPECT_EQ(properties->content_md5, md5_of("1,2,3"));
  Metadata expected = metadata;
  std::ranges::sort(expected);
  std::ranges::sort(properties->metadata);
  EXPECT_EQ(properties->metadata, expected);

  const Result<ReadBlob> blob = read("blob");
  ASSERT_TRUE(done(blob));
  EXPECT_EQ(blob->properties.headers, headers);
  EXPECT_EQ(blob->properties.blob.size, properties->blob.size);
  EXPECT_EQ(blob->properties.blob.etag, properties->blob.etag);
  EXPECT_EQ(blob->properties.blob.last_modified, properties->blob.last_modified);
  EXPECT_EQ(blob->properties.blob.type, properties->blob.type);
}

// A whole body is what was put, proven, and its CRC is what S3 will be told.
TEST_P(AzureReading, AWholeBlobIsProven) {
  for (const std::size_t size : {1UL, 70'000UL, 4 * MiB, 4 * MiB + 1, 9 * MiB + 5}) {
    const std::string content = noise(size);
    put("blob", content);
    const Result<ReadBlob> blob = read("blob");
    ASSERT_TRUE(done(blob)) << size;
    EXPECT_EQ(blob->size, size);
    EXPECT_TRUE(blob->bytes == content) << size;
    EXPECT_EQ(blob->crc, crc_of_text(content)) << size;
    EXPECT_EQ(blob->proof, quirks().no_crc ? SourceProof::content_md5 : SourceProof::crc64) << size;
  }
}

TEST_P(AzureReading, AnEmptyBlobIsWhole) {
  put("empty", NewBlob{});
  for (const VerifySource verify : {VerifySource::when_offered, VerifySource::always}) {
    const Result<ReadBlob> blob = read("empty", {.verify = verify});
    ASSERT_TRUE(done(blob));
    EXPECT_EQ(blob->size, 0);
    EXPECT_EQ(blob->bytes, "");
    EXPECT_EQ(blob->crc, Crc64{});
    EXPECT_NE(blob->proof, SourceProof::none);
  }
}

// The range is the part of an upload: one byte beside it and the object is another.
TEST_P(AzureReading, ARangeIsExactlyThatRange) {
  const std::string content = noise(6 * MiB + 3);
  put("blob", {.content = content, .block_bytes = 5 * MiB});
  const Range ranges[] = {{0, 1}, {1, 5 * MiB}, {5 * MiB - 1, 2}, {6 * MiB, 3}, {0, 6 * MiB + 3}};
  for (const Range& range : ranges) {
    const Result<ReadBlob> part = read("blob", {.range = range});
    ASSERT_TRUE(done(part)) << range.first;
    const std::string wanted = content.substr(range.first, range.size);
    EXPECT_TRUE(part->bytes == wanted) << range.first;
    EXPECT_EQ(part->size, range.size);
    EXPECT_EQ(part->crc, crc_of_text(wanted));
    EXPECT_EQ(part->properties.blob.size, content.size()) << "the whole blob's";
  }
}

TEST_P(AzureReading, ARangeBehindTheEndIsAChange) {
  put("blob", "short");
  EXPECT_TRUE(fails_with(read("blob", {.range = Range{6, 1}}), ErrorKind::changed));
  const Result<ReadBlob> at_end = read("blob", {.range = Range{5, 1}});
  EXPECT_TRUE(fails_with(at_end, quirks().range_at_end_is_empty ? ErrorKind::protocol : ErrorKind::changed));
}

// Without the pin an overwrite would stitch two versions into one object.
TEST_P(AzureReading, APinnedReadRefusesAnotherVersion) {
  put("blob", "first version");
  const Result<BlobProperties> first = properties("blob");
  ASSERT_TRUE(done(first));
  const ETag pin = first->blob.etag;
  EXPECT_TRUE(done(read("blob", {.if_match = pin})));
  EXPECT_TRUE(done(read("blob", {.range = Range{0, 5}, .if_match = pin})));
  put("blob", "other version");
  EXPECT_TRUE(fails_with(read("blob", {.if_match = pin}), ErrorKind::changed));
  EXPECT_TRUE(fails_with(read("blob", {.range = Range{0, 5}, .if_match = pin}), ErrorKind::changed));
  EXPECT_TRUE(
      fails_with(read("blob", {.if_match = pin, .verify = VerifySource::always}), ErrorKind::changed));
}

// An ETag that outlives its content would make the pin worthless.
TEST_P(AzureReading, EveryWriteHasAnETagOfItsOwn) {
  put("blob", "same");
  const Result<BlobProperties> before = properties("blob");
  put("blob", "same");
  const Result<BlobProperties> after = properties("blob");
  ASSERT_TRUE(done(before));
  ASSERT_TRUE(done(after));
  EXPECT_NE(before->blob.etag, after->blob.etag);
}

TEST_P(AzureReading, WhatIsMissingIsNotFound) {
  const Result<ReadBlob> body = read("missing");
  EXPECT_TRUE(fails_with(body, ErrorKind::not_found));
  EXPECT_EQ(code_of(body), "BlobNotFound");
  const Result<BlobProperties> properties = this->properties("missing");
  EXPECT_TRUE(fails_with(properties, ErrorKind::not_found));
  EXPECT_EQ(code_of(properties), "BlobNotFound") << "HEAD: the header alone says it";
  container_ = Container(new_name());
  EXPECT_TRUE(fails_with(read("missing"), ErrorKind::not_found));
}

// Reported as archived, so that the user knows what to do.
TEST_P(AzureReading, AnArchivedBlobIsRefusedAsArchived) {
  put("cold", "x");
  archive("cold");
  const Result<ReadBlob> blob = read("cold");
  EXPECT_TRUE(fails_with(blob, ErrorKind::archived));
  EXPECT_EQ(code_of(blob), "BlobArchived");
  EXPECT_TRUE(fails_with(read("cold", {.range = Range{0, 1}}), ErrorKind::archived));
}

TEST_P(AzureReading, AppendAndPageBlobsAreReadAsTheyWereWritten) {
  const std::string appended = noise(5000, 2);
  const std::string pages = noise(1536, 3);
  put("append", {.content = appended, .type = BlobType::append, .block_bytes = 2000});
  put("page", {.content = pages, .type = BlobType::page, .block_bytes = 1024});
  const Result<ReadBlob> append = read("append");
  ASSERT_TRUE(done(append));
  EXPECT_EQ(append->properties.blob.type, BlobType::append);
  EXPECT_TRUE(append->bytes == appended);
  const Result<ReadBlob> page = read("page", {.range = Range{500, 600}});
  ASSERT_TRUE(done(page));
  EXPECT_EQ(page->properties.blob.type, BlobType::page);
  EXPECT_TRUE(page->bytes == pages.substr(500, 600));
}

// --verify-source always: every byte by a checksum of Azure's, whatever the server knows.
TEST_P(AzureReading, AlwaysVerifiedMeansEveryByteIsProven) {
  const std::string content = noise(9 * MiB + 5);
  put("blocks", {.content = content, .block_bytes = 4 * MiB});  // the service makes no MD5 of it
  const std::optional<Range> ranges[] = {std::nullopt, Range{3, 5 * MiB}, Range{9 * MiB, 5}};
  for (const std::optional<Range>& range : ranges) {
    const Result<ReadBlob> blob = read("blocks", {.range = range, .verify = VerifySource::always});
    ASSERT_TRUE(done(blob));
    const std::string wanted = range ? content.substr(range->first, range->size) : content;
    EXPECT_TRUE(blob->bytes == wanted);
    EXPECT_EQ(blob->crc, crc_of_text(wanted));
    EXPECT_EQ(blob->proof, quirks().no_crc ? SourceProof::content_md5 : SourceProof::crc64);
  }
}

// What nothing proves is not called proven: reports count such blobs.
TEST_P(AzureReading, WithoutAChecksumNothingIsProven) {
  put("blocks", {.content = noise(5 * MiB), .block_bytes = 3 * MiB});
  const Result<ReadBlob> blob = read("blocks");
  ASSERT_TRUE(done(blob));
  EXPECT_EQ(blob->properties.content_md5, "");
  EXPECT_EQ(blob->proof, quirks().no_crc ? SourceProof::none : SourceProof::crc64);
}

// A stored MD5 that is not the content's: an old client's mistake, or rot. Azure's own CRC is above it.
TEST_P(AzureReading, AWrongStoredMd5IsNoticedWhereItIsTheOnlyProof) {
  put("blob", {.content = "abc", .content_md5 = md5_of("other"), .block_bytes = 3});
  const Result<ReadBlob> blob = read("blob");
  if (quirks().no_crc) {
    EXPECT_TRUE(fails_with(blob, ErrorKind::corrupt));
  } else {
    ASSERT_TRUE(done(blob));
    EXPECT_EQ(blob->bytes, "abc");
    EXPECT_EQ(blob->properties.content_md5, md5_of("other"));
  }
}

// ---- Who may

TEST_P(AzureLogin, AWrongKeyIsARefusedLogin) {
  put("blob", "x");
  const Secret wrong(base64_encode(bytes_of("not the key")));
  const auto client = make_client(shared_key_credential(account_.name, wrong).value());
  const BlobName name("blob");
  EXPECT_TRUE(fails_with(wire_->run(client->list_blobs(container_, {}, context())), ErrorKind::credentials));
  EXPECT_TRUE(fails_with(wire_->run(client->list_containers({}, context())), ErrorKind::credentials));
  EXPECT_TRUE(
      fails_with(wire_->run(read_blob(*client, container_, name, {}, context())), ErrorKind::credentials));
  EXPECT_TRUE(fails_with(wire_->run(client->properties(container_, name, context())),
                         quirks().head_hides_wrong_key ? ErrorKind::permission : ErrorKind::credentials));
}

TEST_P(AzureLogin, WithoutALoginOnlyWhatIsPublicCanBeRead) {
  const auto anonymous = make_client(anonymous_credential());
  const BlobName name("blob");
  put("blob", "private");
  EXPECT_FALSE(wire_->run(read_blob(*anonymous, container_, name, {}, context())));
  EXPECT_FALSE(wire_->run(anonymous->list_blobs(container_, {}, context())));

  container_ = new_container("blob");
  put("blob", "by name");
  const Result<ReadBlob> by_name = wire_->run(read_blob(*anonymous, container_, name, {}, context()));
  ASSERT_TRUE(done(by_name));
  EXPECT_EQ(by_name->bytes, "by name");
  EXPECT_FALSE(wire_->run(anonymous->list_blobs(container_, {}, context())));

  container_ = new_container("container");
  put("blob", "all");
  const Result<BlobPage> page = wire_->run(anonymous->list_blobs(container_, {}, context()));
  ASSERT_TRUE(done(page));
  EXPECT_EQ(page->blobs.size(), 1);
}

TEST_P(AzureLogin, ASasReadsAndListsWithinItsPermissions) {
  put("odd name+%2F", "by SAS");
  const BlobName name("odd name+%2F");
  const auto reader = make_client(sas_credential(sas("rl")));
  const Result<BlobPage> page = wire_->run(reader->list_blobs(container_, {.prefix = "odd "}, context()));
  ASSERT_TRUE(done(page));
  EXPECT_EQ(page->blobs.size(), 1);
  const Result<ReadBlob> blob = wire_->run(read_blob(*reader, container_, name, {}, context()));
  ASSERT_TRUE(done(blob));
  EXPECT_EQ(blob->bytes, "by SAS");

  const auto lister = make_client(sas_credential(sas("l")));
  EXPECT_TRUE(done(wire_->run(lister->list_blobs(container_, {}, context()))));
  EXPECT_TRUE(
      fails_with(wire_->run(read_blob(*lister, container_, name, {}, context())), ErrorKind::permission));
}

TEST_P(AzureLogin, AnExpiredSasIsARefusedLogin) {
  put("blob", "x");
  const auto client = make_client(sas_credential(sas("rl", -std::chrono::hours(1))));
  const BlobName name("blob");
  EXPECT_TRUE(fails_with(wire_->run(client->list_blobs(container_, {}, context())), ErrorKind::credentials));
  EXPECT_TRUE(
      fails_with(wire_->run(read_blob(*client, container_, name, {}, context())), ErrorKind::credentials));
}

}  // namespace
}  // namespace azs3copy::contract
