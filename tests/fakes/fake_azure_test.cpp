// fake_azure_test.cpp: the fake refuses what Azure refuses.
// Were it lenient, every test that stands on it would be too.
#include "fakes/fake_azure.hpp"

#include <gtest/gtest.h>

#include "codec/base64.hpp"
#include "codec/structured_body.hpp"
#include "codec/time.hpp"
#include "fakes/azure/azure_service.hpp"
#include "fakes/raw_client.hpp"

namespace azs3copy::fakes {
namespace {

const std::string list_target = "/fakeaccount/c?restype=container&comp=list";

class FakeAzureTest : public testing::Test {
 protected:
  FakeAzureTest() { azure.add_container("c"); }
  RawReply ask(const std::string& request) { return RawClient(azure.http_port()).ask(request); }
  FakeAzure azure;
};

TEST_F(FakeAzureTest, GivesABlobWithItsHeadersToASignedRequest) {
  azure.put_blob(
      "c", "a b/c+d.txt",
      {.content = stored_content("hello"), .content_type = "text/plain", .metadata = {{"Key", "value"}}});
  const RawReply reply = ask(azure_request("GET", "/fakeaccount/c/a%20b/c%2Bd.txt"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, "hello");
  EXPECT_EQ(reply.header("content-type"), "text/plain");
  EXPECT_EQ(reply.header("x-ms-meta-key"), "value");
  EXPECT_EQ(reply.header("etag"), "\"" + azure.blob("c", "a b/c+d.txt")->etag + "\"");
  EXPECT_EQ(azure.log().count("GetBlob", "c/a b/c+d.txt"), 1U);
}

TEST_F(FakeAzureTest, WorksOverTls) {
  azure.put_text("c", "b", "over TLS");
  RawClient client(azure.https_port(), true);
  EXPECT_EQ(client.ask(azure_request("GET", "/fakeaccount/c/b")).body, "over TLS");
  EXPECT_EQ(client.ask(azure_request("HEAD", "/fakeaccount/c/b")).header("content-length"), "8");
  EXPECT_EQ(azure.connections().opened, 1U) << "both requests on one connection";
}

TEST_F(FakeAzureTest, RefusesAWrongSharedKeyAndAnyChangedHeader) {
  azure.put_text("c", "b", "x");
  const auto wrong_key =
      azure_request("GET", "/fakeaccount/c/b", {}, "", {.key = base64_encode(bytes_of("other"))});
  EXPECT_EQ(ask(wrong_key).status, 403);
  std::string changed = azure_request("GET", "/fakeaccount/c/b", {{"x-ms-range", "bytes=0-0"}});
  changed.replace(changed.find("bytes=0-0"), 9, "bytes=0-1");
  const RawReply reply = ask(changed);
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.header("x-ms-error-code"), "AuthenticationFailed");
  const auto old = azure_request("GET", "/fakeaccount/c/b", {}, "",
                                 {.time = std::chrono::floor<milliseconds>(std::chrono::system_clock::now()) -
                                          std::chrono::minutes(20)});
  EXPECT_EQ(ask(old).status, 403) << "a signature of 20 minutes ago";
}

TEST_F(FakeAzureTest, SharedKeySignsTheAccountTwiceInPathStyleAndQueryPairsSortedAndDecoded) {
  RequestHead head;
  head.parse(
      "GET /acc/c?restype=container&comp=list&prefix=a%2Fb HTTP/1.1\r\nHost: h\r\nx-ms-version: "
      "2025-01-05\r\n"
      "x-ms-date: D\r\nRange: bytes=0-1\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(
      shared_key_string_to_sign(head, "acc"),
      "GET\n\n\n\n\n\n\n\n\n\n\nbytes=0-1\nx-ms-date:D\nx-ms-version:2025-01-05\n/acc/acc/c\ncomp:list\n"
      "prefix:a/b\nrestype:container");
}

TEST_F(FakeAzureTest, SasAllowsWhatItWasIssuedForOnly) {
  azure.put_text("c", "b", "x");
  const std::string sas = azure.issue_sas({.container = "c", .permissions = "r"});
  EXPECT_EQ(ask(raw_request("GET", "/fakeaccount/c/b?" + sas)).status, 200);
  EXPECT_EQ(ask(raw_request("GET", list_target + "&" + sas)).header("x-ms-error-code"),
            "AuthorizationPermissionMismatch");
  EXPECT_EQ(ask(raw_request("GET", "/fakeaccount/d/b?" + sas)).status, 403);
  std::string more = sas;
  more.replace(more.find("sp=r"), 4, "sp=rl");
  EXPECT_EQ(ask(raw_request("GET", "/fakeaccount/c/b?" + more)).header("x-ms-error-code"),
            "AuthenticationFailed");
  azure.set_clock_offset(std::chrono::hours(2));
  EXPECT_EQ(ask(raw_request("GET", "/fakeaccount/c/b?" + sas)).status, 403) << "expired";
}

TEST_F(FakeAzureTest, NoLoginIsChallengedButPublicContainersAreOpen) {
  azure.put_text("c", "b", "x");
  const RawReply reply = ask(raw_request("GET", "/fakeaccount/c/b"));
  EXPECT_EQ(reply.status, 401);
  EXPECT_TRUE(reply.header("www-authenticate").starts_with("Bearer"));
  azure.add_container("open", "container");
  azure.put_text("open", "b", "x");
  EXPECT_EQ(ask(raw_request("GET", "/fakeaccount/open/b")).status, 200);
  EXPECT_EQ(ask(raw_request("GET", "/fakeaccount/open?restype=container&comp=list")).status, 200);
}

TEST_F(FakeAzureTest, BearerTokensExpireAndNeedHttps) {
  azure.put_text("c", "b", "x");
  const std::string token = azure.issue_token();
  const std::string request = raw_request(
      "GET", "/fakeaccount/c/b", {{"Authorization", "Bearer " + token}, {"x-ms-version", "2025-01-05"}});
  EXPECT_EQ(ask(request).status, 403) << "over http";
  RawClient client(azure.https_port(), true);
  EXPECT_EQ(client.ask(request).status, 200);
  azure.expire_tokens();
  const RawReply expired = client.ask(request);
  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(expired.header("x-ms-error-code"), "InvalidAuthenticationInfo");
  const std::string weak =
      raw_request("GET", "/fakeaccount/c/b",
                  {{"Authorization", "Bearer " + azure.issue_token()}, {"x-ms-version", "2025-01-05"}});
  azure.set_bearer_permissions("l");
  EXPECT_EQ(client.ask(weak).header("x-ms-error-code"), "AuthorizationPermissionMismatch");
}

TEST_F(FakeAzureTest, EntraIssuesTokensForTheRightSecretOnly) {
  azure.add_application("tenant", "client", "s+cr/t");
  azure.add_assertion("client", "jwt");
  const auto token_for = [&](const std::string& login) {
    return ask(raw_request(
        "POST", "/tenant/oauth2/v2.0/token", {{"Content-Type", "application/x-www-form-urlencoded"}},
        "grant_type=client_credentials&client_id=client&scope=https%3A%2F%2Fstorage.azure.com%2F."
        "default&" +
            login));
  };
  EXPECT_EQ(token_for("client_secret=wrong").status, 401);
  EXPECT_NE(token_for("client_secret=wrong").body.find("AADSTS7000215"), std::string::npos);
  const RawReply reply = token_for("client_secret=s%2Bcr%2Ft");
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.body.find("\"access_token\":\"ey"), std::string::npos);
  const std::string kind =
      "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
  EXPECT_EQ(token_for(kind + "&client_assertion=jwt").status, 200);
  EXPECT_EQ(token_for(kind + "&client_assertion=other").status, 401);
  EXPECT_EQ(azure.tokens_issued(), 2U);
  const std::string metadata =
      "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F";
  EXPECT_EQ(ask(raw_request("GET", metadata)).status, 400) << "without Metadata: true";
  EXPECT_EQ(ask(raw_request("GET", metadata, {{"Metadata", "true"}})).status, 200);
}

TEST_F(FakeAzureTest, ListsInPagesWithOpaqueMarkersAlsoShortAndEmptyOnes) {
  for (int i = 0; i < 10; ++i) azure.put_text("c", fmt::format("b{}", i), "x");
  azure.set_options([](FakeAzureOptions& options) { options.list_page_pattern = {3, 0, 1}; });
  std::string marker;
  std::size_t blobs = 0;
  int pages = 0;
  do {
    const RawReply reply =
        ask(azure_request("GET", list_target + (marker.empty() ? "" : "&marker=" + marker)));
    ASSERT_EQ(reply.status, 200);
    blobs += occurrences(reply.body, "<Blob>");
    marker = element(reply.body, "NextMarker");
    EXPECT_EQ(marker.find("b3"), std::string::npos) << "a marker is no name";
    for (std::size_t at = marker.find('='); at != std::string::npos; at = marker.find('='))
      marker.replace(at, 1, "%3D");
    ++pages;
  } while (!marker.empty());
  EXPECT_EQ(blobs, 10U);
  EXPECT_GT(pages, 6);
  EXPECT_EQ(ask(azure_request("GET", list_target + "&marker=b3")).status, 400);
  EXPECT_EQ(ask(azure_request("GET", list_target + "&maxresults=5001")).status, 400);
}

TEST_F(FakeAzureTest, ListsAsTheRealOneDoes) {
  azure.put_blob("c", "dir/a&b",
                 {.content = stored_content("x"),
                  .content_md5 = "abc=",
                  .tier = "Archive",
                  .archive_status = "rehydrate-pending-to-hot"});
  azure.put_text("c", "dir/sub/c", "x");
  azure.put_text("c", "odd\x01name", "x");
  azure.put_blob("c", "stub", {.metadata = {{"hdi_isfolder", "true"}}, .directory = true});
  const std::string all = ask(azure_request("GET", list_target + "&include=metadata")).body;
  EXPECT_NE(all.find("<Name>dir/a&amp;b</Name>"), std::string::npos);
  EXPECT_NE(all.find("<Name Encoded=\"true\">odd%01name</Name>"), std::string::npos);
  EXPECT_NE(all.find("<hdi_isfolder>true</hdi_isfolder>"), std::string::npos);
  EXPECT_NE(all.find("<ResourceType>directory</ResourceType>"), std::string::npos);
  EXPECT_NE(all.find("<ArchiveStatus>rehydrate-pending-to-hot</ArchiveStatus>"), std::string::npos);
  EXPECT_NE(all.find("<Etag>0x8D"), std::string::npos) << "without quotes";
  const std::string level = ask(azure_request("GET", list_target + "&prefix=dir%2F&delimiter=%2F")).body;
  EXPECT_EQ(occurrences(level, "<Blob>"), 1U);
  EXPECT_NE(level.find("<BlobPrefix><Name>dir/sub/</Name></BlobPrefix>"), std::string::npos);
  EXPECT_EQ(ask(azure_request("GET", list_target + "&include=nonsense")).status, 400);
  EXPECT_EQ(
      ask(azure_request("GET", "/fakeaccount/none?restype=container&comp=list")).header("x-ms-error-code"),
      "ContainerNotFound");
  EXPECT_EQ(element(ask(azure_request("GET", "/fakeaccount?comp=list")).body, "Name"), "c");
}

TEST_F(FakeAzureTest, OrdersOtherThanOfBytesCanBeAsked) {
  FakeAzure hierarchical({.list_order = ListOrder::slash_first});
  hierarchical.add_container("c");
  for (const char* name : {"a.txt", "a/b", "a"}) hierarchical.put_text("c", name, "");
  EXPECT_EQ(hierarchical.names("c"), (std::vector<std::string>{"a", "a/b", "a.txt"}));
  FakeAzure utf16({.list_order = ListOrder::utf16});
  utf16.add_container("c");
  for (const char* name : {"\xef\xbd\x9e", "\xf0\x9f\x98\x80", "z"}) utf16.put_text("c", name, "");
  EXPECT_EQ(utf16.names("c"), (std::vector<std::string>{"z", "\xf0\x9f\x98\x80", "\xef\xbd\x9e"}));
}

TEST_F(FakeAzureTest, RangesAndConditions) {
  azure.put_text("c", "b", "0123456789");
  const std::string etag = azure.blob("c", "b")->etag;
  const RawReply part = ask(
      azure_request("GET", "/fakeaccount/c/b", {{"Range", "bytes=2-4"}, {"If-Match", "\"" + etag + "\""}}));
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, "234");
  EXPECT_EQ(part.header("content-range"), "bytes 2-4/10");
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/b", {{"Range", "bytes=8-99"}})).body, "89");
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/b", {{"Range", "bytes=10-"}})).status, 416);
  const RawReply changed = ask(azure_request("GET", "/fakeaccount/c/b", {{"If-Match", "\"0x8D\""}}));
  EXPECT_EQ(changed.status, 412);
  EXPECT_EQ(changed.header("x-ms-error-code"), "ConditionNotMet");
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/b", {{"If-Match", etag}})).status, 400) << "not quoted";
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/none")).header("x-ms-error-code"), "BlobNotFound");
  azure.put_blob("c", "cold", {.content = stored_content("x"), .tier = "Archive"});
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/cold")).header("x-ms-error-code"), "BlobArchived");
  EXPECT_EQ(ask(azure_request("HEAD", "/fakeaccount/c/cold")).header("x-ms-access-tier"), "Archive");
}

