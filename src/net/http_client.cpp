// http_client.cpp: the pool and the exchange.
#include "net/http_client.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <cassert>
#include <cstring>
#include <deque>

#include "core/age.hpp"
#include "net/connection.hpp"
#include "net/resolver.hpp"
#include "net/response_parser.hpp"

namespace azs3copy {

namespace {

using TcpEndpoint = asio::ip::tcp::endpoint;

constexpr std::size_t sessions_kept_max = 8;  // tickets of TLS 1.3 serve once each
constexpr std::size_t head_bytes_max = 32 * KiB;
constexpr int interim_replies_max = 1'000;
constexpr std::size_t proxy_head_bytes_max = 16 * KiB;
constexpr milliseconds addresses_kept{60'000};

struct SessionFree {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
using Session = std::unique_ptr<SSL_SESSION, SessionFree>;

void add(std::atomic<std::uint64_t>& counter, std::uint64_t amount) {
  // One writer: no locked instruction is needed.
  counter.store(counter.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
}

// All that is kept of one endpoint.
struct EndpointPool {
  explicit EndpointPool(Endpoint of) : endpoint(std::move(of)) {}

  struct Idle {
    std::unique_ptr<Connection> connection;
    Moment since;
  };

  Endpoint endpoint;
  std::vector<TcpEndpoint> addresses;
  std::size_t next_address = 0;
  Moment resolved{};
  std::vector<Idle> idle;  // the last used at the back
  std::deque<Session> sessions;
  bool was_asked_for_tls = false;  // see speaks_tls
  bool speaks_tls = false;
  TrafficCounters counters;

  std::unique_ptr<Connection> take(milliseconds keep_alive, const Clock& clock) {
    while (!idle.empty()) {
      Idle last = std::move(idle.back());
      idle.pop_back();
      if (last.since.age(clock) < keep_alive && last.connection->healthy()) return std::move(last.connection);
    }
    return nullptr;
  }
};

int pool_index() {
  static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
  return index;
}

// OpenSSL gives each new session here, while its connection reads.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* pool = static_cast<EndpointPool*>(SSL_get_ex_data(ssl, pool_index()));
  if (pool == nullptr) return 0;
  pool->sessions.emplace_back(session);
  if (pool->sessions.size() > sessions_kept_max) pool->sessions.pop_front();
  return 1;
}

// A header or target with a line end in it would be another request.
bool fits_header(std::string_view text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 && c != '\t') return false;
    if (c == 0x7f) return false;
  }
  return true;
}

Result<std::string> serialise(const HttpRequest& request, const std::string& user_agent) {
  std::string head;
  head.reserve(1536);
  head.append(to_string(request.method)).append(" ").append(request.target).append(" HTTP/1.1\r\nHost: ");
  head.append(request.endpoint.authority()).append("\r\nUser-Agent: ").append(user_agent).append("\r\n");
  if (!fits_header(request.target))
    return fail(ErrorKind::invalid, "a control character in a request target");
  for (const auto& [name, value] : request.headers) {
    if (!fits_header(name) || !fits_header(value)) {
      return fail(ErrorKind::invalid, fmt::format("a control character in the header {}", name));
    }
    head.append(name).append(": ").append(value).append("\r\n");
  }
  const bool has_body = request.method == Method::put || request.method == Method::post;
  if (has_body || request.streamed_size || !request.body.empty()) {
    fmt::format_to(std::back_inserter(head), "Content-Length: {}\r\n",
                   request.streamed_size.value_or(request.body.size()));
  }
  return head.append("\r\n");
}

}  // namespace

struct HttpClient::Impl {
  Loop& loop;
  std::shared_ptr<TlsContext> tls;
  HttpClientOptions options;
  BufferPool buffers;
  std::deque<EndpointPool> pools;  // addresses stay

  EndpointPool& pool(const Endpoint& endpoint) {
    for (EndpointPool& known : pools) {
      if (known.endpoint == endpoint) return known;
    }
    return pools.emplace_back(endpoint);
  }

