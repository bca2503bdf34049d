// faults_test.cpp: each fault that a test can ask for really happens,
// as often as asked, and is told in the log.
#include "fakes/server/faults.hpp"

#include <gtest/gtest.h>

#include <thread>

#include "codec/structured_body.hpp"
#include "fakes/azure/azure_service.hpp"
#include "fakes/fake_azure.hpp"
#include "fakes/fake_s3.hpp"
#include "fakes/raw_client.hpp"

namespace azs3copy::fakes {
namespace {

class FaultsTest : public testing::Test {
 protected:
  FaultsTest() {
    azure.add_container("c");
    azure.put_text("c", "blob", std::string(1000, 'x'));
    s3.add_bucket("b");
  }
  RawReply get(bool tls = false) {
    return RawClient(tls ? azure.https_port() : azure.http_port(), tls)
        .ask(azure_request("GET", "/fakeaccount/c/blob"));
  }
  RawReply put(const std::string& body = "data") {
    return RawClient(s3.http_port()).ask(s3_request("PUT", "/b/k", {}, body));
  }
  FakeAzure azure;
  FakeS3 s3;
};

TEST_F(FaultsTest, StatusWithCodeAndRetryAfterThenPeace) {
  s3.faults().add(
      {.operation = "PutObject", .times = 2, .status = 503, .code = "SlowDown", .retry_after = "7"});
  for (int i = 0; i < 2; ++i) {
    const RawReply reply = put();
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(element(reply.body, "Code"), "SlowDown");
    EXPECT_EQ(reply.header("retry-after"), "7");
  }
  EXPECT_EQ(put().status, 200);
  EXPECT_EQ(s3.faults().fired(), 2U);
  EXPECT_EQ(s3.log().count_if([](const LogEntry& entry) { return entry.fault && entry.code == "SlowDown"; }),
            2U);

  azure.faults().add({.operation = "GetBlob", .skip = 1, .status = 503});
  EXPECT_EQ(get().status, 200);
  const RawReply busy = get();
  EXPECT_EQ(busy.header("x-ms-error-code"), "ServerBusy");
  EXPECT_EQ(busy.header("retry-after"), "");
}

TEST_F(FaultsTest, AnEarlyStatusComesBeforeTheBody) {
  s3.faults().add({.status = 503, .early = true});
  RawClient client(s3.http_port());
  client.send(s3_request("PUT", "/b/k", {{"Content-Length", "1000000"}}, "the beginning"));
  const RawReply reply = client.receive();
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.header("connection"), "close");
}

TEST_F(FaultsTest, ResetsInEachPhase) {
  azure.faults().add({.reset = true});
  RawReply reply = get();
  EXPECT_TRUE(reply.reset);
  EXPECT_EQ(reply.status, 0);

  azure.faults().add({.spoil = {.reset_head_after = 20}});
  reply = get();
  EXPECT_TRUE(reply.reset);
  EXPECT_EQ(reply.status, 0);

  azure.faults().add({.spoil = {.reset_body_after = 300}});
  reply = get();
  EXPECT_TRUE(reply.reset);
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body.size(), 300U);

