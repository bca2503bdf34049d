// connection.cpp: readiness, batched TLS records, early answers.
#include "net/connection.hpp"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cassert>
#include <cstring>

namespace azs3copy {

namespace {

constexpr std::size_t buffer_bytes_small = 32 * KiB;   // requests, replies without a body, small objects
constexpr std::size_t buffer_bytes_large = 128 * KiB;  // streams: eight records a system call
constexpr std::size_t buffers_kept_max = 64;
constexpr double body_rate_min = 1 * KiB;  // a second
// A TLS record and its framing; with less room than this OpenSSL would leave a record half written.
constexpr std::size_t record_bytes_max = 16 * KiB + 512;

const char* certificate_advice(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "The certificate is another server's: check the host name of the address, and who answers "
             "there.";
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return "Check this machine's clock; if it is right, the server's certificate must be renewed.";
    default:
      return "If its root is your own, give its PEM file with --ca-bundle.";
  }
}

}  // namespace

BufferPool::Buffer BufferPool::take(std::size_t size) {
  auto& kept = size <= buffer_bytes_small ? small_ : large_;
  if (kept.empty()) return Buffer(size <= buffer_bytes_small ? buffer_bytes_small : buffer_bytes_large);
  Buffer buffer = std::move(kept.back());
  kept.pop_back();
  return buffer;
}

void BufferPool::give(Buffer buffer) {
  if (buffer.empty()) return;
  auto& kept = buffer.size() <= buffer_bytes_small ? small_ : large_;
  if (kept.size() < buffers_kept_max) kept.push_back(std::move(buffer));
}

// ---- readiness

struct Connection::Readiness {
  std::coroutine_handle<> waiting;
  bool wants_read = false;
  bool wants_write = false;
  bool read_armed = false;
  bool write_armed = false;

  void wake(bool wanted) {
    if (waiting && wanted) std::exchange(waiting, nullptr).resume();
  }
};

// Suspends until the socket is ready in one of the wanted ways, or was cancelled. A wait that was armed for
// reading and not needed stays armed: it is the read that watches for early answers.
struct Connection::WaitIo {
  Connection& connection;
  bool for_read;
  bool for_write;

  bool await_ready() const noexcept { return connection.expired_.has_value(); }
  void await_suspend(std::coroutine_handle<> handle) const {
    const std::shared_ptr<Readiness>& readiness = connection.readiness_;
    readiness->waiting = handle;
    readiness->wants_read = for_read;
    readiness->wants_write = for_write;
    if (for_read && !readiness->read_armed) {
      readiness->read_armed = true;
      connection.socket_.async_wait(Socket::wait_read, [readiness](const boost::system::error_code&) {
        readiness->read_armed = false;
        readiness->wake(readiness->wants_read);
      });
    }
    if (for_write && !readiness->write_armed) {
      readiness->write_armed = true;
      connection.socket_.async_wait(Socket::wait_write, [readiness](const boost::system::error_code&) {
        readiness->write_armed = false;
        readiness->wake(readiness->wants_write);
      });
    }
  }
  void await_resume() const noexcept {}
};

Task<Result<>> Connection::wait(bool for_read, bool for_write) {
  start_idle_time();
  co_await WaitIo{*this, for_read, for_write};
  if (!expired_) {
    deadline = whole_deadline_;  // idle time is time spent waiting here; a busy socket may not wait for hours
    co_return Result<>{};
  }
  co_return expiry();
}

Task<Result<>> Connection::await_answer(milliseconds limit) {
  pause_until_ = Steady::now() + limit;
  for (;;) {
    const Result<bool> answer = look_for_answer();
    if (!answer) co_return std::unexpected<Error>(answer.error());
    if (*answer || Steady::now() >= pause_until_) break;
    deadline = std::min(whole_deadline_, pause_until_);
    co_await WaitIo{*this, true, false};
    if (expired_) co_return expiry();
  }
  pause_until_ = Steady::time_point::max();
  deadline = whole_deadline_;
  co_return Result<>{};
}

Result<> Connection::expiry() const {
  if (*expired_ == ErrorKind::cancelled) return fail(ErrorKind::cancelled, "stopped on request");
  std::unexpected<Error> error =
      fail(ErrorKind::timed_out,
           Steady::now() >= whole_deadline_
               ? std::string("the time limit passed")
               : fmt::format("nothing moved for {} s", std::chrono::duration<double>(idle_timeout_).count()));
  error.error().retry = RetryVerdict::later;
  return error;
}