  Task<Result<>> resolve(EndpointPool& pool, const Context& context);
  Task<Result<std::unique_ptr<Connection>>> connect(EndpointPool& pool, const Context& context);
  Task<Result<std::unique_ptr<Connection>>> connect_to(EndpointPool& pool, TcpEndpoint address,
                                                       const Context& context);
  Task<Result<>> tunnel(Connection& connection, const Endpoint& endpoint);
  Task<bool> speaks_tls(EndpointPool& pool, const Context& context);
};

namespace {

class HttpExchange final : public Exchange {
 public:
  HttpExchange(HttpClient::Impl& client, EndpointPool& pool, const HttpRequest& request, std::string head,
               const Context& context)
      : client_(client),
        pool_(pool),
        head_(std::move(head)),
        body_(request.body),
        method_(request.method),
        idle_timeout_least_(request.idle_timeout_least),
        streamed_left_(request.streamed_size.value_or(0)),
        replayable_(request.replayable && !request.streamed_size && request.method != Method::post),
        context_(context),
        parser_(std::in_place, request.method == Method::head) {}

  ~HttpExchange() override {
    client_.buffers.give(std::move(buffer_));
    if (!connection_) return;
    count_traffic();
    if (!finished_ || !keep_alive_ || client_.options.keep_alive == milliseconds(0)) return;
    connection_->release_buffers();
    pool_.idle.push_back({std::move(connection_), Moment::now(context_.clock)});
  }

  // Takes or opens a connection and sends the head, and the body where it is not streamed.
  Task<Result<>> open() {
    connection_ = pool_.take(client_.options.keep_alive, context_.clock);
    reused_ = connection_ != nullptr;
    if (!reused_) {
      if (Result<> connected = co_await open_fresh(); !connected) co_return connected;
    }
    Result<> sent = co_await send();
    if (sent) co_return sent;
    forget_stale(sent.error());
    if (may_replay(sent.error())) sent = co_await replay();
    co_return sent;
  }

  Task<Result<bool>> write(Bytes bytes) override {
    assert(bytes.size() <= streamed_left_ && "a streamed body is as long as it was announced");
    Result<bool> answered = co_await send_body(bytes, bytes.size() == streamed_left_);
    if (!answered) forget_stale(answered.error());
    if (!answered) co_return answered;
    streamed_left_ -= bytes.size();
    if (*answered) stop_writing();
    co_return answered;
  }

  Task<Result<Asked>> await_continue(milliseconds limit) override {
    const Steady::time_point until = Steady::now() + limit;
    if (Result<> flushed = co_await connection_->flush(); !flushed) co_return passed(std::move(flushed));
    for (;;) {
      const auto left = std::chrono::ceil<milliseconds>(until - Steady::now());
      if (Result<> waited = co_await connection_->await_answer(left); !waited)
        co_return passed(std::move(waited));
      if (!connection_->answered()) co_return Asked::not_yet;
      const Result<bool> is_final = co_await is_final_reply();
      if (!is_final) co_return std::unexpected<Error>(is_final.error());
      if (*is_final) {
        stop_writing();
        co_return Asked::answered;
      }
      if (asked_for_body_) co_return Asked::yes;
    }
  }

  Task<Result<ResponseHead>> response() override {
    // An answer may be asked for before the body is whole: only the head has gone then.
    if (streamed_left_ > 0 && sent_whole_) {
      sent_whole_ = false;
      if (Result<> flushed = co_await connection_->flush(); !flushed) co_return passed(std::move(flushed));
    }
    for (;;) {
      Result<> got = co_await read_head();
      if (!got) forget_stale(got.error());
      if (!got && may_replay(got.error())) {
        if (Result<> again = co_await replay(); !again) co_return passed(std::move(again));
        continue;
      }
      if (!got) co_return std::unexpected<Error>(co_await explained(std::move(got.error())));
      if (parser_->head.status / 100 != 1) break;
      if (Result<> passed_over = pass_over_interim(); !passed_over) co_return passed(std::move(passed_over));
    }
    begin_body();
    co_return std::move(parser_->head);
  }

  Task<Result<std::size_t>> read(MutableBytes buffer) override {
    if (finished_) co_return std::size_t{0};
    if (left_) co_return co_await read_counted(buffer);
    co_return co_await read_parsed(buffer);
  }

 private:
  Task<Result<>> open_fresh() {
    Result<std::unique_ptr<Connection>> fresh = co_await client_.connect(pool_, context_);
    if (!fresh) co_return passed(std::move(fresh));
    connection_ = std::move(*fresh);
    counted_read_ = counted_written_ = 0;
    co_return Result<>{};
  }

