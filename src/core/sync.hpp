// sync.hpp: how Tasks wait for one another: Group (children joined, some at a time), Slots (a counted
// limit), Channel (bounded queue between loops). Nobody blocks a thread; a waiter is resumed
// on the executor that it waited on.
#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <utility>

#include "core/task.hpp"

namespace azs3copy {

// A suspended Task and the executor it came from.
struct Waiter {
  std::coroutine_handle<> handle;
  Executor* executor = nullptr;

  static Waiter here(std::coroutine_handle<> handle) { return {handle, Executor::current()}; }
  void wake() const { executor->post(handle); }
};

namespace detail {
// A coroutine that nobody awaits: it frees itself at its end. Only Group starts one.
struct Detached {
  struct promise_type : PooledFrame {
    Detached get_return_object() const noexcept { return {}; }
    std::suspend_never initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    void unhandled_exception() const noexcept { std::terminate(); }
  };
};
}  // namespace detail

// Children that run side by side on one loop and are joined before their owner goes. Not thread-safe.
class Group {
 public:
  Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  ~Group() { assert(running_ == 0 && "a Group is joined before it is destroyed"); }

  // Starts `task` at once on the caller's thread; it runs until its first wait before spawn returns.
  void spawn(Task<void> task) { run(std::move(task)); }
  std::size_t running() const { return running_; }

  // Waits until no child runs, rethrowing the first stray exception of a child.
  Task<void> join() {
    while (running_ > 0) co_await Join{*this};
    if (exception_) std::rethrow_exception(std::exchange(exception_, nullptr));
  }

 private:
  struct Join {
    Group& group;
    bool await_ready() const noexcept { return group.running_ == 0; }
    void await_suspend(std::coroutine_handle<> handle) const { group.joiner_ = Waiter::here(handle); }
    void await_resume() const noexcept {}
  };

  // Counted here and not by spawn: memory for a child that cannot be started may be lacking.
  detail::Detached run(Task<void> task) {
    ++running_;
    try {
      co_await std::move(task);
    } catch (...) {
      if (!exception_) exception_ = std::current_exception();
    }
    if (--running_ == 0 && joiner_) std::exchange(joiner_, std::nullopt)->wake();
  }

  std::size_t running_ = 0;
  std::optional<Waiter> joiner_;
  std::exception_ptr exception_;
};

namespace detail {
template <class Work>
Task<void> work_on(std::size_t& next, std::size_t count, Work& work) {
  while (next < count) co_await work(next++);
}
}  // namespace detail

// Awaits `work(i)`, a Task<void>, for each i below `count`, in this order and `at_a_time` of them side by side.
template <class Work>
Task<void> work_side_by_side(std::size_t count, std::size_t at_a_time, Work work) {
  std::size_t next = 0;
  Group group;
  for (std::size_t i = 0; i < at_a_time && i < count; ++i) group.spawn(detail::work_on(next, count, work));
  co_await group.join();
}

// A counted limit on one loop, first come first served. Not thread-safe.
class Slots {
 public:
  explicit Slots(std::size_t count) : free_(count) {}
  Slots(const Slots&) = delete;
  Slots& operator=(const Slots&) = delete;

  // Gives its slot back when it goes.
  class Slot {
   public:
    explicit Slot(Slots* slots) : slots_(slots) {}
    Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)) {}
    Slot& operator=(Slot&& other) noexcept {
      std::swap(slots_, other.slots_);
      return *this;
    }
    ~Slot() {
      if (slots_) slots_->release();
    }

   private:
    Slots* slots_;
  };

  struct Acquire {
    Slots& slots;
    bool await_ready() const noexcept {
      if (slots.free_ == 0) return false;
      --slots.free_;
      return true;
    }
    void await_suspend(std::coroutine_handle<> handle) const {
      slots.waiting_.push_back(Waiter::here(handle));
    }
    Slot await_resume() const noexcept { return Slot(&slots); }
  };
  // `Slots::Slot slot = co_await slots.acquire();`
  Acquire acquire() { return {*this}; }
  std::size_t free() const { return free_; }

 private:
  void release() {
    if (waiting_.empty()) {
      ++free_;
      return;
    }
    const Waiter next = waiting_.front();  // the slot passes on without becoming free
    waiting_.pop_front();
    next.wake();
  }

  std::size_t free_;
  std::deque<Waiter> waiting_;
};

// A bounded queue between Tasks of any loops.
// push waits while full, pop while empty; close ends both. Thread-safe.
template <class T>
class Channel {
 public:
  explicit Channel(std::size_t capacity) : capacity_(capacity) {}
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  // True when taken; false when the channel was closed, and the item is dropped.
  Task<bool> push(T item) {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (closed_) co_return false;
        if (items_.size() < capacity_) {
          items_.push_back(std::move(item));
          wake_one(poppers_);
          co_return true;
        }
      }
      co_await Wait{*this, pushers_, &Channel::full};
    }
  }

  // Takes the item even above the capacity:
  // for work that must not wait for those who wait for it. False once closed.
  bool push_at_once(T item) {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    wake_one(poppers_);
    return true;
  }

  // The next item; nothing once the channel is closed and empty.
  Task<std::optional<T>> pop() {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!items_.empty()) {
          std::optional<T> item(std::move(items_.front()));
          items_.pop_front();
          wake_one(pushers_);
          co_return item;
        }
        if (closed_) co_return std::nullopt;
      }
      co_await Wait{*this, poppers_, &Channel::empty};
    }
  }

  // No item comes any more; those inside can still be popped.
  void close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    wake_all();
  }

  // Ends the channel and drops what is inside: for a stop.
  void abandon() {
    std::deque<T> dropped;
    const std::lock_guard lock(mutex_);
    closed_ = true;
    dropped.swap(items_);
    wake_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  struct Wait {
    Channel& channel;
    std::deque<Waiter>& queue;
    bool (Channel::*must_wait)() const;

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> handle) const {
      const std::lock_guard lock(channel.mutex_);
      if (!(channel.*must_wait)()) return false;  // it changed between the look and the wait
      queue.push_back(Waiter::here(handle));
      return true;
    }
    void await_resume() const noexcept {}
  };

  bool full() const { return !closed_ && items_.size() >= capacity_; }
  bool empty() const { return !closed_ && items_.empty(); }
  static void wake_one(std::deque<Waiter>& queue) {
    if (queue.empty()) return;
    const Waiter next = queue.front();
    queue.pop_front();
    next.wake();
  }
  void wake_all() {
    while (!pushers_.empty()) wake_one(pushers_);
    while (!poppers_.empty()) wake_one(poppers_);
  }

  const std::size_t capacity_;
  mutable std::mutex mutex_;
  std::deque<T> items_;
  std::deque<Waiter> pushers_;
  std::deque<Waiter> poppers_;
  bool closed_ = false;
};

}  // namespace azs3copy
