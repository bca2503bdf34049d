// runtime_loop.cpp: see runtime_loop.hpp.
#include "hosts/lambda/runtime_loop.hpp"

#include <fmt/format.h>
#include <stdlib.h>

#include <array>
#include <cstring>
#include <exception>

namespace azs3copy {
namespace {

// No invocation is longer (Lambda quotas: 900 s); a deadline beyond it is none.
constexpr std::chrono::hours invocation_time_max{24};
constexpr int status_too_large = 413;
constexpr int status_broken = 500;

Error thrown(std::string_view what) {
  return fail(ErrorKind::internal, fmt::format("the function threw an exception: {}", what)).error();
}

// The handler's result, whatever it throws.
Task<Result<std::string>> call(const Handler& handler, const Invocation& invocation, const Context& context) {
  Result<std::string> reply;
  try {
    reply = co_await handler(invocation, context);
  } catch (const std::exception& exception) {
    reply = std::unexpected<Error>(thrown(exception.what()));
  } catch (...) {
    reply = std::unexpected<Error>(thrown("of an unknown type"));
  }
  co_return reply;
}

// A refusal that concerns one invocation alone: it had timed out, or its reply was too large.
bool concerns_one(const Error& error) {
  return error.http_status >= 400 && error.http_status < status_broken;
}

// Tells Lambda how the invocation ended. An error is one that ends the loop.
Task<Result<>> tell(RuntimeApi& api, const Invocation& invocation, Result<std::string> reply,
                    Telemetry& telemetry, const Context& context) {
  Result<> told;
  if (reply) {
    told = co_await api.respond(invocation.request_id, *reply, context);
    if (!told && told.error().http_status == status_too_large) {
      reply = failed(fail(ErrorKind::invalid,
                          fmt::format("the reply of {} bytes is larger than Lambda takes", reply->size()))
                         .error(),
                     "runtime.respond");
    }
  }
  if (!reply) {
    telemetry.log_error("invocation_failed", reply.error());
    told = co_await api.fail(invocation.request_id, reply.error(), context);
  }
  if (!told && concerns_one(told.error())) {
    telemetry.log_error("reply_refused", told.error());
    co_return Result<>{};
  }
  co_return told;
}

}  // namespace

Steady::time_point steady_deadline(UtcTime deadline, const Clock& clock) {
  const UtcTime now = clock.utc();
  if (deadline > now + invocation_time_max) return Steady::time_point::max();
  return clock.now() + (deadline - now);
}

void set_trace_id(std::string_view trace_id) {
  static constexpr std::string_view name = "_X_AMZN_TRACE_ID";
  static std::array<char, 1024> variable;  // belongs to the environment from the first putenv on
  // The name stays where it is: only what stands behind it changes.
  if (trace_id.empty() || name.size() + 1 + trace_id.size() >= variable.size()) {
    ::unsetenv(name.data());
    return;
  }
  char* at = std::copy(name.begin(), name.end(), variable.begin());
  *at++ = '=';
  at = std::copy(trace_id.begin(), trace_id.end(), at);
  *at = '\0';
  ::putenv(variable.data());
}

Task<Error> run_runtime(RuntimeApi& api, const Handler& handler, Telemetry& telemetry,
                        const Context& context) {
  for (;;) {
    telemetry.begin_request({});
    Result<Invocation> invocation = co_await api.next(context);
    if (!invocation) co_return std::move(invocation.error());
    telemetry.begin_request(invocation->request_id);
    set_trace_id(invocation->trace_id);
    const Steady::time_point begun = context.clock.now();
    Context limited = context;
    limited.deadline = std::min(context.deadline, steady_deadline(invocation->deadline, context.clock));
    telemetry.log(LogLevel::debug, "invocation_begun", {{"payload_bytes", invocation->payload.size()}});

    Result<std::string> reply = co_await call(handler, *invocation, limited);

    const auto took = std::chrono::duration_cast<milliseconds>(context.clock.now() - begun);
    telemetry.log(LogLevel::debug, "invocation_ended",
                  {{"ok", reply.has_value()}, {"took_ms", took.count()}});
    // What is told is told after the deadline too: the outer context's limits.
    if (Result<> told = co_await tell(api, *invocation, std::move(reply), telemetry, context); !told) {
      co_return std::move(told.error());
    }
  }
}

}  // namespace azs3copy
