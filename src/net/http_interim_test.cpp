// http_interim_test.cpp: interim replies, early answers, and connections that the server closed while idle.
#include <poll.h>

#include "net/http_client_test_support.hpp"

namespace azs3copy {
namespace {

using namespace http_client_test;

Task<Result<ResponseHead>> put(Transport& transport, Endpoint endpoint, std::size_t size,
                               const Context& context) {
  const HttpRequest request{.method = Method::put, .endpoint = std::move(endpoint), .streamed_size = size};
  auto exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  const std::vector<std::byte> piece(64 * KiB);
  for (std::size_t sent = 0; sent < size;) {
    const std::size_t count = std::min(piece.size(), size - sent);
    const auto answered = co_await (*exchange)->write(Bytes(piece).first(count));
    if (!answered) co_return std::unexpected<Error>(answered.error());
    if (*answered) break;
    sent += count;
  }
  co_return co_await (*exchange)->response();
}

class HttpInterimTest : public HttpClientTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) return;
    auto tls = TlsContext::make(fakes::TestCertificates::instance().ca_path());
    ASSERT_TRUE(tls) << tls.error().to_line();
    tls_ = std::move(*tls);
  }
  ServerOptions server_options() const { return {.tls = GetParam()}; }
  Context context() { return {.clock = loop_}; }
};

std::string name_of(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Tls" : "Plain";
}
INSTANTIATE_TEST_SUITE_P(All, HttpInterimTest, ::testing::Bool(), name_of);

TEST_P(HttpInterimTest, InterimReplyDoesNotEndTheBody) {
  constexpr std::size_t size = 16 * MiB;
  for (const std::string interim : {"100 Continue", "102 Processing", "103 Early Hints"}) {
    std::size_t received = 0;
    const ScriptedServer server({[&](Peer& peer) {
                                  peer.read_head();
                                  peer.send("HTTP/1.1 " + interim + "\r\n");
                                  for (std::size_t got = 0; received < size; received += got) {
                                    got = peer.read_some(64 * KiB);
                                    if (got == 0) return;
                                    if (received == 0) peer.send("\r\n");  // its end comes later
                                  }
                                  peer.send(ok_hello);
                                  peer.wait_for_close();
                                }},
                                server_options());
    const auto head = run(put(client(), server.endpoint(), size, context()));
    ASSERT_TRUE(head) << interim << ": " << head.error().to_line();
    EXPECT_EQ(head->status, 200) << interim;
    EXPECT_EQ(received, size) << interim;
  }
}

TEST_P(HttpInterimTest, RefusalAfterAnInterimReplyEndsTheBody) {
  const ScriptedServer server({[](Peer& peer) {
                                peer.read_head();
                                peer.read_exactly(128 * KiB);
                                peer.send(
                                    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 Slow Down\r\n"
                                    "Content-Length: 0\r\n\r\n");
                                peer.wait_for_close();
                              }},
                              server_options());
  const auto head = run(put(client(), server.endpoint(), 1 * GiB, context()));
  ASSERT_TRUE(head) << head.error().to_line();
  EXPECT_EQ(head->status, 503);
}

TEST_P(HttpInterimTest, EndlessInterimRepliesAreAnError) {
  const ScriptedServer server({[](Peer& peer) {
                                peer.read_head();
                                for (int i = 0; i < 2'000; ++i) peer.send("HTTP/1.1 100 Continue\r\n\r\n");
                                peer.wait_for_close();
                              }},
                              server_options());
  const auto head = run(put(client(), server.endpoint(), 1, context()));
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().kind, ErrorKind::protocol);
}

