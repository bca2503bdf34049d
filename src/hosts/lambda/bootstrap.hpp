// bootstrap.hpp: the start of a function: which of the six it is, its making, and its runtime loop.
//
//   environment --> BootstrapInput --> [ name, log level ] --> MakeFunction --> Handler --> run_runtime
//                        |                    `-- error --------'-- /runtime/init/error, exit code 1
//                        `-- no Runtime API: a line on stderr, exit code 2
//
// One program serves all six functions; _HANDLER says which one it is here.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/context.hpp"
#include "core/error.hpp"
#include "core/task.hpp"
#include "hosts/lambda/runtime_loop.hpp"
#include "hosts/lambda/telemetry.hpp"
#include "net/loop.hpp"

namespace azs3copy {

enum class FunctionName : std::uint8_t {
  launch_qualification,
  find_blobs,
  download,
  largefile_initializer,
  largefile_parter,
  largefile_recombinator,
};
std::string_view to_string(FunctionName name);  // "launch-qualification"
// ErrorKind::invalid with all six names where `name` is none of them, exactly.
Result<FunctionName> function_name_from(std::string_view name);

// At hand while a function is made and as long as it lives.
struct Startup {
  FunctionName name;
  Loop& loop;
  Telemetry& telemetry;
};
// Makes the handler, which is destroyed before what `Startup` refers to. An error ends the process.
using MakeFunction = std::function<Task<Result<Handler>>(const Startup&, const Context&)>;

// What the process was started with.
struct BootstrapInput {
  std::string handler;        // _HANDLER; without one, as under the emulator, the first argument
  std::string runtime_api;    // AWS_LAMBDA_RUNTIME_API
  std::string function_name;  // AWS_LAMBDA_FUNCTION_NAME; without one the handler's name
  std::string log_level;      // AZS3COPY_LOG_LEVEL; without one "info"
  std::shared_ptr<LineWriter> out = std::make_shared<LineWriter>(1);  // log and metrics
  std::shared_ptr<LineWriter> err = std::make_shared<LineWriter>(2);  // where no Runtime API can be told
};
BootstrapInput bootstrap_input(int count, const char* const* words);

// Runs the function until its sandbox ends; the process's exit code: 1 after an init error or when the
// Runtime API is gone, 2 without one.
int run_bootstrap(const BootstrapInput& input, MakeFunction make_function);

}  // namespace azs3copy
