// Harms: a listing that ends early or never; a request that Azure refuses; a refusal that is not told; a
// second login that never ends.
#include "azure/blob_client.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fakes/scripted_transport.hpp"

namespace azs3copy {
namespace {

using fakes::FakeClock;
using fakes::run;
using fakes::ScriptedReply;
using fakes::ScriptedTransport;

const Container photos("photos");

std::string page(std::string_view rows, std::string_view marker = "") {
  return fmt::format("<EnumerationResults><Blobs>{}</Blobs><NextMarker>{}</NextMarker></EnumerationResults>",
                     rows, marker);
}
std::string row(std::string_view name, int size = 7, std::string_view metadata = "") {
  return fmt::format(
      "<Blob><Name>{}</Name><Properties><Last-Modified>Mon, 23 Nov 2026 07:42:10 GMT</Last-Modified>"
      "<Etag>0x8DC01</Etag><Content-Length>{}</Content-Length><BlobType>BlockBlob</BlobType></Properties>{}"
      "</Blob>",
      name, size, metadata);
}

// Counts refreshes; every request carries the current login.
class NumberedCredential final : public AzureCredential {
 public:
  explicit NumberedCredential(int& logins) : logins_(logins) {}
  Task<Result<>> authorize(HttpRequest& request, const Context&) override {
    request.headers.set("Authorization", "login " + std::to_string(logins_));
    co_return Result<>{};
  }
  bool refresh() override {
    ++logins_;
    return true;
  }
  std::string describe() const override { return "numbered"; }

 private:
  int& logins_;
};

class BlobClientTest : public testing::Test {
 protected:
  const AzureAccount account{.name = Account("acme"), .endpoint = {.host = "acme.blob.core.windows.net"}};
  FakeClock clock;
  Context context = clock.context();
  ScriptedTransport wire;
  int logins = 1;
  BlobClient client{account, std::make_unique<NumberedCredential>(logins), wire};

