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

// The state of one endpoint.
struct Limit {
  Limit(Endpoint of, const LimiterOptions& options)
      : endpoint(std::move(of)),
        ceiling(std::max(1, options.streams_max)),
        limit(std::clamp<double>(options.streams_start, 1, ceiling)),
        requests(options.requests_per_second_max) {
    view.limit = static_cast<int>(limit);
  }

  Endpoint endpoint;
  double ceiling;
  double limit;
  bool throttled_once = false;
  int streams = 0;
  std::deque<Waiter> waiting;
  Bucket requests;
  Steady::time_point paused_until{};
  Steady::time_point decreased{};
  LimiterView view;

  bool has_room() const { return streams < static_cast<int>(limit); }
  void enter() { view.streams.store(++streams, std::memory_order_relaxed); }
  void leave() {
    view.streams.store(--streams, std::memory_order_relaxed);
    let_in();
  }
  // A place passes to who waits longest before that one runs, so that nobody who comes later can take it.
  void let_in() {
    while (has_room() && !waiting.empty()) {
      const Waiter next = waiting.front();
      waiting.pop_front();
      enter();
      next.wake();
    }
  }
  void succeeded() {
    limit = std::min(ceiling, limit + (throttled_once ? 1.0 / limit : 1.0));
    view.limit.store(static_cast<int>(limit), std::memory_order_relaxed);
    let_in();
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
    limit = std::max(1.0, limit * decrease_factor);
    view.limit.store(static_cast<int>(limit), std::memory_order_relaxed);
  }
};

// A place at an endpoint; given back when it goes.
class Stream {
 public:
  explicit Stream(Limit& entered) : limit_(&entered) {}
  Stream(Stream&& other) noexcept : limit_(std::exchange(other.limit_, nullptr)) {}
  Stream& operator=(Stream&&) = delete;
  ~Stream() {
    if (limit_ != nullptr) limit_->leave();
  }
  Limit& limit() const { return *limit_; }

 private:
  Limit* limit_;
};

struct Enter {
  Limit& limit;
  bool await_ready() const {
    if (!limit.has_room()) return false;  // where there is room nobody waits: see let_in
    limit.enter();
    return true;
  }
  void await_suspend(std::coroutine_handle<> handle) const { limit.waiting.push_back(Waiter::here(handle)); }
  Stream await_resume() const { return Stream(limit); }
};

// Returns when the endpoint's pause is over and another request may go. A pause may begin at any time.
Task<Result<>> await_turn(Limit& limit, Clock& clock, const Context& context) {
  const Context pausing = context.for_pause();
  do {
    while (clock.now() < limit.paused_until) {
      const auto pause = std::chrono::ceil<milliseconds>(limit.paused_until - clock.now());
      if (Result<> slept = co_await clock.sleep(pause, pausing); !slept) co_return slept;
    }
    const milliseconds wait = limit.requests.reserve(1, clock.now());
    if (wait.count() <= 0) co_return Result<>{};
    if (Result<> slept = co_await clock.sleep(wait, context); !slept) co_return slept;
  } while (clock.now() < limit.paused_until);
  co_return Result<>{};
}

class LimitedExchange final : public Exchange {
 public:
  LimitedExchange(std::unique_ptr<Exchange> inner, Stream stream, Bucket& bandwidth, const Context& context)
      : stream_(std::move(stream)), inner_(std::move(inner)), bandwidth_(bandwidth), context_(context) {}

  Task<Result<bool>> write(Bytes bytes) override { return inner_->write(bytes); }

  Task<Result<ResponseHead>> response() override {
    Result<ResponseHead> head = co_await inner_->response();
    Limit& limit = stream_.limit();
    const Steady::time_point now = context_.clock.now();
    if (!head) {
      if (head.error().kind == ErrorKind::timed_out) limit.throttled(0, milliseconds{0}, now);
    } else if (head->status == 429 || head->status == 503) {
      limit.throttled(head->status, retry_after(head->headers, context_.clock.utc()), now);
    } else if (head->status < 500) {
      limit.succeeded();
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
  Stream stream_;
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
  std::deque<Limit> limits;  // addresses stay

  Limit& limit(const Endpoint& endpoint) {
    for (Limit& known : limits) {
      if (known.endpoint == endpoint) return known;
    }
    return limits.emplace_back(endpoint, options);
  }
};

LimitedTransport::LimitedTransport(Transport& inner, Clock& clock, LimiterOptions options)
    : impl_(std::make_unique<Impl>(inner, clock, options,
                                   Bucket(static_cast<double>(options.bytes_per_second_max)))) {}

LimitedTransport::~LimitedTransport() = default;

Task<Result<std::unique_ptr<Exchange>>> LimitedTransport::start(const HttpRequest& request,
                                                                const Context& context) {
  Limit& limit = impl_->limit(request.endpoint);
  Stream stream = co_await Enter{limit};
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
  co_return std::unique_ptr<Exchange>(
      std::make_unique<LimitedExchange>(std::move(*exchange), std::move(stream), impl_->bandwidth, context));
}

const LimiterView& LimitedTransport::view(const Endpoint& endpoint) {
  return impl_->limit(endpoint).view;
}

}  // namespace azs3copy
