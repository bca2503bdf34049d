// function.cpp: which of the two kinds a function is.
#include "hosts/lambda/function.hpp"

#include "hosts/lambda/functions.hpp"

namespace azs3copy {

Task<Result<Handler>> make_function(const Startup& startup, const Context& /*context*/) {
  Result<std::unique_ptr<Engine>> made = Engine::make(startup);
  if (!made) co_return passed(std::move(made));
  const std::shared_ptr<Engine> engine = std::move(*made);
  const auto serve = startup.name == FunctionName::launch_qualification ? launch : work_off;
  co_return Handler([engine, serve](const Invocation& invocation, const Context& context) {
    return serve(*engine, invocation, context);
  });
}

}  // namespace azs3copy