  Result<BlobPage> list(ListBlobsOptions options = {}) {
    return run(client.list_blobs(photos, options, context));
  }
};

TEST_F(BlobClientTest, ListsWithWhatWasAskedFor) {
  wire.replies({.body = page(row("a") + row("b"), "m&amp;1")});
  const auto listed =
      list({.prefix = "a b/\xC3\xBC+", .marker = "2!9&2", .delimiter = "/", .page_rows_max = 100});
  ASSERT_TRUE(listed) << listed.error().to_line();
  EXPECT_EQ(listed->blobs.size(), 2u);
  EXPECT_EQ(listed->next_marker, "m&1");
  const auto& request = wire.requests.at(0);
  EXPECT_EQ(request.target,
            "/photos?restype=container&comp=list&maxresults=100&prefix=a%20b%2F%C3%BC%2B&marker=2%219%262&"
            "delimiter=%2F");
  EXPECT_EQ(request.header("x-ms-version"), "2025-01-05");
  EXPECT_EQ(request.header("x-ms-date"), "Mon, 23 Nov 2026 07:42:10 GMT");
  EXPECT_EQ(request.endpoint, account.endpoint);
}

TEST_F(BlobClientTest, TheDateOfARequestIsThatOfItsSending) {
  wire.replies({.body = page("")}).replies({.body = page("")});
  ASSERT_TRUE(list());
  clock.advance(seconds(61));
  ASSERT_TRUE(list());
  EXPECT_EQ(wire.requests.at(1).header("x-ms-date"), "Mon, 23 Nov 2026 07:43:11 GMT");
}

TEST_F(BlobClientTest, MetadataIsAskedForOnlyWhereEmptyBlobsMayBeStubs) {
  constexpr std::string_view mark = "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>";
  wire.replies({.body = page(row("a"), "1")})
      .replies({.body = page(row("d", 0), "2")})
      .replies({.body = page(row("d", 0, mark), "2")})
      .replies({.body = page(row("e", 0, mark), "3")})
      .replies({.body = page(row("f"), "4")})
      .replies({.body = page(row("g"), "")});
  EXPECT_FALSE(list().value().blobs.at(0).is_directory);
  EXPECT_TRUE(list({.marker = "1"}).value().blobs.at(0).is_directory);
  EXPECT_TRUE(list({.marker = "2"}).value().blobs.at(0).is_directory);
  EXPECT_EQ(list({.marker = "3"}).value().next_marker, "4");
  EXPECT_EQ(list({.marker = "4"}).value().next_marker, "");
  std::string asked;
  for (const auto& request : wire.requests) asked += request.target.contains("include=metadata") ? 'm' : '.';
  EXPECT_EQ(asked, "..mmm.");
}

TEST_F(BlobClientTest, AListingThatGoesRoundInCirclesIsAnError) {
  wire.replies({.body = page(row("a"), "same")});
  const auto listed = list({.marker = "same"});
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().kind, ErrorKind::protocol);
}

TEST_F(BlobClientTest, AnEmptyPageMayHaveAMarker) {
  wire.replies({.body = page("", "go on")});
  EXPECT_EQ(list()->next_marker, "go on");
}

TEST_F(BlobClientTest, FailuresThatPassAreTriedAgain) {
  wire.replies(
          {.status = 503, .headers = {{"x-ms-error-code", "ServerBusy"}, {"x-ms-retry-after-ms", "1500"}}})
      .replies({.status = 500, .headers = {{"x-ms-error-code", "InternalError"}}})
      .replies({.response_error = ScriptedTransport::broken_connection()})
      .replies({.body = page(row("a")).substr(0, 100)})
      .replies({.body = page(row("a"))});
  const auto listed = list();
  ASSERT_TRUE(listed) << listed.error().to_line();
  EXPECT_EQ(wire.requests.size(), 5u);
  EXPECT_GE(clock.sleeps.at(0), milliseconds(1500));
}

TEST_F(BlobClientTest, AListingErrorSaysWhatWhyAndWhatToDo) {
  wire.replies(
      {.status = 403,
       .headers = {{"x-ms-request-id", "5f1e"}},
       .body =
           "<Error><Code>AuthorizationPermissionMismatch</Code><Message>This request is not authorized to "
           "perform this operation using this permission.\nRequestId:5f1e</Message></Error>"});
  const auto listed = list();
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().to_line(),
            "azure.list_blobs photos: 403 AuthorizationPermissionMismatch: This request is not authorized to "
            "perform this operation using this permission. (request id 5f1e, client request id " +
                std::string(wire.requests.at(0).header("x-ms-client-request-id")) + ")");
  EXPECT_NE(listed.error().advice.find("Storage Blob Data Reader"), std::string::npos);
  EXPECT_EQ(wire.requests.size(), 1u);
}

TEST_F(BlobClientTest, EachRequestHasAnIdThatErrorsShow) {
  BlobClient once(account, anonymous_credential(), wire, {.attempts_max = 1});
  wire.replies({.body = page("")}).replies({.response_error = ScriptedTransport::broken_connection()});
  ASSERT_TRUE(run(once.list_blobs(photos, {}, context)));
  const auto broken = run(once.list_blobs(photos, {}, context));
  ASSERT_FALSE(broken);
  const std::string id(wire.requests.back().header("x-ms-client-request-id"));
  EXPECT_FALSE(id.empty());
  EXPECT_NE(wire.requests.at(0).header("x-ms-client-request-id"), id);
  EXPECT_NE(broken.error().to_line().find(id), std::string::npos) << broken.error().to_line();
}

ScriptedReply refused_version() {
  return {.status = 400,
          .body =
              "<Error><Code>InvalidHeaderValue</Code><Message>The value is not in the correct format."
              "</Message><HeaderName>x-ms-version</HeaderName></Error>"};
}

TEST_F(BlobClientTest, AnOlderServiceIsAskedInItsVersion) {
  wire.replies(refused_version()).replies({.body = page(row("a"))}).replies({.body = page(row("b"))});
  ASSERT_TRUE(list());
  ASSERT_TRUE(list());
  std::string versions;
  for (const auto& request : wire.requests) versions.append(request.header("x-ms-version")).append(" ");
  EXPECT_EQ(versions, "2025-01-05 2019-02-02 2019-02-02 ");
  EXPECT_TRUE(clock.sleeps.empty());
}