  Task<Result<>> send() {
    add(pool_.counters.requests[static_cast<std::size_t>(method_)], 1);
    counted_read_ = connection_->bytes_read();
    counted_written_ = connection_->bytes_written();
    connection_->set_limits(context_.deadline, context_.stop);
    const milliseconds idle = client_.options.idle_timeout;  // 0: none
    connection_->set_idle_timeout(idle == milliseconds(0) ? idle : std::max(idle, idle_timeout_least_));
    Result<std::size_t> taken = co_await connection_->write(bytes_of(head_), false);
    if (!taken) co_return passed(std::move(taken));
    if (streamed_left_ > 0) co_return Result<>{};  // the head leaves with the body's first bytes
    const Result<bool> answered = co_await send_body(body_, true);
    if (!answered) co_return std::unexpected<Error>(answered.error());
    if (*answered) stop_writing();
    co_return Result<>{};
  }

  // Sends `bytes`, and after the last ones all that is buffered. True: the final reply has started to come.
  Task<Result<bool>> send_body(Bytes bytes, bool is_last) {
    for (;;) {
      const Result<std::size_t> taken = co_await connection_->write(bytes, true);
      if (!taken) co_return std::unexpected<Error>(taken.error());
      bytes = bytes.subspan(*taken);
      if (bytes.empty() && is_last && !connection_->answered()) {
        if (Result<> flushed = co_await connection_->flush(); !flushed) co_return passed(std::move(flushed));
      }
      if (!connection_->answered()) co_return false;
      Result<bool> is_final = co_await is_final_reply();
      if (!is_final || *is_final) co_return is_final;
    }
  }

  // Reads what the server sent while it was written to, without waiting; takes interim replies away.
  Task<Result<bool>> is_final_reply() {
    constexpr std::size_t class_at = std::string_view("HTTP/1.1 ").size();
    const Result<std::size_t> got = co_await receive();
    if (!got || *got == 0) co_return true;  // response() reports it
    while (begin_ < end_) {
      const Bytes unread = Bytes(buffer_).subspan(begin_, end_ - begin_);
      if (unread.size() > class_at && unread[class_at] != std::byte{'1'}) co_return true;
      std::size_t none = 0;
      const Result<std::size_t> taken = parser_->feed(unread, {}, none);
      if (!taken) co_return std::unexpected<Error>(taken.error());
      begin_ += *taken;
      if (!parser_->is_header_done()) break;
      if (Result<> passed_over = pass_over_interim(); !passed_over) co_return passed(std::move(passed_over));
    }
    connection_->continue_writing();
    co_return false;
  }

  // 100 Continue, 102 Processing, 103 Early Hints.
  Result<> pass_over_interim() {
    if (parser_->head.status == 100) asked_for_body_ = true;
    if (++interim_replies_ > interim_replies_max)
      return fail(ErrorKind::protocol, "the server sends one interim reply after the other");
    parser_.emplace(method_ == Method::head);
    return {};
  }

  // The rest of the body is not sent, so no other request can follow.
  void stop_writing() {
    keep_alive_ = false;
    sent_whole_ = false;
  }

  bool is_stale(const Error& error) const {
    return reused_ && !any_reply_ && error.kind == ErrorKind::connection;
  }
  bool may_replay(const Error& error) const { return replayable_ && is_stale(error); }
  // Others were probably closed at the same moment: the next attempt must not take one of them.
  void forget_stale(const Error& error) {
    if (is_stale(error)) pool_.idle.clear();
  }

  // The server had closed an idle connection as we wrote to it: nothing was processed.
  Task<Result<>> replay() {
    count_traffic();
    connection_.reset();
    reused_ = false;
    keep_alive_ = true;
    begin_ = end_ = 0;
    parser_.emplace(method_ == Method::head);
    if (Result<> connected = co_await open_fresh(); !connected) co_return connected;
    co_return co_await send();
  }

  // Reads more of the reply into the buffer; 0 at the end of the connection.
  Task<Result<std::size_t>> receive() {
    if (begin_ == end_) begin_ = end_ = 0;
    if (buffer_.empty()) buffer_ = client_.buffers.take(head_bytes_max);
    if (end_ == buffer_.size() && begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) co_return fail(ErrorKind::protocol, "the reply's head is too long");
    const MutableBytes room = MutableBytes(buffer_).subspan(end_);
    // A head that has begun must come on;
    // a chunked body may pause, as CompleteMultipartUpload's does for minutes.
    const bool in_head = begin_ < end_ && !parser_->is_header_done();
    const Result<std::size_t> got =
        co_await (in_head ? connection_->read_body(room) : connection_->read(room));
    if (got) end_ += *got;
    if (got && *got > 0) any_reply_ = true;
    co_return got;
  }

