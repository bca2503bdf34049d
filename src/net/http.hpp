// http.hpp: one HTTP request and its reply, as the clients see them.
// No Asio, no Beast here: those are http_client.cpp's.
//
//   Exchange e = start(request)      the head, and a body that is at hand, are sent
//     e.write(bytes) ...             the rest of a streamed body
//     head = e.response()            status and headers
//     e.read(buffer) -> n ... 0      the reply's body
//   ~Exchange                        gives the connection back to the pool if the reply was read to its end
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/bytes.hpp"
#include "core/context.hpp"
#include "core/error.hpp"
#include "core/task.hpp"

namespace azs3copy {

// Scheme, host and port of a server; connections are pooled by it.
struct Endpoint {
  std::string host;  // no brackets around IPv6
  std::uint16_t port = 443;
  bool tls = true;
  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  // What the Host header says: the port only where it is not the scheme's default.
  std::string authority() const;
};

// Header fields in order; names are compared without case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;
  void add(std::string_view name, std::string_view value) { fields_.emplace_back(name, value); }
  void set(std::string_view name, std::string_view value);  // replaces all of that name
  void remove(std::string_view name);
  // The first value, "" where absent.
  std::string_view get(std::string_view name) const;
  bool contains(std::string_view name) const;
  void clear() { fields_.clear(); }
  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

enum class Method : std::uint8_t { get, head, put, post, del };
std::string_view to_string(Method method);

struct HttpRequest {
  Method method = Method::get;
  Endpoint endpoint;
  std::string target = "/";  // path and query as they go on the wire, encoded
  Headers headers;           // Host and Content-Length are the transport's
  Bytes body;                // sent with the head; must outlive Exchange::response
  // Set for a body that follows through Exchange::write: its exact size on the wire. `body` is then empty.
  std::optional<std::uint64_t> streamed_size;
  // A server that works on this request without a word is waited for at least so long.
  milliseconds idle_timeout_least{0};
  // False: if an idle connection turns out to be closed, the caller decides about another attempt.
  bool replayable = true;
};

struct ResponseHead {
  int status = 0;
  Headers headers;
  std::optional<std::uint64_t> content_length;  // of the body as it comes; none when chunked or until close

  bool ok() const { return status >= 200 && status < 300; }
};

// One request on one connection. Used by one Task at a time. Errors are ErrorKind::connection, timed_out,
// cancelled or protocol; any status is a reply. After an error nothing but the destructor may be called.
class Exchange {
 public:
  virtual ~Exchange() = default;

  // Sends the next bytes of a streamed body. Fails with ErrorKind::connection when the server went away;
  // stops early, with true, when it has already answered: the caller then asks for response().
  virtual Task<Result<bool>> write(Bytes bytes) = 0;
  // For a request with "Expect: 100-continue": sends the head and waits until the server asks for the body, has
  // answered, or `limit` has passed.
  enum class Asked : std::uint8_t { yes, answered, not_yet };
  virtual Task<Result<Asked>> await_continue(milliseconds /*limit*/) { co_return Asked::yes; }
  // Waits for the final head (1xx are passed over).
  virtual Task<Result<ResponseHead>> response() = 0;
  // Fills as much of `buffer` as is at hand and at least one byte; 0 at the end of the body. A body that ends
  // before its Content-Length is ErrorKind::connection.
  virtual Task<Result<std::size_t>> read(MutableBytes buffer) = 0;
};

// The seam to the network. One per loop; not thread-safe.
class Transport {
 public:
  virtual ~Transport() = default;
  // Connects (or takes a pooled connection), sends the head and `body`. A pooled connection that turns
  // out stale before any byte of a reply is replaced by a fresh one, once, when the body is not
  // streamed and the method is not POST.
  virtual Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request,
                                                        const Context& context) = 0;
};

struct HttpResponse {
  ResponseHead head;
  std::string body;
  bool ok() const { return head.ok(); }
};

// One whole request and reply. A reply body above `body_bytes_max` is ErrorKind::protocol, and
// is_body_too_large tells it from others.
Task<Result<HttpResponse>> fetch(Transport& transport, const HttpRequest& request, const Context& context,
                                 std::size_t body_bytes_max = 64 * MiB);
bool is_body_too_large(const Error& error);

}  // namespace azs3copy