TEST_F(BlobClientTest, AReadTellsAnOlderServiceTheOldVersion) {
  wire.replies(refused_version()).replies({.status = 404});
  EXPECT_FALSE(run(client.read(photos, BlobName("a"), {.if_match = ETag("0x1")}, context)));
  EXPECT_EQ(wire.requests.at(1).header("x-ms-version"), "2019-02-02");
  EXPECT_FALSE(wire.requests.at(1).headers.contains("x-ms-structured-body"));
}

TEST_F(BlobClientTest, AServiceThatKnowsNeitherVersionIsRefusedByName) {
  wire.replies(2, refused_version());
  const auto refused = list();
  ASSERT_FALSE(refused);
  EXPECT_EQ(wire.requests.size(), 2u);
  EXPECT_NE(refused.error().message.find("x-ms-version"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().advice.find("2019-02-02"), std::string::npos);
  EXPECT_EQ(refused.error().advice.find("Azurite"), std::string::npos) << "this is no emulator's address";

  BlobClient emulator({.name = Account("devstoreaccount1"),
                       .endpoint = {.host = "127.0.0.1", .port = 10000, .tls = false},
                       .path_prefix = "/devstoreaccount1"},
                      anonymous_credential(), wire);
  wire.replies(2, refused_version());
  EXPECT_NE(run(emulator.list_blobs(photos, {}, context)).error().advice.find("--skipApiVersionCheck"),
            std::string::npos);
}

TEST_F(BlobClientTest, APageTooLargeIsAskedForWithFewerRows) {
  wire.replies(2, {.body = page(std::string(65 << 20, ' '))})
      .replies({.body = page(row("a"), "m")})
      .replies({.body = page(row("b"))});
  ASSERT_TRUE(list());
  ASSERT_TRUE(list({.marker = "m"}));
  std::string rows;
  for (const auto& request : wire.requests)
    rows += request.target.substr(request.target.find("maxresults=") + 11) + " ";
  EXPECT_EQ(rows, "5000 1000 200 200&marker=m ") << "and fewer from then on";
}

TEST_F(BlobClientTest, WithoutTheRightToListABlobIsFoundByItsName) {
  const ScriptedReply refused{.status = 403,
                              .headers = {{"x-ms-error-code", "AuthorizationPermissionMismatch"}}};
  wire.replies(refused).replies({.headers = {{"ETag", "\"1\""},
                                             {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                                             {"x-ms-blob-type", "BlockBlob"}},
                                 .content_length = 5});
  EXPECT_EQ(list({.prefix = "a"}).value().blobs.at(0).size, 5u);
  wire.replies(refused).replies({.status = 404});
  EXPECT_EQ(list({.prefix = "a"}).error().service_code, "AuthorizationPermissionMismatch");
  wire.replies(refused);
  EXPECT_EQ(list({.prefix = "a/"}).error().service_code, "AuthorizationPermissionMismatch");
  EXPECT_EQ(wire.requests.size(), 5u);
}

class SasOfOneBlobTest : public BlobClientTest {
 protected:
  BlobClient by_sas{account, sas_credential(Secret(std::string("sr=b&sp=r&sig=s"))), wire};
  Result<BlobPage> list_by_sas(std::string prefix) {
    return run(by_sas.list_blobs(photos, {.prefix = std::move(prefix)}, context));
  }
};

TEST_F(SasOfOneBlobTest, TheBlobIsFoundByAHead) {
  wire.replies({.headers = {{"ETag", "\"1\""},
                            {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                            {"x-ms-blob-type", "BlockBlob"}},
                .content_length = 5});
  const auto found = list_by_sas("a/b");
  ASSERT_TRUE(found) << found.error().to_line();
  ASSERT_EQ(found->blobs.size(), 1u);
  EXPECT_EQ(found->blobs.at(0).name, BlobName("a/b"));
  EXPECT_EQ(found->blobs.at(0).size, 5u);
  EXPECT_EQ(found->next_marker, "");
  EXPECT_EQ(wire.requests.at(0).method, Method::head);
  EXPECT_EQ(wire.requests.at(0).target, "/photos/a/b?sr=b&sp=r&sig=s");
}

TEST_F(SasOfOneBlobTest, WhatOnlyAListingFindsIsRefused) {
  EXPECT_EQ(list_by_sas("a/").error().kind, ErrorKind::permission);
  EXPECT_TRUE(wire.requests.empty());
  wire.replies({.status = 404, .headers = {{"x-ms-error-code", "BlobNotFound"}}});
  const auto missing = list_by_sas("folder");
  EXPECT_EQ(missing.error().kind, ErrorKind::not_found);
  EXPECT_NE(missing.error().advice.find("sp=rl"), std::string::npos);
}

TEST_F(BlobClientTest, ARefusedLoginIsMadeAnew) {
  wire.replies({.status = 401}).replies({.body = page("")});
  ASSERT_TRUE(list());
  EXPECT_EQ(wire.requests.at(0).header("Authorization"), "login 1");
  EXPECT_EQ(wire.requests.at(1).header("Authorization"), "login 2");

  wire.replies(9, {.status = 401});
  const auto refused = list();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::credentials);
  EXPECT_EQ(wire.requests.size(), 6u) << "a few times an operation";
  EXPECT_EQ(clock.sleeps.size(), 2u) << "the first without a pause";
}

TEST_F(BlobClientTest, WithoutALoginARequestForOneIsFinal) {
  BlobClient anonymous(account, anonymous_credential(), wire);
  wire.replies({.status = 401, .headers = {{"x-ms-error-code", "NoAuthenticationInformation"}}});
  const auto refused = run(anonymous.list_blobs(photos, {}, context));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().retry, RetryVerdict::never);
  EXPECT_EQ(wire.requests.size(), 1u);
}

// A virtual machine that was suspended for an hour signs with an old date.
TEST_F(BlobClientTest, ARefusedDateIsTakenFromTheServicesClock) {
  wire.replies({.status = 403,
                .headers = {{"x-ms-error-code", "AuthenticationFailed"},
                            {"Date", "Mon, 23 Nov 2026 08:42:10 GMT"}}})
      .replies(2, {.body = page("")});
  ASSERT_TRUE(list());
  EXPECT_EQ(wire.requests.at(0).header("x-ms-date"), "Mon, 23 Nov 2026 07:42:10 GMT");
  EXPECT_EQ(wire.requests.at(1).header("x-ms-date"), "Mon, 23 Nov 2026 08:42:10 GMT");
  ASSERT_TRUE(list());
  EXPECT_EQ(wire.requests.at(2).header("x-ms-date"), "Mon, 23 Nov 2026 08:42:10 GMT") << "kept";
}

TEST_F(BlobClientTest, ARefusedLoginOfAReadIsMadeAnewForTheNextAttempt) {
  wire.replies({.status = 401, .headers = {{"x-ms-error-code", "InvalidAuthenticationInfo"}}});
  const auto body = run(client.read(photos, BlobName("a"), {.if_match = ETag("0x1")}, context));
  ASSERT_FALSE(body);
  EXPECT_EQ(body.error().retry, RetryVerdict::fresh_login);
  EXPECT_EQ(logins, 2) << "a read is one attempt, and the next came with the login that was refused";
}

TEST_F(BlobClientTest, PropertiesOfABlob) {
  wire.replies({.headers = {{"ETag", "\"0x8DC02\""},
                            {"last-modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                            {"x-ms-blob-type", "AppendBlob"},
                            {"Content-Type", "image/jpeg"},
                            {"Content-Encoding", "gzip"},
                            {"Content-Language", "de"},
                            {"Content-Disposition", "attachment"},
                            {"Cache-Control", "no-cache"},
                            {"Content-MD5", "XrY7u+Ae7tCTyyK7j1rNww=="},
                            {"x-ms-version-id", "v1"},
                            {"x-ms-lease-status", "locked"},
                            {"x-ms-access-tier", "Archive"},
                            {"x-ms-archive-status", "rehydrate-pending-to-hot"},
                            {"x-ms-meta-Owner", "Ann"},
                            {"X-Ms-Meta-second_Name", ""},
                            {"x-ms-tag-count", "2"}},
                .content_length = 12345});
  const auto properties = run(client.properties(photos, BlobName("a b"), context));
  ASSERT_TRUE(properties) << properties.error().to_line();
  EXPECT_EQ(wire.requests.at(0).method, Method::head);
  EXPECT_EQ(wire.requests.at(0).target, "/photos/a%20b");
  const Blob& blob = properties->blob;
  EXPECT_EQ(blob.name, BlobName("a b"));
  EXPECT_EQ(blob.size, 12345u);
  EXPECT_EQ(blob.etag, ETag("0x8DC02"));
  EXPECT_EQ(blob.last_modified, FakeClock::start);
  EXPECT_EQ(blob.type, BlobType::append);
  EXPECT_TRUE(blob.archived && blob.rehydrating && !blob.is_directory);
  EXPECT_EQ(properties->headers, (ContentHeaders{"image/jpeg", "gzip", "de", "attachment", "no-cache"}));
  EXPECT_EQ(properties->metadata, (Metadata{{"Owner", "Ann"}, {"second_Name", ""}}))
      << "as the source wrote them";
  EXPECT_EQ(properties->content_md5, "XrY7u+Ae7tCTyyK7j1rNww==");
  EXPECT_EQ(properties->version_id, "v1");
  EXPECT_EQ(properties->lease_status, "locked");
}

TEST_F(BlobClientTest, PropertiesThatLackAFieldAreAnError) {
  const std::vector<Headers::Field> whole = {
      {"ETag", "\"1\""}, {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"}, {"x-ms-blob-type", "BlockBlob"}};
  for (const auto& missing : whole) {
    ScriptedReply reply{.headers = whole};
    std::erase(reply.headers, missing);
    wire.replies(reply);
    const auto properties = run(client.properties(photos, BlobName("a"), context));
    ASSERT_FALSE(properties) << missing.first;
    EXPECT_EQ(properties.error().kind, ErrorKind::protocol);
    EXPECT_EQ(properties.error().subject, "a");
    EXPECT_NE(properties.error().message.find(missing.first), std::string::npos)
        << properties.error().message;
  }
  wire.replies({.headers = whole, .chunked = true});
  EXPECT_FALSE(run(client.properties(photos, BlobName("a"), context))) << "no size";
}

TEST_F(BlobClientTest, StubsAreKnownFromTheirProperties) {
  ScriptedReply reply{.headers = {{"ETag", "\"1\""},
                                  {"Last-Modified", "Mon, 23 Nov 2026 07:42:10 GMT"},
                                  {"x-ms-blob-type", "BlockBlob"},
                                  {"x-ms-meta-Hdi_isfolder", "True"}}};
  wire.replies(reply);
  EXPECT_TRUE(run(client.properties(photos, BlobName("d"), context))->blob.is_directory);
  reply.headers.back() = {"x-ms-resource-type", "directory"};
  wire.replies(reply);
  EXPECT_TRUE(run(client.properties(photos, BlobName("d"), context))->blob.is_directory);
}

TEST_F(BlobClientTest, AHeadsRefusalHasItsCodeInAHeader) {
  wire.replies({.status = 404, .headers = {{"x-ms-error-code", "BlobNotFound"}}});
  const auto properties = run(client.properties(photos, BlobName("a"), context));
  ASSERT_FALSE(properties);
  EXPECT_EQ(properties.error().kind, ErrorKind::not_found);
  EXPECT_EQ(properties.error().service_code, "BlobNotFound");
}

TEST_F(BlobClientTest, UndecodableListingIsAskedForTwice) {
  wire.replies({.body = page(row("a")).substr(0, 60)}).replies({.body = page(row("a"))});
  EXPECT_TRUE(list());
  wire.fallback = [](const fakes::RecordedRequest&) { return ScriptedReply{.body = "<html>"}; };
  EXPECT_FALSE(list());
  EXPECT_EQ(wire.requests.size(), 4u);
}

TEST_F(BlobClientTest, QuotedSignatureIsNotShown) {
  BlobClient by_sas(account, sas_credential(Secret("sv=2025&sp=rl&sig=s3cr%2Bet%3D")), wire);
  wire.replies(
      {.status = 403,
       .headers = {{"x-ms-error-code", "/photos?sig=s3cr%2Bet%3D&x=1"}, {"x-ms-request-id", "s3cr+et="}},
       .body = "<Error><Message>signature s3cr%2Bet%3D of s3cr+et= at "
               "/photos%3Fsig%3Ds3cr%252Bet%253D</Message></Error>"});
  const auto listed = run(by_sas.list_blobs(photos, {}, context));
  ASSERT_FALSE(listed);
  const Error& error = listed.error();
  EXPECT_EQ((error.to_line() + error.advice).find("s3cr"), std::string::npos) << error.to_line();
}

TEST_F(BlobClientTest, ListsContainers) {
  wire.replies({.body =
                    "<EnumerationResults><Containers><Container><Name>photos</Name></Container></Containers>"
                    "<NextMarker>n</NextMarker></EnumerationResults>"});
  const auto containers = run(client.list_containers("m 1", context));
  ASSERT_TRUE(containers);
  EXPECT_EQ(containers->containers.at(0), photos);
  EXPECT_EQ(containers->next_marker, "n");
  EXPECT_EQ(wire.requests.at(0).target, "/?comp=list&maxresults=5000&marker=m%201");
}

TEST_F(BlobClientTest, AnEmulatorsAccountIsInThePath) {
  BlobClient emulator({.name = Account("devstoreaccount1"),
                       .endpoint = {.host = "127.0.0.1", .port = 10000, .tls = false},
                       .path_prefix = "/devstoreaccount1"},
                      anonymous_credential(), wire);
  wire.replies(3, {.status = 404});
  EXPECT_FALSE(run(emulator.list_containers("", context)));
  EXPECT_FALSE(run(emulator.list_blobs(photos, {}, context)));
  EXPECT_FALSE(run(emulator.properties(photos, BlobName("x"), context)));
  EXPECT_EQ(wire.requests.at(0).target, "/devstoreaccount1/?comp=list&maxresults=5000");
  EXPECT_EQ(wire.requests.at(1).target,
            "/devstoreaccount1/photos?restype=container&comp=list&maxresults=5000");
  EXPECT_EQ(wire.requests.at(2).target, "/devstoreaccount1/photos/x");
}

TEST_F(BlobClientTest, NamesGoOutEncodedAndNoServerCanResolveTheirDots) {
  for (const auto& [name, target] : {std::pair{"a/b c+d%2F?e#f=&", "/photos/a/b%20c%2Bd%252F%3Fe%23f%3D%26"},
                                     {"a//b/", "/photos/a//b/"},
                                     {"/a", "/photos//a"},
                                     {"a\\b", "/photos/a%5Cb"},
                                     {"\xF0\x9F\x93\xB7", "/photos/%F0%9F%93%B7"},
                                     {"a/../b", "/photos/a%2F..%2Fb"},
                                     {"./a", "/photos/.%2Fa"},
                                     {"a/.", "/photos/a%2F."},
                                     {"..", "/photos/%2E%2E"},
                                     {".", "/photos/%2E"},
                                     {"a/...", "/photos/a/..."},
                                     {"dot.", "/photos/dot."}}) {
    wire.replies({.status = 404});
    EXPECT_FALSE(run(client.properties(photos, BlobName(name), context)));
    EXPECT_EQ(wire.requests.back().target, target);
  }
}

TEST_F(BlobClientTest, StopsAtOnceWhenAskedTo) {
  std::stop_source stop;
  wire.replies(2, {.status = 503});
  clock.on_sleep = [&](milliseconds) { stop.request_stop(); };
  const Context stoppable = clock.context(stop.get_token());
  const auto listed = run(client.list_blobs(photos, {}, stoppable));
  ASSERT_FALSE(listed);
  EXPECT_EQ(listed.error().kind, ErrorKind::cancelled);
  EXPECT_EQ(wire.requests.size(), 1u);
}

}  // namespace
}  // namespace azs3copy
