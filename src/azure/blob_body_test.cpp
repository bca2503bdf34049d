// Harms: bytes that are not the blob's passed on as the blob's; two versions stitched together; bytes called
// verified that nobody verified; a server without checksums that cannot be read from at all.
#include "azure/blob_body.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/structured_body.hpp"
#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::RecordedRequest;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

const Container photos("photos");
const BlobName name("a/b");
const ETag etag("0x8DC01");

std::string md5_of(std::string_view text) {
  Md5 md5;
  md5.update(bytes_of(text));
  return base64_encode(md5.finish());
}

ScriptedReply reply_of(int status, std::string body, std::vector<Headers::Field> more = {}) {
  ScriptedReply reply{.status = status, .body = std::move(body)};
  reply.headers = {{"ETag", "\"0x8DC01\""},
                   {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                   {"x-ms-blob-type", "BlockBlob"},
                   {"x-ms-meta-Owner", "Ann"}};
  reply.headers.insert(reply.headers.end(), more.begin(), more.end());
  return reply;
}
ScriptedReply whole(std::string body, std::vector<Headers::Field> more = {}) {
  return reply_of(200, std::move(body), std::move(more));
}
ScriptedReply part(std::string body, std::uint64_t first, std::uint64_t total,
                   std::vector<Headers::Field> more = {}) {
  more.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", first, first + body.size() - 1, total));
  return reply_of(206, std::move(body), std::move(more));
}
ScriptedReply structured(std::string_view data, std::uint64_t segment_bytes, bool crc = true) {
  return whole(structured_body_encode(bytes_of(data), segment_bytes, crc),
               {{"x-ms-structured-body", "XSM/1.0; properties=crc64"},
                {"x-ms-structured-content-length", std::to_string(data.size())}});
}

struct Read {
  std::string data;
  std::optional<Error> error;
  SourceProof proof = SourceProof::none;
  Crc64 crc;
  BlobProperties properties;
};

// Reads to the end or the first error, `buffer_bytes` at a time.
Task<Read> read_all(BlobClient& client, ReadOptions options, const Context& context,
                    std::size_t buffer_bytes) {
  Read result;
  auto body = co_await client.read(photos, name, options, context);
  if (!body) {
    result.error = body.error();
    co_return result;
  }
  std::string buffer(buffer_bytes, '\0');
  for (;;) {
    const auto got = co_await (*body)->read({reinterpret_cast<std::byte*>(buffer.data()), buffer.size()});
    if (!got) {
      result.error = got.error();
      co_return result;
    }
    if (*got == 0) break;
    result.data.append(buffer, 0, *got);
  }
  EXPECT_EQ((*body)->size(), result.data.size());
  result.proof = (*body)->proof();
  result.crc = (*body)->crc();
  result.properties = (*body)->properties();
  co_return result;
}

class BlobBodyTest : public testing::Test {
 protected:
  FakeClock clock;
  Context context = clock.context();
  ScriptedTransport wire;
  BlobClient client{{.name = Account("acme"), .endpoint = {.host = "acme.blob.core.windows.net"}},
                    anonymous_credential(),
                    wire};

  Read read(ReadOptions options = {.if_match = etag}, std::size_t buffer_bytes = 64) {
    return run(read_all(client, options, context, buffer_bytes));
  }
  void expect_error(ErrorKind kind, RetryVerdict retry, ReadOptions options = {.if_match = etag}) {
    const Read result = read(std::move(options));
    ASSERT_TRUE(result.error);
    EXPECT_EQ(result.error->kind, kind) << result.error->to_line();
    EXPECT_EQ(result.error->retry, retry) << result.error->to_line();
    EXPECT_EQ(result.error->operation, "azure.read");
    EXPECT_EQ(result.error->subject, name.view());
  }
};

TEST_F(BlobBodyTest, AsksForAPinnedStructuredBody) {
  wire.replies(whole("hello"));
  const Read result = read();
  EXPECT_EQ(result.data, "hello");
  const RecordedRequest& request = wire.requests.at(0);
  EXPECT_EQ(request.target, "/photos/a/b");
  EXPECT_EQ(request.header("If-Match"), "\"0x8DC01\"");
  EXPECT_EQ(request.header("x-ms-structured-body"), "XSM/1.0; properties=crc64");
  EXPECT_FALSE(request.headers.contains("Range"));
  EXPECT_TRUE(request.read_to_end);
  EXPECT_EQ(result.properties.metadata, (Metadata{{"Owner", "Ann"}}));
  EXPECT_EQ(result.properties.blob.size, 5u);
  EXPECT_EQ(wire.requests.size(), 1u);
}

TEST_F(BlobBodyTest, AStructuredBodyIsProvenByItsCrcs) {
  const std::string data(1000, 'x');
  for (const std::size_t buffer_bytes :
       {std::size_t{1}, std::size_t{7}, std::size_t{100}, std::size_t{4096}}) {
    wire.replies(structured(data, 300));
    const Read result = read({.if_match = etag}, buffer_bytes);
    ASSERT_FALSE(result.error) << result.error->to_line();
    EXPECT_EQ(result.data, data);
    EXPECT_EQ(result.proof, SourceProof::crc64);
    EXPECT_EQ(result.crc, crc64({}, bytes_of(data)));
    EXPECT_EQ(result.properties.blob.size, 1000u);
    EXPECT_TRUE(wire.requests.back().read_to_end);
  }
}

TEST_F(BlobBodyTest, AWrongSegmentIsCorruptAndWorthAnotherRead) {
  ScriptedReply reply = structured(std::string(1000, 'x'), 300);
  reply.body[13 + 10 + 5] ^= 1;
  wire.replies(reply);
  expect_error(ErrorKind::corrupt, RetryVerdict::later);
}

TEST_F(BlobBodyTest, AStructuredBodyWithoutCrcsIsNotVerified) {
  wire.replies(structured("hello", 300, false)).replies(structured("hello", 300, false));
  EXPECT_EQ(read().proof, SourceProof::none);
  expect_error(ErrorKind::unsupported, RetryVerdict::never,
               {.if_match = etag, .verify = VerifySource::always});
}

TEST_F(BlobBodyTest, AStructuredBodyCutShortIsNotWhole) {
  ScriptedReply reply = structured("hello", 300);
  const std::size_t encoded = reply.body.size();
  for (std::size_t cut = 1; cut < encoded; ++cut) {
    ScriptedReply shorter = reply;
    shorter.body.resize(cut);
    shorter.content_length = encoded;
    wire.replies(shorter);
    expect_error(ErrorKind::connection, RetryVerdict::later);
  }
}

TEST_F(BlobBodyTest, AnUnknownSchemaOrAMissingSizeCannotBeDecoded) {
  wire.replies(whole("x", {{"x-ms-structured-body", "XSM/2.0"}, {"x-ms-structured-content-length", "1"}}));
  expect_error(ErrorKind::protocol, RetryVerdict::never);
  wire.replies(whole("x", {{"x-ms-structured-body", "XSM/1.0; properties=crc64"}}));
  expect_error(ErrorKind::protocol, RetryVerdict::never);
}

TEST_F(BlobBodyTest, AServiceThatRefusesTheHeaderIsReadWithoutIt) {
  wire.replies({.status = 400, .headers = {{"x-ms-error-code", "InvalidHeaderValue"}}})
      .replies(whole("hello"))
      .replies(whole("again"));
  EXPECT_EQ(read().data, "hello");
  EXPECT_FALSE(wire.requests.at(1).headers.contains("x-ms-structured-body"));
  EXPECT_EQ(wire.requests.at(1).header("If-Match"), "\"0x8DC01\"") << "pinned all the same";
  EXPECT_EQ(read().data, "again");
  EXPECT_EQ(wire.requests.size(), 3u) << "asked once";
}

TEST_F(BlobBodyTest, ARefusalForAnotherReasonIsToldAndNotRemembered) {
  wire.replies(2, {.status = 400, .headers = {{"x-ms-error-code", "InvalidHeaderValue"}}})
      .replies(structured("x", 9));
  expect_error(ErrorKind::unsupported, RetryVerdict::never);
  EXPECT_EQ(read().proof, SourceProof::crc64);
}

TEST_F(BlobBodyTest, AWholePlainBodyIsProvenByItsMd5) {
  wire.replies(whole("hello world", {{"Content-MD5", md5_of("hello world")}}));
  const Read result = read({.if_match = etag}, 4);
  EXPECT_EQ(result.data, "hello world");
  EXPECT_EQ(result.proof, SourceProof::content_md5);
  EXPECT_EQ(to_s3_base64(result.crc), "jSnVw/bqjr4=");
}

TEST_F(BlobBodyTest, AWrongMd5IsCorruptAndSaysWhereItMayComeFrom) {
  wire.replies(whole("hello world", {{"Content-MD5", md5_of("hello w0rld")}}));
  const Read result = read();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, ErrorKind::corrupt);
  EXPECT_EQ(result.error->retry, RetryVerdict::later);
  EXPECT_NE(result.error->advice.find("the client that wrote the blob"), std::string::npos);
}