  // A TLS server closes at a plain request without a word that says why, or sends an alert.
  Task<Error> explained(Error error) {
    const bool is_silent = !any_reply_ && error.kind == ErrorKind::connection;
    const bool is_alert = connection_->peer_speaks() == Connection::Speaks::tls;
    if (pool_.endpoint.tls || reused_ || !(is_silent || is_alert)) co_return error;
    if (!is_alert && !co_await client_.speaks_tls(pool_, context_)) co_return error;
    co_return fail(ErrorKind::invalid, "the server expects https, and was asked over http",
                   pool_.endpoint.authority(), "Write the address with https://.")
        .error();
  }

  Task<Result<>> read_head() {
    while (!parser_->is_header_done()) {
      if (begin_ < end_) {
        std::size_t none = 0;
        const Result<std::size_t> taken =
            parser_->feed(Bytes(buffer_).subspan(begin_, end_ - begin_), {}, none);
        if (!taken) co_return std::unexpected<Error>(taken.error());
        begin_ += *taken;
        if (parser_->is_header_done()) break;
      }
      const Result<std::size_t> got = co_await receive();
      if (!got) co_return std::unexpected<Error>(got.error());
      if (*got == 0) {
        co_return closed_early(any_reply_ ? "the server closed the connection in the middle of its reply"
                                          : "the server closed the connection without a reply");
      }
    }
    co_return Result<>{};
  }

  void begin_body() {
    if (!parser_->keep_alive()) keep_alive_ = false;
    const int status = parser_->head.status;
    if (method_ == Method::head || status == 204 || status == 304) {
      finish();
    } else if (parser_->head.content_length) {
      left_ = *parser_->head.content_length;
      if (*left_ == 0) finish();
    }
  }

  // A body of known length goes past the parser, straight from the connection to the caller.
  Task<Result<std::size_t>> read_counted(MutableBytes buffer) {
    buffer = buffer.first(std::min<std::uint64_t>(buffer.size(), *left_));
    std::size_t count = 0;
    if (begin_ < end_) {
      count = std::min(buffer.size(), end_ - begin_);
      std::memcpy(buffer.data(), buffer_.data() + begin_, count);
      begin_ += count;
    } else {
      client_.buffers.give(std::exchange(buffer_, {}));
      begin_ = end_ = 0;
      const Result<std::size_t> got = co_await connection_->read_body(buffer);
      if (!got) co_return got;
      if (*got == 0) co_return closed_early("the server closed the connection in the middle of a body");
      count = *got;
    }
    *left_ -= count;
    if (*left_ == 0) finish();
    co_return count;
  }

  // Chunked, or until the connection closes.
  Task<Result<std::size_t>> read_parsed(MutableBytes buffer) {
    for (;;) {
      if (begin_ < end_) {
        std::size_t count = 0;
        const Result<std::size_t> taken =
            parser_->feed(Bytes(buffer_).subspan(begin_, end_ - begin_), buffer, count);
        if (!taken) co_return std::unexpected<Error>(taken.error());
        begin_ += *taken;
        if (parser_->is_done()) finish();
        if (count > 0 || finished_) co_return count;
        if (*taken > 0 && begin_ < end_) continue;
      }
      if (parser_->is_done()) {
        finish();
        co_return std::size_t{0};
      }
      const Result<std::size_t> got = co_await receive();
      if (!got) co_return got;
      if (*got == 0) {
        ResponseParser::ErrorCode error;
        parser_->put_eof(error);
        keep_alive_ = false;
        if (error) co_return closed_early("the server closed the connection in the middle of a body");
        finished_ = true;
        co_return std::size_t{0};
      }
    }
  }

  std::unexpected<Error> closed_early(std::string what) {
    auto error = fail(ErrorKind::connection, std::move(what));
    error.error().retry = RetryVerdict::later;
    return error;
  }

  void finish() {
    finished_ = true;
    if (begin_ < end_) keep_alive_ = false;       // more came than was asked for
    if (streamed_left_ > 0) keep_alive_ = false;  // the next head would be taken for the rest of the body
  }

  void count_traffic() {
    if (!connection_) return;
    add(pool_.counters.bytes_read, connection_->bytes_read() - counted_read_);
    add(pool_.counters.bytes_written, connection_->bytes_written() - counted_written_);
  }

