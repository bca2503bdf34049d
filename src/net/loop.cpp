// loop.cpp: the event loop, its timers and its watchdog.
#include "net/loop.hpp"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

#include "net/loop_impl.hpp"

namespace azs3copy {

namespace {

constexpr milliseconds watchdog_period{100};
// A look that comes this much later than the one before: the process was suspended, or had no CPU.
constexpr milliseconds held_up_min{1'000};

// Starts `main` on the loop and remembers how it ended.
struct Main {
  struct promise_type {
    Main get_return_object() { return Main{std::coroutine_handle<promise_type>::from_promise(*this)}; }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_always final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { exception = std::current_exception(); }
    std::exception_ptr exception;
  };
  std::coroutine_handle<promise_type> handle;
};

Main run_main(Task<void> task, asio::io_context& io) {
  struct Stop {
    asio::io_context& io;
    ~Stop() { io.stop(); }
  } stop{io};
  co_await std::move(task);
}

class CurrentExecutor {
 public:
  explicit CurrentExecutor(Executor* executor) : previous_(Executor::current()) {
    Executor::set_current(executor);
  }
  ~CurrentExecutor() { Executor::set_current(previous_); }
  CurrentExecutor(const CurrentExecutor&) = delete;
  CurrentExecutor& operator=(const CurrentExecutor&) = delete;

 private:
  Executor* previous_;
};

void arm_watchdog(Loop::Impl& impl) {
  impl.watchdog.expires_after(watchdog_period);
  impl.watchdog.async_wait([&impl](const boost::system::error_code& error) {
    if (error) return;
    const Steady::time_point now = Steady::now();
    const bool was_held_up = now - std::exchange(impl.looked, now) > held_up_min;
    // Replies that arrived meanwhile, or are about to, get a second to be read.
    if (was_held_up && now > impl.spares_until + held_up_min) impl.spares_until = now + held_up_min;
    std::vector<std::pair<Guarded*, ErrorKind>> over;
    for (Guarded* guarded : impl.guarded) {
      if (guarded->stop.stop_requested()) {
        over.emplace_back(guarded, ErrorKind::cancelled);
      } else if (guarded->deadline <= now && now >= impl.spares_until) {
        over.emplace_back(guarded, ErrorKind::timed_out);
      }
    }
    for (const auto& [guarded, why] : over) {
      if (impl.guarded.contains(guarded)) guarded->expire(why);  // one expiry may end another's owner
    }
    arm_watchdog(impl);
  });
}

}  // namespace

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

void Loop::run(Task<void> main) {
  const CurrentExecutor current(this);
  Main running = run_main(std::move(main), impl_->io);
  asio::post(impl_->io, [handle = running.handle] { handle.resume(); });
  impl_->looked = Steady::now();
  arm_watchdog(*impl_);
  impl_->io.restart();
  impl_->io.run();
  impl_->watchdog.cancel();
  const std::exception_ptr exception = running.handle.promise().exception;
  running.handle.destroy();
  // Handlers of sockets that were closed at the end still have to be run, or their memory is lost.
  impl_->io.restart();
  impl_->io.poll();
  if (exception) std::rethrow_exception(exception);
}

void Loop::post(std::coroutine_handle<> handle) {
  asio::post(impl_->io, [handle] { handle.resume(); });
}

Steady::time_point Loop::now() const {
  return Steady::now();
}

UtcTime Loop::utc() const {
  return std::chrono::time_point_cast<milliseconds>(std::chrono::system_clock::now());
}

void Loop::watch(Guarded& guarded) {
  impl_->guarded.insert(&guarded);
}
void Loop::unwatch(Guarded& guarded) {
  impl_->guarded.erase(&guarded);
}

namespace {

// A pause that the watchdog can end.
class Sleep final : public Guarded {
 public:
  Sleep(Loop& loop, Steady::time_point until, const Context& context)
      : loop_(loop), timer_(loop.impl().io.get_executor(), until) {
    deadline = context.deadline;
    stop = context.stop;
    loop_.watch(*this);
  }
  ~Sleep() override { loop_.unwatch(*this); }
  void expire(ErrorKind) override { timer_.cancel(); }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> handle) {
    timer_.async_wait([handle](const boost::system::error_code&) { handle.resume(); });
  }
  void await_resume() const noexcept {}

 private:
  Loop& loop_;
  Loop::Impl::Timer timer_;
};

}  // namespace

Task<Result<>> Loop::sleep(milliseconds duration, const Context& context) {
  if (Result<> go = context.check(); !go) co_return go;
  if (duration.count() > 0) {
    Sleep pause(*this, now() + duration, context);
    co_await pause;
  }
  co_return context.check();
}

}  // namespace azs3copy
