// runtime_api.hpp: the client of AWS Lambda's Runtime API, 2018-06-01: plain HTTP inside the sandbox.
//
//   next       GET  /2018-06-01/runtime/invocation/next           waits, for hours too, frozen meanwhile
//   respond    POST /2018-06-01/runtime/invocation/{id}/response  the reply's JSON
//   fail       POST /2018-06-01/runtime/invocation/{id}/error     {"errorMessage","errorType","stackTrace":[]}
//   fail_init  POST /2018-06-01/runtime/init/error                the same
//
// Every call opens a connection of its own. A pooled one may have died in a freeze, and HttpClient would ask
// `next` again on a fresh one: an invocation that the first reply carried would be lost. Nothing is ever
// tried again.
//
// Source: Lambda Developer Guide, "Using the Lambda runtime API for custom runtimes".
#pragma once

#include <string>
#include <string_view>

#include "core/context.hpp"
#include "core/error.hpp"
#include "net/http_client.hpp"

namespace azs3copy {

// One call of the function.
struct Invocation {
  std::string request_id;
  std::string payload;  // JSON
  std::string function_arn;
  std::string trace_id;            // X-Ray's; may be empty
  UtcTime deadline = no_deadline;  // when Lambda ends it

  static constexpr UtcTime no_deadline = UtcTime::max();
};

// Payloads and replies of a synchronous call have at most so many bytes (Lambda quotas: 6 MB each). What is
// larger is refused by the service with 413; we read more, should the quota grow.
inline constexpr std::size_t payload_bytes_max = 64 * MiB;

// "127.0.0.1:9001" or "[::1]:9001". ErrorKind::invalid otherwise.
Result<Endpoint> parse_runtime_address(std::string_view text);

// Not thread-safe; one call at a time. Errors: connection; protocol where the reply is none of the API's;
// else ErrorKind::unavailable with the status in http_status: 413 says that a reply was too large, 500 that
// the sandbox is broken and the process must end. No call is idempotent.
class RuntimeApi {
 public:
  RuntimeApi(Loop& loop, Endpoint address);

  // The next invocation, however long it takes.
  Task<Result<Invocation>> next(const Context& context);
  Task<Result<>> respond(std::string_view request_id, std::string_view reply, const Context& context);
  // The function's error: its kind is the errorType.
  Task<Result<>> fail(std::string_view request_id, const Error& error, const Context& context);
  // The function could not be made. The process must end after it.
  Task<Result<>> fail_init(const Error& error, const Context& context);

 private:
  Task<Result<>> post(std::string path, std::string_view body, std::string_view error_type,
                      const Context& context);

  Endpoint address_;
  HttpClient client_;
};

// The body of fail and fail_init: one line of text, without control characters, at most 4 KiB. Pure.
std::string error_json(const Error& error);

}  // namespace azs3copy