TEST_F(BlobBodyTest, AStaleMd5IsReadTwiceAtMost) {
  wire.replies(3, whole("hello world", {{"Content-MD5", md5_of("hello w0rld")}}));
  EXPECT_EQ(read().error->retry, RetryVerdict::later) << "the bytes may have been damaged on the way";
  const Read again = read();
  EXPECT_EQ(again.error->retry, RetryVerdict::never);
  EXPECT_NE(again.error->advice.find("--verify-source always"), std::string::npos);
  expect_error(ErrorKind::changed, RetryVerdict::never, {.if_match = ETag("0x8DC02")});
}

TEST_F(BlobBodyTest, AMalformedMd5CountsAsAbsent) {
  wire.replies(whole("hello", {{"Content-MD5", "not base64"}}));
  const Read result = read();
  EXPECT_EQ(result.data, "hello");
  EXPECT_EQ(result.proof, SourceProof::none);
}

TEST_F(BlobBodyTest, WithoutAnyProofABodyIsUnverified) {
  wire.replies(whole("hello"));
  EXPECT_EQ(read().proof, SourceProof::none);
  wire.replies(part("ell", 1, 5, {{"x-ms-blob-content-md5", md5_of("hello")}}));
  const Read result = read({.range = Range{1, 3}, .if_match = etag});
  EXPECT_EQ(result.data, "ell");
  EXPECT_EQ(result.proof, SourceProof::none) << "the MD5 is of more than was read";
  EXPECT_EQ(result.properties.content_md5, md5_of("hello"));
  EXPECT_EQ(result.properties.blob.size, 5u);
  EXPECT_EQ(wire.requests.back().header("Range"), "bytes=1-3");
}