void Connection::start_idle_time() {
  deadline = whole_deadline_;
  if (idle_timeout_ == milliseconds(0)) return;
  idle_until_ = Steady::now() + idle_timeout_;
  deadline = std::min(deadline, idle_until_ - idle_timeout_ / 2);
}

// Asked in the middle of the idle time and at its end. The kernel takes megabytes from us at once, and nothing wakes
// the wait while it sends them over a slow line: bytes that the peer acknowledged meanwhile start the time again.
bool Connection::is_idle(Steady::time_point now) {
  if (now >= whole_deadline_ || idle_timeout_ == milliseconds(0)) return true;
  int unacknowledged = 0;
  if (::ioctl(fd_, SIOCOUTQ, &unacknowledged) != 0) unacknowledged = 0;
  const std::uint64_t acknowledged = bytes_written_ - static_cast<std::uint64_t>(unacknowledged);
  const bool moved = std::exchange(acknowledged_, acknowledged) != acknowledged;
  if (now < idle_until_) {
    deadline = std::min(whole_deadline_, idle_until_);
    return false;
  }
  if (moved) start_idle_time();
  return !moved;
}

void Connection::expire(ErrorKind why) {
  const Steady::time_point now = Steady::now();
  if (why == ErrorKind::timed_out && now >= pause_until_ && now < whole_deadline_) {
    deadline = whole_deadline_;
    readiness_->wake(readiness_->wants_read);
    return;
  }
  if (why == ErrorKind::timed_out && !is_idle(now)) return;
  expired_ = why;
  deadline = Steady::time_point::max();
  stop = {};
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

void Connection::set_limits(Steady::time_point whole, std::stop_token stop_token) {
  whole_deadline_ = whole;
  stop = std::move(stop_token);
  // Between waits only the whole limit counts.
  deadline = whole;
}

// ---- life

Connection::Connection(Loop& loop, BufferPool& buffers)
    : loop_(loop),
      buffers_(buffers),
      socket_(loop.impl().io.get_executor()),
      readiness_(std::make_shared<Readiness>()) {
  loop_.watch(*this);
}

Connection::~Connection() {
  loop_.unwatch(*this);
  assert(!readiness_->waiting && "a connection outlives those who wait on it");
  if (ssl_ != nullptr) {
    // Without a close_notify OpenSSL marks the session as not to be resumed; TLS has not asked for that since
    // 1.1 (RFC 4346, 7.2.1), and our connections just end.
    SSL_set_shutdown(ssl_, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl_);
  }
  buffers_.give(std::move(in_));
  buffers_.give(std::move(out_));
  boost::system::error_code ignored;
  socket_.close(ignored);
}

std::unexpected<Error> Connection::transport_error(std::string_view what, int error_number) const {
  std::unexpected<Error> error =
      fail(ErrorKind::connection, fmt::format("{}: {}", what, std::strerror(error_number)));
  error.error().retry = RetryVerdict::later;
  return error;
}

std::unexpected<Error> Connection::tls_error(std::string_view what) const {
  const long verify = ssl_ == nullptr ? X509_V_OK : SSL_get_verify_result(ssl_);
  if (verify != X509_V_OK && !SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    return fail(
        ErrorKind::protocol,
        fmt::format("the server's certificate is not trusted: {}", X509_verify_cert_error_string(verify)), {},
        certificate_advice(verify));
  }
  if (speaks_ == Speaks::text && ssl_ != nullptr && !SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    return fail(ErrorKind::invalid, "the server speaks plain http, and was asked over https", {},
                "Write the address with http://, or with the port of https.");
  }
  std::array<char, 256> reason{};
  const unsigned long code = ERR_peek_last_error();
  ERR_error_string_n(code, reason.data(), reason.size());
  ERR_clear_error();
  std::unexpected<Error> error = fail(
      ErrorKind::connection, fmt::format("{}: {}", what, code == 0 ? "closed by the peer" : reason.data()));
  error.error().retry = RetryVerdict::later;
  return error;
}

Task<Result<>> Connection::connect(const asio::ip::tcp::endpoint& address, milliseconds timeout) {
  boost::system::error_code error;
  socket_.open(address.protocol(), error);
  if (!error) socket_.non_blocking(true, error);
  if (error) co_return transport_error("cannot open a socket", error.value());
  fd_ = socket_.native_handle();
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
  socket_.set_option(asio::socket_base::keep_alive(true), error);

  const milliseconds idle = std::exchange(idle_timeout_, timeout);
  int result = ::connect(fd_, address.data(), static_cast<socklen_t>(address.size()));
  if (result != 0 && errno == EINPROGRESS) {
    if (Result<> ready = co_await wait(false, true); !ready) {
      if (ready.error().kind == ErrorKind::timed_out) {
        ready.error().message =
            fmt::format("no connection within {} s", std::chrono::duration<double>(timeout).count());
      }
      co_return passed(std::move(ready));
    }
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &failure, &size);
    result = failure == 0 ? 0 : -1;
    errno = failure;
  }
  if (result != 0) co_return transport_error("cannot connect", errno);
  idle_timeout_ = idle;
  co_return Result<>{};
}

