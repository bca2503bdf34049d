// error.hpp: what went wrong, once, in a form that a retry, an exit code, a record and a person can each use.
//
// An Error is made where the reply is decoded (or the call failed) and travels up unchanged but for its
// context. Any HTTP status received is a reply; ErrorKind::connection says that none came.
#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azs3copy {

enum class ErrorKind : std::uint8_t {
  invalid,      // the input breaks a rule; the user can mend it
  credentials,  // the login is missing or refused
  permission,   // logged in, but not allowed
  not_found,    // the container, bucket, blob, key or upload is not there
  changed,      // a precondition failed: the blob or object is not the one that was listed
  conflict,     // the service reports a conflicting operation
  archived,     // the blob is offline and must be rehydrated first
  throttled,    // the service asks for fewer requests
  unavailable,  // the service failed and may succeed later
  timed_out,    // a time limit of ours passed
  connection,   // no reply came: connect, TLS or transport failure
  protocol,     // the reply breaks its protocol: malformed, truncated, missing a header
  corrupt,      // a checksum or a length does not match
  cancelled,    // the user or the host asked to stop
  unsupported,  // the service or this program does not do it
  internal,     // a bug of ours, or the machine's fault (disk full, out of memory)
};

// The name that logs, records and JSON carry, e.g. "not_found".
std::string_view to_string(ErrorKind kind);

enum class RetryVerdict : std::uint8_t {
  never,        // the same request will fail again
  later,        // try again after a pause
  fresh_login,  // try once more with a new token or new credentials
  other_form,  // the client has learnt from the reply to ask in another form: at once, whatever --retries says
};

struct Error {
  ErrorKind kind = ErrorKind::internal;
  RetryVerdict retry = RetryVerdict::never;
  std::string message;       // a sentence for a person; never holds a secret
  std::string operation;     // "s3.upload_part"; outermost first, joined by ": " as context is added
  std::string subject;       // what it was about: a blob, a key, a flag
  std::string service_code;  // "SlowDown", "AuthorizationPermissionMismatch"; empty where no service answered
  std::string request_id;    // the service's own, for its support desk
  std::string advice;        // what to do next; may be empty
  int http_status = 0;       // 0: no reply
  std::chrono::milliseconds retry_after{0};  // what the service asked for; 0: nothing
  int attempts = 1;
  std::chrono::milliseconds elapsed{0};  // over all attempts

  // "operation subject: 403 AuthorizationFailure: message (request id ...)" in one line, advice left out.
  std::string to_line() const;
};

template <class T = void>
using Result = std::expected<T, Error>;

// Names the step and what it was about, outermost last to be added, first to be read.
[[nodiscard]] std::unexpected<Error> failed(Error error, std::string_view operation,
                                            std::string_view subject = {});

template <class T>
[[nodiscard]] std::unexpected<Error> failed(Result<T>&& result, std::string_view operation,
                                            std::string_view subject = {}) {
  return failed(std::move(result.error()), operation, subject);
}

// Passes an error on as it is.
template <class T>
[[nodiscard]] std::unexpected<Error> passed(Result<T>&& result) {
  return std::unexpected<Error>(std::move(result.error()));
}

// A fresh error of our own making: bad input, a broken protocol, a mismatch.
[[nodiscard]] std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string_view subject = {},
                                          std::string_view advice = {});

}  // namespace azs3copy