TEST_F(BlobBodyTest, ARangeThatIsTheWholeIsProvenByTheWholesMd5) {
  wire.replies(part("hello", 0, 5, {{"x-ms-blob-content-md5", md5_of("hello")}}));
  EXPECT_EQ(read({.range = Range{0, 5}, .if_match = etag}).proof, SourceProof::content_md5);
}

TEST_F(BlobBodyTest, AnEmptyBlobIsProvenByItsLength) {
  wire.replies(whole(""));
  const Read result = read();
  EXPECT_FALSE(result.error);
  EXPECT_EQ(result.data, "");
  EXPECT_EQ(result.proof, SourceProof::crc64);
}

TEST_F(BlobBodyTest, ABodyCutShortIsNotWhole) {
  ScriptedReply reply = whole("hello");
  reply.content_length = 9;
  wire.replies(reply);
  expect_error(ErrorKind::connection, RetryVerdict::later);
  reply.body_fails_after = 3;
  wire.replies(reply);
  expect_error(ErrorKind::connection, RetryVerdict::later);
}

TEST_F(BlobBodyTest, ABodyLongerThanItSaidIsRefused) {
  ScriptedReply reply = whole("hello");
  reply.content_length = 4;
  wire.replies(reply);
  expect_error(ErrorKind::protocol, RetryVerdict::never);
}

