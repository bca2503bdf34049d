// loop.hpp: one event loop: an Asio io_context on one thread,
// as the Executor and the Clock of all that runs there.
//
// A watchdog looks at every guarded operation ten times a second and ends those whose time is
// over or whose stop was asked for: one timer a loop, none an operation (a Beast timer an
// operation took 4-9 % of the copy).
#pragma once

#include <chrono>
#include <list>
#include <memory>
#include <stop_token>

#include "core/context.hpp"
#include "core/task.hpp"

namespace azs3copy {

class Loop final : public Executor, public Clock {
 public:
  Loop();
  ~Loop() override;

  // Runs `main` and everything that it starts on this thread, until `main` has ended.
  // A stray exception is rethrown.
  void run(Task<void> main);

  void post(std::coroutine_handle<> handle) override;
  Steady::time_point now() const override;
  UtcTime utc() const override;
  Task<Result<>> sleep(milliseconds duration, const Context& context) override;

  void watch(Guarded& guarded) override;
  void unwatch(Guarded& guarded) override;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
