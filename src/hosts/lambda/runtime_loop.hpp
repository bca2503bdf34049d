// runtime_loop.hpp: one invocation after the other, for as long as the sandbox lives.
//
//   next --> trace id --> Context with the invocation's deadline --> handler --> respond
//     ^                                                                 `-- error, exception --> fail
//     `--------------------------------------------------------------------------------'
#pragma once

#include <functional>
#include <string>

#include "core/context.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "hosts/lambda/runtime_api.hpp"
#include "hosts/lambda/telemetry.hpp"

namespace azs3copy {

// What a function does with one invocation: its reply's JSON, or the error that Lambda is told. Both
// arguments live until it has ended. What it throws is reported as ErrorKind::internal.
using Handler = std::function<Task<Result<std::string>>(const Invocation&, const Context&)>;

// The invocation's deadline on the steady clock of `clock`; max where there is none. Pure.
Steady::time_point steady_deadline(UtcTime deadline, const Clock& clock);

// Sets _X_AMZN_TRACE_ID, or unsets it where `trace_id` is empty. Allocates nothing, for a sandbox sees a new
// id with each call and setenv never frees one. Not to be called while another thread reads the environment.
void set_trace_id(std::string_view trace_id);

// Ends only with what makes going on senseless: the Runtime API is gone, broken or incomprehensible, or
// `context` stops. An error of the handler, a reply that is too large and an invocation that timed out are
// told and passed.
Task<Error> run_runtime(RuntimeApi& api, const Handler& handler, Telemetry& telemetry,
                        const Context& context);

}  // namespace azs3copy
