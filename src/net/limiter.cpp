// limiter.cpp: additive increase, multiplicative decrease, and the ceilings.
#include "net/limiter.hpp"

#include <algorithm>
#include <deque>
#include <utility>

#include "core/sync.hpp"
#include "net/retry_after.hpp"

namespace azs3copy {

namespace {

// One decrease answers all the replies of one overload.
constexpr milliseconds decrease_interval{1000};
constexpr double decrease_factor = 0.7;
constexpr milliseconds pause_max{60'000};

// Says when the next unit may go; what is idle is not saved up beyond a tenth of a second.
class Bucket {
 public:
  explicit Bucket(double per_second) : per_second_(per_second) {}
  milliseconds reserve(double units, Steady::time_point now) {
    if (per_second_ <= 0) return milliseconds{0};
    next_ = std::max(next_, now - std::chrono::milliseconds(100));
    next_ += std::chrono::duration_cast<Steady::duration>(std::chrono::duration<double>(units / per_second_));
    return std::chrono::duration_cast<milliseconds>(next_ - now);
  }

 private:
  double per_second_;
  Steady::time_point next_{};
};

class Admission;

// Admissions that wait, first come first served.
class Queue {
 public:
  bool empty() const { return waiting_.empty(); }
  void add(Admission& admission) { waiting_.push_back(&admission); }
  void remove(Admission& admission) { std::erase(waiting_, &admission); }
  void let_in();

 private:
  std::deque<Admission*> waiting_;
};

// The places of one kind at one endpoint.
struct Places {
  Places(int most, int start, Queue& line)
      : ceiling(std::max(1, most)), limit(std::clamp<double>(start, 1, ceiling)), queue(line) {}
  bool has_room() const { return taken < static_cast<int>(limit); }

  double ceiling;
  double limit;
  int taken = 0;
  Queue& queue;  // of those who want them
};

}  // namespace

struct detail::EndpointLimit {
  EndpointLimit(Endpoint of, const LimiterOptions& options, Queue& waiting_copies)
      : endpoint(std::move(of)),
        copies(options.streams_max, options.streams_start, waiting_copies),
        others(options.others_max, options.streams_start, waiting_others),
        requests(options.requests_per_second_max) {
    show();
  }

  Endpoint endpoint;
  Queue waiting_others;
  Places copies;
  Places others;
  bool throttled_once = false;
  Bucket requests;
  Steady::time_point paused_until{};
  Steady::time_point decreased{};
  LimiterView view;

  void show() {
    view.streams.store(copies.taken, std::memory_order_relaxed);
    view.limit.store(static_cast<int>(copies.limit), std::memory_order_relaxed);
  }
  void enter(Places& places) {
    ++places.taken;
    show();
  }
  void leave(Places& places) {
    --places.taken;
    show();
    places.queue.let_in();
  }
  void succeeded(Places& places) {
    places.limit = std::min(places.ceiling, places.limit + (throttled_once ? 1.0 / places.limit : 1.0));
    show();
    places.queue.let_in();
  }
  void throttled(int status, milliseconds retry_after, Steady::time_point now) {
    view.throttle_status.store(status, std::memory_order_relaxed);
    view.throttle_time_ms.store(std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count(),
                                std::memory_order_relaxed);
    if (retry_after.count() > 0)
      paused_until = std::max(paused_until, now + std::min(retry_after, pause_max));
    if (now - decreased < decrease_interval) return;
    decreased = now;
    throttled_once = true;
    for (Places* places : {&copies, &others}) places->limit = std::max(1.0, places->limit * decrease_factor);
    show();
  }
};

namespace {

using detail::EndpointLimit;

// Waits for one place at each of `limits`, takes them together, and yields whether it has them. The caller gives them
// back.
class Admission final : public Guarded {
 public:
  using Limits = std::array<EndpointLimit*, 2>;  // the second may be absent

  Admission(const Limits& limits, Places EndpointLimit::* kind, Clock& clock, const Context& context)
      : limits_(limits), kind_(kind), clock_(clock) {
    deadline = context.deadline;
    stop = context.stop;
  }
  ~Admission() override {
    if (waiter_.handle) clock_.unwatch(*this);
  }