TEST_F(BlobBodyTest, ABodyWithoutALengthIsRefused) {
  ScriptedReply reply = whole("hello");
  reply.chunked = true;
  wire.replies(reply);
  expect_error(ErrorKind::protocol, RetryVerdict::never);
}

TEST_F(BlobBodyTest, AnotherVersionThanTheListedIsNeverGivenOut) {
  wire.replies({.status = 412, .headers = {{"x-ms-error-code", "ConditionNotMet"}}});
  expect_error(ErrorKind::changed, RetryVerdict::never);
  ScriptedReply reply = whole("hello");
  reply.headers[0].second = "\"0x8DC02\"";
  wire.replies(reply);  // by a server that does not know If-Match
  expect_error(ErrorKind::changed, RetryVerdict::never);
}

TEST_F(BlobBodyTest, AnotherRangeThanAskedForIsNeverGivenOut) {
  const ReadOptions asked{.range = Range{1, 3}, .if_match = etag};
  wire.replies(whole("hello"));  // by a server that does not know Range
  expect_error(ErrorKind::protocol, RetryVerdict::never, asked);
  wire.replies(part("el", 1, 5));
  expect_error(ErrorKind::protocol, RetryVerdict::never, asked);
  wire.replies(part("llo", 2, 5));
  expect_error(ErrorKind::protocol, RetryVerdict::never, asked);
  ScriptedReply reply = part("ell", 1, 5);
  reply.body = "el";
  wire.replies(reply);  // Content-Range and Content-Length disagree
  expect_error(ErrorKind::protocol, RetryVerdict::never, asked);
  for (const char* malformed : {"bytes 3-1/5", "bytes 1-3/*", "1-3/5", "bytes 1-9/5", "bytes -3/5", ""}) {
    wire.replies(reply_of(206, "ell", {{"Content-Range", malformed}}));
    expect_error(ErrorKind::protocol, RetryVerdict::never, asked);
  }
}

TEST_F(BlobBodyTest, ReadIsOneAttempt) {
  wire.replies({.status = 503, .headers = {{"x-ms-error-code", "ServerBusy"}, {"Retry-After", "3"}}});
  const Read result = read();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, ErrorKind::throttled);
  EXPECT_EQ(result.error->retry, RetryVerdict::later);
  EXPECT_EQ(result.error->retry_after, seconds(3));
  EXPECT_EQ(wire.requests.size(), 1u);
}

TEST_F(BlobBodyTest, AnArchivedBlobSaysSo) {
  wire.replies({.status = 409,
                .body = "<Error><Code>BlobArchived</Code><Message>This operation is not permitted on an "
                        "archived blob.</Message></Error>"});
  expect_error(ErrorKind::archived, RetryVerdict::never);
}

// A server that answers ranges of `content`, with the checksums that it knows.
struct RangeServer {
  std::string content;
  bool crc = true;
  bool md5 = true;
  int crc_refusal = 0;                      // status where a CRC is asked for; 0: it is left out
  std::optional<std::size_t> flip;          // a byte that arrives wrong
  std::optional<std::size_t> change_after;  // requests until the ETag changes
  std::size_t served = 0;