  s3.faults().add({.reset_request_after = 100'000});
  RawClient client(s3.http_port());
  client.send(s3_request("PUT", "/b/k", {}, std::string(10'000'000, 'x')));
  EXPECT_TRUE(client.receive().status == 0);
  EXPECT_FALSE(s3.object("b", "k"));
  EXPECT_EQ(s3.log().bytes_in("PutObject"), 100'000U);
}

TEST_F(FaultsTest, BodiesThatEndEarlyWithTheFullLengthAnnounced) {
  for (const bool tls : {false, true}) {
    for (const bool polite : {false, true}) {
      azure.faults().add({.spoil = {.cut_body_after = 10, .polite = polite}});
      const RawReply reply = get(tls);
      EXPECT_EQ(reply.header("content-length"), "1000");
      EXPECT_EQ(reply.body.size(), 10U);
      EXPECT_FALSE(reply.whole);
      EXPECT_FALSE(reply.reset);
    }
  }
}

TEST_F(FaultsTest, TruncatedXmlWithTheRightLength) {
  azure.faults().add({.operation = "ListBlobs", .shorten_to = 100});
  const RawReply reply =
      RawClient(azure.http_port()).ask(azure_request("GET", "/fakeaccount/c?restype=container&comp=list"));
  EXPECT_TRUE(reply.whole);
  EXPECT_EQ(reply.body.size(), 100U);
}

TEST_F(FaultsTest, HangsUntilTheClientGoes) {
  azure.faults().add({.hang = true});
  {
    RawClient client(azure.http_port());
    client.send(azure_request("GET", "/fakeaccount/c/blob"));
    EXPECT_TRUE(client.silent_for(milliseconds(100)));
  }
  EXPECT_EQ(get().status, 200) << "others are served";
}

TEST_F(FaultsTest, SlowLorisAndDelay) {
  azure.faults().add({.spoil = {.slow_bytes = 400, .slow_interval = milliseconds(20)}});
  auto started = Steady::now();
  RawReply reply = get();
  EXPECT_TRUE(reply.whole);
  EXPECT_GT(Steady::now() - started, milliseconds(60));
  azure.faults().add({.delay = milliseconds(50)});
  started = Steady::now();
  EXPECT_EQ(get().status, 200);
  EXPECT_GT(Steady::now() - started, milliseconds(50));
}

TEST_F(FaultsTest, WrongChecksums) {
  s3.faults().add({.headers = {{"x-amz-checksum-crc64nvme", "AAAAAAAAAAE="}}});
  EXPECT_EQ(put().header("x-amz-checksum-crc64nvme"), "AAAAAAAAAAE=");

  for (const char* special : {"wrong_segment_crc", "wrong_total_crc", "wrong_segment_number"}) {
    azure.faults().add({.special = special});
    RawReply reply = RawClient(azure.http_port())
                         .ask(azure_request("GET", "/fakeaccount/c/blob",
                                            {{"x-ms-structured-body", "XSM/1.0; properties=crc64"}}));
    StructuredBodyDecoder decoder(reply.body.size(), 1000);
    EXPECT_FALSE(decoder.decode({reinterpret_cast<std::byte*>(reply.body.data()), reply.body.size()}))
        << special;
  }
  azure.faults().add({.spoil = {.flip_byte_at = 5}});
  std::string expected(1000, 'x');
  expected[5] = static_cast<char>(~'x');
  EXPECT_EQ(get().body, expected);
}

TEST_F(FaultsTest, TheEffectCanHappenAndTheReplyBeLost) {
  s3.faults().add({.operation = "PutObject", .reset = true, .effect_happens = true});
  EXPECT_EQ(put().status, 0);
  EXPECT_TRUE(s3.object("b", "k"));
}

TEST_F(FaultsTest, CompleteCanFailInside200) {
  const auto ask = [&](const std::string& request) { return RawClient(s3.http_port()).ask(request); };
  const std::string id = element(ask(s3_request("POST", "/b/k?uploads=")).body, "UploadId");
  const RawReply part = ask(s3_request("PUT", "/b/k?partNumber=1&uploadId=" + id, {}, "x"));
  const std::string body = fmt::format(
      "<CompleteMultipartUpload><Part><ETag>{}</ETag><PartNumber>1</PartNumber></Part></"
      "CompleteMultipartUpload>",
      part.header("etag"));
  const std::string complete = s3_request("POST", "/b/k?uploadId=" + id, {}, body);
  s3.faults().add(
      {.operation = "CompleteMultipartUpload", .code = "InternalError", .special = "error_in_200"});
  const RawReply broken = ask(complete);
  EXPECT_EQ(broken.status, 200);
  EXPECT_EQ(element(broken.body, "Code"), "InternalError");
  EXPECT_FALSE(s3.object("b", "k"));
  EXPECT_EQ(element(ask(complete).body, "Code"), "");
  EXPECT_TRUE(s3.object("b", "k"));
}

TEST_F(FaultsTest, ProbabilityFollowsTheSeed) {
  const auto hits = [](std::uint64_t seed) {
    Faults faults;
    faults.seed(seed);
    faults.add({.times = 0, .probability = 0.3, .status = 500});
    std::string pattern;
    for (int i = 0; i < 200; ++i) pattern += faults.next("GET", "GetBlob", "/") ? '1' : '0';
    return pattern;
  };
  EXPECT_EQ(hits(7), hits(7));
  EXPECT_NE(hits(7), hits(8));
  const std::string pattern = hits(7);
  const auto count = std::count(pattern.begin(), pattern.end(), '1');
  EXPECT_GT(count, 30);
  EXPECT_LT(count, 90);
}

TEST_F(FaultsTest, RulesAsJson) {
  const auto fault = Faults::from_json(*Json::parse(
      R"({"operation":"GetBlob","skip":2,"times":0,"status":503,"code":"ServerBusy","retry_after":"1",
          "spoil":{"reset_body_after":5},"headers":{"x":"y"}})"));
  ASSERT_TRUE(fault) << fault.error().to_line();
  EXPECT_EQ(fault->operation, "GetBlob");
  EXPECT_EQ(fault->skip, 2U);
  EXPECT_EQ(fault->times, 0U);
  EXPECT_EQ(fault->spoil.reset_body_after, 5U);
  EXPECT_EQ(fault->headers.at(0).second, "y");
  EXPECT_FALSE(Faults::from_json(*Json::parse(R"({"opration":"GetBlob"})")));
  EXPECT_FALSE(Faults::from_json(*Json::parse(R"({"spoil":{"reset":1}})")));
}

TEST_F(FaultsTest, TheLogCountsBytesConnectionsAndConcurrency) {
  azure.faults().add({.times = 0, .delay = milliseconds(50)});
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) clients.emplace_back([this] { get(); });
  for (auto& client : clients) client.join();
  EXPECT_EQ(azure.log().count("GetBlob"), 4U);
  EXPECT_EQ(azure.log().bytes_out("GetBlob"), 4000U);
  EXPECT_EQ(azure.log().bytes_out_by_subject("GetBlob").at("c/blob"), 4000U);
  EXPECT_EQ(azure.connections().opened, 4U);
  EXPECT_GE(azure.log().concurrent_max(), 2U);
  EXPECT_NE(azure.log().to_json().find("\"GetBlob\":{\"count\":4"), std::string::npos);
}

TEST_F(FaultsTest, MalformedHeadsAreRefused) {
  const auto status = [&](const std::string& text) { return RawClient(azure.http_port()).ask(text).status; };
  EXPECT_EQ(status("GET / HTTP/1.1\r\n\r\n"), 400) << "no Host";
  EXPECT_EQ(status("GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "a space in the target";
  EXPECT_EQ(status("GET /\xc3\xa4 HTTP/1.1\r\nHost: h\r\n\r\n"), 400) << "a target that is not encoded";
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost : h\r\n\r\n"), 400) << "a space before the colon";
  EXPECT_EQ(status("PUT / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"), 400);
  EXPECT_EQ(status("PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"), 400);
  EXPECT_EQ(status("GET / HTTP/1.1\r\nHost: h\r\nx-ms-meta-a: \xc3\xa4\r\n\r\n"), 400) << "not ASCII";
}

TEST_F(FaultsTest, ExpectContinueIsAnswered) {
  RawClient client(s3.http_port());
  const std::string request = s3_request("PUT", "/b/k", {{"Expect", "100-continue"}}, "data");
  client.send(request.substr(0, request.size() - 4));
  EXPECT_EQ(client.receive().status, 100);
  client.send("data");
  EXPECT_EQ(client.receive().status, 200);
}

}  // namespace
}  // namespace azs3copy::fakes
