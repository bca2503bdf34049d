// causes.cpp: see causes.hpp.
#include "hosts/local/causes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace azs3copy {

namespace {

constexpr std::size_t names_kept_max = 10;
constexpr std::size_t causes_kept_max = 200;

std::string cause_of(const ObjectRecord& record) {
  if (!record.error) return record.reason;
  const Error& error = *record.error;
  if (error.http_status != 0) return fmt::format("{} {}", error.http_status, error.service_code);
  return error.kind == ErrorKind::invalid || error.kind == ErrorKind::changed
             ? std::string(to_string(error.kind))
             : error.message;
}

}  // namespace

Causes::Id Causes::add(const ObjectRecord& record) {
  std::string cause = cause_of(record);
  if (ids_.size() >= causes_kept_max && !ids_.contains({record.outcome, cause})) cause = "other causes";
  const auto [place, is_new] = ids_.try_emplace({record.outcome, cause}, static_cast<Id>(kinds_.size()));
  if (is_new) kinds_.push_back({.outcome = record.outcome, .cause = std::move(cause)});
  NotCopied& kind = kinds_[place->second];
  ++kind.count;
  if (record.error && kind.advice.empty()) kind.advice = record.error->advice;
  if (kind.first_names.size() < names_kept_max) {
    kind.first_names.push_back(record.blob.name.str());
    kind.first_lines.push_back(record.error ? record.error->to_line() : std::string());
  }
  return place->second;
}

void Causes::remove(Id cause, std::string_view name) {
  NotCopied& kind = kinds_.at(cause);
  --kind.count;
  const auto found = std::ranges::find(kind.first_names, name);
  if (found == kind.first_names.end()) return;
  kind.first_lines.erase(kind.first_lines.begin() + (found - kind.first_names.begin()));
  kind.first_names.erase(found);
}

std::vector<NotCopied> Causes::list() const {
  std::vector<NotCopied> kinds;
  for (const auto& [key, id] : ids_) {
    if (kinds_[id].count > 0) kinds.push_back(kinds_[id]);
  }
  return kinds;
}

}  // namespace azs3copy