// ---- TLS over our own buffers

int Connection::bio_read(BIO* bio, char* data, int size) {
  auto& self = *static_cast<Connection*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const std::size_t count =
      std::min<std::size_t>(static_cast<std::size_t>(size), self.in_end_ - self.in_begin_);
  if (count == 0) {
    if (self.peer_closed_) return 0;
    BIO_set_retry_read(bio);
    return -1;
  }
  std::memcpy(data, self.in_.data() + self.in_begin_, count);
  self.in_begin_ += count;
  return static_cast<int>(count);
}

int Connection::bio_write(BIO* bio, const char* data, int size) {
  auto& self = *static_cast<Connection*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  const auto count = static_cast<std::size_t>(size);
  if (self.out_.empty()) self.out_ = self.buffers_.take(buffer_bytes_small);
  if (self.out_.size() - self.out_end_ < count) {
    BIO_set_retry_write(bio);
    return -1;
  }
  std::memcpy(self.out_.data() + self.out_end_, data, count);
  self.out_end_ += count;
  return size;
}

BIO_METHOD* Connection::bio_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "azs3copy batch");
    BIO_meth_set_read(made, &Connection::bio_read);
    BIO_meth_set_write(made, &Connection::bio_write);
    BIO_meth_set_ctrl(made, [](BIO* bio, int command, long, void*) -> long {
      if (command == BIO_CTRL_EOF) return static_cast<Connection*>(BIO_get_data(bio))->peer_closed_ ? 1 : 0;
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    return made;
  }();
  return method;
}

Task<Result<>> Connection::handshake(SSL_CTX* context, const std::string& host, SSL_SESSION* session) {
  ERR_clear_error();
  speaks_ = Speaks::nothing_yet;  // what came before was the proxy's
  ssl_ = SSL_new(context);
  BIO* bio = ssl_ == nullptr ? nullptr : BIO_new(bio_method());
  if (bio == nullptr) co_return fail(ErrorKind::internal, "OpenSSL gave no connection object");
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl_, bio, bio);
  boost::system::error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  if (not_an_address) {
    SSL_set1_host(ssl_, host.c_str());
    SSL_set_tlsext_host_name(ssl_, host.c_str());
  } else {
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl_), host.c_str());
  }
  if (session != nullptr) SSL_set_session(ssl_, session);
  for (;;) {
    ERR_clear_error();
    const int result = SSL_connect(ssl_);
    if (result == 1) break;
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
        if (Result<> sent = co_await drain(false); !sent) co_return sent;
        if (Result<> filled = co_await fill(); !filled) co_return filled;
        break;
      case SSL_ERROR_WANT_WRITE:
        if (Result<> sent = co_await drain(false); !sent) co_return sent;
        break;
      default: {
        std::unexpected<Error> error = tls_error("the TLS handshake failed");
        (void)co_await drain(false);  // the alert that says why; its fate does not matter
        co_return error;
      }
    }
  }
  // The client's last handshake message leaves with the first request.
  co_return Result<>{};
}

// ---- reading

