// signals.hpp: SIGINT, SIGTERM and SIGHUP as a wish to stop: the first asks, the second ends the process.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

namespace azs3copy::cli {

// Make it before any other thread: the signals are blocked from then on, and one thread waits
// for them. A signal that was ignored when the program began (nohup, a shell's background jobs)
// stays ignored. SIGPIPE is ignored.
class SignalWatch {
 public:
  // `on_first` runs on the watching thread, after the stop was requested. `on_second` may print a last word;
  // then the process ends with exit code 130.
  SignalWatch(std::stop_source& stop, std::function<void()> on_first, std::function<void()> on_second);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace azs3copy::cli
