#include "fakes/server/faults.hpp"

namespace azs3copy::fakes {

std::size_t Faults::add(Fault fault) {
  const std::lock_guard lock(mutex_);
  rules_.push_back({.fault = std::move(fault)});
  return rules_.size() - 1;
}

void Faults::clear() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
}

void Faults::seed(std::uint64_t seed) {
  const std::lock_guard lock(mutex_);
  random_.seed(seed);
}

std::uint64_t Faults::fired(std::size_t rule) const {
  const std::lock_guard lock(mutex_);
  return rules_.at(rule).fired;
}

std::uint64_t Faults::fired() const {
  const std::lock_guard lock(mutex_);
  std::uint64_t sum = 0;
  for (const Rule& rule : rules_) sum += rule.fired;
  return sum;
}

std::optional<Fault> Faults::next(std::string_view method, std::string_view operation,
                                  std::string_view target) {
  const std::lock_guard lock(mutex_);
  for (Rule& rule : rules_) {
    const Fault& fault = rule.fault;
    if (!fault.method.empty() && fault.method != method) continue;
    if (!fault.operation.empty() && fault.operation != operation) continue;
    if (target.find(fault.target_contains) == std::string_view::npos) continue;
    if (rule.seen++ < fault.skip) continue;
    if (fault.times != 0 && rule.fired >= fault.times) continue;
    if (fault.probability < 1 && std::uniform_real_distribution<>(0, 1)(random_) >= fault.probability)
      continue;
    ++rule.fired;
    return fault;
  }
  return std::nullopt;
}

namespace {

std::optional<std::uint64_t> number_in(const Json& json, std::string_view key) {
  return json[key].unsigned_integer();
}

Spoil spoil_from(const Json& json) {
  return {.reset_head_after = number_in(json, "reset_head_after"),
          .reset_body_after = number_in(json, "reset_body_after"),
          .cut_body_after = number_in(json, "cut_body_after"),
          .polite = json["polite"].boolean().value_or(false),
          .flip_byte_at = number_in(json, "flip_byte_at"),
          .slow_bytes = number_in(json, "slow_bytes").value_or(0),
          .slow_interval = milliseconds(number_in(json, "slow_interval").value_or(0))};
}

// A typing error in a script must not become a fault that never strikes.
Result<> known_keys(const Json& json, std::initializer_list<std::string_view> names) {
  for (const std::string& key : json.keys()) {
    if (std::find(names.begin(), names.end(), key) == names.end()) {
      return fail(ErrorKind::invalid, "unknown field of a fault", key);
    }
  }
  return {};
}

}  // namespace

Result<Fault> Faults::from_json(const Json& json) {
  auto known =
      known_keys(json, {"method", "operation", "target_contains", "skip", "times", "probability", "delay",
                        "hang", "reset", "reset_request_after", "status", "code", "retry_after", "early",
                        "effect_happens", "headers", "shorten_to", "spoil", "special"});
  if (known) {
    known = known_keys(json["spoil"], {"reset_head_after", "reset_body_after", "cut_body_after", "polite",
                                       "flip_byte_at", "slow_bytes", "slow_interval"});
  }
  if (!known) return passed(std::move(known));
  Fault fault{.method = json["method"].string_or(""),
              .operation = json["operation"].string_or(""),
              .target_contains = json["target_contains"].string_or(""),
              .skip = number_in(json, "skip").value_or(0),
              .times = number_in(json, "times").value_or(1),
              .probability = json["probability"].number().value_or(1),
              .delay = milliseconds(number_in(json, "delay").value_or(0)),
              .hang = json["hang"].boolean().value_or(false),
              .reset = json["reset"].boolean().value_or(false),
              .reset_request_after = number_in(json, "reset_request_after"),
              .status = static_cast<int>(number_in(json, "status").value_or(0)),
              .code = json["code"].string_or(""),
              .retry_after = json["retry_after"].string_or(""),
              .early = json["early"].boolean().value_or(false),
              .effect_happens = json["effect_happens"].boolean().value_or(false),
              .shorten_to = number_in(json, "shorten_to"),
              .spoil = spoil_from(json["spoil"]),
              .special = json["special"].string_or("")};
  for (const std::string& name : json["headers"].keys()) {
    fault.headers.emplace_back(name, json["headers"][name].string_or(""));
  }
  return fault;
}

}  // namespace azs3copy::fakes
