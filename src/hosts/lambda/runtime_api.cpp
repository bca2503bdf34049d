// runtime_api.cpp: see runtime_api.hpp.
#include "hosts/lambda/runtime_api.hpp"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "codec/json.hpp"
#include "codec/url.hpp"
#include "core/bytes.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view root = "/2018-06-01/runtime/";
constexpr std::size_t message_bytes_max = 4 * KiB;
// The server is in the same sandbox.
constexpr seconds connect_time_max{5};

template <class T>
std::optional<T> number_of(std::string_view text) {
  T number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// What is no count of milliseconds, or of a time that cannot be, is no deadline: Lambda ends the call anyway.
UtcTime deadline_of(std::string_view text) {
  constexpr std::int64_t end = 253'402'300'800'000;  // the year 10000
  const auto count = number_of<std::int64_t>(text);
  return count && *count > 0 && *count < end ? UtcTime(milliseconds(*count)) : Invocation::no_deadline;
}

std::unexpected<Error> refusal(const HttpResponse& response) {
  const int status = response.head.status;
  std::string message = "the Runtime API refused the call";
  std::string code;
  if (const Result<Json> json = Json::parse(response.body)) {
    code = (*json)["errorType"].string_or("");
    message = (*json)["errorMessage"].string_or(message);
  }
  auto error = fail(ErrorKind::unavailable, std::move(message));
  error.error().http_status = status;
  error.error().service_code = std::move(code);
  return error;
}

HttpClientOptions client_options() {
  return {
      .connect_timeout = connect_time_max, .idle_timeout = milliseconds(0), .keep_alive = milliseconds(0)};
}

}  // namespace

Result<Endpoint> parse_runtime_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  std::string_view host = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  const auto port =
      number_of<std::uint16_t>(text.substr(colon == std::string_view::npos ? text.size() : colon + 1));
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find_first_of(":/@ ") != std::string_view::npos) {
    host = {};
  }
  if (host.empty() || !port || *port == 0) {
    return fail(ErrorKind::invalid, "this is not HOST:PORT", text);
  }
  return Endpoint{.host = std::string(host), .port = *port, .tls = false};
}

std::string error_json(const Error& error) {
  std::string line = error.to_line();
  if (!error.advice.empty()) line += ". " + error.advice;
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (line.size() > message_bytes_max) line.resize(message_bytes_max);
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("errorMessage", line).field("errorType", to_string(error.kind));
  json.key("stackTrace").begin_array().end_array().end_object();
  return body;
}

RuntimeApi::RuntimeApi(Loop& loop, Endpoint address)
    : address_(std::move(address)), client_(loop, nullptr, client_options()) {}

Task<Result<Invocation>> RuntimeApi::next(const Context& context) {
  const HttpRequest request{.endpoint = address_, .target = fmt::format("{}invocation/next", root)};
  Result<HttpResponse> response = co_await fetch(client_, request, context, payload_bytes_max);
  if (!response) co_return failed(std::move(response), "runtime.next");
  if (response->head.status != 200) co_return failed(refusal(*response).error(), "runtime.next");
  const Headers& headers = response->head.headers;
  Invocation invocation{.request_id = std::string(headers.get("Lambda-Runtime-Aws-Request-Id")),
                        .function_arn = std::string(headers.get("Lambda-Runtime-Invoked-Function-Arn")),
                        .trace_id = std::string(headers.get("Lambda-Runtime-Trace-Id")),
                        .deadline = deadline_of(headers.get("Lambda-Runtime-Deadline-Ms"))};
  if (invocation.request_id.empty()) {
    co_return failed(
        azs3copy::fail(ErrorKind::protocol, "an invocation came without Lambda-Runtime-Aws-Request-Id")
            .error(),
        "runtime.next");
  }
  invocation.payload = std::move(response->body);
  co_return invocation;
}

Task<Result<>> RuntimeApi::respond(std::string_view request_id, std::string_view reply,
                                   const Context& context) {
  Result<> done =
      co_await post(fmt::format("invocation/{}/response", url_encode(request_id)), reply, {}, context);
  if (!done) co_return failed(std::move(done), "runtime.respond");
  co_return done;
}

Task<Result<>> RuntimeApi::fail(std::string_view request_id, const Error& error, const Context& context) {
  const std::string body = error_json(error);
  Result<> done = co_await post(fmt::format("invocation/{}/error", url_encode(request_id)), body,
                                to_string(error.kind), context);
  if (!done) co_return failed(std::move(done), "runtime.fail");
  co_return done;
}

Task<Result<>> RuntimeApi::fail_init(const Error& error, const Context& context) {
  const std::string body = error_json(error);
  Result<> done = co_await post("init/error", body, to_string(error.kind), context);
  if (!done) co_return failed(std::move(done), "runtime.fail_init");
  co_return done;
}

Task<Result<>> RuntimeApi::post(std::string path, std::string_view body, std::string_view error_type,
                                const Context& context) {
  HttpRequest request{.method = Method::post,
                      .endpoint = address_,
                      .target = fmt::format("{}{}", root, path),
                      .body = bytes_of(body)};
  if (error_type.empty()) {
    request.headers.add("Content-Type", "application/json");
  } else {
    request.headers.add("Content-Type", "application/vnd.aws.lambda.error+json");
    request.headers.add("Lambda-Runtime-Function-Error-Type", error_type);
  }
  Result<HttpResponse> response = co_await fetch(client_, request, context);
  if (!response) co_return passed(std::move(response));
  if (!response->ok()) co_return refusal(*response);
  co_return Result<>{};
}

}  // namespace azs3copy
