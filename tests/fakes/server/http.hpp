// http.hpp: HTTP/1.1 as a strict server reads and writes it.
//
//   stream --> RequestHead, then the body through Exchange::read_body --> Response --> stream
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fakes/server/stream.hpp"

namespace azs3copy::fakes {

bool same_name(std::string_view a, std::string_view b);  // header names, without case

// One request's head. Views into its own copy of the bytes, so it is reused but never copied.
class RequestHead {
 public:
  RequestHead() = default;
  RequestHead(const RequestHead&) = delete;
  RequestHead& operator=(const RequestHead&) = delete;

  // `text` is the head with its empty line. What is wrong with it, or nothing.
  std::optional<std::string> parse(std::string_view text);

  std::string_view method() const { return method_; }
  std::string_view target() const { return target_; }
  std::string_view path() const { return path_; }    // as on the wire
  std::string_view query() const { return query_; }  // as on the wire, without '?'
  const std::vector<std::pair<std::string_view, std::string_view>>& fields() const { return fields_; }
  std::string_view get(std::string_view name) const;  // "" where absent
  bool contains(std::string_view name) const;
  std::optional<std::uint64_t> content_length() const { return content_length_; }
  bool keep_alive() const { return keep_alive_; }
  bool expects_continue() const { return expects_continue_; }
  std::size_t size() const { return text_.size(); }

 private:
  std::optional<std::string> parse_start(std::string_view line);
  std::optional<std::string> parse_field(std::string_view line);
  std::optional<std::string> understand();

  std::string text_;
  std::string_view method_, target_, path_, query_, version_;
  std::vector<std::pair<std::string_view, std::string_view>> fields_;
  std::optional<std::uint64_t> content_length_;
  bool keep_alive_ = true;
  bool expects_continue_ = false;
};

struct Response {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length is made when it is sent
  std::string body;
  // Instead of `body`, for what is large: `generated_size` bytes, asked for in order from the first on.
  std::uint64_t generated_size = 0;
  std::function<void(MutableBytes)> generate;
  // To HEAD: the size is announced, the body is not sent.
  bool head_only = false;
  std::optional<std::uint64_t> announced_size;  // where Content-Length differs: HEAD
  bool close = false;

  std::uint64_t size() const { return generate ? generated_size : body.size(); }
  Response& header(std::string name, std::string value) {
    headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  void set_header(std::string_view name, std::string value);
  std::string_view get(std::string_view name) const;
  std::string head() const;
};

std::string_view reason_phrase(int status);

// How a reply is spoilt on its way; the default sends it as it is. Sizes are in bytes of body.
struct Spoil {
  std::optional<std::uint64_t> reset_head_after;  // RST when that many bytes of the head are out
  std::optional<std::uint64_t> reset_body_after;  // RST
  std::optional<std::uint64_t> cut_body_after;    // an orderly end (FIN; close_notify too when `polite`)
  bool polite = false;
  std::optional<std::uint64_t> flip_byte_at;  // one byte of the body is inverted
  std::uint64_t slow_bytes = 0;               // slow loris: so many bytes ...
  milliseconds slow_interval{0};              // ... each interval
};

// One request on its connection.
class Exchange {
 public:
  Exchange(Stream& stream, RequestHead& request) : stream_(stream), request_(request) {
    body_left_ = request.content_length().value_or(0);
  }

  const RequestHead& request() const { return request_; }
  Stream& stream() { return stream_; }

  // At least one byte of the request's body; 0 at its end. Sends "100 Continue" first where the client waits
  // for it. Throws Disconnected when the body ends early.
  Task<std::size_t> read_body(MutableBytes buffer);
  // A small body as a whole; what is above the limit is a broken connection.
  Task<std::string> read_text(std::size_t size_max = 16 * MiB);
  std::uint64_t body_left() const { return body_left_; }
  // RST once so many bytes of the request's body have been read.
  void reset_request_after(std::uint64_t size) { reset_after_ = size; }

  // Sends the whole reply. The connection is not used again where the request's body was not read to its end.
  Task<void> send(const Response& response, const Spoil& spoil = {});
  // Called when all of the reply but its last bytes is out, and before the connection is broken on purpose:
  // what is counted here is counted when the client knows.
  void before_end(std::function<void()> callback) { before_end_ = std::move(callback); }
  // RST, and throws Disconnected.
  [[noreturn]] void break_off();
  bool keep_alive() const { return keep_alive_; }
  std::uint64_t bytes_in() const { return bytes_in_; }
  std::uint64_t body_bytes_out() const { return body_bytes_out_; }

 private:
  Task<void> send_head(std::string head, const Spoil& spoil);
  Task<void> send_body(const Response& response, const Spoil& spoil);
  // All but the last of its pieces are sent when it returns.
  Task<void> send_slowly(Bytes bytes, const Spoil& spoil);

  Stream& stream_;
  RequestHead& request_;
  std::uint64_t body_left_ = 0;
  bool continued_ = false;
  bool keep_alive_ = true;
  std::optional<std::uint64_t> reset_after_;
  std::uint64_t bytes_in_ = 0;
  std::uint64_t body_bytes_out_ = 0;
  std::function<void()> before_end_;
};

}  // namespace azs3copy::fakes