TEST_F(FakeAzureTest, RangeChecksumsUpTo4MiBOnly) {
  azure.put_blob("c", "b", {.content = synthetic_content(1, 9 * MiB), .content_md5 = "c3RvcmVk"});
  const auto read = [&](const char* range, const char* what) {
    return ask(azure_request("GET", "/fakeaccount/c/b", {{"x-ms-range", range}, {what, "true"}}));
  };
  const RawReply crc = read("bytes=5-1004", "x-ms-range-get-content-crc64");
  EXPECT_EQ(crc.header("x-ms-content-crc64"), to_azure_base64(crc64({}, bytes_of(crc.body))));
  const RawReply md5 = read("bytes=5-1004", "x-ms-range-get-content-md5");
  EXPECT_EQ(md5.header("content-md5"), md5_base64(*stored_content(md5.body)));
  EXPECT_EQ(md5.header("x-ms-blob-content-md5"), "c3RvcmVk");
  EXPECT_EQ(read("bytes=0-4194303", "x-ms-range-get-content-crc64").status, 206);
  EXPECT_EQ(read("bytes=0-4194304", "x-ms-range-get-content-crc64").status, 400);
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/b", {{"x-ms-range-get-content-md5", "true"}})).status,
            400);
}

TEST_F(FakeAzureTest, StructuredBodyIsWhatTheDecoderTakes) {
  const ContentPtr content = synthetic_content(3, 9 * MiB + 5);
  azure.put_blob("c", "b", {.content = content});
  const RawHeaders structured = {{"x-ms-structured-body", "XSM/1.0; properties=crc64"}};
  RawReply reply = ask(azure_request("GET", "/fakeaccount/c/b", structured));
  ASSERT_EQ(reply.status, 200);
  EXPECT_EQ(reply.header("x-ms-structured-content-length"), std::to_string(content->size()));
  EXPECT_EQ(reply.body, structured_body_encode(bytes_of(read_all(*content)), 4 * MiB));
  StructuredBodyDecoder decoder(reply.body.size(), content->size());
  EXPECT_TRUE(decoder.decode({reinterpret_cast<std::byte*>(reply.body.data()), reply.body.size()}));
  EXPECT_TRUE(decoder.complete());
  EXPECT_EQ(decoder.crc(), content->crc());

  azure.put_text("c", "empty", "");
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/empty", structured)).body,
            structured_body_encode({}, 4 * MiB));
  azure.set_options([](FakeAzureOptions& options) { options.structured_bodies = false; });
  EXPECT_EQ(ask(azure_request("GET", "/fakeaccount/c/empty", structured)).header("x-ms-structured-body"), "");
}

