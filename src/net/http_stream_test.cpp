// http_stream_test.cpp: streams that last several times the idle time-out, on both sides, plain and under TLS.
#include <poll.h>

#include <future>

#include "net/http_client_test_support.hpp"

namespace azs3copy {
namespace {

using namespace http_client_test;

constexpr milliseconds idle{1000};

class HttpStreamTest : public HttpClientTest, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    options_.idle_timeout = idle;
    if (!GetParam()) return;
    auto tls = TlsContext::make(fakes::TestCertificates::instance().ca_path());
    ASSERT_TRUE(tls) << tls.error().to_line();
    tls_ = std::move(*tls);
  }
};

std::string name_of(const ::testing::TestParamInfo<bool>& info) {
  return info.param ? "Tls" : "Plain";
}
INSTANTIATE_TEST_SUITE_P(All, HttpStreamTest, ::testing::Bool(), name_of);

// A body of `burst` bytes at once, then `pieces` of 16 KiB with a pause before each.
struct SlowBody {
  std::size_t burst = 0;
  std::size_t pieces = 0;
  milliseconds pause{0};
  std::size_t size() const { return burst + pieces * 16 * KiB; }
};

Task<Result<ResponseHead>> write_slowly(Transport& transport, Endpoint endpoint, SlowBody body, Loop& loop) {
  const Context context{.clock = loop};
  const HttpRequest request{
      .method = Method::put, .endpoint = std::move(endpoint), .streamed_size = body.size()};
  auto exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  const std::vector<std::byte> burst(body.burst);
  if (auto sent = co_await (*exchange)->write(burst); !sent) co_return passed(std::move(sent));
  const std::vector<std::byte> piece(16 * KiB);
  for (std::size_t i = 0; i < body.pieces; ++i) {
    if (auto slept = co_await loop.sleep(body.pause, context); !slept) co_return passed(std::move(slept));
    if (auto sent = co_await (*exchange)->write(piece); !sent) co_return passed(std::move(sent));
  }
  co_return co_await (*exchange)->response();
}

TEST_P(HttpStreamTest, SlowSourceOutlivesTheIdleTime) {
  const SlowBody body{.burst = 6 * MiB, .pieces = 60, .pause = milliseconds(50)};
  const ScriptedServer server({[&](Peer& peer) {
                                peer.read_head();
                                ::poll(nullptr, 0, 100);  // the client must wait for it, once
                                peer.read_exactly(body.size());
                                ::poll(nullptr, 0, 50);
                                peer.send(ok_hello);
                                peer.wait_for_close();
                              }},
                              {.tls = GetParam()});
  const auto head = run(write_slowly(client(), server.endpoint(), body, loop_));
  ASSERT_TRUE(head) << head.error().to_line();
  EXPECT_EQ(head->status, 200);
}

Task<Result<std::size_t>> read_slowly(Transport& transport, Endpoint endpoint, std::size_t burst,
                                      std::promise<void>& burst_is_read, Loop& loop) {
  const Context context{.clock = loop};
  const HttpRequest request{.endpoint = std::move(endpoint)};
  auto exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  const auto head = co_await (*exchange)->response();
  if (!head) co_return std::unexpected<Error>(head.error());
  std::vector<std::byte> buffer(128 * KiB);
  for (std::size_t total = 0;;) {
    const auto got = co_await (*exchange)->read(buffer);
    if (!got) co_return std::unexpected<Error>(got.error());
    if (*got == 0) co_return total;
    const bool was_in_burst = total < burst;
    total += *got;
    if (was_in_burst && total >= burst) burst_is_read.set_value();
    if (auto slept = co_await loop.sleep(milliseconds(10), context); !slept)
      co_return passed(std::move(slept));
  }
}

TEST_P(HttpStreamTest, SlowDestinationOutlivesTheIdleTime) {
  constexpr std::size_t burst = 16 * MiB;
  std::promise<void> burst_is_read;
  const ScriptedServer server({[&](Peer& peer) {
                                peer.read_head();
                                peer.send("HTTP/1.1 200 OK\r\nContent-Length: 16777221\r\n\r\n");
                                peer.send(std::string(burst, 'x'));
                                burst_is_read.get_future().wait_for(seconds(20));
                                ::poll(nullptr, 0, 50);  // the client must wait again, for a moment
                                peer.send("hello");
                                peer.wait_for_close();
                              }},
                              {.tls = GetParam()});
  const auto read = run(read_slowly(client(), server.endpoint(), burst, burst_is_read, loop_));
  ASSERT_TRUE(read) << read.error().to_line();
  EXPECT_EQ(*read, burst + 5);
}

TEST_P(HttpStreamTest, BytesThatTheKernelStillSendsCount) {
  const SlowBody body{.burst = 2 * MiB};
  const ScriptedServer server({[&](Peer& peer) {
                                peer.read_head();
                                for (std::size_t got = 0; got < body.size();) {
                                  got += peer.read_some(16 * KiB);
                                  ::poll(nullptr, 0, 25);
                                }
                                peer.send(ok_hello);
                                peer.wait_for_close();
                              }},
                              {.tls = GetParam(), .receive_buffer_bytes = 64 * 1024});
  const auto head = run(write_slowly(client(), server.endpoint(), body, loop_));
  ASSERT_TRUE(head) << head.error().to_line();
  EXPECT_EQ(head->status, 200);
}

TEST_P(HttpStreamTest, PeerThatStopsReadingIsGivenUp) {
  const SlowBody body{.burst = 16 * MiB};
  std::promise<void> is_over;
  const ScriptedServer server({[&](Peer& peer) {
                                peer.read_head();
                                is_over.get_future().wait_for(seconds(20));
                              }},
                              {.tls = GetParam(), .receive_buffer_bytes = 64 * 1024});
  const auto started = Steady::now();
  const auto head = run(write_slowly(client(), server.endpoint(), body, loop_));
  is_over.set_value();
  ASSERT_FALSE(head);
  EXPECT_EQ(head.error().kind, ErrorKind::timed_out);
  EXPECT_LT(Steady::now() - started, seconds(10));
}

// Blocks the loop's thread, as a suspension does; then lets the server answer.
Task<void> hold_loop_up(Loop& loop, std::promise<void>& is_over) {
  (void)co_await loop.sleep(milliseconds(50), Context{.clock = loop});
  ::poll(nullptr, 0, 2500);
  is_over.set_value();
}
Task<void> fetch_into(Transport& transport, HttpRequest request, Loop& loop, Result<HttpResponse>& response) {
  const Context context{.clock = loop};
  response = co_await fetch(transport, request, context);
}

TEST_P(HttpStreamTest, ReplyAfterASuspensionIsRead) {
  std::promise<void> is_over;
  const ScriptedServer server({[&](Peer& peer) {
                                peer.read_head();
                                is_over.get_future().wait_for(seconds(20));
                                ::poll(nullptr, 0, 200);
                                peer.send(ok_hello);
                                peer.wait_for_close();
                              }},
                              {.tls = GetParam()});
  Result<HttpResponse> response;
  const auto both = [&](HttpRequest request) -> Task<void> {
    Group group;
    group.spawn(fetch_into(client(), std::move(request), loop_, response));
    group.spawn(hold_loop_up(loop_, is_over));
    co_await group.join();
  };
  loop_.run(both({.endpoint = server.endpoint()}));
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->body, "hello");
}

}  // namespace
}  // namespace azs3copy
