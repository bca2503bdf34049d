// loop.hpp: the event loop of the test servers:
// one thread, edge-triggered epoll, coroutines that wait on sockets.
//
//   run() --> epoll_wait --> resume the Task that waits for this socket, this timer, or that was posted
//
// No Asio here: the servers share no I/O code with the client that they judge.
#pragma once

#include <atomic>
#include <coroutine>
#include <map>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <vector>

#include "core/context.hpp"
#include "core/sync.hpp"
#include "core/task.hpp"

namespace azs3copy::fakes {

// A server's connection broke, or the server stops: the coroutine that serves it unwinds.
struct Disconnected {};

class Loop final : public Executor {
 public:
  Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() override;

  // Returns after `stop`, once every Task given to `spawn` has ended.
  void run();
  // Thread-safe. Each wait of the loop's Tasks then throws Disconnected.
  void stop();
  void post(std::coroutine_handle<> handle) override;
  // Only on the loop's thread, or before it runs.
  void spawn(Task<void> task) { tasks_.spawn(std::move(task)); }

  // A socket that the loop watches.
  // The loop owns it and frees it between two rounds, for events of this round may still name it.
  struct Watch {
    int fd = -1;
    std::coroutine_handle<> reader;
    std::coroutine_handle<> writer;
    bool dead = false;
    // The last read took all there was: another one before the next event would only say EAGAIN. Not to be
    // trusted once the peer has ended its side, for that gives no further event.
    bool drained = false;
    bool ended = false;
  };
  Watch& watch(int fd);
  void unwatch(Watch& watch);

  struct Ready {
    Loop& loop;
    std::coroutine_handle<>& slot;
    bool await_ready() const noexcept { return loop.stopping(); }
    void await_suspend(std::coroutine_handle<> handle) const noexcept { slot = handle; }
    void await_resume() const {
      if (loop.stopping()) throw Disconnected{};
    }
  };
  // Edge-triggered: wait only after the call that said EAGAIN.
  Ready readable(Watch& watch) { return {*this, watch.reader}; }
  Ready writable(Watch& watch) { return {*this, watch.writer}; }

  struct Sleep {
    Loop& loop;
    Steady::time_point until;
    bool await_ready() const noexcept { return loop.stopping(); }
    void await_suspend(std::coroutine_handle<> handle) const { loop.timers_.emplace(until, handle); }
    void await_resume() const {
      if (loop.stopping()) throw Disconnected{};
    }
  };
  Sleep sleep(milliseconds duration) { return {*this, Steady::now() + duration}; }

  bool stopping() const { return stopping_; }

 private:
  int wait_milliseconds() const;
  void wake_thread() const;
  void run_due_timers();
  void run_posted();
  void release_all();

  int epoll_ = -1;
  int event_ = -1;         // eventfd: wakes the loop's thread
  bool stopping_ = false;  // of the loop's thread
  std::atomic<bool> stop_asked_ = false;
  std::unordered_set<Watch*> watches_;
  std::vector<std::unique_ptr<Watch>> graveyard_;
  std::multimap<Steady::time_point, std::coroutine_handle<>> timers_;
  std::mutex mutex_;
  std::vector<std::coroutine_handle<>> posted_;  // under mutex_
  Group tasks_;
};

}  // namespace azs3copy::fakes
