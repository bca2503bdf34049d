// session.cpp: making and sending requests. A request of a copy is made here, so little is allocated.
#include "azure/session.hpp"

#include <array>

#include "azure/azure_error.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t refusal_bytes_max = 16 * KiB;

bool is_dots(std::string_view segment) {
  return segment == "." || segment == "..";
}

bool has_dot_segment(std::string_view name) {
  for (;;) {
    const std::size_t slash = name.find('/');
    if (is_dots(name.substr(0, slash))) return true;
    if (slash == std::string_view::npos) return false;
    name.remove_prefix(slash + 1);
  }
}

// Servers and gateways resolve "a/../b" in a path to "b".
// To Azure "%2F" is the same slash, and hides the segment.
std::string encode_name(std::string_view name) {
  if (!has_dot_segment(name)) return url_encode_path(name);
  if (is_dots(name)) return name.size() == 1 ? "%2E" : "%2E%2E";
  return url_encode(name);
}

}  // namespace

std::string AzureSession::blob_target(const Container& container, const BlobName& name) const {
  std::string target;
  target.reserve(account.path_prefix.size() + container.size() + name.size() + 16);
  target.append(account.path_prefix).append(1, '/').append(container.view()).append(1, '/');
  return target.append(encode_name(name.view()));
}

HttpRequest AzureSession::request(Method method, std::string target, const Context& context) {
  const auto second = std::chrono::floor<seconds>(context.clock.utc());
  if (second != date_second_ || date_.empty()) {
    date_second_ = second;
    date_ = to_rfc1123(second);
  }
  HttpRequest request{.method = method, .endpoint = account.endpoint, .target = std::move(target)};
  request.headers.add("x-ms-date", date_);
  request.headers.add("x-ms-version", azure_service_version);
  return request;
}

Task<Result<std::unique_ptr<Exchange>>> AzureSession::start(HttpRequest& request, const Context& context) {
  if (Result<> ready = co_await credential->authorize(request, context); !ready)
    co_return passed(std::move(ready));
  co_return co_await transport.start(request, context);
}

Task<Result<HttpResponse>> AzureSession::fetch(HttpRequest request, const Context& context) {
  if (Result<> ready = co_await credential->authorize(request, context); !ready)
    co_return passed(std::move(ready));
  Result<HttpResponse> response = co_await azs3copy::fetch(transport, request, context);
  if (response && !response->ok()) {
    Error error = azure_error(response->head, response->body, context.clock.utc());
    credential->hide_in(error);
    co_return std::unexpected<Error>(std::move(error));
  }
  co_return response;
}

Task<Error> AzureSession::refusal(Exchange& exchange, const ResponseHead& head, const Context& context) {
  std::string body;
  std::array<std::byte, 4 * KiB> buffer;
  for (;;) {  // to its end where it is short, so that the connection can be used again
    const Result<std::size_t> got = co_await exchange.read(buffer);
    if (!got || *got == 0 || body.size() + *got > refusal_bytes_max) break;
    body.append(text_of(Bytes(buffer).first(*got)));
  }
  Error error = azure_error(head, body, context.clock.utc());
  credential->hide_in(error);
  // The next attempt is the stage's; its new login is put in place here.
  if (error.retry == RetryVerdict::fresh_login && !credential->refresh()) error.retry = RetryVerdict::never;
  co_return error;
}

}  // namespace azs3copy
