// http_client_test.cpp: the HTTP engine against a server that does exactly what each test's script says.
#include <poll.h>

#include <future>
#include <map>

#include "fakes/scripted_transport.hpp"
#include "net/http_client_test_support.hpp"

namespace azs3copy {
namespace {

using namespace http_client_test;

TEST_F(HttpClientTest, KeepsAConnectionForTheNextRequest) {
  const ScriptedServer server({answers({ok_hello, ok_hello})});
  for (int i = 0; i < 2; ++i) {
    const auto response = get(server);
    ASSERT_TRUE(response) << response.error().to_line();
    EXPECT_EQ(response->body, "hello");
  }
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ReplacesAConnectionThatTheServerClosedWhileIdle) {
  const ScriptedServer server({[](Peer& peer) {
                                 peer.read_head();
                                 peer.send(ok_hello);
                               },
                               answers({ok_hello})});
  ASSERT_TRUE(get(server));
  const auto second = get(server);
  ASSERT_TRUE(second) << second.error().to_line();
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, RepeatsARequestThatAStaleConnectionSwallowed) {
  const ScriptedServer server({[](Peer& peer) {
                                 peer.read_head();
                                 peer.send(ok_hello);
                                 peer.read_head();  // the second request, and no reply
                                 peer.reset();
                               },
                               answers({ok_hello})});
  ASSERT_TRUE(get(server));
  const auto second = get(server);
  ASSERT_TRUE(second) << second.error().to_line();
  EXPECT_EQ(second->body, "hello");
}

TEST_F(HttpClientTest, DoesNotRepeatAPostByItself) {
  const ScriptedServer server({[](Peer& peer) {
                                 peer.read_head();
                                 peer.send(ok_hello);
                                 peer.read_head();
                                 peer.reset();
                               },
                               answers({ok_hello})});
  ASSERT_TRUE(get(server));
  const auto second = get(server, Method::post);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::connection);
  EXPECT_EQ(second.error().retry, RetryVerdict::later);
}

TEST_F(HttpClientTest, ReadsChunkedBodiesInAnyPieces) {
  const ScriptedServer server({[](Peer& peer) {
    peer.read_head();
    for (const char c :
         std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x=y\r\n"
                     "0123456789abcdef\r\n0\r\nTrailer: t\r\n\r\n")) {
      peer.send(std::string_view(&c, 1));
    }
    peer.read_head();
    peer.send(ok_hello);
    peer.wait_for_close();
  }});
  const auto response = get(server);
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->body, "abc0123456789abcdef");
  EXPECT_FALSE(response->head.content_length);
  ASSERT_TRUE(get(server));
  EXPECT_EQ(server.connections(), 1)
      << "a chunked reply that was read to its end leaves the connection usable";
}

TEST_F(HttpClientTest, ReadsABodyUntilTheConnectionCloses) {
  const ScriptedServer server({[](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n\r\nall of it");
  }});
  const auto response = get(server);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->body, "all of it");
}

TEST_F(HttpClientTest, ATruncatedBodyIsAnErrorAndNeverAShortBody) {
  for (const char* reply : {"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
                            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\nhello"}) {
    const ScriptedServer server({[reply](Peer& peer) {
      peer.read_head();
      peer.send(reply);
    }});
    const auto response = get(server);
    ASSERT_FALSE(response) << reply;
    EXPECT_EQ(response.error().kind, ErrorKind::connection);
    EXPECT_EQ(response.error().retry, RetryVerdict::later);
  }
}

TEST_F(HttpClientTest, PassesOverInformationalReplies) {
  const ScriptedServer server(
      {answers({"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + ok_hello})});
  const auto response = get(server);
  ASSERT_TRUE(response);
  EXPECT_EQ(response->head.status, 200);
  EXPECT_TRUE(response->head.headers.get("link").empty());
}

TEST_F(HttpClientTest, HeadHasNoBodyWhateverItsLengthSays) {
  const ScriptedServer server(
      {answers({"HTTP/1.1 200 OK\r\nContent-Length: 107374182400\r\n\r\n", ok_hello})});
  const auto response = get(server, Method::head);
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->head.content_length, 107374182400U);
  EXPECT_TRUE(response->body.empty());
  ASSERT_TRUE(get(server));
  EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, GarbageIsAProtocolError) {
  const ScriptedServer server({answers({"SSH-2.0-OpenSSH_9.2\r\n\r\n"})});
  const auto response = get(server);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::protocol);
}

TEST_F(HttpClientTest, AnEndlessHeadIsAProtocolError) {
  const ScriptedServer server({[](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10'000; ++i) peer.send("X-Filler: 0123456789\r\n");
    peer.wait_for_close();
  }});
  const auto response = get(server);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::protocol);
}

TEST_F(HttpClientTest, AServerThatSaysNothingIsGivenUpAfterTheIdleTime) {
  options_.idle_timeout = milliseconds(300);
  const ScriptedServer server({[](Peer& peer) { peer.wait_for_close(); }});
  const auto response = get(server);
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(response.error().retry, RetryVerdict::later);
}

TEST_F(HttpClientTest, WithoutAnIdleTimeAReplyMayTakeForEver) {
  options_.idle_timeout = milliseconds(0);
  const ScriptedServer server({[](Peer& peer) {
    peer.read_head();
    ::poll(nullptr, 0, 350);  // the watchdog looks three times
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
    ::poll(nullptr, 0, 350);
    peer.send("llo");
    peer.wait_for_close();
  }});
  const auto response = get(server);
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->body, "hello");
}

TEST_F(HttpClientTest, ARequestMayWaitLongerThanTheIdleTime) {
  options_.idle_timeout = milliseconds(200);
  const ScriptedServer server({[](Peer& peer) {
    peer.read_head();
    ::poll(nullptr, 0, 700);
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
    peer.wait_for_close();
  }});
  const HttpRequest request{.endpoint = server.endpoint(), .idle_timeout_least = seconds(20)};
  const auto response = run(fetch(client(), request, Context{.clock = loop_}));
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->body, "hello");
}

