// session.cpp: making and sending requests. A request of a copy is made here, so little is allocated.
#include "azure/session.hpp"

#include <fmt/format.h>

#include <array>
#include <random>

#include "azure/azure_error.hpp"
#include "codec/time.hpp"
#include "codec/url.hpp"
#include "net/clock_offset.hpp"

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

constexpr std::string_view version_field = "x-ms-version";
constexpr std::string_view request_id_field = "x-ms-client-request-id";

// Azure names the header, Azurite the API version.
bool is_version_refusal(const Error& error) {
  return error.service_code == "InvalidHeaderValue" &&
         (error.message.contains(version_field) || error.message.contains("API version"));
}

// The id that Azure's logs keep of a request, also of one whose reply never came.
std::unexpected<Error> with_request_id(Error error, const HttpRequest& request) {
  const std::string_view id = request.headers.get(request_id_field);
  if (!id.empty() && !error.request_id.contains(id)) {
    if (error.request_id.empty()) error.request_id = "none";
    error.request_id += fmt::format(", client request id {}", id);
  }
  return std::unexpected<Error>(std::move(error));
}

}  // namespace

std::string AzureSession::new_id() {
  std::random_device random;
  return fmt::format("azs3copy-{:08x}{:08x}", random(), random());
}

std::string AzureSession::blob_target(const Container& container, const BlobName& name) const {
  std::string target;
  target.reserve(account.path_prefix.size() + container.size() + name.size() + 16);
  target.append(account.path_prefix).append(1, '/').append(container.view()).append(1, '/');
  return target.append(encode_name(name.view()));
}

HttpRequest AzureSession::request(Method method, std::string target, const Context& context) {
  const auto second = std::chrono::floor<seconds>(context.clock.utc() + clock_offset_);
  if (second != date_second_ || date_.empty()) {
    date_second_ = second;
    date_ = to_rfc1123(second);
  }
  HttpRequest request{.method = method, .endpoint = account.endpoint, .target = std::move(target)};
  request.headers.add("x-ms-date", date_);
  request.headers.add(version_field, service_version);
  request.headers.add(request_id_field, fmt::format("{}-{}", id_, ++request_count_));
  return request;
}

Task<Result<std::unique_ptr<Exchange>>> AzureSession::start(HttpRequest& request, const Context& context) {
  if (Result<> ready = co_await credential->authorize(request, context); !ready)
    co_return passed(std::move(ready));
  Result<std::unique_ptr<Exchange>> exchange = co_await transport.start(request, context);
  if (!exchange) co_return with_request_id(std::move(exchange.error()), request);
  co_return exchange;
}

Error AzureSession::classify(const HttpRequest& request, const ResponseHead& head, std::string_view body,
                             UtcTime now) {
  Error error = azure_error(head, body, now);
  credential->hide_in(error);
  // There is no login that another attempt could send.
  if (error.http_status == 401 && credential->is_anonymous()) error.retry = RetryVerdict::never;
  if (is_version_refusal(error)) {
    if (request.headers.get(version_field) != azure_old_service_version) {
      service_version = azure_old_service_version;
      error.retry = RetryVerdict::later;
    }
    error.advice = fmt::format("The service knows neither version {} nor {} of the protocol.",
                               azure_service_version, azure_old_service_version);
    if (is_loopback(account.endpoint.host)) error.advice += " Start Azurite with --skipApiVersionCheck.";
  }
  return with_request_id(std::move(error), request).error();
}

Task<Result<HttpResponse>> AzureSession::fetch(HttpRequest request, const Context& context) {
  for (;;) {
    const std::string_view version = service_version;
    request.headers.set(version_field, version);
    HttpRequest signed_request = request;
    if (Result<> ready = co_await credential->authorize(signed_request, context); !ready)
      co_return passed(std::move(ready));
    Result<HttpResponse> response = co_await azs3copy::fetch(transport, signed_request, context);
    if (!response) co_return with_request_id(std::move(response.error()), request);
    if (response->ok()) co_return response;
    Error error = classify(request, response->head, response->body, context.clock.utc());
    learn_clock(response->head, error, context);
    if (!is_version_refusal(error) || version == azure_old_service_version)
      co_return std::unexpected<Error>(std::move(error));
  }
}

void AzureSession::learn_clock(const ResponseHead& head, const Error& error, const Context& context) {
  if (error.kind != ErrorKind::credentials) return;
  if (const auto offset = clock_offset(head.headers, context.clock.utc())) clock_offset_ = *offset;
}

Task<Error> AzureSession::refusal(Exchange& exchange, const ResponseHead& head, const HttpRequest& request,
                                  const Context& context) {
  std::string body;
  std::array<std::byte, 4 * KiB> buffer;
  for (;;) {  // to its end where it is short, so that the connection can be used again
    const Result<std::size_t> got = co_await exchange.read(buffer);
    if (!got || *got == 0 || body.size() + *got > refusal_bytes_max) break;
    body.append(text_of(Bytes(buffer).first(*got)));
  }
  Error error = classify(request, head, body, context.clock.utc());
  // The next attempt is the stage's; its new login is put in place here.
  if (error.retry == RetryVerdict::fresh_login) (void)credential->refresh();
  learn_clock(head, error, context);
  co_return error;
}

}  // namespace azs3copy
