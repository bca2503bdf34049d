// bootstrap.cpp: see bootstrap.hpp.
#include "hosts/lambda/bootstrap.hpp"

#include <fmt/format.h>

#include <array>
#include <exception>

#include "core/environment.hpp"
#include "hosts/lambda/runtime_api.hpp"

namespace azs3copy {
namespace {

constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

constexpr std::array<std::string_view, 6> names = {
    "launch-qualification",  "find-blobs",       "download",
    "largefile-initializer", "largefile-parter", "largefile-recombinator"};

// How log lines and metrics call the function.
std::string log_name(const BootstrapInput& input) {
  if (!input.function_name.empty()) return input.function_name;
  return input.handler.empty() ? "bootstrap" : input.handler;
}

// The handler, whatever its making throws.
Task<Result<Handler>> make(const MakeFunction& make_function, const Startup& startup,
                           const Context& context) {
  Result<Handler> made = fail(ErrorKind::internal, "the function was not made");
  try {
    made = co_await make_function(startup, context);
  } catch (const std::exception& exception) {
    made = fail(ErrorKind::internal,
                fmt::format("making the function threw an exception: {}", exception.what()));
  } catch (...) {
    made = fail(ErrorKind::internal, "making the function threw an exception of an unknown type");
  }
  if (made && !*made) made = fail(ErrorKind::internal, "the function has no handler");
  co_return made;
}

class Bootstrap {
 public:
  Bootstrap(const BootstrapInput& input, Endpoint address, const MakeFunction& make_function)
      : input_(input), make_function_(make_function), api_(loop_, std::move(address)) {}

  void run() { loop_.run(live()); }

 private:
  // Returns when nothing more can be done; why is in the log.
  Task<void> live() {
    // No deadline: how long making a function may take is for Lambda to say, which differs by how it is
    // started.
    const Context context{.clock = loop_};
    const Result<FunctionName> name = function_name_from(input_.handler);
    const auto level = log_level_from(input_.log_level.empty() ? "info" : input_.log_level);
    Telemetry telemetry(input_.out, loop_, log_name(input_), level.value_or(LogLevel::info));
    Result<Handler> handler;
    if (!name) {
      handler = std::unexpected<Error>(name.error());
    } else if (!level) {
      handler = fail(ErrorKind::invalid, fmt::format("\"{}\" is no log level", input_.log_level),
                     "AZS3COPY_LOG_LEVEL", "Write error, info or debug.");
    } else {
      const Startup startup{.name = *name, .loop = loop_, .telemetry = telemetry};
      handler = co_await make(make_function_, startup, context);
    }
    if (!handler) {
      telemetry.log_error("init_failed", handler.error());
      if (Result<> told = co_await api_.fail_init(handler.error(), context); !told) {
        telemetry.log_error("init_failure_not_told", told.error());
      }
      co_return;
    }
    telemetry.log_error("runtime_ended", co_await run_runtime(api_, *handler, telemetry, context));
  }

  const BootstrapInput& input_;
  const MakeFunction& make_function_;
  Loop loop_;
  RuntimeApi api_;
};

}  // namespace

std::string_view to_string(FunctionName name) {
  return names[static_cast<std::size_t>(name)];
}

Result<FunctionName> function_name_from(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names[i]) return static_cast<FunctionName>(i);
  }
  return fail(ErrorKind::invalid,
              name.empty() ? std::string("no function is named") : fmt::format("\"{}\" is no function", name),
              "_HANDLER", fmt::format("Set the handler to one of: {}.", fmt::join(names, ", ")));
}

BootstrapInput bootstrap_input(int count, const char* const* words) {
  BootstrapInput input{.handler = environment_variable("_HANDLER"),
                       .runtime_api = environment_variable("AWS_LAMBDA_RUNTIME_API"),
                       .function_name = environment_variable("AWS_LAMBDA_FUNCTION_NAME"),
                       .log_level = environment_variable("AZS3COPY_LOG_LEVEL")};
  if (input.handler.empty() && count > 1) input.handler = words[1];
  return input;
}

int run_bootstrap(const BootstrapInput& input, MakeFunction make_function) {
  Result<Endpoint> address = fail(ErrorKind::invalid, "it is not set", "AWS_LAMBDA_RUNTIME_API");
  if (!input.runtime_api.empty()) address = parse_runtime_address(input.runtime_api);
  if (!address) {
    input.err->write(
        fmt::format("bootstrap: AWS_LAMBDA_RUNTIME_API: {}{}. This program runs inside AWS Lambda or its "
                    "Runtime Interface Emulator, which set it; the command line is azs3copy.",
                    input.runtime_api.empty() ? "" : fmt::format("\"{}\": ", input.runtime_api),
                    address.error().message));
    return exit_usage;
  }
  Bootstrap(input, std::move(*address), make_function).run();
  return exit_failed;
}

}  // namespace azs3copy
