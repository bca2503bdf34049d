// breaker.cpp: see breaker.hpp.
#include "stages/breaker.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace azs3copy {

namespace {

constexpr milliseconds turn_pause_max{30'000};
// Streaks keep no more than is asked for, and places as many as a message names.
constexpr std::size_t places_kept_max = 16;
constexpr std::size_t places_named_max = 3;

bool has(const Error& error, std::string_view operation) {
  return error.operation.find(operation) != std::string::npos;
}

template <std::size_t N>
bool is_one_of(std::string_view code, const std::array<std::string_view, N>& codes) {
  return std::ranges::find(codes, code) != codes.end();
}

constexpr std::array<std::string_view, 4> full_codes{"QuotaExceeded", "XMinioStorageFull",
                                                     "XMinioAdminBucketQuotaExceeded", "InsufficientStorage"};
// Refused because of the key or token itself, whatever the request asks for.
constexpr std::array<std::string_view, 10> login_codes{
    "ExpiredToken",         "ExpiredTokenException",       "TokenRefreshRequired",
    "InvalidToken",         "InvalidAccessKeyId",          "XAdminUserNotFound",
    "InvalidClientTokenId", "UnrecognizedClientException", "KeyBasedAuthenticationNotPermitted",
    "NoSuchBucket"};

std::string_view service_of(Operation operation) {
  return operation == Operation::list_source || operation == Operation::read_source ? "Azure" : "S3";
}

std::string_view verb_of(Operation operation) {
  switch (operation) {
    case Operation::list_source:
    case Operation::list_destination:
      return "listed";
    case Operation::read_source:
      return "read";
    case Operation::look_at_destination:
      return "looked at";
    case Operation::write_destination:
      return "written";
  }
  return "used";
}

std::string status_text(const Error& error) {
  if (error.http_status == 0) return std::string(to_string(error.kind));
  if (error.service_code.empty()) return std::to_string(error.http_status);
  return fmt::format("{} {}", error.http_status, error.service_code);
}

std::string place_of(const BreakerSubject& subject) {
  const std::size_t slash = subject.relative_name.find('/');
  const std::string_view folder =
      slash == std::string_view::npos ? std::string_view{} : subject.relative_name.substr(0, slash + 1);
  return fmt::format("{}/{}", subject.container, folder);
}

std::string places_text(const std::set<std::string>& places) {
  std::string text;
  std::size_t named = 0;
  for (const std::string& place : places) {
    if (named++ == places_named_max) return text + ", ...";
    if (!text.empty()) text += ", ";
    text += place;
  }
  return text;
}

std::int64_t seconds_since(Steady::time_point since, Steady::time_point now) {
  return std::chrono::duration_cast<seconds>(now - since).count();
}

}  // namespace

std::optional<Operation> operation_of(const Error& error) {
  if (has(error, "azure.list")) return Operation::list_source;
  if (has(error, "azure.")) return Operation::read_source;
  if (has(error, "s3.list_objects")) return Operation::list_destination;
  if (has(error, "s3.head_object") || has(error, "s3.get_object")) return Operation::look_at_destination;
  if (has(error, "s3.")) return Operation::write_destination;
  return std::nullopt;
}

bool is_machine_failure(const Error& error) {
  return error.kind == ErrorKind::internal && error.http_status == 0 && !operation_of(error);
}

Breaker::Class Breaker::class_of(const Error& error, Operation operation) {
  const bool writes = operation == Operation::write_destination;
  if (writes && (error.http_status == 507 || is_one_of(error.service_code, full_codes))) return Class::full;
  if (is_one_of(error.service_code, login_codes)) return Class::login;
  if (error.kind == ErrorKind::credentials && (has(error, "azure.login") || has(error, "aws.credentials")))
    return Class::login;
  switch (error.kind) {
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::timed_out:
    case ErrorKind::connection:
      return Class::away;
    case ErrorKind::credentials:
    case ErrorKind::permission:
      return Class::refused;
    case ErrorKind::invalid:
    case ErrorKind::unsupported:
    case ErrorKind::internal:
      return error.http_status == 0 ? Class::none : Class::refused;
    default:
      return Class::none;  // about the one blob
  }
}

bool Breaker::succeeded(Operation operation) {
  const auto at = static_cast<std::size_t>(operation);
  if (is_well_[at].load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(mutex_);
  is_well_[at].store(true, std::memory_order_relaxed);
  State& state = states_[at];
  const bool was_closed = is_closed(state);
  state = State{.last_success = clock_.now()};
  return was_closed;
}

void Breaker::found_unchanged() {
  (void)succeeded(Operation::read_source);
  (void)succeeded(Operation::look_at_destination);
  (void)succeeded(Operation::write_destination);
}

bool Breaker::attempt_failed(const Error& error, std::string_view name) {
  const std::optional<Operation> operation = operation_of(error);
  if (!operation || class_of(error, *operation) != Class::away) return false;
  const auto at = static_cast<std::size_t>(*operation);
  const std::lock_guard lock(mutex_);
  is_well_[at].store(false, std::memory_order_relaxed);
  State& state = states_[at];
  const bool was_closed = is_closed(state);
  if (!was_closed) state.failing.insert(std::hash<std::string_view>{}(name));
  state.code = status_text(error);
  if (was_closed || !is_closed(state)) return false;
  state.closed_since = clock_.now();
  return true;
}

std::optional<Error> Breaker::gave_up(const Error& error, const BreakerSubject& subject) {
  const std::optional<Operation> operation = operation_of(error);
  const std::lock_guard lock(mutex_);
  if (tripped_ || !operation) return tripped_;
  const Class of = class_of(error, *operation);
  if (of == Class::none) return std::nullopt;
  const auto at = static_cast<std::size_t>(*operation);
  is_well_[at].store(false, std::memory_order_relaxed);
  State& state = states_[at];
  Streak& streak = state.streaks[static_cast<std::size_t>(of)];
  if (streak.blobs.empty()) {
    streak.first = clock_.now();
    // A service that was away has been so since before this attempt.
    if (of == Class::away) streak.first = std::max(state.last_success, clock_.now() - error.elapsed);
  }
  if (streak.blobs.size() < rules_.narrow_blobs_min) {
    streak.blobs.insert(
        std::hash<std::string>{}(fmt::format("{}/{}", subject.container, subject.relative_name)));
  }
  if (streak.places.size() < places_kept_max) streak.places.insert(place_of(subject));
  streak.last = error;
  if (!is_evidence(streak, of, *operation)) return std::nullopt;
  tripped_ = error;
  const auto lasted = seconds_since(streak.first, clock_.now());
  tripped_->message =
      fmt::format("{} blobs of {} could not be {} within {} s, and none could since: {}", streak.blobs.size(),
                  places_text(streak.places), verb_of(*operation), lasted, error.message);
  if (of == Class::full) tripped_->message = "no more can be stored: " + error.message;
  return tripped_;
}

bool Breaker::is_evidence(const Streak& streak, Class of, Operation operation) const {
  const Steady::time_point now = clock_.now();
  const auto lasted = now - streak.first;
  const Steady::time_point began = of == Class::away ? streak.first : streak.first - streak.last.elapsed;
  const bool sending =
      operation == Operation::write_destination && !sending_.empty() && *sending_.begin() < began;
  const std::size_t blobs = streak.blobs.size();
  switch (of) {
    case Class::none:
      return false;
    case Class::full:
      return true;
    case Class::login:
      return blobs >= rules_.login_blobs_min;
    case Class::refused:
      if (!rules_.ends_on_refusals || sending) return false;
      return (blobs >= rules_.blobs_min && streak.places.size() >= rules_.places_min &&
              lasted >= rules_.time_min) ||
             (blobs >= rules_.narrow_blobs_min && lasted >= rules_.narrow_time_min);
    case Class::away:
      return !sending && blobs >= rules_.away_blobs_min && lasted >= rules_.away_time_min;
  }
  return false;
}

std::optional<Error> Breaker::tripped() const {
  const std::lock_guard lock(mutex_);
  return tripped_;
}

std::optional<Error> Breaker::at_end() const {
  const std::lock_guard lock(mutex_);
  for (const Operation operation : {Operation::read_source, Operation::write_destination}) {
    const State& state = states_[static_cast<std::size_t>(operation)];
    if (state.last_success != Steady::time_point{}) continue;
    const Streak& streak = state.streaks[static_cast<std::size_t>(Class::refused)];
    if (streak.blobs.size() < rules_.blobs_min) continue;
    Error error = streak.last;
    error.message = fmt::format("no blob could be {}: {}", verb_of(operation), error.message);
    return error;
  }
  return std::nullopt;
}

bool Breaker::is_closed(Operation operation) const {
  if (is_well_[static_cast<std::size_t>(operation)].load(std::memory_order_relaxed)) return false;
  const std::lock_guard lock(mutex_);
  return is_closed(states_[static_cast<std::size_t>(operation)]);
}

milliseconds Breaker::take_turn(Operation operation) {
  const std::lock_guard lock(mutex_);
  State& state = states_[static_cast<std::size_t>(operation)];
  if (!is_closed(state)) return milliseconds{0};
  const Steady::time_point now = clock_.now();
  if (now < state.next_turn) return std::chrono::ceil<milliseconds>(state.next_turn - now);
  const milliseconds pause = milliseconds(1000) * (1 << std::min(state.turns, 5));
  ++state.turns;
  state.next_turn = now + std::min(pause, turn_pause_max);
  return milliseconds{0};
}

std::string Breaker::waiting_text() const {
  const std::lock_guard lock(mutex_);
  for (std::size_t at = 0; at < operation_count; ++at) {
    const State& state = states_[at];
    if (!is_closed(state)) continue;
    return fmt::format("waiting for {} ({}) since {} s", service_of(static_cast<Operation>(at)), state.code,
                       seconds_since(state.closed_since, clock_.now()));
  }
  return {};
}

Breaker::Sending::Sending(Breaker& breaker) : breaker_(breaker) {
  const std::lock_guard lock(breaker_.mutex_);
  place_ = breaker_.sending_.insert(breaker_.clock_.now());
}

Breaker::Sending::~Sending() {
  const std::lock_guard lock(breaker_.mutex_);
  breaker_.sending_.erase(place_);
}

}  // namespace azs3copy
