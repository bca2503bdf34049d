#include "fakes/server/loop.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <stdexcept>

namespace azs3copy::fakes {

Loop::Loop() : epoll_(epoll_create1(EPOLL_CLOEXEC)), event_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (epoll_ < 0 || event_ < 0) throw std::runtime_error("no file descriptor left for an event loop");
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.ptr = nullptr;
  epoll_ctl(epoll_, EPOLL_CTL_ADD, event_, &event);
}

Loop::~Loop() {
  for (Watch* watch : watches_) delete watch;
  close(event_);
  close(epoll_);
}

void Loop::stop() {
  stop_asked_ = true;
  wake_thread();
}

void Loop::post(std::coroutine_handle<> handle) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(handle);
  }
  wake_thread();
}

void Loop::wake_thread() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = write(event_, &one, sizeof one);
}

Loop::Watch& Loop::watch(int fd) {
  auto watch = std::make_unique<Watch>();
  watch->fd = fd;
  epoll_event event{};
  event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  event.data.ptr = watch.get();
  epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  watches_.insert(watch.get());
  return *watch.release();
}

void Loop::unwatch(Watch& watch) {
  epoll_ctl(epoll_, EPOLL_CTL_DEL, watch.fd, nullptr);
  watches_.erase(&watch);
  watch.dead = true;
  graveyard_.emplace_back(&watch);
}

int Loop::wait_milliseconds() const {
  if (timers_.empty()) return -1;
  const auto left = std::chrono::ceil<milliseconds>(timers_.begin()->first - Steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

void Loop::run() {
  Executor::set_current(this);
  std::array<epoll_event, 256> events;
  while (!(stopping_ && tasks_.running() == 0)) {
    const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), wait_milliseconds());
    if (count < 0 && errno != EINTR) throw std::runtime_error("epoll_wait failed");
    for (int i = 0; i < count; ++i) {
      auto* watch = static_cast<Watch*>(events[static_cast<std::size_t>(i)].data.ptr);
      const auto bits = events[static_cast<std::size_t>(i)].events;
      if (watch == nullptr) {
        std::uint64_t drained = 0;
        [[maybe_unused]] const auto got = read(event_, &drained, sizeof drained);
        continue;
      }
      if (bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) watch->drained = false;
      if (bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) watch->ended = true;
      if ((bits & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) && !watch->dead && watch->reader) {
        std::exchange(watch->reader, nullptr).resume();
      }
      if ((bits & (EPOLLOUT | EPOLLHUP | EPOLLERR)) && !watch->dead && watch->writer) {
        std::exchange(watch->writer, nullptr).resume();
      }
    }
    run_due_timers();
    run_posted();
    if (stop_asked_ && !stopping_) {
      stopping_ = true;
      release_all();
    }
    graveyard_.clear();
  }
  Executor::set_current(nullptr);
}

void Loop::run_due_timers() {
  while (!timers_.empty() && timers_.begin()->first <= Steady::now()) {
    const auto handle = timers_.begin()->second;
    timers_.erase(timers_.begin());
    handle.resume();
  }
}

void Loop::run_posted() {
  std::vector<std::coroutine_handle<>> posted;
  {
    const std::lock_guard lock(mutex_);
    posted.swap(posted_);
  }
  for (const auto handle : posted) handle.resume();
}

// Once, when the loop stops: resumes all that wait. From then on no wait suspends.
void Loop::release_all() {
  std::vector<Watch*> watches(watches_.begin(), watches_.end());
  for (Watch* watch : watches) {
    if (!watch->dead && watch->reader) std::exchange(watch->reader, nullptr).resume();
    if (!watch->dead && watch->writer) std::exchange(watch->writer, nullptr).resume();
  }
  const auto timers = std::exchange(timers_, {});
  for (const auto& [due, handle] : timers) handle.resume();
}

}  // namespace azs3copy::fakes
