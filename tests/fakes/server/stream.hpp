// stream.hpp: a server's side of one connection, plain or TLS.
//
//   socket == up to 256 KiB a call ==> cipher_in_ -- SSL_read --> input()
//   socket <== up to 256 KiB a call == out_ <-- SSL_write (16 KiB records) -- write()
//
// OpenSSL works on memory, so that one system call carries many records: with one record a call a fast server
// would use more CPU than the client that it serves.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"
#include "fakes/server/loop.hpp"

namespace azs3copy::fakes {

// Used by one Task. Every wait throws Disconnected when the peer is gone or the loop stops.
class Stream {
 public:
  // Takes the socket (non-blocking). `tls` nullptr: plain.
  Stream(Loop& loop, int fd, SSL_CTX* tls);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  Task<void> handshake();

  // Bytes received and not yet consumed.
  std::string_view input() const { return std::string_view(input_).substr(input_used_); }
  void consume(std::size_t size);
  // Waits until input() has grown. False: the peer has ended its side in good order.
  Task<bool> fill();
  // At least one byte, past input(); 0 at an orderly end. For bodies: saves a copy.
  Task<std::size_t> read(MutableBytes buffer);

  // Gathers small writes; sends when 256 KiB have come together or at `flush`.
  Task<void> write(Bytes bytes);
  Task<void> write(std::string_view text) { return write(bytes_of(text)); }
  Task<void> flush();
  // What is gathered goes out with the next flush. No wait.
  void gather(Bytes bytes);
  bool full() const { return out_.size() - out_sent_ >= batch_bytes; }

  // Ends our side in good order: close_notify, FIN.
  Task<void> finish();
  // Ends our side with a FIN but without close_notify: what TLS calls a truncation.
  Task<void> cut();
  // After `finish`: swallows what the peer still sends, until it ends its side or the time is up.
  Task<void> linger(milliseconds limit);
  // Breaks the connection with a RST; unsent bytes are lost.
  void reset();

  Loop& loop() { return loop_; }
  bool tls() const { return ssl_ != nullptr; }
  bool resumed() const { return ssl_ != nullptr && SSL_session_reused(ssl_) == 1; }
  std::uint64_t id() const { return id_; }

  static constexpr std::size_t batch_bytes = 256 * KiB;

 private:
  friend struct MemoryBio;
  // The bytes at hand without waiting; 0 where a wait is needed; sets eof_.
  std::size_t read_now(MutableBytes buffer);
  std::size_t read_now_tls(MutableBytes buffer);
  // Receives into cipher_in_ or, plain, into `buffer`. 0: would block or eof_.
  std::size_t receive(MutableBytes buffer);
  void receive_cipher();
  bool send_now();  // true: all is sent

  Loop& loop_;
  Loop::Watch* watch_;
  SSL* ssl_ = nullptr;
  std::uint64_t id_;
  bool eof_ = false;
  bool socket_eof_ = false;
  std::string input_;
  std::size_t input_used_ = 0;
  std::vector<std::byte> cipher_in_;
  std::size_t cipher_begin_ = 0;
  std::size_t cipher_end_ = 0;
  std::string out_;
  std::size_t out_sent_ = 0;
};

}  // namespace azs3copy::fakes
