// connection.hpp: one TCP connection, plain or under TLS, with batched I/O. For src/net alone.
//
//   read:   recv -> [in 32..128 KiB] -> SSL_read -> caller        several records a system call
//   write:  caller -> SSL_write -> [out 16..128 KiB] -> send
//
// Buffers belong to a connection only while an exchange is under way:
// idle connections cost their SSL object alone.
#pragma once

#include <openssl/ssl.h>

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/bytes.hpp"
#include "net/loop.hpp"
#include "net/loop_impl.hpp"

namespace azs3copy {

// Byte buffers of a few sizes, given back and used again. One a loop.
class BufferPool {
 public:
  using Buffer = std::vector<std::byte>;
  Buffer take(std::size_t size);
  void give(Buffer buffer);

 private:
  std::vector<Buffer> small_;
  std::vector<Buffer> large_;
};

// Not thread-safe; used by one Task at a time.
class Connection final : public Guarded {
 public:
  using Socket = asio::basic_stream_socket<asio::ip::tcp, Loop::Impl::Ex>;

  Connection(Loop& loop, BufferPool& buffers);
  ~Connection() override;

  // Errors of all calls: connection, timed_out or cancelled (expire's reason).
  Task<Result<>> connect(const asio::ip::tcp::endpoint& address, milliseconds timeout);
  // TLS over the open socket; verifies `host` (a name or an address). `session`: one to resume, or nullptr.
  Task<Result<>> handshake(SSL_CTX* context, const std::string& host, SSL_SESSION* session);

  // What is at hand, at least one byte; 0: the peer closed.
  Task<Result<std::size_t>> read(MutableBytes buffer);
  // The same for a body that must come at more than a trickle: less than 1 KiB a second, over an idle time of
  // waiting, is ErrorKind::timed_out. Time that the caller takes does not count.
  Task<Result<std::size_t>> read_body(MutableBytes buffer);
  // Takes `bytes`; they are sent when the buffer is full and at flush. Returns how many were taken: fewer than all if
  // the peer has sent something meanwhile, which is looked for with `stop_when_answered`.
  Task<Result<std::size_t>> write(Bytes bytes, bool stop_when_answered);
  // Ends early too if the peer sends something; what is left can be flushed later.
  Task<Result<>> flush();
  // The peer has sent something, or closed, while it was written to. It may be less than an answer: then the writer
  // reads it and continues.
  bool answered() const { return answered_; }
  void continue_writing() { answered_ = false; }
  // Waits for that, at most `limit`.
  Task<Result<>> await_answer(milliseconds limit);

  // True where an idle connection may serve another request: open, and nothing came that was not asked for.
  bool healthy();
  // Gives the buffers back between exchanges.
  void release_buffers();

  // 0: none.
  void set_idle_timeout(milliseconds timeout) { idle_timeout_ = timeout; }
  void set_limits(Steady::time_point whole, std::stop_token stop_token);
  // Ends the wait, unless only its idle time is over and the kernel still sends what it took from us.
  void expire(ErrorKind why) override;

  // By the first byte that it sent: a TLS record begins with its type, 20 to 24 (RFC 8446, 5.1).
  enum class Speaks : std::uint8_t { nothing_yet, tls, text };
  Speaks peer_speaks() const { return speaks_; }

  SSL* ssl() const { return ssl_; }
  std::uint64_t bytes_read() const { return bytes_read_; }
  std::uint64_t bytes_written() const { return bytes_written_; }

 private:
  struct Readiness;  // who waits for the socket, shared with the handlers that Asio holds
  struct WaitIo;

  static int bio_read(BIO* bio, char* data, int size);
  static int bio_write(BIO* bio, const char* data, int size);
  static BIO_METHOD* bio_method();

  Task<Result<>> wait(bool for_read, bool for_write);
  Result<> expiry() const;  // the error of a wait that was ended
  void start_idle_time();
  bool is_idle(Steady::time_point now);
  std::unexpected<Error> transport_error(std::string_view what, int error_number) const;
  std::unexpected<Error> tls_error(std::string_view what) const;

  enum class Receive : std::uint8_t { some, nothing_yet, closed };
  Result<Receive> receive();  // recv into `in_`, without waiting
  Task<Result<>> fill();      // waits until `in_` has something or the peer closed
  Task<Result<>> drain(bool stop_when_answered);
  Result<std::size_t> decrypt(MutableBytes buffer);
  Result<bool> look_for_answer();
  Result<> check_rate(Steady::duration waited);
  void make_room();

  Loop& loop_;
  BufferPool& buffers_;
  Socket socket_;
  int fd_ = -1;
  std::shared_ptr<Readiness> readiness_;
  SSL* ssl_ = nullptr;
  BufferPool::Buffer in_;
  std::size_t in_begin_ = 0;
  std::size_t in_end_ = 0;
  bool in_was_filled_ = false;  // the last recv took all the room: a larger buffer pays
  BufferPool::Buffer out_;
  std::size_t out_begin_ = 0;
  std::size_t out_end_ = 0;
  bool measures_ = false;          // read_body is waiting
  Steady::duration waited_{};      // for a body, since the count began
  std::uint64_t waited_from_ = 0;  // bytes_read_ when it began
  Speaks speaks_ = Speaks::nothing_yet;
  bool peer_closed_ = false;
  bool answered_ = false;
  std::optional<ErrorKind> expired_;
  milliseconds idle_timeout_{60'000};
  Steady::time_point whole_deadline_ = Steady::time_point::max();
  Steady::time_point idle_until_ = Steady::time_point::max();   // of the wait in progress
  Steady::time_point pause_until_ = Steady::time_point::max();  // await_answer's limit
  std::uint64_t acknowledged_ = 0;  // of bytes_written_, when a wait was last looked at
  std::uint64_t bytes_read_ = 0;
  std::uint64_t bytes_written_ = 0;
};

}  // namespace azs3copy