  ScriptedReply operator()(const RecordedRequest& request) {
    const bool wants_crc = request.header("x-ms-range-get-content-crc64") == "true";
    const bool wants_md5 = request.header("x-ms-range-get-content-md5") == "true";
    if (wants_crc && !crc && crc_refusal != 0) return {.status = crc_refusal};
    if (change_after && served++ >= *change_after)
      return {.status = 412, .headers = {{"x-ms-error-code", "ConditionNotMet"}}};
    const std::string_view range = request.header("Range");
    if (range.empty()) return whole(content);
    std::uint64_t first = 0, last = 0;
    EXPECT_EQ(std::sscanf(std::string(range).c_str(), "bytes=%lu-%lu", &first, &last), 2);
    if (wants_crc || wants_md5) EXPECT_LE(last - first + 1, 4 * MiB) << "Azure refuses more";
    if (first >= content.size()) return {.status = 416, .headers = {{"x-ms-error-code", "InvalidRange"}}};
    std::string body = content.substr(first, last - first + 1);
    std::vector<Headers::Field> more;
    if (wants_crc && crc) more.emplace_back("x-ms-content-crc64", to_azure_base64(crc64({}, bytes_of(body))));
    if (wants_md5 && md5) more.emplace_back("Content-MD5", md5_of(body));
    if (flip && *flip >= first && *flip < first + body.size()) body[*flip - first] ^= 1;
    return part(std::move(body), first, content.size(), std::move(more));
  }
};

class CheckedRangesTest : public BlobBodyTest {
 protected:
  CheckedRangesTest() {
    server.content.resize(9 * MiB + 17);
    for (std::size_t i = 0; i < server.content.size(); ++i)
      server.content[i] = static_cast<char>(i * 31 >> 8);
    wire.fallback = [this](const RecordedRequest& request) { return server(request); };
  }
  Read read_always(std::optional<Range> range = {}) {
    return read({.range = range, .if_match = etag, .verify = VerifySource::always}, 1 * MiB);
  }
  std::string ranges() const {
    std::string text;
    for (const RecordedRequest& request : wire.requests) {
      text += request.headers.contains("x-ms-range-get-content-crc64") ? "crc "
              : request.headers.contains("x-ms-range-get-content-md5") ? "md5 "
                                                                       : "plain ";
      text += request.header("Range").empty() ? "all" : request.header("Range").substr(6);
      text += "; ";
    }
    return text;
  }
  RangeServer server;
};

TEST_F(CheckedRangesTest, AWholeBlobInRangesOfFourMiB) {
  const Read result = read_always();
  ASSERT_FALSE(result.error) << result.error->to_line();
  EXPECT_TRUE(result.data == server.content);
  EXPECT_EQ(result.proof, SourceProof::crc64);
  EXPECT_EQ(result.crc, crc64({}, bytes_of(server.content)));
  EXPECT_EQ(result.properties.blob.size, server.content.size());
  EXPECT_EQ(ranges(), "plain all; crc 0-4194303; crc 4194304-8388607; crc 8388608-9437200; ");
  for (const RecordedRequest& request : wire.requests) EXPECT_EQ(request.header("If-Match"), "\"0x8DC01\"");

  wire.requests.clear();
  EXPECT_FALSE(read_always(Range{5 * MiB, 4 * MiB + 1}).error);
  EXPECT_EQ(ranges(), "crc 5242880-9437183; crc 9437184-9437184; ")
      << "that it has no structured bodies is known by now";
}

TEST_F(CheckedRangesTest, AnUnpinnedReadIsPinnedToItsFirstReply) {
  const Read result = read({.verify = VerifySource::always}, 1 * MiB);
  ASSERT_FALSE(result.error);
  EXPECT_EQ(wire.requests.at(0).header("If-Match"), "");
  EXPECT_EQ(wire.requests.at(2).header("If-Match"), "\"0x8DC01\"");
}

TEST_F(CheckedRangesTest, AWrongByteInAnyRangeIsCorrupt) {
  for (const std::size_t at : {std::size_t{0}, std::size_t{5 * MiB}, server.content.size() - 1}) {
    server.flip = at;
    const Read result = read_always();
    ASSERT_TRUE(result.error) << at;
    EXPECT_EQ(result.error->kind, ErrorKind::corrupt);
    EXPECT_EQ(result.error->retry, RetryVerdict::later);
    EXPECT_EQ(result.error->subject, name.view());
  }
  server.crc = false;
  const Read by_md5 = read_always();
  ASSERT_TRUE(by_md5.error);
  EXPECT_EQ(by_md5.error->kind, ErrorKind::corrupt);
}