  bool await_ready() { return queue().empty() && enter(); }
  void await_suspend(std::coroutine_handle<> handle) {
    waiter_ = Waiter::here(handle);
    clock_.watch(*this);
    queue().add(*this);
  }
  bool await_resume() const { return entered_; }

  // The places pass to the longest waiting before it runs, so that a later one cannot take them.
  bool enter() {
    for (const EndpointLimit* limit : limits_) {
      if (limit != nullptr && !(limit->*kind_).has_room()) return false;
    }
    for (EndpointLimit* limit : limits_) {
      if (limit != nullptr) limit->enter(limit->*kind_);
    }
    entered_ = true;
    return true;
  }
  void wake() {
    clock_.unwatch(*this);
    waiter_.wake();
  }
  void expire(ErrorKind /*why*/) override {
    Queue& left = queue();
    left.remove(*this);
    wake();
    left.let_in();  // the next may want other places
  }

 private:
  Queue& queue() const { return (limits_[0]->*kind_).queue; }

  Limits limits_;
  Places EndpointLimit::* kind_;
  Clock& clock_;
  Waiter waiter_;
  bool entered_ = false;
};

void Queue::let_in() {
  while (!waiting_.empty() && waiting_.front()->enter()) {
    Admission& next = *waiting_.front();
    waiting_.pop_front();
    next.wake();
  }
}

std::unexpected<Error> admission_ended(const Context& context) {
  const Result<> why = context.check();
  return why ? fail(ErrorKind::cancelled, "stopped on request") : std::unexpected<Error>(why.error());
}

// The place of a request that belongs to no copy; empty under a Pass. Given back when it is destroyed.
class OwnPlace {
 public:
  explicit OwnPlace(EndpointLimit* entered) : limit_(entered) {}
  OwnPlace(OwnPlace&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
  OwnPlace& operator=(OwnPlace&&) = delete;
  ~OwnPlace() {
    if (limit_ != nullptr) limit_->leave(limit_->others);
  }
  bool empty() const { return limit_ == nullptr; }

 private:
  EndpointLimit* limit_;
};

// Returns when the endpoint's pause is over.
Task<Result<>> await_pause(EndpointLimit& limit, Clock& clock, const Context& context) {
  const Context pausing = context.for_pause();
  while (clock.now() < limit.paused_until) {
    const auto pause = std::chrono::ceil<milliseconds>(limit.paused_until - clock.now());
    if (Result<> slept = co_await clock.sleep(pause, pausing); !slept) co_return slept;
  }
  co_return Result<>{};
}

// Returns when the endpoint's pause is over and another request may go. A pause may begin at any time.
Task<Result<>> await_turn(EndpointLimit& limit, Clock& clock, const Context& context) {
  do {
    if (clock.now() < limit.paused_until) {
      if (Result<> over = co_await await_pause(limit, clock, context); !over) co_return over;
    }
    const milliseconds wait = limit.requests.reserve(1, clock.now());
    if (wait.count() <= 0) co_return Result<>{};
    if (Result<> slept = co_await clock.sleep(wait, context); !slept) co_return slept;
  } while (clock.now() < limit.paused_until);
  co_return Result<>{};
}

class LimitedExchange final : public Exchange {
 public:
  LimitedExchange(std::unique_ptr<Exchange> inner, EndpointLimit& limit, OwnPlace place, Bucket& bandwidth,
                  const Context& context)
      : limit_(limit),
        place_(std::move(place)),
        inner_(std::move(inner)),
        bandwidth_(bandwidth),
        context_(context) {}

  Task<Result<bool>> write(Bytes bytes) override { return inner_->write(bytes); }
  Task<Result<Asked>> await_continue(milliseconds limit) override { return inner_->await_continue(limit); }

  Task<Result<ResponseHead>> response() override {
    Result<ResponseHead> head = co_await inner_->response();
    const Steady::time_point now = context_.clock.now();
    if (!head) {
      if (head.error().kind == ErrorKind::timed_out) limit_.throttled(0, milliseconds{0}, now);
    } else if (head->status == 429 || head->status == 503) {
      limit_.throttled(head->status, retry_after(head->headers, context_.clock.utc()), now);
    } else if (head->status < 500) {
      limit_.succeeded(place_.empty() ? limit_.copies : limit_.others);
    }
    co_return head;
  }