Result<Connection::Receive> Connection::receive() {
  if (in_begin_ == in_end_) in_begin_ = in_end_ = 0;
  if (in_end_ == 0 && in_was_filled_ && in_.size() < buffer_bytes_large) {
    buffers_.give(std::move(in_));
    in_ = buffers_.take(buffer_bytes_large);
  }
  if (in_.empty()) in_ = buffers_.take(buffer_bytes_small);
  if (in_end_ == in_.size()) return Receive::some;  // full: who asks must take first
  const std::size_t room = in_.size() - in_end_;
  const ssize_t got = ::recv(fd_, in_.data() + in_end_, room, 0);
  if (got > 0) {
    if (speaks_ == Speaks::nothing_yet) {
      const auto first = std::to_integer<unsigned>(in_[in_end_]);
      speaks_ = first >= 20 && first <= 24 ? Speaks::tls : Speaks::text;
    }
    in_was_filled_ = static_cast<std::size_t>(got) == room;
    in_end_ += static_cast<std::size_t>(got);
    bytes_read_ += static_cast<std::uint64_t>(got);
    return Receive::some;
  }
  if (got == 0) {
    peer_closed_ = true;
    return Receive::closed;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return Receive::nothing_yet;
  return transport_error("the connection broke", errno);
}

Result<> Connection::check_rate(Steady::duration waited) {
  waited_ += waited;
  if (idle_timeout_ == milliseconds(0) || waited_ < idle_timeout_) return {};
  const double seconds_waited = std::chrono::duration<double>(waited_).count();
  const double bytes = static_cast<double>(bytes_read_ - waited_from_);
  waited_ = {};
  waited_from_ = bytes_read_;
  if (bytes >= body_rate_min * seconds_waited) return {};
  auto error = fail(ErrorKind::timed_out,
                    fmt::format("a body of {:.0f} bytes in {:.0f} s is given up", bytes, seconds_waited));
  error.error().retry = RetryVerdict::later;
  return error;
}

Task<Result<std::size_t>> Connection::read_body(MutableBytes buffer) {
  measures_ = true;
  Result<std::size_t> got = co_await read(buffer);
  measures_ = false;
  co_return got;
}

Task<Result<>> Connection::fill() {
  for (;;) {
    const Steady::time_point from = measures_ ? Steady::now() : Steady::time_point{};
    if (Result<> ready = co_await wait(true, false); !ready) co_return ready;
    if (measures_) {
      if (Result<> fast = check_rate(Steady::now() - from); !fast) co_return fast;
    }
    const Result<Receive> received = receive();
    if (!received) co_return std::unexpected<Error>(received.error());
    if (*received != Receive::nothing_yet) co_return Result<>{};
  }
}

// Bytes that `in_` already holds, decrypted where TLS is on;
// 0 where more must be received first, or at the end.
Result<std::size_t> Connection::decrypt(MutableBytes buffer) {
  if (ssl_ == nullptr) {
    const std::size_t count = std::min(buffer.size(), in_end_ - in_begin_);
    if (count > 0) std::memcpy(buffer.data(), in_.data() + in_begin_, count);
    in_begin_ += count;
    return count;
  }
  std::size_t total = 0;
  while (total < buffer.size()) {
    std::size_t got = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_, buffer.data() + total, buffer.size() - total, &got);
    total += got;
    if (result == 1) continue;
    switch (SSL_get_error(ssl_, result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE:
        return total;
      case SSL_ERROR_ZERO_RETURN:
        peer_closed_ = true;
        return total;
      default:
        if (total > 0) return total;  // the error comes again with the next call
        return tls_error("the TLS connection broke");
    }
  }
  return total;
}

Task<Result<std::size_t>> Connection::read(MutableBytes buffer) {
  assert(!buffer.empty());
  for (;;) {
    Result<std::size_t> got = decrypt(buffer);
    if (!got || *got > 0) co_return got;
    if (peer_closed_) co_return std::size_t{0};
    // A stream that filled the buffer last time has more waiting: no need to ask the reactor first.
    if (in_was_filled_) {
      in_was_filled_ = false;
      const Result<Receive> received = receive();
      if (!received) co_return std::unexpected<Error>(received.error());
      if (*received != Receive::nothing_yet) continue;
    }
    if (Result<> filled = co_await fill(); !filled) co_return std::unexpected<Error>(filled.error());
  }
}

// ---- writing

Result<bool> Connection::look_for_answer() {
  if (answered_) return true;
  if (in_begin_ == in_end_) {
    const Result<Receive> received = receive();
    if (!received) return std::unexpected<Error>(received.error());
    if (*received == Receive::nothing_yet) return false;
  }
  if (ssl_ == nullptr) {
    answered_ = true;
    return true;
  }
  // Session tickets and key updates are not an answer.
  std::byte first{};
  std::size_t got = 0;
  ERR_clear_error();
  const int result = SSL_peek_ex(ssl_, &first, 1, &got);
  answered_ = result == 1 || SSL_get_error(ssl_, result) != SSL_ERROR_WANT_READ;
  ERR_clear_error();
  return answered_;
}

Task<Result<>> Connection::drain(bool stop_when_answered) {
  while (out_begin_ < out_end_) {
    const ssize_t sent = ::send(fd_, out_.data() + out_begin_, out_end_ - out_begin_, MSG_NOSIGNAL);
    if (sent > 0) {
      out_begin_ += static_cast<std::size_t>(sent);
      bytes_written_ += static_cast<std::uint64_t>(sent);
      continue;
    }
    const int error_number = errno;
    if (error_number == EINTR) continue;
    if (error_number == EAGAIN || error_number == EWOULDBLOCK) {
      if (Result<> ready = co_await wait(stop_when_answered, true); !ready) co_return ready;
      if (!stop_when_answered) continue;
      const Result<bool> answer = look_for_answer();
      if (!answer) co_return std::unexpected<Error>(answer.error());
      if (*answer) co_return Result<>{};
      continue;
    }
    // The server may have answered before it closed: that answer says more than EPIPE.
    if (stop_when_answered) {
      const Result<bool> answer = look_for_answer();
      if (answer && *answer && !peer_closed_) co_return Result<>{};
    }
    co_return transport_error("the connection broke", error_number);
  }
  out_begin_ = out_end_ = 0;
  co_return Result<>{};
}

void Connection::make_room() {
  if (out_.empty()) out_ = buffers_.take(buffer_bytes_small);
  if (out_end_ == 0 || out_.size() == buffer_bytes_large) return;
  BufferPool::Buffer larger = buffers_.take(buffer_bytes_large);
  std::memcpy(larger.data(), out_.data() + out_begin_, out_end_ - out_begin_);
  out_end_ -= out_begin_;
  out_begin_ = 0;
  buffers_.give(std::exchange(out_, std::move(larger)));
}

Task<Result<std::size_t>> Connection::write(Bytes bytes, bool stop_when_answered) {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    if (out_.empty() || out_.size() - out_end_ < record_bytes_max) {
      // First a larger buffer, then the socket.
      if (out_.size() < buffer_bytes_large) {
        make_room();
      } else {
        if (stop_when_answered) {
          const Result<bool> answer = look_for_answer();
          if (!answer) co_return std::unexpected<Error>(answer.error());
          if (*answer) co_return taken;
        }
        if (Result<> sent = co_await drain(stop_when_answered); !sent) co_return passed(std::move(sent));
        if (answered_) co_return taken;
      }
      continue;
    }
    const Bytes rest = bytes.subspan(taken);
    if (ssl_ == nullptr) {
      const std::size_t count = std::min(rest.size(), out_.size() - out_end_);
      std::memcpy(out_.data() + out_end_, rest.data(), count);
      out_end_ += count;
      taken += count;
      continue;
    }
    std::size_t written = 0;
    ERR_clear_error();
    const std::size_t record = std::min<std::size_t>(rest.size(), 16 * KiB);
    if (SSL_write_ex(ssl_, rest.data(), record, &written) != 1) {
      // Room was made above, so this is no matter of waiting.
      co_return tls_error("the TLS connection broke");
    }
    taken += written;
  }
  co_return taken;
}

Task<Result<>> Connection::flush() {
  return drain(true);
}

// ---- between exchanges

bool Connection::healthy() {
  if (peer_closed_ || expired_ || answered_ || out_end_ != out_begin_) return false;
  const Result<bool> answer = look_for_answer();
  const bool quiet = answer && !*answer && !peer_closed_;
  if (in_begin_ == in_end_) release_buffers();
  return quiet;
}

void Connection::release_buffers() {
  if (in_begin_ == in_end_) {
    buffers_.give(std::exchange(in_, {}));
    in_begin_ = in_end_ = 0;
    in_was_filled_ = false;
  }
  if (out_begin_ == out_end_) {
    buffers_.give(std::exchange(out_, {}));
    out_begin_ = out_end_ = 0;
  }
  deadline = Steady::time_point::max();
  whole_deadline_ = Steady::time_point::max();
  stop = {};
  waited_ = {};
  waited_from_ = bytes_read_;
}

}  // namespace azs3copy
