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

// Something that waits and can be ended from outside. Registered with a Loop while it lives.
class Guarded {
 public:
  Guarded() = default;
  Guarded(const Guarded&) = delete;
  Guarded& operator=(const Guarded&) = delete;
  virtual ~Guarded() = default;

  // When the watchdog must end it; max: never.
  Steady::time_point deadline = Steady::time_point::max();
  std::stop_token stop;
  // Called on the loop's thread, at most once until the guard is armed again.
  virtual void expire(ErrorKind why) = 0;
};

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

  void watch(Guarded& guarded);
  void unwatch(Guarded& guarded);

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace azs3copy
