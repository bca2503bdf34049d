// error.cpp: texts of errors.
#include "core/error.hpp"

#include <fmt/format.h>

#include "core/secret.hpp"

namespace azs3copy {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid:
      return "invalid";
    case ErrorKind::credentials:
      return "credentials";
    case ErrorKind::permission:
      return "permission";
    case ErrorKind::not_found:
      return "not_found";
    case ErrorKind::changed:
      return "changed";
    case ErrorKind::conflict:
      return "conflict";
    case ErrorKind::archived:
      return "archived";
    case ErrorKind::throttled:
      return "throttled";
    case ErrorKind::unavailable:
      return "unavailable";
    case ErrorKind::timed_out:
      return "timed_out";
    case ErrorKind::connection:
      return "connection";
    case ErrorKind::protocol:
      return "protocol";
    case ErrorKind::corrupt:
      return "corrupt";
    case ErrorKind::cancelled:
      return "cancelled";
    case ErrorKind::unsupported:
      return "unsupported";
    case ErrorKind::internal:
      return "internal";
  }
  return "unknown";
}

std::string Error::to_line() const {
  std::string line = operation;
  const auto add = [&line](std::string_view separator, std::string_view part) {
    if (part.empty()) return;
    if (!line.empty()) line += separator;
    line += part;
  };
  add(" ", subject);
  if (http_status != 0)
    add(": ",
        service_code.empty() ? std::to_string(http_status) : fmt::format("{} {}", http_status, service_code));
  add(": ", message);
  if (!request_id.empty()) line += fmt::format(" (request id {})", request_id);
  if (attempts > 1) {
    line += fmt::format(" after {} attempts in {:.1f} s", attempts,
                        std::chrono::duration<double>(elapsed).count());
  }
  return redact(line);  // it goes to logs and records
}

std::unexpected<Error> failed(Error error, std::string_view operation, std::string_view subject) {
  error.operation =
      error.operation.empty() ? std::string(operation) : fmt::format("{}: {}", operation, error.operation);
  if (error.subject.empty()) error.subject = subject;
  return std::unexpected<Error>(std::move(error));
}

std::unexpected<Error> fail(ErrorKind kind, std::string message, std::string_view subject,
                            std::string_view advice) {
  return std::unexpected<Error>(Error{.kind = kind,
                                      .message = std::move(message),
                                      .subject = std::string(subject),
                                      .advice = std::string(advice)});
}

}  // namespace azs3copy
