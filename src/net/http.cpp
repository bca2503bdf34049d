// http.cpp: headers, and one whole request.
#include "net/http.hpp"

#include <strings.h>

#include <algorithm>

namespace azs3copy {

namespace {
bool same_name(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}
}  // namespace

std::string Endpoint::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : '[' + host + ']';
  if (port != (tls ? 443 : 80)) text.append(1, ':').append(std::to_string(port));
  return text;
}

void Headers::set(std::string_view name, std::string_view value) {
  remove(name);
  add(name, value);
}

void Headers::remove(std::string_view name) {
  std::erase_if(fields_, [name](const Field& field) { return same_name(field.first, name); });
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& [field, value] : fields_) {
    if (same_name(field, name)) return value;
  }
  return {};
}

bool Headers::contains(std::string_view name) const {
  return std::any_of(fields_.begin(), fields_.end(),
                     [name](const Field& field) { return same_name(field.first, name); });
}

std::string_view to_string(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::put:
      return "PUT";
    case Method::post:
      return "POST";
    case Method::del:
      return "DELETE";
  }
  return "GET";
}

namespace {
constexpr std::string_view body_too_large = "the reply's body is larger than any such reply";
}  // namespace

bool is_body_too_large(const Error& error) {
  return error.kind == ErrorKind::protocol && error.message == body_too_large;
}

Task<Result<HttpResponse>> fetch(Transport& transport, const HttpRequest& request, const Context& context,
                                 std::size_t body_bytes_max) {
  Result<std::unique_ptr<Exchange>> exchange = co_await transport.start(request, context);
  if (!exchange) co_return passed(std::move(exchange));
  Result<ResponseHead> head = co_await (*exchange)->response();
  if (!head) co_return passed(std::move(head));
  HttpResponse response{.head = std::move(*head)};
  std::string& body = response.body;
  // A reply to HEAD announces a size and has no body.
  const std::uint64_t announced =
      request.method == Method::head ? 0 : response.head.content_length.value_or(0);
  const auto too_large = [] { return fail(ErrorKind::protocol, std::string(body_too_large)); };
  if (announced > body_bytes_max) co_return too_large();
  std::size_t used = 0;
  for (;;) {
    if (used == body.size()) body.resize(std::max<std::size_t>({announced + 1, used * 2, 1024}));
    const auto room = MutableBytes(reinterpret_cast<std::byte*>(body.data()) + used, body.size() - used);
    const Result<std::size_t> got = co_await (*exchange)->read(room);
    if (!got) co_return std::unexpected<Error>(got.error());
    used += *got;
    if (*got == 0) break;
    if (used > body_bytes_max) co_return too_large();
  }
  body.resize(used);
  co_return response;
}

}  // namespace azs3copy