  Task<Result<std::size_t>> read(MutableBytes buffer) override {
    Result<std::size_t> got = co_await inner_->read(buffer);
    if (!got) co_return got;
    const milliseconds pause = bandwidth_.reserve(static_cast<double>(*got), context_.clock.now());
    if (pause.count() > 0) {
      if (const Result<> slept = co_await context_.clock.sleep(pause, context_); !slept) {
        co_return std::unexpected<Error>(slept.error());
      }
    }
    co_return got;
  }

 private:
  EndpointLimit& limit_;
  OwnPlace place_;
  std::unique_ptr<Exchange> inner_;
  Bucket& bandwidth_;
  Context context_;
};

}  // namespace

struct LimitedTransport::Impl {
  Transport& inner;
  Clock& clock;
  LimiterOptions options;
  Bucket bandwidth;
  Queue waiting_copies{};
  std::deque<EndpointLimit> limits{};  // addresses stay

  EndpointLimit& limit(const Endpoint& endpoint) {
    for (EndpointLimit& known : limits) {
      if (known.endpoint == endpoint) return known;
    }
    return limits.emplace_back(endpoint, options, waiting_copies);
  }
};

LimitedTransport::LimitedTransport(Transport& inner, Clock& clock, LimiterOptions options)
    : impl_(std::make_unique<Impl>(inner, clock, options,
                                   Bucket(static_cast<double>(options.bytes_per_second_max)))) {}

LimitedTransport::~LimitedTransport() = default;

Pass::Pass(Pass&& other) noexcept : limits_(std::exchange(other.limits_, {})) {}

Pass::~Pass() {
  for (detail::EndpointLimit* limit : limits_) {
    if (limit != nullptr) limit->leave(limit->copies);
  }
}

Task<Result<Pass>> LimitedTransport::admit(const Endpoint& source, const Endpoint& destination,
                                           const Context& context) {
  Pass::Limits limits{&impl_->limit(source), &impl_->limit(destination)};
  if (limits[0] == limits[1]) limits[1] = nullptr;
  const Context waiting = context.for_pause();
  if (!co_await Admission(limits, &EndpointLimit::copies, impl_->clock, waiting)) {
    co_return admission_ended(waiting);
  }
  Pass pass(limits);
  if (Result<> go = waiting.check(); !go) co_return passed(std::move(go));
  for (EndpointLimit* limit : limits) {
    if (limit == nullptr || impl_->clock.now() >= limit->paused_until) continue;
    if (Result<> over = co_await await_pause(*limit, impl_->clock, context); !over)
      co_return passed(std::move(over));
  }
  co_return pass;
}

Task<Result<std::unique_ptr<Exchange>>> LimitedTransport::start(const HttpRequest& request,
                                                                const Context& context) {
  EndpointLimit& limit = impl_->limit(request.endpoint);
  const bool has_pass = context.pass != nullptr && context.pass->covers(limit);
  if (!has_pass && !co_await Admission({&limit, nullptr}, &EndpointLimit::others, impl_->clock, context)) {
    co_return admission_ended(context);
  }
  OwnPlace place(has_pass ? nullptr : &limit);
  if (Result<> go = context.check(); !go) co_return passed(std::move(go));
  if (Result<> turn = co_await await_turn(limit, impl_->clock, context); !turn) {
    co_return passed(std::move(turn));
  }
  Result<std::unique_ptr<Exchange>> exchange = co_await impl_->inner.start(request, context);
  if (!exchange) {
    if (exchange.error().kind == ErrorKind::timed_out)
      limit.throttled(0, milliseconds{0}, impl_->clock.now());
    co_return exchange;
  }
  co_return std::unique_ptr<Exchange>(std::make_unique<LimitedExchange>(
      std::move(*exchange), limit, std::move(place), impl_->bandwidth, context));
}

const LimiterView& LimitedTransport::view(const Endpoint& endpoint) {
  return impl_->limit(endpoint).view;
}

}  // namespace azs3copy