TEST_F(HttpClientTest, WithoutAnIdleTimeTheDeadlineStillHolds) {
  options_.idle_timeout = milliseconds(0);
  const ScriptedServer server({[](Peer& peer) { peer.wait_for_close(); }});
  const HttpRequest request{.endpoint = server.endpoint()};
  const Context context = Context{.clock = loop_}.with_timeout(milliseconds(300));
  const auto response = run(fetch(client(), request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
}

TEST_F(HttpClientTest, WithoutKeepAliveAConnectionEndsWithItsReply) {
  options_.keep_alive = milliseconds(0);
  std::promise<void> ended;
  const ScriptedServer server({[&ended](Peer& peer) {
                                 peer.read_head();
                                 peer.send(ok_hello);
                                 peer.wait_for_close();
                                 ended.set_value();
                               },
                               answers({ok_hello})});
  ASSERT_TRUE(get(server));
  EXPECT_EQ(ended.get_future().wait_for(seconds(5)), std::future_status::ready);
  ASSERT_TRUE(get(server));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(HttpClientTest, AConnectionIsTooOldByTheClockThatWentOn) {
  options_.keep_alive = seconds(20);
  const ScriptedServer server({answers({ok_hello, ok_hello}), answers({ok_hello}), answers({ok_hello})});
  fakes::FakeClock clock;
  const HttpRequest request{.endpoint = server.endpoint()};
  const Context context = clock.context();
  const auto connections_after = [&](milliseconds steady, milliseconds suspended) {
    clock.advance(steady);
    clock.set_utc(clock.utc() + suspended);
    EXPECT_TRUE(run(fetch(client(), request, context)));
    return server.connections();
  };
  EXPECT_EQ(connections_after(seconds(0), seconds(0)), 1);
  EXPECT_EQ(connections_after(seconds(19), seconds(0)), 1);
  EXPECT_EQ(connections_after(seconds(1), seconds(3600)), 2) << "the machine slept for an hour";
  EXPECT_EQ(connections_after(seconds(21), seconds(-3600)), 3) << "the clock was set back";
}

TEST_F(HttpClientTest, ABodyThatDripsForEverEndsAtTheDeadline) {
  options_.idle_timeout = seconds(30);
  std::atomic<bool> over{false};
  const ScriptedServer server({[&over](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!over) {
      peer.send("x");
      ::poll(nullptr, 0, 20);
    }
  }});
  const HttpRequest request{.endpoint = server.endpoint()};
  const Context context = Context{.clock = loop_}.with_timeout(milliseconds(400));
  const auto response = run(fetch(client(), request, context));
  over = true;
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
}

TEST_F(HttpClientTest, ABodyThatTricklesIsGivenUpThoughItNeverStands) {
  options_.idle_timeout = milliseconds(400);
  std::atomic<bool> over{false};
  const ScriptedServer server({[&over](Peer& peer) {
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
    while (!over) {
      peer.send("x");
      ::poll(nullptr, 0, 20);
    }
  }});
  const auto response = get(server);
  over = true;
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(response.error().retry, RetryVerdict::later);
}

TEST_F(HttpClientTest, AStopEndsAWaitAtOnce) {
  options_.idle_timeout = seconds(60);
  std::stop_source stop;
  const ScriptedServer server({[&stop](Peer& peer) {
    peer.read_head();
    stop.request_stop();
    peer.wait_for_close();
  }});
  const HttpRequest request{.endpoint = server.endpoint()};
  const Context context{.clock = loop_, .stop = stop.get_token()};
  const auto response = run(fetch(client(), request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::cancelled);
}

TEST_F(HttpClientTest, ARefusedConnectionNamesTheAddress) {
  std::uint16_t port = 0;
  {
    const ScriptedServer closed({});
    port = closed.endpoint().port;
  }
  const HttpRequest request{.endpoint = {.host = "127.0.0.1", .port = port, .tls = false}};
  const Context context{.clock = loop_};
  const auto response = run(fetch(client(), request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::connection);
  EXPECT_NE(response.error().to_line().find("127.0.0.1"), std::string::npos);
}

TEST_F(HttpClientTest, AHeaderWithALineEndIsRefusedBeforeAnythingIsSent) {
  const ScriptedServer server({answers({ok_hello})});
  HttpRequest request{.endpoint = server.endpoint()};
  request.headers.add("x-ms-meta-evil", "a\r\nX-Injected: 1");
  const Context context{.clock = loop_};
  const auto response = run(fetch(client(), request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::invalid);
  EXPECT_EQ(server.connections(), 0);
}

Task<Result<HttpResponse>> stream_body(Transport& transport, HttpRequest request, std::size_t& written,
                                       const Context& context) {
  const std::vector<std::byte> piece(64 * KiB);
  auto exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  while (written < *request.streamed_size) {
    const std::size_t count = std::min<std::size_t>(piece.size(), *request.streamed_size - written);
    const auto answered = co_await (*exchange)->write(Bytes(piece).first(count));
    if (!answered) co_return std::unexpected<Error>(answered.error());
    written += count;
    if (*answered) break;
  }
  auto head = co_await (*exchange)->response();
  if (!head) co_return passed(std::move(head));
  co_return HttpResponse{.head = std::move(*head)};
}

TEST_F(HttpClientTest, StreamsABodyOfTheAnnouncedSize) {
  constexpr std::size_t size = 3 * MiB + 17;
  const ScriptedServer server({[](Peer& peer) {
    EXPECT_NE(peer.read_head().find("Content-Length: 3145745\r\n"), std::string::npos);
    peer.read_exactly(size);
    peer.send(ok_hello);
    peer.wait_for_close();
  }});
  std::size_t written = 0;
  const Context context{.clock = loop_};
  const auto response =
      run(stream_body(client(), {.method = Method::put, .endpoint = server.endpoint(), .streamed_size = size},
                      written, context));
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(written, size);
}

TEST_F(HttpClientTest, A503InTheMiddleOfABodyIsSeenAndStopsTheWriting) {
  const ScriptedServer server({[](Peer& peer) {
    peer.read_head();
    peer.read_exactly(256 * KiB);
    peer.send("HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    peer.read_some(1);  // reads no more: the client's send would block for ever
    peer.wait_for_close();
  }});
  std::size_t written = 0;
  const Context context{.clock = loop_};
  const auto response = run(
      stream_body(client(), {.method = Method::put, .endpoint = server.endpoint(), .streamed_size = 1 * GiB},
                  written, context));
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->head.status, 503);
  EXPECT_LT(written, 64 * MiB) << "the refusal must not cost the whole body";
}

TEST_F(HttpClientTest, GoesThroughAProxyWithItsPassword) {
  std::string asked;
  const ScriptedServer proxy({[&asked](Peer& peer) {
    asked = peer.read_head();
    peer.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  }});
  auto settings = proxy_from_environment(
      "http://user:p%40ss@127.0.0.1:" + std::to_string(proxy.endpoint().port), "localhost");
  ASSERT_TRUE(settings);
  options_.proxy = *settings;
  const auto tls = TlsContext::make("");
  ASSERT_TRUE(tls) << tls.error().to_line();
  client_.emplace(loop_, *tls, options_);
  const HttpRequest request{.endpoint = {.host = "acme.blob.core.windows.net", .port = 443}};
  const Context context{.clock = loop_};
  const auto response = run(fetch(*client_, request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::credentials);
  EXPECT_NE(response.error().to_line().find("the proxy 127.0.0.1"), std::string::npos);
  EXPECT_NE(response.error().advice.find("HTTPS_PROXY"), std::string::npos);
  EXPECT_TRUE(asked.starts_with("CONNECT acme.blob.core.windows.net:443 HTTP/1.1\r\n"));
  EXPECT_NE(asked.find("Proxy-Authorization: Basic dXNlcjpwQHNz\r\n"), std::string::npos);
}

TEST_F(HttpClientTest, AProxyThatHangsUpIsAskedAgain) {
  const ScriptedServer proxy({[](Peer& peer) {
    const std::string asked = peer.read_head();
    EXPECT_TRUE(asked.starts_with("CONNECT [fd00::7]:9000 HTTP/1.1\r\n")) << asked;
  }});
  options_.proxy = {.host = "127.0.0.1", .port = proxy.endpoint().port};
  const auto tls = TlsContext::make("");
  ASSERT_TRUE(tls) << tls.error().to_line();
  client_.emplace(loop_, *tls, options_);
  const HttpRequest request{.endpoint = {.host = "fd00::7", .port = 9000}};
  const Context context{.clock = loop_};
  const auto response = run(fetch(*client_, request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::connection);
  EXPECT_EQ(response.error().retry, RetryVerdict::later) << "a proxy that restarts must not end a run";
}

Task<Result<HttpResponse>> ask_early(Transport& transport, HttpRequest request, const Context& context) {
  auto exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  const std::vector<std::byte> piece(1000);
  if (const auto written = co_await (*exchange)->write(piece); !written)
    co_return std::unexpected<Error>(written.error());
  auto head = co_await (*exchange)->response();
  if (!head) co_return passed(std::move(head));
  co_return HttpResponse{.head = std::move(*head)};
}

TEST_F(HttpClientTest, AConnectionThatIsOwedARestOfABodyIsNotUsedAgain) {
  const ScriptedServer server({[](Peer& peer) {
                                 peer.read_head();
                                 peer.read_exactly(1000);
                                 peer.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
                                 // The next head would be taken for the rest of this body.
                                 EXPECT_EQ(peer.read_some(1), 0u);
                               },
                               answers({ok_hello})});
  const Context context{.clock = loop_};
  const auto refused = run(ask_early(
      client(), {.method = Method::put, .endpoint = server.endpoint(), .streamed_size = 5000}, context));
  ASSERT_TRUE(refused) << refused.error().to_line();
  EXPECT_EQ(refused->head.status, 403);
  const auto next = get(server);
  ASSERT_TRUE(next) << next.error().to_line();
  EXPECT_EQ(server.connections(), 2);
}

// A listener whose queue is full: what is sent to it is lost, as behind a firewall that says nothing.
class SilentAddress {
 public:
  explicit SilentAddress(in_addr_t at = INADDR_LOOPBACK, std::uint16_t port = 0) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(at);
    address.sin_port = htons(port);
    socklen_t size = sizeof address;
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    ::listen(listener_, 0);
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    for (int& waiting : queue_) {
      waiting = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      (void)::connect(waiting, reinterpret_cast<sockaddr*>(&address), size);
    }
  }
  ~SilentAddress() {
    for (const int waiting : queue_) ::close(waiting);
    ::close(listener_);
  }
  SilentAddress(const SilentAddress&) = delete;
  SilentAddress& operator=(const SilentAddress&) = delete;
  Endpoint endpoint() const { return {.host = "127.0.0.1", .port = port_, .tls = false}; }

 private:
  int listener_ = -1;
  int queue_[4] = {-1, -1, -1, -1};
  std::uint16_t port_ = 0;
};

TEST_F(HttpClientTest, AnAddressThatSwallowsEverythingIsGivenUpAfterTheConnectTimeOut) {
  options_.connect_timeout = milliseconds(300);
  options_.idle_timeout = seconds(60);
  const SilentAddress nowhere;
  const HttpRequest request{.endpoint = nowhere.endpoint()};
  const Context context{.clock = loop_};
  const auto started = Steady::now();
  const auto response = run(fetch(client(), request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
  EXPECT_EQ(response.error().retry, RetryVerdict::later);
  EXPECT_NE(response.error().message.find("no connection within 0.3 s"), std::string::npos)
      << response.error().to_line();
  EXPECT_LT(Steady::now() - started, seconds(10));
}

TEST_F(HttpClientTest, TheDeadlineCountsWhileConnectingToo) {
  options_.connect_timeout = seconds(60);
  const SilentAddress nowhere;
  const HttpRequest request{.endpoint = nowhere.endpoint()};
  const Context context = Context{.clock = loop_}.with_timeout(milliseconds(300));
  const auto response = run(fetch(client(), request, context));
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().kind, ErrorKind::timed_out);
}

// 127.0.0.2 and so on: addresses of this machine that nothing else listens on.
constexpr in_addr_t second_loopback = INADDR_LOOPBACK + 1;

TEST_F(HttpClientTest, SpreadsItsConnectionsOverAllAddressesOfAName) {
  std::mutex mutex;
  std::map<std::string, int> seen;
  const auto closes = [&](Peer& peer) {
    {
      const std::lock_guard lock(mutex);
      ++seen[peer.local_address()];
    }
    peer.read_head();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  };
  const ScriptedServer server(std::vector<ScriptedServer::Script>(6, closes), {.listens_on = INADDR_ANY});
  options_.hosts = {{"many.test", "127.0.0.1"}, {"many.test", "127.0.0.2"}, {"many.test", "127.0.0.3"}};
  Endpoint endpoint = server.endpoint();
  endpoint.host = "many.test";
  const HttpRequest request{.endpoint = endpoint};
  const Context context{.clock = loop_};
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(run(fetch(client(), request, context)));
  const std::lock_guard lock(mutex);
  EXPECT_EQ(seen, (std::map<std::string, int>{{"127.0.0.1", 2}, {"127.0.0.2", 2}, {"127.0.0.3", 2}}))
      << "one address of a service takes what all could carry";
}

TEST_F(HttpClientTest, GoesOnWithTheNextAddressWhereOneRefuses) {
  const ScriptedServer server({answers({ok_hello})});
  Endpoint endpoint = server.endpoint();
  endpoint.host = "half.test";
  options_.hosts = {{"half.test", "127.0.0.2"}, {"half.test", "127.0.0.1"}};
  const HttpRequest request{.endpoint = endpoint};
  const Context context{.clock = loop_};
  const auto response = run(fetch(client(), request, context));
  ASSERT_TRUE(response) << response.error().to_line();
  EXPECT_EQ(response->body, "hello");
}

Task<void> fetch_into(Transport& transport, const HttpRequest& request, const Context& context,
                      Result<HttpResponse>& response) {
  response = co_await fetch(transport, request, context);
}
Task<void> fetch_side_by_side(Transport& transport, const HttpRequest& request, const Context& context,
                              std::vector<Result<HttpResponse>>& responses) {
  Group group;
  for (Result<HttpResponse>& response : responses)
    group.spawn(fetch_into(transport, request, context, response));
  co_await group.join();
}

TEST_F(HttpClientTest, EachConnectionTriesEachAddressThoughOthersConnectBesideIt) {
  const ScriptedServer server({answers({ok_hello}), answers({ok_hello})});
  const SilentAddress silent(second_loopback, server.endpoint().port);
  Endpoint endpoint = server.endpoint();
  endpoint.host = "half.test";
  options_.connect_timeout = milliseconds(300);
  options_.hosts = {{"half.test", "127.0.0.2"}, {"half.test", "127.0.0.1"}};
  const HttpRequest request{.endpoint = endpoint};
  const Context context{.clock = loop_};
  std::vector<Result<HttpResponse>> responses(2);
  run([](Task<void> all) -> Task<bool> {
    co_await std::move(all);
    co_return true;
  }(fetch_side_by_side(client(), request, context, responses)));
  for (const auto& response : responses) {
    ASSERT_TRUE(response) << response.error().to_line() << ": one of two tried the silent address twice";
  }
}

TEST(Tls, ABundleThatIsNotThereIsNamed) {
  const auto tls = TlsContext::make("/no/such/bundle.pem");
  ASSERT_FALSE(tls);
  EXPECT_NE(tls.error().to_line().find("/no/such/bundle.pem"), std::string::npos);
}

TEST(LoopTest, SleepsEndAtTheDeadlineAndOnStop) {
  Loop loop;
  std::stop_source stop;
  Result<> stopped;
  Result<> late;
  const auto started = Steady::now();
  const auto sleeper = [](Loop& on, Context context, Result<>& out) -> Task<void> {
    out = co_await on.sleep(seconds(60), context);
  };
  const auto stopper = [](Loop& on, std::stop_source source) -> Task<void> {
    (void)co_await on.sleep(milliseconds(50), Context{.clock = on});
    source.request_stop();
  };
  const auto all = [&](Loop& on) -> Task<void> {
    Group group;
    group.spawn(sleeper(on, Context{.clock = on, .stop = stop.get_token()}, stopped));
    group.spawn(sleeper(on, Context{.clock = on}.with_timeout(milliseconds(200)), late));
    group.spawn(stopper(on, stop));
    co_await group.join();
  };
  loop.run(all(loop));
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().kind, ErrorKind::cancelled);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::timed_out);
  EXPECT_LT(Steady::now() - started, seconds(5));
}

}  // namespace
}  // namespace azs3copy
