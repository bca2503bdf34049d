// signals.cpp: a thread in sigwait-like poll over a signalfd, and an eventfd that ends it.
#include "hosts/cli/signals.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "hosts/cli/exit_code.hpp"

namespace azs3copy::cli {
namespace {

bool is_ignored(int number) {
  struct sigaction action{};
  return ::sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

struct SignalWatch::State {
  std::stop_source& stop;
  std::function<void()> on_first;
  std::function<void()> on_second;
  sigset_t watched{};
  sigset_t before{};
  int signals = -1;
  int end = -1;
  std::thread thread;

  void watch() {
    int seen = 0;
    for (;;) {
      std::array<pollfd, 2> waited = {
          {{.fd = signals, .events = POLLIN, .revents = 0}, {.fd = end, .events = POLLIN, .revents = 0}}};
      if (::poll(waited.data(), waited.size(), -1) < 0) continue;
      if (waited[1].revents != 0) return;
      signalfd_siginfo info{};
      if (::read(signals, &info, sizeof(info)) != sizeof(info)) continue;
      if (++seen == 1) {
        stop.request_stop();
        on_first();
      } else {
        on_second();
        ::_exit(exit_interrupted);
      }
    }
  }
};

SignalWatch::SignalWatch(std::stop_source& stop, std::function<void()> on_first,
                         std::function<void()> on_second)
    : state_(new State{.stop = stop, .on_first = std::move(on_first), .on_second = std::move(on_second)}) {
  ::signal(SIGPIPE, SIG_IGN);
  sigemptyset(&state_->watched);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    if (!is_ignored(number)) sigaddset(&state_->watched, number);
  }
  ::pthread_sigmask(SIG_BLOCK, &state_->watched, &state_->before);
  state_->signals = ::signalfd(-1, &state_->watched, SFD_CLOEXEC);
  state_->end = ::eventfd(0, EFD_CLOEXEC);
  state_->thread = std::thread([state = state_.get()] { state->watch(); });
}

SignalWatch::~SignalWatch() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(state_->end, &one, sizeof(one));
  state_->thread.join();
  ::close(state_->signals);
  ::close(state_->end);
  ::pthread_sigmask(SIG_SETMASK, &state_->before, nullptr);
}

}  // namespace azs3copy::cli
