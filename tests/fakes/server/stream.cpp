#include "fakes/server/stream.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace azs3copy::fakes {

// OpenSSL's view of a Stream's two buffers.
struct MemoryBio {
  static int read(BIO* bio, char* out, int size) {
    auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const std::size_t at_hand = stream.cipher_end_ - stream.cipher_begin_;
    if (at_hand == 0) {
      if (stream.socket_eof_) return 0;
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t count = std::min(at_hand, static_cast<std::size_t>(size));
    std::memcpy(out, stream.cipher_in_.data() + stream.cipher_begin_, count);
    stream.cipher_begin_ += count;
    return static_cast<int>(count);
  }
  static int write(BIO* bio, const char* data, int size) {
    auto& stream = *static_cast<Stream*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    stream.out_.append(data, static_cast<std::size_t>(size));
    return size;
  }
  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO* make(Stream* stream) {
    static BIO_METHOD* const method = [] {
      BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "test server");
      BIO_meth_set_read(made, read);
      BIO_meth_set_write(made, write);
      BIO_meth_set_ctrl(made, control);
      return made;
    }();
    BIO* bio = BIO_new(method);
    BIO_set_data(bio, stream);
    BIO_set_init(bio, 1);
    return bio;
  }
};

Stream::Stream(Loop& loop, int fd, SSL_CTX* tls) : loop_(loop), watch_(&loop.watch(fd)) {
  static std::atomic<std::uint64_t> next_id = 1;
  id_ = next_id++;
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (tls == nullptr) return;
  cipher_in_.resize(32 * KiB);
  ssl_ = SSL_new(tls);
  BIO* bio = MemoryBio::make(this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_accept_state(ssl_);
}

Stream::~Stream() {
  if (ssl_) SSL_free(ssl_);
  if (watch_) {
    const int fd = watch_->fd;
    loop_.unwatch(*watch_);
    close(fd);
  }
}

Task<void> Stream::handshake() {
  while (ssl_ != nullptr) {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl_);
    const int error = SSL_get_error(ssl_, result);
    if (result == 1 || error == SSL_ERROR_WANT_READ) co_await flush();
    if (result == 1) co_return;
    if (error != SSL_ERROR_WANT_READ) throw Disconnected{};
    receive_cipher();
    if (cipher_begin_ == cipher_end_ && !socket_eof_) {
      co_await loop_.readable(*watch_);
      receive_cipher();
    }
    if (socket_eof_ && cipher_begin_ == cipher_end_) throw Disconnected{};
  }
}

std::size_t Stream::receive(MutableBytes buffer) {
  if (watch_ == nullptr) throw Disconnected{};
  if (watch_->drained && !watch_->ended) return 0;
  for (;;) {
    const ssize_t count = recv(watch_->fd, buffer.data(), buffer.size(), 0);
    watch_->drained = count < static_cast<ssize_t>(buffer.size());
    if (count > 0) return static_cast<std::size_t>(count);
    if (count == 0) {
      socket_eof_ = true;
      return 0;
    }
    if (errno == EAGAIN) return 0;
    if (errno != EINTR) throw Disconnected{};
  }
}

// Called when cipher_in_ is used up. A read that fills the buffer shows a fast peer, and the buffer grows.
void Stream::receive_cipher() {
  if (cipher_begin_ < cipher_end_ || socket_eof_) return;
  cipher_begin_ = 0;
  cipher_end_ = receive(cipher_in_);
  if (cipher_end_ == cipher_in_.size() && cipher_in_.size() < batch_bytes) cipher_in_.resize(batch_bytes);
}

