// scripted_transport.hpp: a Transport that answers from a script and records what it was asked, a clock that
// moves only when told, and `run`, which drives a Task to its end without a loop, a thread or a real sleep.
//
//   FakeClock clock;
//   ScriptedTransport wire;
//   wire.replies({.status = 503, .headers = {{"Retry-After", "2"}}});
//   wire.replies({.status = 200, .body = "hello"});
//   auto result = run(client.get("name", clock.context()));
//   EXPECT_EQ(wire.requests.at(1).header("x-ms-version"), "2025-01-05");
//
// It judges nothing: a request is never wrong here, only recorded. The strict fakes are other files.
#pragma once

#include <algorithm>
#include <coroutine>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/context.hpp"
#include "core/sync.hpp"
#include "core/task.hpp"
#include "net/http.hpp"

namespace azs3copy::fakes {

// Time stands still but for `advance` and what is slept; `sleeps` keeps each pause that was asked for.
class FakeClock final : public Clock {
 public:
  // 2026-11-23T07:42:10Z, a Monday.
  static constexpr UtcTime start{std::chrono::seconds{1'795'419'730}};

  explicit FakeClock(UtcTime utc = start) : utc_(utc) {}
  Steady::time_point now() const override { return now_; }
  UtcTime utc() const override { return utc_; }

  Task<Result<>> sleep(milliseconds duration, const Context& context) override {
    sleeps.push_back(duration);
    if (context.stopped()) co_return fail(ErrorKind::cancelled, "stopped on request");
    if (context.deadline - now_ < duration) {
      advance(std::chrono::ceil<milliseconds>(std::max(context.deadline - now_, Steady::duration::zero())));
      co_return fail(ErrorKind::timed_out, "the time limit passed");
    }
    advance(duration);
    if (on_sleep) on_sleep(duration);
    if (context.stopped()) co_return fail(ErrorKind::cancelled, "stopped on request");
    co_return Result<>{};
  }

  void advance(milliseconds duration) {
    now_ += duration;
    utc_ += duration;
    look();
  }
  void watch(Guarded& guarded) override { guarded_.push_back(&guarded); }
  void unwatch(Guarded& guarded) override { std::erase(guarded_, &guarded); }
  // Expires what is watched and over, as a loop's watchdog does; called by `advance` too.
  void look() {
    for (Guarded* guarded : std::vector(guarded_)) {
      if (std::ranges::find(guarded_, guarded) == guarded_.end()) continue;
      if (guarded->stop.stop_requested()) {
        guarded->expire(ErrorKind::cancelled);
      } else if (guarded->deadline <= now_) {
        guarded->expire(ErrorKind::timed_out);
      }
    }
  }
  void set_utc(UtcTime utc) { utc_ = utc; }
  // A context without deadline on this clock; `stop` for tests that cancel.
  Context context(std::stop_token stop = {}) { return {.clock = *this, .stop = std::move(stop)}; }

  std::vector<milliseconds> sleeps;
  std::function<void(milliseconds)> on_sleep;  // called in the middle of a pause, e.g. to request a stop

 private:
  Steady::time_point now_{std::chrono::hours{1000}};
  UtcTime utc_;
  std::vector<Guarded*> guarded_;
};

// Resumes posted coroutines in order, on the thread that calls `drain`.
class ManualExecutor final : public Executor {
 public:
  ManualExecutor() : previous_(current()) { set_current(this); }
  ManualExecutor(const ManualExecutor&) = delete;
  ManualExecutor& operator=(const ManualExecutor&) = delete;
  ~ManualExecutor() override { set_current(previous_); }

  void post(std::coroutine_handle<> handle) override { ready_.push_back(handle); }
  bool idle() const { return ready_.empty(); }
  // Resumes one; false when there was none.
  bool step() {
    if (ready_.empty()) return false;
    const std::coroutine_handle<> next = ready_.front();
    ready_.pop_front();
    next.resume();
    return true;
  }
  void drain() {
    while (step()) {
    }
  }

 private:
  Executor* previous_;
  std::deque<std::coroutine_handle<>> ready_;
};

namespace detail {
template <class T>
struct Outcome {
  std::optional<T> value;
  std::exception_ptr exception;
  bool done = false;
};
template <>
struct Outcome<void> {
  std::exception_ptr exception;
  bool done = false;
};

template <class T>
azs3copy::detail::Detached drive(Task<T> task, Outcome<T>* outcome) {
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(task);
    } else {
      outcome->value.emplace(co_await std::move(task));
    }
  } catch (...) {
    outcome->exception = std::current_exception();
  }
  outcome->done = true;
}
}  // namespace detail

// Runs `task` to its end and gives its result, rethrowing what it throws. A task that waits for something
// that nobody will ever do is std::logic_error.
template <class T>
T run(Task<T> task, ManualExecutor& executor) {
  detail::Outcome<T> outcome;
  detail::drive(std::move(task), &outcome);
  while (!outcome.done && executor.step()) {
  }
  if (!outcome.done) throw std::logic_error("the task waits for ever: nothing is left to run");
  if (outcome.exception) std::rethrow_exception(outcome.exception);
  if constexpr (!std::is_void_v<T>) return std::move(*outcome.value);
}
template <class T>
T run(Task<T> task) {
  ManualExecutor executor;
  return run(std::move(task), executor);
}

// What the server does with one request, in the order in which things can go wrong.
struct ScriptedReply {
  int status = 200;
  std::vector<Headers::Field> headers;
  std::string body;
  // What the head says; none: the size of `body`. `chunked` says nothing.
  std::optional<std::uint64_t> content_length;
  bool chunked = false;
  std::size_t read_bytes_max = 0;    // the most that one read gives; 0: as the buffer has room
  std::optional<Error> start_error;  // no connection
  std::optional<std::size_t>
      answers_after;          // a streamed body is answered early, after this many bytes; 0: its head
  bool asks_for_body = true;  // with 100 Continue, where the request expects it
  std::optional<std::size_t> write_fails_after;  // the connection breaks while the body is written
  std::optional<Error> response_error;           // no head comes
  std::optional<std::size_t> body_fails_after;   // the body breaks off after this many bytes
};

// A request as it went out. `body` holds streamed bytes too.
struct RecordedRequest {
  Method method = Method::get;
  Endpoint endpoint;
  std::string target;
  Headers headers;
  std::string body;
  std::optional<std::uint64_t> streamed_size;
  milliseconds idle_timeout_least{0};
  bool response_asked = false;
  std::size_t body_bytes_read = 0;
  bool read_to_end = false;  // the connection could be used again
  bool released = false;     // the Exchange was destroyed