TEST_F(CheckedRangesTest, WhereTheCrcIsRefusedTheMd5Proves) {
  server.crc = false;
  server.crc_refusal = 400;
  const Read result = read_always();
  ASSERT_FALSE(result.error) << result.error->to_line();
  EXPECT_TRUE(result.data == server.content);
  EXPECT_EQ(result.proof, SourceProof::content_md5);
  EXPECT_EQ(result.crc, crc64({}, bytes_of(server.content)));
  EXPECT_EQ(ranges(), "plain all; crc 0-4194303; md5 0-4194303; md5 4194304-8388607; md5 8388608-9437200; ");
  wire.requests.clear();
  EXPECT_FALSE(read_always(Range{0, 10}).error);
  EXPECT_EQ(ranges(), "md5 0-9; ") << "a refusal is remembered";
}

TEST_F(CheckedRangesTest, AServersFailureIsNoProofThatItKnowsNoCrc) {
  server.crc = false;
  server.crc_refusal = 500;  // Azurite, or Azure on a bad day
  EXPECT_EQ(read_always().proof, SourceProof::content_md5);
  server.crc = true;
  EXPECT_EQ(read_always().proof, SourceProof::crc64);
}

TEST_F(CheckedRangesTest, AServerThatLeavesTheCrcOutIsAskedForTheMd5) {
  server.crc = false;
  EXPECT_EQ(read_always().proof, SourceProof::content_md5);
}

TEST_F(CheckedRangesTest, WithoutAnyChecksumItFails) {
  server.crc = server.md5 = false;
  const Read result = read_always();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, ErrorKind::unsupported);
  EXPECT_NE(result.error->advice.find("when-offered"), std::string::npos);
}

TEST_F(CheckedRangesTest, ABlobThatChangesBetweenRangesIsNotStitched) {
  server.change_after = 3;
  const Read result = read_always();
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->kind, ErrorKind::changed);
}

TEST_F(CheckedRangesTest, AnEmptyBlobHasNoRange) {
  server.content.clear();
  for (int i = 0; i < 2; ++i) {
    const Read result = read_always();
    ASSERT_FALSE(result.error) << result.error->to_line();
    EXPECT_EQ(result.proof, SourceProof::crc64);
  }
}

TEST_F(CheckedRangesTest, SizesAroundTheRange) {
  const std::string content = server.content;
  for (const std::size_t size : {std::size_t{1}, std::size_t{4 * MiB - 1}, std::size_t{4 * MiB},
                                 std::size_t{4 * MiB + 1}, std::size_t{8 * MiB}}) {
    server.content = content.substr(0, size);
    const Read result = read_always();
    ASSERT_FALSE(result.error) << size << result.error->to_line();
    EXPECT_TRUE(result.data == server.content) << size;
    EXPECT_EQ(result.proof, SourceProof::crc64);
  }
}

TEST_F(CheckedRangesTest, AStructuredOrMd5ProvenReplyIsProofEnough) {
  wire.replies(structured("hello", 3));
  EXPECT_EQ(read_always().proof, SourceProof::crc64);
  wire.replies(whole("hello", {{"Content-MD5", md5_of("hello")}}));
  EXPECT_EQ(read_always().proof, SourceProof::content_md5);
  EXPECT_EQ(wire.requests.size(), 2u);
}

TEST_F(BlobBodyTest, TheLastErrorOfARangeIsNamed) {
  wire.replies(whole("hello"))
      .replies({.status = 403, .headers = {{"x-ms-error-code", "AuthorizationFailure"}}});
  expect_error(ErrorKind::permission, RetryVerdict::never,
               {.if_match = etag, .verify = VerifySource::always});
}

}  // namespace
}  // namespace azs3copy