  HttpClient::Impl& client_;
  EndpointPool& pool_;
  std::string head_;
  Bytes body_;
  Method method_;
  milliseconds idle_timeout_least_;
  std::uint64_t streamed_left_;
  bool replayable_;
  Context context_;
  std::unique_ptr<Connection> connection_;
  bool reused_ = false;
  bool any_reply_ = false;
  bool sent_whole_ = true;
  bool asked_for_body_ = false;  // 100 Continue has come
  int interim_replies_ = 0;
  bool keep_alive_ = true;
  bool finished_ = false;
  std::optional<std::uint64_t> left_;  // of a body of known length
  BufferPool::Buffer buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::optional<ResponseParser> parser_;
  std::uint64_t counted_read_ = 0;
  std::uint64_t counted_written_ = 0;
};

}  // namespace

// ---- opening connections

Task<Result<>> HttpClient::Impl::resolve(EndpointPool& pool, const Context& context) {
  if (!pool.addresses.empty() && pool.resolved.age(context.clock) < addresses_kept) co_return Result<>{};
  const bool proxied = options.proxy.applies_to(pool.endpoint);
  const std::string& host = proxied ? options.proxy.host : pool.endpoint.host;
  const std::uint16_t port = proxied ? options.proxy.port : pool.endpoint.port;
  Result<std::vector<TcpEndpoint>> found;
  for (const auto& [name, address] : options.hosts) {
    if (name == host) found->emplace_back(asio::ip::make_address(address), port);
  }
  if (found->empty()) {
    found = co_await resolve_host(loop, host, port, context.with_timeout(options.connect_timeout));
  }
  if (!found) {
    // Addresses that served a minute ago are better than none.
    if (pool.addresses.empty()) co_return passed(std::move(found));
  } else {
    pool.addresses = std::move(*found);
  }
  pool.resolved = Moment::now(context.clock);
  co_return Result<>{};
}

Task<Result<std::unique_ptr<Connection>>> HttpClient::Impl::connect(EndpointPool& pool,
                                                                    const Context& context) {
  if (Result<> go = context.check(); !go) co_return passed(std::move(go));
  if (Result<> resolved = co_await resolve(pool, context); !resolved) {
    const bool proxied = options.proxy.applies_to(pool.endpoint);
    co_return failed(std::move(resolved), "connect",
                     pool.endpoint.host + (proxied ? " (through the proxy " + options.proxy.host + ")" : ""));
  }
  // Each begins one address further and goes round by itself: many connect side by side.
  const std::size_t first = pool.next_address++;
  const std::size_t tries = pool.addresses.size();
  for (std::size_t i = 1;; ++i) {
    const TcpEndpoint address = pool.addresses[(first + i - 1) % pool.addresses.size()];
    Result<std::unique_ptr<Connection>> connection = co_await connect_to(pool, address, context);
    if (connection) co_return connection;
    if (i >= tries || connection.error().retry == RetryVerdict::never) {
      const bool proxied = options.proxy.applies_to(pool.endpoint);
      co_return failed(std::move(connection), "connect",
                       fmt::format("{} ({}{}:{})", pool.endpoint.authority(),
                                   proxied ? "through the proxy " + options.proxy.host + ", " : "",
                                   address.address().to_string(), address.port()));
    }
  }
}

Task<Result<std::unique_ptr<Connection>>> HttpClient::Impl::connect_to(EndpointPool& pool,
                                                                       TcpEndpoint address,
                                                                       const Context& context) {
  auto connection = std::make_unique<Connection>(loop, buffers);
  connection->set_limits(std::min(context.deadline, Steady::now() + options.connect_timeout), context.stop);
  if (Result<> open = co_await connection->connect(address, options.connect_timeout); !open) {
    co_return passed(std::move(open));
  }
  add(pool.counters.connections, 1);
  connection->set_idle_timeout(options.connect_timeout);
  if (!pool.endpoint.tls) co_return connection;
  if (options.proxy.applies_to(pool.endpoint)) {
    if (Result<> through = co_await tunnel(*connection, pool.endpoint); !through)
      co_return passed(std::move(through));
  }
  Session session;
  if (!pool.sessions.empty()) {
    session = std::move(pool.sessions.back());
    pool.sessions.pop_back();
  }
  if (Result<> secure = co_await connection->handshake(tls->handle(), pool.endpoint.host, session.get());
      !secure) {
    co_return passed(std::move(secure));
  }
  SSL* const ssl = connection->ssl();
  SSL_set_ex_data(ssl, pool_index(), &pool);
  // TLS 1.2 gave its session in the handshake, before the pool was known.
  if (SSL_version(ssl) < TLS1_3_VERSION) keep_session(ssl, SSL_get1_session(ssl));
  co_return connection;
}

Task<Result<>> HttpClient::Impl::tunnel(Connection& connection, const Endpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  const std::string target =
      fmt::format("{0}{1}{2}:{3}", is_v6 ? "[" : "", endpoint.host, is_v6 ? "]" : "", endpoint.port);
  std::string head = fmt::format("CONNECT {} HTTP/1.1\r\nHost: {}\r\n", target, target);
  if (!options.proxy.authorization.empty()) {
    head += fmt::format("Proxy-Authorization: {}\r\n", options.proxy.authorization.reveal());
  }
  head += "\r\n";
  if (Result<std::size_t> sent = co_await connection.write(bytes_of(head), false); !sent)
    co_return passed(std::move(sent));
  if (Result<> sent = co_await connection.flush(); !sent) co_return sent;
  // One byte at a time: what follows the head belongs to TLS. A head is short and comes once a connection.
  std::string reply;
  while (!reply.ends_with("\r\n\r\n")) {
    std::array<std::byte, 1> byte{};
    const Result<std::size_t> got = co_await connection.read(byte);
    if (!got) co_return std::unexpected<Error>(got.error());
    if (*got == 0 || reply.size() > proxy_head_bytes_max) {
      auto error = fail(ErrorKind::connection, "the proxy gave no reply");
      error.error().retry = RetryVerdict::later;
      co_return error;
    }
    reply += static_cast<char>(byte[0]);
  }
  ResponseParser parser(true);
  std::size_t none = 0;
  if (const auto fed = parser.feed(bytes_of(reply), {}, none); !fed)
    co_return std::unexpected<Error>(fed.error());
  if (parser.head.ok()) co_return Result<>{};
  // No http_status: it would be taken for one of the cloud's.
  if (parser.head.status == 407) {
    co_return fail(ErrorKind::credentials, "the proxy requires a login (407)", {},
                   "Put user and password into HTTPS_PROXY, before the host: user:password@host:port.");
  }
  auto refusal =
      fail(ErrorKind::connection, fmt::format("the proxy refused to connect ({})", parser.head.status), {},
           "Ask for this host to be allowed at the proxy, or name it in NO_PROXY.");
  if (parser.head.status >= 500) refusal.error().retry = RetryVerdict::later;
  co_return refusal;
}

// Asked once of an endpoint over plain http that closed without a reply: does it begin a TLS handshake?
Task<bool> HttpClient::Impl::speaks_tls(EndpointPool& pool, const Context& context) {
  if (!tls || pool.was_asked_for_tls || pool.addresses.empty()) co_return pool.speaks_tls;
  pool.was_asked_for_tls = true;
  Connection connection(loop, buffers);
  connection.set_limits(std::min(context.deadline, Steady::now() + options.connect_timeout), context.stop);
  connection.set_idle_timeout(options.connect_timeout);
  const Result<> open = co_await connection.connect(pool.addresses.front(), options.connect_timeout);
  if (!open) co_return false;
  (void)co_await connection.handshake(tls->handle(), pool.endpoint.host, nullptr);
  pool.speaks_tls = connection.peer_speaks() == Connection::Speaks::tls;
  co_return pool.speaks_tls;
}

// ---- the client

HttpClient::HttpClient(Loop& loop, std::shared_ptr<TlsContext> tls, HttpClientOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(tls), std::move(options))) {
  if (impl_->tls) SSL_CTX_sess_set_new_cb(impl_->tls->handle(), keep_session);
}

HttpClient::~HttpClient() = default;

Task<Result<std::unique_ptr<Exchange>>> HttpClient::start(const HttpRequest& request,
                                                          const Context& context) {
  if (Result<> go = context.check(); !go) co_return passed(std::move(go));
  if (request.endpoint.tls && !impl_->tls)
    co_return fail(ErrorKind::invalid, "this client was made without TLS");
  Result<std::string> head = serialise(request, impl_->options.user_agent);
  if (!head) co_return passed(std::move(head));
  auto exchange = std::make_unique<HttpExchange>(*impl_, impl_->pool(request.endpoint), request,
                                                 std::move(*head), context);
  if (Result<> opened = co_await exchange->open(); !opened) co_return passed(std::move(opened));
  co_return std::unique_ptr<Exchange>(std::move(exchange));
}

const TrafficCounters& HttpClient::counters(const Endpoint& endpoint) {
  return impl_->pool(endpoint).counters;
}

}  // namespace azs3copy
