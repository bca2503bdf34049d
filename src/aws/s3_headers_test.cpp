// s3_headers_test.cpp: attributes to headers and back.
#include "aws/s3_headers.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace azs3copy {
namespace {

TEST(S3Metadata, AsciiStaysAsItIs) {
  for (const char* value : {"", "plain", "a  b", "a=b?c", "100%"}) {
    EXPECT_EQ(encode_metadata_value(value), value);
    EXPECT_EQ(decode_metadata_value(value), value);
  }
}

TEST(S3Metadata, OtherBytesTravelAsEncodedWords) {
  EXPECT_EQ(encode_metadata_value("\xC3\xA4"), "=?UTF-8?B?w6Q=?=");
  EXPECT_EQ(decode_metadata_value("=?UTF-8?B?w6Q=?="), "\xC3\xA4");
  EXPECT_EQ(decode_metadata_value("=?utf-8?Q?=C3=A4_x%41?="), "\xC3\xA4 x%41");
  EXPECT_EQ(decode_metadata_value("a =?UTF-8?B?w6Q=?= b"), "a \xC3\xA4 b");
  // Between two words white space is folding, not text.
  EXPECT_EQ(decode_metadata_value("=?UTF-8?B?w6Q=?= \t=?UTF-8?B?w6Q=?="), "\xC3\xA4\xC3\xA4");
}

TEST(S3Metadata, WordsThatDoNotDecodeStay) {
  for (const char* value : {"=?", "=?UTF-8?", "=?UTF-8?B?", "=?UTF-8?B?w6Q",
                            "=?UTF-8?B?!!?=", "=?UTF-8?X?a?=", "=?UTF-8?Q?=ZZ?="}) {
    EXPECT_EQ(decode_metadata_value(value), value);
  }
}

// An ASCII value that looks like an encoded word would come back as something else.
TEST(S3Metadata, EveryValueComesBackByteForByte) {
  for (const std::string& value :
       {std::string("=?UTF-8?B?w6Q=?="), std::string(" led by a space"), std::string("ends in one "),
        std::string("a\tb"), std::string("\xFF\xFE\x80"), std::string(300, '\xF0')}) {
    EXPECT_EQ(decode_metadata_value(encode_metadata_value(value)), value);
  }
  rc::check("round trip", [](const std::string& value) {
    const std::string wire = encode_metadata_value(value);
    RC_ASSERT(decode_metadata_value(wire) == value);
    RC_ASSERT(std::all_of(wire.begin(), wire.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  });
}

// Decoders may refuse longer words or show broken characters (RFC 2047 section 5).
TEST(S3Metadata, WordsAreShortAndWholeCharacters) {
  std::string value;
  for (int i = 0; i < 40; ++i) value += "\xE2\x82\xAC";
  const std::string wire = encode_metadata_value(value);
  std::size_t start = 0;
  while (start < wire.size()) {
    const std::size_t end = std::min(wire.find(' ', start), wire.size());
    const std::string word = wire.substr(start, end - start);
    EXPECT_LE(word.size(), 75U);
    EXPECT_EQ(decode_metadata_value(word).size() % 3, 0U);
    start = end + 1;
  }
  EXPECT_EQ(decode_metadata_value(wire), value);
}

TEST(S3Attributes, AllOfThemArriveAsHeaders) {
  Headers headers;
  ASSERT_TRUE(add_attributes(headers, {.headers = {.content_type = "text/plain",
                                                   .content_encoding = "gzip",
                                                   .content_language = "de",
                                                   .content_disposition = "inline",
                                                   .cache_control = "no-cache"},
                                       .metadata = {{"Author", "me"}, {"caf\x65", "\xC3\xA9"}},
                                       .storage_class = "GLACIER_IR",
                                       .sse = "aws:kms",
                                       .sse_kms_key_id = "arn:aws:kms:eu-central-1:1:key/x",
                                       .bucket_key = true,
                                       .tags = {{"team", "a&b"}, {"x y", ""}},
                                       .acl = "bucket-owner-full-control"}));
  EXPECT_EQ(headers.get("content-type"), "text/plain");
  EXPECT_EQ(headers.get("content-encoding"), "gzip");
  EXPECT_EQ(headers.get("content-language"), "de");
  EXPECT_EQ(headers.get("content-disposition"), "inline");
  EXPECT_EQ(headers.get("cache-control"), "no-cache");
  EXPECT_EQ(headers.get("x-amz-meta-author"), "me");
  EXPECT_EQ(headers.get("x-amz-meta-cafe"), "=?UTF-8?B?w6k=?=");
  EXPECT_EQ(headers.get("x-amz-storage-class"), "GLACIER_IR");
  EXPECT_EQ(headers.get("x-amz-server-side-encryption"), "aws:kms");
  EXPECT_EQ(headers.get("x-amz-server-side-encryption-aws-kms-key-id"), "arn:aws:kms:eu-central-1:1:key/x");
  EXPECT_EQ(headers.get("x-amz-server-side-encryption-bucket-key-enabled"), "true");
  EXPECT_EQ(headers.get("x-amz-tagging"), "team=a%26b&x%20y=");
  EXPECT_EQ(headers.get("x-amz-acl"), "bucket-owner-full-control");
}

TEST(S3Attributes, MetadataAbove2KbIsRefusedWithTheSizes) {
  Headers headers;
  EXPECT_TRUE(add_attributes(headers, {.metadata = {{"abcd", std::string(2044, 'x')}}}));
  const Result<> over = add_attributes(headers, {.metadata = {{"abcd", std::string(2045, 'x')}}});
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().kind, ErrorKind::invalid);
  EXPECT_NE(over.error().message.find("2049"), std::string::npos) << over.error().message;
  EXPECT_NE(over.error().message.find("2048"), std::string::npos);
}

TEST(S3Attributes, DispositionsOutsideAsciiTravelAsRfc8187) {
  for (const auto& [value, sent] : {
           std::pair{"attachment; filename=\"r\xC3\xA9sum\xC3\xA9.pdf\"",
                     "attachment; filename*=UTF-8''r%C3%A9sum%C3%A9.pdf"},
           std::pair{"inline;filename=\xC3\xA4;name=\"a;b\"",
                     "inline; filename*=UTF-8''%C3%A4; name=\"a;b\""},
           std::pair{"attachment; filename=\"\xC3\xA4 \\\"b\\\".txt\"",
                     "attachment; filename*=UTF-8''%C3%A4%20%22b%22.txt"},
           std::pair{"attachment; filename=\"\xC3\xA4\"; FileName*=UTF-8''%C3%A4",
                     "attachment; FileName*=UTF-8''%C3%A4"},
           std::pair{"attachment; filename=\"plain.txt\"", "attachment; filename=\"plain.txt\""},
       }) {
    Headers headers;
    const Result<> added = add_attributes(headers, {.headers = {.content_disposition = value}});
    ASSERT_TRUE(added) << value;
    EXPECT_EQ(headers.get("content-disposition"), sent);
  }
}

// S3 signs what it reads as ISO-8859-1: sent raw, these end in SignatureDoesNotMatch.
TEST(S3Attributes, OtherHeadersOutsideAsciiAreRefusedByName) {
  const std::vector<std::pair<ContentHeaders, std::string>> cases = {
      {{.content_type = "text/\xC3\xA4"}, "content-type"},
      {{.content_encoding = "\xC3\xA4"}, "content-encoding"},
      {{.content_language = "fran\xE7"
                            "ais"},
       "content-language"},
      {{.content_disposition = "\xC3\xA4; filename=a"}, "content-disposition"},
      {{.content_disposition = "inline; filename*=UTF-8''\xC3\xA4"}, "content-disposition"},
      {{.cache_control = "no-cache; \xFF"}, "cache-control"},
  };
  for (const auto& [content, name] : cases) {
    Headers headers;
    const Result<> added = add_attributes(headers, {.headers = content});
    ASSERT_FALSE(added) << name;
    EXPECT_EQ(added.error().kind, ErrorKind::invalid);
    EXPECT_NE(added.error().message.find(name), std::string::npos) << added.error().message;
    EXPECT_FALSE(added.error().advice.empty());
  }
}

TEST(S3Attributes, TabsOfContentHeadersBecomeSpaces) {
  Headers headers;
  ASSERT_TRUE(add_attributes(headers, {.headers = {.content_type = "text/plain;\tcharset=utf-8"}}));
  EXPECT_EQ(headers.get("content-type"), "text/plain; charset=utf-8");
}

TEST(S3Attributes, TooMuchMetadataNamesAFlagThatExists) {
  Headers headers;
  const Result<> over = add_attributes(headers, {.metadata = {{"abcd", std::string(2045, 'x')}}});
  EXPECT_NE(over.error().advice.find("--metadata-too-large drop"), std::string::npos);
}

// A line break in a name or value would put headers of somebody else's making into a signed request.
TEST(S3Attributes, NothingCanStartAnotherHeader) {
  const std::vector<ObjectAttributes> hostile = {
      {.headers = {.content_type = "text/plain\r\nx-amz-acl: public-read"}},
      {.headers = {.content_disposition = std::string("a\0b", 3)}},
      {.metadata = {{"a\r\nb", "v"}}},
      {.metadata = {{"", "v"}}},
      {.metadata = {{"a b", "v"}}},
      {.metadata = {{"a:b", "v"}}},
      {.metadata = {{"caf\xC3\xA9", "v"}}},
      {.storage_class = "STANDARD\n"},
      {.acl = "private\r"},
  };
  for (const ObjectAttributes& attributes : hostile) {
    Headers headers;
    const Result<> added = add_attributes(headers, attributes);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().kind, ErrorKind::invalid);
  }
  Headers headers;
  ASSERT_TRUE(add_attributes(headers, {.metadata = {{"a", "x\r\ny"}}}));  // encoded
  EXPECT_EQ(headers.get("x-amz-meta-a").find('\n'), std::string_view::npos);
}

// S3 keeps names in lower case: one of the two values would be lost.
TEST(S3Attributes, NamesThatDifferInCaseOnlyAreRefused) {
  Headers headers;
  EXPECT_FALSE(add_attributes(headers, {.metadata = {{"Name", "1"}, {"name", "2"}}}));
}

TEST(S3Attributes, ChecksumsAreReadForWholeObjectsOnly) {
  EXPECT_EQ(checksum_from("rosUhgp5mIg=", "FULL_OBJECT")->value().value, 0xAE8B14860A799888U);
  EXPECT_EQ(checksum_from("rosUhgp5mIg=", "")->value().value, 0xAE8B14860A799888U);
  EXPECT_FALSE(checksum_from("", "")->has_value());
  EXPECT_FALSE(checksum_from("rosUhgp5mIg=-3", "")->has_value());
  EXPECT_FALSE(checksum_from("rosUhgp5mIg=", "COMPOSITE")->has_value());
  EXPECT_EQ(checksum_from("nonsense!", "FULL_OBJECT").error().kind, ErrorKind::corrupt);
}

TEST(S3Attributes, ETagsLoseTheirQuotes) {
  EXPECT_EQ(etag_from("\"abc\"").view(), "abc");
  EXPECT_EQ(etag_from("abc").view(), "abc");
  EXPECT_EQ(etag_from("\"").view(), "\"");
}

}  // namespace
}  // namespace azs3copy