TEST_F(FakeAzureTest, BlobsChangeAndVanishInMidRun) {
  azure.put_blob("c", "b",
                 {.content = stored_content("one"),
                  .change_after_reads = 2,
                  .changed = std::make_shared<FakeBlob>(
                      FakeBlob{.content = stored_content("two"), .change_after_reads = 1})});
  const std::string request = azure_request("GET", "/fakeaccount/c/b");
  EXPECT_EQ(ask(request).body, "one");
  const std::string etag = azure.blob("c", "b")->etag;
  EXPECT_EQ(ask(request).body, "one");
  EXPECT_NE(azure.blob("c", "b")->etag, etag);
  EXPECT_EQ(ask(request).body, "two");
  EXPECT_EQ(ask(request).status, 404);
}

TEST_F(FakeAzureTest, IsFilledOverTheWireAsAnyAccount) {
  const auto put = [&](const std::string& target, RawHeaders headers, const std::string& body) {
    return ask(azure_request("PUT", target, std::move(headers), body)).status;
  };
  EXPECT_EQ(put("/fakeaccount/new?restype=container", {}, ""), 201);
  EXPECT_EQ(put("/fakeaccount/new?restype=container", {}, ""), 409);
  EXPECT_EQ(put("/fakeaccount/new/a", {{"x-ms-blob-type", "BlockBlob"}, {"x-ms-meta-k", "v"}}, "text"), 201);
  EXPECT_EQ(azure.blob("new", "a")->content_md5, md5_base64(*stored_content("text")));
  EXPECT_EQ(put("/fakeaccount/new/big?comp=block&blockid=MQ%3D%3D", {}, "one "), 201);
  EXPECT_EQ(put("/fakeaccount/new/big?comp=block&blockid=Mg%3D%3D", {}, "two"), 201);
  EXPECT_EQ(put("/fakeaccount/new/big?comp=blocklist", {},
                "<BlockList><Latest>MQ==</Latest><Latest>Mg==</Latest></BlockList>"),
            201);
  EXPECT_EQ(read_all(*azure.blob("new", "big")->content), "one two");
  EXPECT_EQ(azure.blob("new", "big")->content_md5, "") << "Put Block List makes none";
  EXPECT_EQ(put("/fakeaccount/new/log", {{"x-ms-blob-type", "AppendBlob"}}, ""), 201);
  EXPECT_EQ(put("/fakeaccount/new/log?comp=appendblock", {}, "line\n"), 201);
  EXPECT_EQ(read_all(*azure.blob("new", "log")->content), "line\n");
  EXPECT_EQ(put("/fakeaccount/new/disk",
                {{"x-ms-blob-type", "PageBlob"}, {"x-ms-blob-content-length", "1024"}}, ""),
            201);
  EXPECT_EQ(put("/fakeaccount/new/a?comp=tier", {{"x-ms-access-tier", "Archive"}}, ""), 200);
  EXPECT_EQ(azure.blob("new", "a")->tier, "Archive");
  EXPECT_EQ(ask(azure_request("DELETE", "/fakeaccount/new/a")).status, 202);
  EXPECT_EQ(ask(azure_request("DELETE", "/fakeaccount/new/a")).status, 404);
}

}  // namespace
}  // namespace azs3copy::fakes
