// fake_s3_test.cpp: the fake refuses what S3 refuses.
#include "fakes/fake_s3.hpp"

#include <gtest/gtest.h>

#include "codec/time.hpp"
#include "fakes/raw_client.hpp"

namespace azs3copy::fakes {
namespace {

class FakeS3Test : public testing::Test {
 protected:
  FakeS3Test() { s3.add_bucket("b"); }
  RawReply ask(const std::string& request) { return RawClient(s3.http_port()).ask(request); }
  RawReply put(const std::string& key, const std::string& body, RawHeaders headers = {}) {
    return ask(s3_request("PUT", "/b/" + key, std::move(headers), body));
  }
  std::string create(const std::string& key, RawHeaders headers = {}) {
    return element(ask(s3_request("POST", "/b/" + key + "?uploads=", std::move(headers))).body, "UploadId");
  }
  RawReply part(const std::string& key, const std::string& id, int number, const std::string& body) {
    const auto target = fmt::format("/b/{}?partNumber={}&uploadId={}", key, number, id);
    return ask(s3_request("PUT", target, {{"x-amz-checksum-crc64nvme", crc_text(body)}}, body));
  }
  RawReply complete(const std::string& key, const std::string& id, const std::vector<int>& numbers,
                    RawHeaders headers = {}) {
    std::string body = "<CompleteMultipartUpload>";
    const auto upload = s3.uploads()[id];
    for (const int number : numbers) {
      const auto found = upload.parts.find(static_cast<std::uint32_t>(number));
      const std::string etag = found == upload.parts.end() ? "none" : found->second.etag;
      body += fmt::format("<Part><ETag>\"{}\"</ETag><PartNumber>{}</PartNumber></Part>", etag, number);
    }
    body += "</CompleteMultipartUpload>";
    return ask(s3_request("POST", "/b/" + key + "?uploadId=" + id, std::move(headers), body));
  }
  static std::string crc_text(std::string_view body) { return to_s3_base64(crc64({}, bytes_of(body))); }
  static RawHeaders with_crc() {
    return {{"x-amz-checksum-algorithm", "CRC64NVME"}, {"x-amz-checksum-type", "FULL_OBJECT"}};
  }
  FakeS3 s3;
};

// The example of the documentation ("Authenticating Requests: GET Object"), whose signature Amazon computed.
TEST_F(FakeS3Test, TakesTheSignatureOfAmazonsOwnExample) {
  s3.add_bucket("examplebucket");
  s3.put_object("examplebucket", "test.txt", {.content = stored_content("Welcome to Amazon S3.")});
  s3.add_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  const UtcTime then = *parse_iso8601("2013-05-24T00:00:00Z");
  s3.set_clock_offset(then - std::chrono::floor<milliseconds>(std::chrono::system_clock::now()));
  const std::string empty_hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const auto request = [&](const std::string& range) {
    return raw_request(
        "GET", "/test.txt",
        {{"Host", "examplebucket.s3.amazonaws.com"},
         {"Authorization",
          "AWS4-HMAC-SHA256 "
          "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;"
          "x-amz-content-sha256;x-amz-date,Signature="
          "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"},
         {"Range", range},
         {"x-amz-content-sha256", empty_hash},
         {"x-amz-date", "20130524T000000Z"}});
  };
  EXPECT_EQ(ask(request("bytes=0-9")).body, "Welcome to");
  EXPECT_NE(ask(request("bytes=0-8")).body.find("SignatureDoesNotMatch"), std::string::npos);
}

TEST_F(FakeS3Test, RefusesWrongLogins) {
  const auto code = [&](S3Login login) {
    return element(ask(s3_request("GET", "/b?list-type=2", {}, "", std::move(login))).body, "Code");
  };
  const UtcTime now = std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  EXPECT_EQ(code({}), "");
  EXPECT_EQ(code({.secret = "wrong"}), "SignatureDoesNotMatch");
  EXPECT_EQ(code({.id = "NOBODY"}), "InvalidAccessKeyId");
  EXPECT_EQ(code({.time = now - std::chrono::minutes(16)}), "RequestTimeTooSkewed");
  EXPECT_EQ(code({.session_token = "t"}), "InvalidToken");
  s3.add_credentials("ID", "secret", "token");
  EXPECT_EQ(code({.id = "ID", .secret = "secret", .session_token = "token"}), "");
  EXPECT_EQ(code({.id = "ID", .secret = "secret"}), "InvalidToken");
  s3.expire_credentials("ID");
  EXPECT_EQ(code({.id = "ID", .secret = "secret", .session_token = "token"}), "ExpiredToken");
  EXPECT_EQ(element(ask(raw_request("GET", "/b?list-type=2")).body, "Code"), "AccessDenied");
  std::string unsigned_header = s3_request("PUT", "/b/k", {}, "x");
  unsigned_header.insert(unsigned_header.find("Host:"), "x-amz-acl: public-read\r\n");
  EXPECT_EQ(ask(unsigned_header).status, 403) << "an x-amz- header that is not signed";
}

TEST_F(FakeS3Test, RegionsAndOwners) {
  s3.add_bucket("far", "eu-west-1");
  const RawReply head = ask(s3_request("HEAD", "/far"));
  EXPECT_EQ(head.status, 301);
  EXPECT_EQ(head.header("x-amz-bucket-region"), "eu-west-1");
  const RawReply list = ask(s3_request("GET", "/far?list-type=2", {}, "", {.region = "ap-south-1"}));
  EXPECT_EQ(list.status, 400);
  EXPECT_EQ(element(list.body, "Region"), "eu-west-1");
  EXPECT_EQ(ask(s3_request("HEAD", "/far", {}, "", {.region = "eu-west-1"})).status, 200);
  EXPECT_EQ(ask(s3_request("HEAD", "/none")).status, 404);
  EXPECT_EQ(ask(s3_request("HEAD", "/b", {{"x-amz-expected-bucket-owner", "111122223333"}})).status, 200);
  EXPECT_EQ(ask(s3_request("HEAD", "/b", {{"x-amz-expected-bucket-owner", "444455556666"}})).status, 403);
}

TEST_F(FakeS3Test, PutKeepsBytesHeadersAndExactKeys) {
  const RawReply reply = put("a//../b%20%2B%25.", "data",
                             {{"x-amz-checksum-crc64nvme", crc_text("data")},
                              {"Content-Type", "text/plain"},
                              {"x-amz-meta-Name", "value"},
                              {"x-amz-server-side-encryption", "aws:kms"},
                              {"x-amz-server-side-encryption-bucket-key-enabled", "true"}});
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("x-amz-checksum-crc64nvme"), crc_text("data"));
  EXPECT_EQ(reply.header("x-amz-server-side-encryption"), "aws:kms");
  const auto object = s3.object("b", "a//../b +%.");
  ASSERT_TRUE(object);
  EXPECT_EQ(read_all(*object->content), "data");
  EXPECT_EQ(object->content_type, "text/plain");
  EXPECT_EQ(object->metadata, (std::vector<std::pair<std::string, std::string>>{{"name", "value"}}));
  const RawReply head = ask(s3_request("HEAD", "/b/a//../b%20%2B%25.", {{"x-amz-checksum-mode", "ENABLED"}}));
  EXPECT_EQ(head.header("x-amz-checksum-crc64nvme"), crc_text("data"));
  EXPECT_EQ(head.header("x-amz-meta-name"), "value");
}

TEST_F(FakeS3Test, RefusesBadChecksumsLengthsAndLimits) {
  const auto code = [&](RawHeaders headers, const std::string& body = "data") {
    return element(put("k", body, std::move(headers)).body, "Code");
  };
  EXPECT_EQ(code({{"x-amz-checksum-crc64nvme", crc_text("other")}}), "BadDigest");
  EXPECT_EQ(code({{"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="}}), "BadDigest");
  EXPECT_EQ(code({{"x-amz-checksum-crc32c", "AAAAAA=="}}), "NotImplemented");
  EXPECT_EQ(code({{"x-amz-meta-long", std::string(2100, 'x')}}), "MetadataTooLarge");
  EXPECT_EQ(code({{"x-amz-storage-class", "WARM"}}), "InvalidStorageClass");
  const auto hashed = s3_request("PUT", "/b/k", {}, "data", {.payload = std::string(64, '0')});
  EXPECT_EQ(element(ask(hashed).body, "Code"), "XAmzContentSHA256Mismatch");
  EXPECT_EQ(element(put(std::string(1025, 'k'), "x").body, "Code"), "KeyTooLongError");
  EXPECT_EQ(put(std::string(1024, 'k'), "x").status, 200);
  EXPECT_FALSE(s3.object("b", "k")) << "nothing of what was refused was stored";
}

TEST_F(FakeS3Test, ABodyThatEndsEarlyStoresNothing) {
  RawClient client(s3.http_port());
  client.send(s3_request("PUT", "/b/k", {{"Content-Length", "10"}}, "data"));
  client.half_close();
  client.receive();
  EXPECT_FALSE(s3.object("b", "k"));
}

TEST_F(FakeS3Test, AwsChunkedIsStrict) {
  const std::string data(40'000, 'd');
  const std::string trailer = "x-amz-checksum-crc64nvme:" + crc_text(data);
  const auto send = [&](const std::string& body, RawHeaders headers) {
    const auto request =
        s3_request("PUT", "/b/k", std::move(headers), body, {.payload = std::string(streaming_trailer)});
    return element(ask(request).body, "Code");
  };
  EXPECT_EQ(send(aws_chunked(data, 16'384, trailer), chunked_headers(data.size())), "");
  EXPECT_EQ(read_all(*s3.object("b", "k")->content), data);
  EXPECT_EQ(s3.object("b", "k")->content_encoding, "");
  EXPECT_EQ(send(aws_chunked(data, 16'384, "x-amz-checksum-crc64nvme:" + crc_text("x")),
                 chunked_headers(data.size())),
            "BadDigest");
  EXPECT_EQ(send(aws_chunked(data, 8'191, trailer), chunked_headers(data.size())), "InvalidChunkSizeError");
  EXPECT_EQ(send(aws_chunked(data, 16'384, trailer), chunked_headers(data.size() - 1)), "IncompleteBody");
  EXPECT_EQ(send(aws_chunked(data, 16'384, "x-amz-checksum-crc32:AAAA"), chunked_headers(data.size())),
            "MalformedTrailerError");
  std::string misframed = aws_chunked(data, 16'384, trailer);
  misframed.replace(0, 4, "3fff");
  EXPECT_EQ(send(misframed, chunked_headers(data.size())), "IncompleteBody");
  EXPECT_EQ(send(aws_chunked("", 16'384, "x-amz-checksum-crc64nvme:AAAAAAAAAAA="), chunked_headers(0)), "");
}

TEST_F(FakeS3Test, WriteConditions) {
  EXPECT_EQ(put("k", "one", {{"If-None-Match", "*"}}).status, 200);
  EXPECT_EQ(put("k", "two", {{"If-None-Match", "*"}}).status, 412);
  const std::string etag = s3.object("b", "k")->etag;
  EXPECT_EQ(put("k", "two", {{"If-Match", "\"" + etag + "\""}}).status, 200);
  EXPECT_EQ(put("k", "three", {{"If-Match", "\"" + etag + "\""}}).status, 412);
  EXPECT_EQ(put("none", "x", {{"If-Match", "\"" + etag + "\""}}).status, 404);
  EXPECT_EQ(ask(s3_request("DELETE", "/b/k", {{"If-Match", "\"" + etag + "\""}})).status, 412);
  EXPECT_TRUE(s3.object("b", "k"));
}

TEST_F(FakeS3Test, MultipartFromCreateToComplete) {
  const std::string one(5 * MiB, '1');
  const std::string two = "2";
  const std::string id = create("k", with_crc());
  EXPECT_EQ(part("k", id, 2, two).status, 200) << "in any order";
  EXPECT_EQ(part("k", id, 1, one).header("x-amz-checksum-crc64nvme"), crc_text(one));
  const RawReply parts = ask(s3_request("GET", "/b/k?uploadId=" + id + "&max-parts=1"));
  EXPECT_EQ(element(parts.body, "NextPartNumberMarker"), "1");
  EXPECT_EQ(element(parts.body, "IsTruncated"), "true");
  EXPECT_EQ(element(parts.body, "ChecksumCRC64NVME"), crc_text(one));
  const RawHeaders whole = {{"x-amz-checksum-crc64nvme", crc_text(one + two)},
                            {"x-amz-checksum-type", "FULL_OBJECT"},
                            {"x-amz-mp-object-size", std::to_string(5 * MiB + 1)},
                            {"If-None-Match", "*"}};
  const RawReply done = complete("k", id, {1, 2}, whole);
  ASSERT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(element(done.body, "ChecksumCRC64NVME"), crc_text(one + two));
  EXPECT_EQ(read_all(*s3.object("b", "k")->content), one + two);
  EXPECT_EQ(element(complete("k", id, {1, 2}, whole).body, "Code"), "NoSuchUpload") << "a second Complete";
  EXPECT_TRUE(s3.uploads().empty());
}

TEST_F(FakeS3Test, CompleteRefusesWhatDoesNotFit) {
  const std::string one(5 * MiB, '1');
  const std::string id = create("k", with_crc());
  for (int number = 1; number <= 3; ++number) part("k", id, number, number < 3 ? one : "3");
  const auto code = [&](const std::vector<int>& numbers, RawHeaders headers = {}) {
    return element(complete("k", id, numbers, std::move(headers)).body, "Code");
  };
  EXPECT_EQ(code({2, 1}), "InvalidRequest");
  EXPECT_EQ(code({1, 2, 4}), "InvalidRequest") << "a gap";
  EXPECT_EQ(code({1, 2, 2}), "InvalidPartOrder");
  EXPECT_EQ(code({}), "MalformedXML");
  EXPECT_EQ(code({1, 2, 3}, {{"x-amz-mp-object-size", "7"}}), "InvalidRequest");
  EXPECT_EQ(
      code({1, 2, 3}, {{"x-amz-checksum-crc64nvme", crc_text("x")}, {"x-amz-checksum-type", "FULL_OBJECT"}}),
      "BadDigest");
  EXPECT_EQ(code({1, 2, 3}, {{"x-amz-checksum-type", "COMPOSITE"}}), "InvalidRequest");
  part("k", id, 2, "small");
  EXPECT_EQ(code({1, 2, 3}), "EntityTooSmall");
  EXPECT_EQ(element(part("k", id, 10'001, "x").body, "Code"), "InvalidArgument");
  EXPECT_EQ(element(part("k", id, 0, "x").body, "Code"), "InvalidArgument");
  EXPECT_EQ(element(part("k", "none", 1, "x").body, "Code"), "NoSuchUpload");
  EXPECT_EQ(
      element(
          ask(s3_request("POST", "/b/k?uploads=",
                         {{"x-amz-checksum-algorithm", "CRC64NVME"}, {"x-amz-checksum-type", "COMPOSITE"}}))
              .body,
          "Code"),
      "InvalidRequest");
  const std::string bare = fmt::format("/b/k?partNumber=1&uploadId={}", id);
  EXPECT_EQ(element(ask(s3_request("PUT", bare, {}, "x")).body, "Code"), "InvalidRequest")
      << "a part without its CRC";
  EXPECT_FALSE(s3.object("b", "k"));
  EXPECT_EQ(ask(s3_request("DELETE", "/b/k?uploadId=" + id)).status, 204);
  EXPECT_TRUE(s3.uploads().empty());
}

TEST_F(FakeS3Test, ListsPartsAndUploadsInPages) {
  s3.set_options([](FakeS3Options& options) { options.list_rows_max = 2; });
  const std::string id = create("k%201", with_crc());
  create("k%201");
  create("z");
  for (int number = 1; number <= 3; ++number) part("k%201", id, number, "x");
  const auto page = [&](const std::string& marker) {
    return ask(s3_request("GET", "/b/k%201?uploadId=" + id + "&part-number-marker=" + marker)).body;
  };
  EXPECT_EQ(element(page("0"), "NextPartNumberMarker"), "2");
  EXPECT_EQ(element(page("2"), "IsTruncated"), "false");
  EXPECT_EQ(element(page("2"), "PartNumber"), "3");
  const std::string uploads = ask(s3_request("GET", "/b?uploads=&encoding-type=url")).body;
  EXPECT_EQ(occurrences(uploads, "<Upload>"), 2U);
  EXPECT_EQ(element(uploads, "NextKeyMarker"), "k+1");
  const std::string rest = ask(s3_request("GET", "/b?uploads=&key-marker=k%201&upload-id-marker=" +
                                                     element(uploads, "NextUploadIdMarker")))
                               .body;
  EXPECT_EQ(element(rest, "Key"), "z");
  EXPECT_EQ(occurrences(ask(s3_request("GET", "/b?uploads=&prefix=z")).body, "<Upload>"), 1U);
}

TEST_F(FakeS3Test, ListsObjectsInByteOrder) {
  for (const char* key : {"a b", "\xf0\x9f\x98\x80", "\xef\xbd\x9e", "A", "a/1", "a/2", "a!"}) {
    s3.put_object("b", key, {});
  }
  const auto list = [&](const std::string& query) {
    return ask(s3_request("GET", "/b?list-type=2&encoding-type=url" + query)).body;
  };
  const std::string all = list("");
  EXPECT_LT(all.find("<Key>A</Key>"), all.find("<Key>a+b</Key>"));
  EXPECT_LT(all.find("<Key>%EF%BD%9E</Key>"), all.find("<Key>%F0%9F%98%80</Key>"));
  const std::string first = list("&max-keys=3");
  EXPECT_EQ(element(first, "IsTruncated"), "true");
  const std::string token = element(first, "NextContinuationToken");
  std::string encoded;
  for (const char c : token) encoded += c == '=' ? "%3D" : c == '+' ? "%2B" : std::string(1, c);
  EXPECT_EQ(element(list("&continuation-token=" + encoded), "KeyCount"), "4");
  EXPECT_EQ(element(list("&start-after=a%2F1"), "Key"), "a/2");
  const std::string level = list("&delimiter=%2F&prefix=a");
  EXPECT_NE(level.find("<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"), std::string::npos);
  EXPECT_EQ(element(level, "KeyCount"), "3");
  EXPECT_EQ(element(ask(s3_request("GET", "/b?list-type=2&continuation-token=a")).body, "Code"),
            "InvalidArgument");
}

TEST_F(FakeS3Test, DigestsOnlyForLargeTests) {
  s3.set_options([](FakeS3Options& options) { options.keep_bodies = false; });
  put("k", "data");
  EXPECT_EQ(s3.object("b", "k")->content->crc(), crc64({}, bytes_of("data")));
  EXPECT_FALSE(s3.object("b", "k")->content->readable());
  EXPECT_EQ(ask(s3_request("GET", "/b/k")).status, 501);
}

TEST_F(FakeS3Test, LastModifiedOfAMultipartObjectIsThatOfItsBeginning) {
  s3.set_clock_offset(-std::chrono::minutes(10));
  const UtcTime then =
      std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) - std::chrono::minutes(10);
  const std::string id = create("k");
  s3.set_clock_offset(milliseconds(0));
  ask(s3_request("PUT", fmt::format("/b/k?partNumber=1&uploadId={}", id), {}, "x"));
  EXPECT_EQ(complete("k", id, {1}).status, 200);
  EXPECT_LT(std::chrono::abs(s3.object("b", "k")->last_modified - then), std::chrono::seconds(5));
}

}  // namespace
}  // namespace azs3copy::fakes