  std::string_view header(std::string_view name) const { return headers.get(name); }
  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const {
    const std::size_t mark = target.find('?');
    return mark == std::string::npos ? std::string_view{} : std::string_view(target).substr(mark + 1);
  }
};

// Answers requests in order from `replies(...)`; when the script is at its end, from `fallback` if there is
// one. A request that finds neither is ErrorKind::internal, which nothing tries again.
class ScriptedTransport final : public Transport {
 public:
  using Handler = std::function<ScriptedReply(const RecordedRequest&)>;

  std::deque<RecordedRequest> requests;  // a deque: its elements stay where they are
  Handler fallback;

  ScriptedTransport() = default;
  explicit ScriptedTransport(std::vector<ScriptedReply> script) : script_(script.begin(), script.end()) {}

  ScriptedTransport& replies(ScriptedReply reply) {
    script_.push_back(std::move(reply));
    return *this;
  }
  ScriptedTransport& replies(std::size_t times, const ScriptedReply& reply) {
    script_.insert(script_.end(), times, reply);
    return *this;
  }
  std::size_t replies_left() const { return script_.size(); }

  Task<Result<std::unique_ptr<Exchange>>> start(const HttpRequest& request, const Context& context) override {
    if (Result<> ok = context.check(); !ok) co_return passed(std::move(ok));
    RecordedRequest& seen =
        requests.emplace_back(RecordedRequest{.method = request.method,
                                              .endpoint = request.endpoint,
                                              .target = request.target,
                                              .headers = request.headers,
                                              .body = std::string(text_of(request.body)),
                                              .streamed_size = request.streamed_size,
                                              .idle_timeout_least = request.idle_timeout_least});
    ScriptedReply reply;
    if (!script_.empty()) {
      reply = std::move(script_.front());
      script_.pop_front();
    } else if (fallback) {
      reply = fallback(seen);
    } else {
      co_return fail(ErrorKind::internal, "no reply was scripted for " + request.target);
    }
    if (reply.start_error) co_return std::unexpected<Error>(*reply.start_error);
    co_return std::unique_ptr<Exchange>(new ScriptedExchange(seen, std::move(reply)));
  }

  static Error broken_connection(std::string message = "connection reset by peer") {
    return {.kind = ErrorKind::connection, .retry = RetryVerdict::later, .message = std::move(message)};
  }

 private:
  class ScriptedExchange final : public Exchange {
   public:
    ScriptedExchange(RecordedRequest& seen, ScriptedReply reply) : seen_(seen), reply_(std::move(reply)) {}
    ~ScriptedExchange() override { seen_.released = true; }

    Task<Result<bool>> write(Bytes bytes) override {
      seen_.body.append(text_of(bytes));
      if (reply_.write_fails_after && seen_.body.size() > *reply_.write_fails_after) {
        co_return std::unexpected<Error>(broken_connection());
      }
      co_return reply_.answers_after.has_value() && seen_.body.size() >= *reply_.answers_after;
    }

    Task<Result<Asked>> await_continue(milliseconds) override {
      if (reply_.answers_after == 0u) co_return Asked::answered;
      co_return reply_.asks_for_body ? Asked::yes : Asked::not_yet;
    }

    Task<Result<ResponseHead>> response() override {
      seen_.response_asked = true;
      if (reply_.response_error) co_return std::unexpected<Error>(*reply_.response_error);
      ResponseHead head;
      head.status = reply_.status;
      for (const auto& [name, value] : reply_.headers) head.headers.add(name, value);
      if (!reply_.chunked) head.content_length = reply_.content_length.value_or(reply_.body.size());
      if (seen_.method == Method::head) reply_.body.clear();
      if (reply_.body.empty() && !reply_.body_fails_after) seen_.read_to_end = true;
      co_return head;
    }

    Task<Result<std::size_t>> read(MutableBytes buffer) override {
      const std::size_t end =
          std::min(reply_.body.size(), reply_.body_fails_after.value_or(reply_.body.size()));
      std::size_t count = std::min(buffer.size(), end - at_);
      if (reply_.read_bytes_max > 0) count = std::min(count, reply_.read_bytes_max);
      if (count == 0 && reply_.body_fails_after) {
        co_return std::unexpected<Error>(broken_connection("the body broke off"));
      }
      if (count > 0) std::memcpy(buffer.data(), reply_.body.data() + at_, count);
      at_ += count;
      seen_.body_bytes_read = at_;
      if (at_ == reply_.body.size()) seen_.read_to_end = true;
      co_return count;
    }

   private:
    RecordedRequest& seen_;
    ScriptedReply reply_;
    std::size_t at_ = 0;
  };

  std::deque<ScriptedReply> script_;
};

}  // namespace azs3copy::fakes