std::size_t Stream::read_now_tls(MutableBytes buffer) {
  std::size_t count = 0;
  while (count < buffer.size()) {
    ERR_clear_error();
    const auto room = static_cast<int>(std::min<std::size_t>(buffer.size() - count, 1 << 30));
    const int got = SSL_read(ssl_, buffer.data() + count, room);
    if (got > 0) {
      count += static_cast<std::size_t>(got);
      continue;
    }
    const int error = SSL_get_error(ssl_, got);
    if (error == SSL_ERROR_ZERO_RETURN) {
      eof_ = true;
      break;
    }
    if (error != SSL_ERROR_WANT_READ) {
      if (count > 0) break;  // the next call meets the error again
      throw Disconnected{};
    }
    if (count > 0) break;
    receive_cipher();
    if (cipher_begin_ == cipher_end_ && !socket_eof_) break;
  }
  return count;
}

std::size_t Stream::read_now(MutableBytes buffer) {
  if (ssl_) return read_now_tls(buffer);
  const std::size_t count = receive(buffer);
  eof_ = socket_eof_;
  return count;
}

Task<std::size_t> Stream::read(MutableBytes buffer) {
  for (;;) {
    if (eof_) co_return 0;
    const std::size_t count = read_now(buffer);
    if (count > 0) co_return count;
    if (eof_) co_return 0;
    if (out_sent_ < out_.size()) co_await flush();  // a key update's answer
    co_await loop_.readable(*watch_);
  }
}

void Stream::consume(std::size_t size) {
  input_used_ += size;
  if (input_used_ == input_.size()) {
    input_.clear();
    input_used_ = 0;
  }
}

Task<bool> Stream::fill() {
  constexpr std::size_t step = 16 * KiB;
  if (input_used_ > 0) {
    input_.erase(0, input_used_);
    input_used_ = 0;
  }
  const std::size_t before = input_.size();
  input_.resize(before + step);
  const std::size_t count = co_await read({reinterpret_cast<std::byte*>(input_.data()) + before, step});
  input_.resize(before + count);
  co_return count > 0;
}

void Stream::gather(Bytes bytes) {
  if (ssl_ == nullptr) {
    out_.append(text_of(bytes));
    return;
  }
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), batch_bytes);
    ERR_clear_error();
    if (SSL_write(ssl_, bytes.data(), static_cast<int>(size)) != static_cast<int>(size)) throw Disconnected{};
    bytes = bytes.subspan(size);
  }
}

Task<void> Stream::write(Bytes bytes) {
  while (!bytes.empty()) {
    const std::size_t size = std::min(bytes.size(), batch_bytes);
    gather(bytes.first(size));
    bytes = bytes.subspan(size);
    if (full()) co_await flush();
  }
}

bool Stream::send_now() {
  if (watch_ == nullptr) throw Disconnected{};
  while (out_sent_ < out_.size()) {
    const ssize_t count = send(watch_->fd, out_.data() + out_sent_, out_.size() - out_sent_, MSG_NOSIGNAL);
    if (count >= 0) {
      out_sent_ += static_cast<std::size_t>(count);
    } else if (errno == EAGAIN) {
      return false;
    } else if (errno != EINTR) {
      throw Disconnected{};
    }
  }
  out_.clear();
  out_sent_ = 0;
  return true;
}

Task<void> Stream::flush() {
  while (!send_now()) co_await loop_.writable(*watch_);
}

Task<void> Stream::finish() {
  if (ssl_ && SSL_is_init_finished(ssl_)) {
    ERR_clear_error();
    SSL_shutdown(ssl_);
  }
  co_await cut();
}

Task<void> Stream::cut() {
  co_await flush();
  shutdown(watch_->fd, SHUT_WR);
}

Task<void> Stream::linger(milliseconds limit) {
  std::vector<std::byte> scratch(64 * KiB);
  const auto deadline = Steady::now() + limit;
  while (!socket_eof_ && Steady::now() < deadline) {
    if (receive(scratch) == 0 && !socket_eof_) co_await loop_.sleep(milliseconds(5));
  }
}

void Stream::reset() {
  if (watch_ == nullptr) return;
  const struct linger now{.l_onoff = 1, .l_linger = 0};
  const int fd = watch_->fd;
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  loop_.unwatch(*watch_);
  watch_ = nullptr;
  close(fd);
}

}  // namespace azs3copy::fakes