struct Asked {
  Exchange::Asked asked = Exchange::Asked::not_yet;
  ResponseHead head;
};
// Sends the head alone, and the body if it is asked for.
Task<Result<Asked>> put_when_asked(Transport& transport, Endpoint endpoint, const Context& context) {
  HttpRequest request{.method = Method::put, .endpoint = std::move(endpoint), .streamed_size = 5};
  request.headers.add("Expect", "100-continue");
  auto exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  const auto asked = co_await (*exchange)->await_continue(milliseconds(300));
  if (!asked) co_return std::unexpected<Error>(asked.error());
  if (*asked != Exchange::Asked::answered) {
    const std::vector<std::byte> body(5);
    if (auto sent = co_await (*exchange)->write(body); !sent) co_return passed(std::move(sent));
  }
  auto head = co_await (*exchange)->response();
  if (!head) co_return passed(std::move(head));
  co_return Asked{.asked = *asked, .head = std::move(*head)};
}

TEST_P(HttpInterimTest, BodyIsSentOnceItIsAskedFor) {
  const ScriptedServer server({[&](Peer& peer) {
                                peer.read_head();
                                peer.send("HTTP/1.1 100 Continue\r\n\r\n");
                                peer.read_exactly(5);
                                peer.send(ok_hello);
                                peer.wait_for_close();
                              }},
                              server_options());
  const auto asked = run(put_when_asked(client(), server.endpoint(), context()));
  ASSERT_TRUE(asked) << asked.error().to_line();
  EXPECT_EQ(asked->asked, Exchange::Asked::yes);
  EXPECT_EQ(asked->head.status, 200);
}

TEST_P(HttpInterimTest, RefusedHeadCostsNoBody) {
  const ScriptedServer server({[](Peer& peer) {
                                peer.read_head();
                                peer.send("HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n");
                                peer.wait_for_close();
                              }},
                              server_options());
  const auto asked = run(put_when_asked(client(), server.endpoint(), context()));
  ASSERT_TRUE(asked) << asked.error().to_line();
  EXPECT_EQ(asked->asked, Exchange::Asked::answered);
  EXPECT_EQ(asked->head.status, 503);
}

TEST_P(HttpInterimTest, ServerThatNeverAsksGetsTheBody) {
  const ScriptedServer server({[](Peer& peer) {
                                peer.read_head();
                                peer.read_exactly(5);
                                peer.send(ok_hello);
                                peer.wait_for_close();
                              }},
                              server_options());
  const auto asked = run(put_when_asked(client(), server.endpoint(), context()));
  ASSERT_TRUE(asked) << asked.error().to_line();
  EXPECT_EQ(asked->asked, Exchange::Asked::not_yet);
  EXPECT_EQ(asked->head.status, 200);
}

Task<void> fetch_into(Transport& transport, Endpoint endpoint, const Context& context,
                      Result<HttpResponse>& response) {
  const HttpRequest request{.endpoint = std::move(endpoint)};
  response = co_await fetch(transport, request, context);
}

TEST_P(HttpInterimTest, RetryTakesNoSecondStaleConnection) {
  std::atomic<int> waiting{0};
  const auto closes_later = [&waiting](Peer& peer) {
    peer.read_head();
    ++waiting;
    while (waiting < 2) ::poll(nullptr, 0, 1);  // both connections are in use at once
    peer.send(ok_hello);
    peer.read_head();
    peer.reset();
  };
  const ScriptedServer server({closes_later, closes_later, answers({ok_hello})}, server_options());
  Result<HttpResponse> first;
  Result<HttpResponse> second;
  const auto both = [&]() -> Task<void> {
    const Context here = context();
    Group group;
    group.spawn(fetch_into(client(), server.endpoint(), here, first));
    group.spawn(fetch_into(client(), server.endpoint(), here, second));
    co_await group.join();
  };
  loop_.run(both());
  ASSERT_TRUE(first && second);
  const auto stale = run(put(client(), server.endpoint(), 5, context()));
  ASSERT_FALSE(stale) << "a streamed body is not replayed here";
  const auto retried = run(put(client(), server.endpoint(), 5, context()));
  EXPECT_TRUE(retried) << retried.error().to_line();
}

}  // namespace
}  // namespace azs3copy
