// breaker.hpp: decides when failures of single requests are evidence that no other request can succeed.
//
// One streak per service and kind of operation: everything that failed since the last success of that kind. An
// unchanged blob and a page of a listing are successes.
//
//   storage full                     1 refusal      nothing can be written, and reading more costs egress
//   no login, key or bucket gone    10 blobs        the same for every request
//   refused                         20 blobs, 3 containers or folders, 30 s; in fewer folders 1,000 blobs, 10 min
//   busy or away                     3 blobs after 10 minutes, each of which used up its own retries
//
// A large body that is still being sent may succeed: while one is that started before the streak, nothing ends.
// Short of that, while a service fails for several blobs, retries go one at a time (RetryGate).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/context.hpp"
#include "core/error.hpp"
#include "messages/blob.hpp"
#include "net/retry.hpp"

namespace azs3copy {

enum class Operation : std::uint8_t {
  list_source,
  read_source,
  list_destination,
  look_at_destination,
  write_destination,
};
inline constexpr std::size_t operation_count = 5;

// The operation that an error is of, by the client's name for it; nothing if no service was asked.
std::optional<Operation> operation_of(const Error& error);

// The machine that runs this cannot go on: its disk is full, its state cannot be written.
bool is_machine_failure(const Error& error);

struct BreakerRules {
  std::size_t login_blobs_min = 10;
  bool ends_on_refusals = true;
  std::size_t blobs_min = 20;
  std::size_t places_min = 3;
  milliseconds time_min = std::chrono::seconds(30);
  std::size_t narrow_blobs_min = 1000;
  milliseconds narrow_time_min = std::chrono::minutes(10);
  std::size_t away_blobs_min = 3;
  milliseconds away_time_min = std::chrono::minutes(10);
  std::size_t gate_blobs_min = 4;  // that fail in a row before retries go one at a time
};

// What a request was about. `place`: the container and the first folder of the name, as rights are given.
struct BreakerSubject {
  Container container;
  std::string_view relative_name;
};

// Thread-safe: one for all loops of a run.
class Breaker {
 public:
  explicit Breaker(const Clock& clock, BreakerRules rules = {}) : clock_(clock), rules_(rules) {}

  // True if the service had been failing for everybody until now.
  bool succeeded(Operation operation);
  // A blob was found unchanged: its container or folder can be used.
  void found_unchanged();
  // An attempt failed and may be made again. True if from now on retries go one at a time.
  bool attempt_failed(const Error& error, std::string_view name);
  // After the last attempt. The error that ends the run, once there is evidence enough.
  std::optional<Error> gave_up(const Error& error, const BreakerSubject& subject);
  // The error that ended the run, if one did.
  std::optional<Error> tripped() const;
  // After everything was tried: an error if all of one kind was refused.
  std::optional<Error> at_end() const;

  // Retries of one operation.
  class Gate final : public RetryGate {
   public:
    Gate(Breaker& breaker, Operation operation) : breaker_(breaker), operation_(operation) {}
    bool is_closed() const override { return breaker_.is_closed(operation_); }
    milliseconds take_turn() override { return breaker_.take_turn(operation_); }

   private:
    Breaker& breaker_;
    Operation operation_;
  };

  // A body that is being sent.
  class Sending {
   public:
    explicit Sending(Breaker& breaker);
    Sending(const Sending&) = delete;
    Sending& operator=(const Sending&) = delete;
    ~Sending();

   private:
    Breaker& breaker_;
    std::multiset<Steady::time_point>::iterator place_;
  };

  // "waiting for S3 (503 SlowDown) since 42 s"; empty while every service answers.
  std::string waiting_text() const;

 private:
  enum class Class : std::uint8_t { none, full, login, refused, away };
  static constexpr std::size_t class_count = 5;
  struct Streak {
    Steady::time_point first{};
    std::unordered_set<std::size_t> blobs;  // hashes of their names
    std::set<std::string> places;
    Error last;
  };
  struct State {
    std::array<Streak, class_count> streaks;
    Steady::time_point last_success{};
    std::unordered_set<std::size_t> failing;  // attempts that failed since the last success
    Steady::time_point closed_since{};
    Steady::time_point next_turn{};
    int turns = 0;
    std::string code;
  };

  static Class class_of(const Error& error, Operation operation);
  bool is_evidence(const Streak& streak, Class of, Operation operation) const;
  bool is_closed(Operation operation) const;
  bool is_closed(const State& state) const { return state.failing.size() >= rules_.gate_blobs_min; }
  milliseconds take_turn(Operation operation);

  const Clock& clock_;
  const BreakerRules rules_;
  std::array<std::atomic<bool>, operation_count> is_well_{};  // succeeded, and nothing failed since
  mutable std::mutex mutex_;
  std::array<State, operation_count> states_;
  std::multiset<Steady::time_point> sending_;  // by when they began
  std::optional<Error> tripped_;
};

}  // namespace azs3copy
