// s3_uploads_test.cpp: multipart uploads, and the successes that are none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "aws/s3_test_support.hpp"

namespace azs3copy::s3_test {
namespace {

using S3Upload = S3Fixture;

const CompleteUpload upload{
    .key = Key("k"),
    .id = UploadId("u"),
    .parts = {{.number = 1, .etag = ETag("e1"), .size = 5 * MiB, .crc = Crc64{0xAE8B14860A799888U}},
              {.number = 2, .etag = ETag("e&2"), .size = 9}},
    .size = 5 * MiB + 9,
    .crc = Crc64{0xAE8B14860A799888U},
    .condition = {.if_absent = true}};
const std::string completed =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<CompleteMultipartUploadResult "
    "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Location>x</Location><ETag>&quot;abc-2&quot;</ETag>"
    "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME><ChecksumType>FULL_OBJECT</ChecksumType>"
    "</CompleteMultipartUploadResult>";

TEST_F(S3Upload, CreateAsksForAFullObjectChecksumAndCarriesTheAttributes) {
  wire.replies(
      {.body = "<InitiateMultipartUploadResult><UploadId>id+/=</UploadId></InitiateMultipartUploadResult>"});
  const Result<UploadId> id = run(client->create_upload(
      Key("k"), {.metadata = {{"a", "b"}}, .storage_class = "GLACIER", .sse = "aws:kms", .bucket_key = true},
      context));
  ASSERT_TRUE(id) << id.error().to_line();
  EXPECT_EQ(id->view(), "id+/=");
  const RecordedRequest& request = wire.requests[0];
  EXPECT_EQ(request.method, Method::post);
  EXPECT_EQ(request.target, "/k?uploads=");
  EXPECT_EQ(request.header("x-amz-checksum-algorithm"), "CRC64NVME");
  EXPECT_EQ(request.header("x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(request.header("x-amz-meta-a"), "b");
  EXPECT_EQ(request.header("x-amz-server-side-encryption-bucket-key-enabled"), "true");
}

// gofakes3 answers <InitiateMultipartUpload>.
TEST_F(S3Upload, AnIdIsEnoughWhateverTheRootIsCalled) {
  for (const char* root : {"InitiateMultipartUpload", "CreateMultipartUploadResponse", "x"}) {
    wire.replies({.body = fmt::format(" <{0}><UploadId>id</UploadId></{0}>", root)});
    const Result<UploadId> id = run(client->create_upload(Key("k"), {}, context));
    ASSERT_TRUE(id) << root;
    EXPECT_EQ(id->view(), "id");
  }
  for (const char* body :
       {"<InitiateMultipartUploadResult/>", "<Error><Code>InternalError</Code></Error>", ""}) {
    wire.replies({.body = body});
    EXPECT_FALSE(run(client->create_upload(Key("k"), {}, context))) << body;
  }
}

TEST_F(S3Upload, CompleteNamesEachPartWithItsChecksum) {
  wire.replies({.headers = {{"x-amz-version-id", "v"}}, .body = completed});
  const Result<PutReply> reply = run(client->complete_upload(upload, context));
  ASSERT_TRUE(reply) << reply.error().to_line();
  EXPECT_EQ(reply->etag.view(), "abc-2");
  EXPECT_EQ(reply->version_id, "v");
  EXPECT_EQ(reply->crc, upload.crc);
  const RecordedRequest& request = wire.requests[0];
  EXPECT_EQ(request.target, "/k?uploadId=u");
  EXPECT_EQ(request.header("x-amz-checksum-crc64nvme"), "rosUhgp5mIg=");
  EXPECT_EQ(request.header("x-amz-checksum-type"), "FULL_OBJECT");
  EXPECT_EQ(request.header("x-amz-mp-object-size"), "5242889");
  EXPECT_GE(request.idle_timeout_least, std::chrono::minutes(5))
      << "a second one would meet the first at work";
  EXPECT_EQ(request.header("if-none-match"), "*");
  EXPECT_NE(
      request.body.find("<Part><ETag>&quot;e1&quot;</ETag><ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME>"
                        "<PartNumber>1</PartNumber></Part>"
                        "<Part><ETag>&quot;e&amp;2&quot;</ETag><PartNumber>2</PartNumber></Part>"),
      std::string::npos)
      << request.body;
  EXPECT_EQ(request.header("x-amz-content-sha256").size(), 64U);  // the document is signed
}

// S3 answers 200 at once, and knows only later that it failed. Taken for success, the object is missing.
TEST_F(S3Upload, AnErrorBehind200IsAnError) {
  const std::string late =
      " \n \n<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>InternalError</Code>"
      "<Message>We encountered an internal error.</Message><RequestId>R</RequestId></Error>";
  wire.replies({.body = late}).replies({.body = "   \r\n" + completed});
  ASSERT_TRUE(run(client->complete_upload(upload, context)));
  EXPECT_EQ(wire.requests.size(), 2U);
  wire.replies(100, {.body = late});
  const Result<PutReply> reply = run(client->complete_upload(upload, context));
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().kind, ErrorKind::unavailable);
  EXPECT_EQ(reply.error().service_code, "InternalError");
  EXPECT_EQ(reply.error().request_id, "R");
}

TEST_F(S3Upload, ACutOffReplyToCompleteIsAskedForAgain) {
  wire.replies({.body = completed.substr(0, 100)}).replies({.body = ""}).replies({.body = completed});
  ASSERT_TRUE(run(client->complete_upload(upload, context)));
}

TEST_F(S3Upload, NoSuchUploadIsNotFoundAndAConflictIsFinal) {
  wire.replies(error_reply(404, "NoSuchUpload"));
  EXPECT_EQ(run(client->complete_upload(upload, context)).error().kind, ErrorKind::not_found);
  wire.replies(error_reply(409, "ConditionalRequestConflict"));
  const Result<PutReply> conflict = run(client->complete_upload(upload, context));
  EXPECT_EQ(conflict.error().kind, ErrorKind::conflict);
  EXPECT_EQ(conflict.error().retry, RetryVerdict::never);
  EXPECT_EQ(wire.requests.size(), 2U);
}

TEST_F(S3Upload, AnotherChecksumOfTheWholeIsCorruptAndFinal) {
  CompleteUpload other = upload;
  other.crc = Crc64{1};
  wire.replies({.body = completed}).replies({.status = 204});
  const Result<PutReply> reply = run(client->complete_upload(other, context));
  EXPECT_EQ(reply.error().kind, ErrorKind::corrupt);
  ASSERT_EQ(wire.requests.size(), 2U);
  EXPECT_EQ(wire.requests[1].method, Method::del) << "the object, which would pass for a copy";
  EXPECT_EQ(wire.requests[1].header("if-match"), "\"abc-2\"");
  EXPECT_EQ(wire.requests[1].target, "/k");
}

// Nothing was stored: what is at the key was there before.
TEST_F(S3Upload, ABadDigestBehindA200DeletesNothing) {
  wire.replies({.body = "<Error><Code>BadDigest</Code><Message>text</Message></Error>"});
  EXPECT_EQ(run(client->complete_upload(upload, context)).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(wire.requests.size(), 1U);
}

TEST_F(S3Upload, ABadDigestOfTheWholeIsFinal) {
  wire.replies(error_reply(400, "BadDigest"));
  EXPECT_EQ(run(client->complete_upload(upload, context)).error().kind, ErrorKind::corrupt);
  EXPECT_EQ(wire.requests.size(), 1U);
}

TEST_F(S3Upload, PartsOutOfOrderAreABugOfOurs) {
  CompleteUpload twisted = upload;
  std::swap(twisted.parts[0], twisted.parts[1]);
  EXPECT_EQ(run(client->complete_upload(twisted, context)).error().kind, ErrorKind::internal);
  twisted.parts.clear();
  EXPECT_EQ(run(client->complete_upload(twisted, context)).error().kind, ErrorKind::internal);
  EXPECT_TRUE(wire.requests.empty());
}

TEST_F(S3Upload, WithoutChecksumsNoneIsMentioned) {
  make({.checksum = S3Checksum::none});
  wire.replies({.body = "<CompleteMultipartUploadResult><ETag>\"x\"</ETag></CompleteMultipartUploadResult>"});
  ASSERT_TRUE(run(client->complete_upload(upload, context)));
  EXPECT_EQ(wire.requests[0].body.find("Checksum"), std::string::npos);
  EXPECT_FALSE(wire.requests[0].headers.contains("x-amz-checksum-type"));
}

TEST_F(S3Upload, AbortingWhatIsGoneIsASuccess) {
  wire.replies({.status = 204})
      .replies(error_reply(404, "NoSuchUpload"))
      .replies(error_reply(403, "AccessDenied"));
  EXPECT_TRUE(run(client->abort_upload(Key("k"), UploadId("u"), context)));
  EXPECT_TRUE(run(client->abort_upload(Key("k"), UploadId("u"), context)));
  EXPECT_EQ(run(client->abort_upload(Key("k"), UploadId("u"), context)).error().kind, ErrorKind::permission);
}

TEST_F(S3Upload, ListsPartsPageByPage) {
  wire.replies(
          {.body =
               "<ListPartsResult><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>2</"
               "NextPartNumberMarker>"
               "<IsTruncated>true</IsTruncated>"
               "<Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag><Size>5242880</Size>"
               "<ChecksumCRC64NVME>rosUhgp5mIg=</ChecksumCRC64NVME></Part>"
               "<Part><PartNumber>2</PartNumber><ETag>\"e2\"</ETag><Size>7</Size></Part></ListPartsResult>"})
      .replies({.body = "<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>"});
  const Result<PartPage> first = run(client->list_parts(Key("k"), UploadId("u"), 0, context));
  ASSERT_TRUE(first) << first.error().to_line();
  ASSERT_EQ(first->parts.size(), 2U);
  EXPECT_EQ(first->parts[0].etag.view(), "e1");
  EXPECT_EQ(first->parts[0].size, 5242880U);
  EXPECT_EQ(first->parts[0].crc, Crc64{0xAE8B14860A799888U});
  EXPECT_FALSE(first->parts[1].crc);
  EXPECT_EQ(first->next_part_number_marker, 2U);
  const Result<PartPage> second = run(client->list_parts(Key("k"), UploadId("u"), 2, context));
  EXPECT_EQ(second->next_part_number_marker, 0U);
  EXPECT_EQ(wire.requests[1].target, "/k?uploadId=u&part-number-marker=2");
}

// A part's number is all that a page needs here.
ScriptedReply page_of_parts(const std::vector<int>& numbers, int next) {
  std::string body = "<ListPartsResult>";
  for (const int number : numbers) {
    body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"e\"</ETag><Size>1</Size></Part>", number);
  }
  if (next > 0) {
    body +=
        fmt::format("<IsTruncated>true</IsTruncated><NextPartNumberMarker>{}</NextPartNumberMarker>", next);
  }
  return {.body = body + "</ListPartsResult>"};
}

TEST_F(S3Upload, GoesThroughThePartsOfAllPagesUntilToldToStop) {
  std::vector<std::uint32_t> seen;
  std::uint32_t last = 99;
  const auto take = [&](const UploadedPart& part) {
    seen.push_back(part.number);
    return part.number != last;
  };
  const auto walk = [&] { return run(client->each_part(Key("k"), UploadId("u"), take, context)); };
  wire.replies(page_of_parts({1, 2}, 2)).replies(page_of_parts({3}, 0));
  EXPECT_TRUE(walk());
  EXPECT_EQ(seen, (std::vector<std::uint32_t>{1, 2, 3}));
  EXPECT_EQ(wire.requests.at(1).target, "/k?uploadId=u&part-number-marker=2");

  seen.clear();
  last = 1;
  wire.replies(page_of_parts({1, 2}, 2));
  EXPECT_TRUE(walk());
  EXPECT_EQ(seen, std::vector<std::uint32_t>{1}) << "and no further page is asked for";

  last = 99;
  wire.replies(page_of_parts({1, 2}, 2)).replies(page_of_parts({1, 2}, 2));
  EXPECT_EQ(walk().error().kind, ErrorKind::protocol) << "the pages go round in circles";
}

// An endless page would list the same parts for ever.
TEST_F(S3Upload, ACutOffListThatDoesNotGoOnIsAnError) {
  wire.replies({.body = "<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>"})
      .replies(
          {.body =
               "<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"});
  EXPECT_EQ(run(client->list_parts(Key("k"), UploadId("u"), 0, context)).error().kind, ErrorKind::protocol);
  EXPECT_EQ(run(client->list_uploads("", "", "", context)).error().kind, ErrorKind::protocol);
}

TEST_F(S3Upload, ListsOpenUploadsWithTheirKeysDecoded) {
  wire.replies(
          {.body =
               "<ListMultipartUploadsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
               "<NextKeyMarker>a%2Fb+c</NextKeyMarker><NextUploadIdMarker>u%2B</NextUploadIdMarker>"
               "<Upload><Key>a%2Fb+c%2B</Key><UploadId>u%2B</UploadId>"
               "<Initiated>2026-11-23T07:42:10.000Z</Initiated></Upload></ListMultipartUploadsResult>"})
      .replies({.body =
                    "<ListMultipartUploadsResult><IsTruncated>false</IsTruncated>"
                    "<Upload><Key>a%2Fb</Key><UploadId>v</UploadId></Upload></ListMultipartUploadsResult>"});
  const Result<UploadPage> page = run(client->list_uploads("a/", "", "", context));
  ASSERT_TRUE(page) << page.error().to_line();
  ASSERT_EQ(page->uploads.size(), 1U);
  EXPECT_EQ(page->uploads[0].key.view(), "a/b c+");
  EXPECT_EQ(page->uploads[0].id.view(), "u%2B");  // ids are never encoded
  EXPECT_EQ(page->uploads[0].initiated, FakeClock::start);
  EXPECT_EQ(page->next_key_marker, "a/b c");
  EXPECT_EQ(wire.requests[0].target, "/?encoding-type=url&prefix=a%2F&uploads=");
  const Result<UploadPage> plain =
      run(client->list_uploads("a/", page->next_key_marker, page->next_upload_id_marker, context));
  EXPECT_EQ(plain->uploads[0].key.view(), "a%2Fb");  // a server that does not encode says so by silence
  EXPECT_EQ(wire.requests[1].target,
            "/?encoding-type=url&key-marker=a%2Fb%20c&prefix=a%2F&upload-id-marker=u%252B&uploads=");
}

}  // namespace
}  // namespace azs3copy::s3_test
