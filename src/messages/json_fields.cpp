// json_fields.cpp: see json_fields.hpp.
#include "messages/json_fields.hpp"

#include <fmt/format.h>

#include "codec/time.hpp"

namespace azs3copy {

JsonFields::JsonFields(Json object) : object_(std::move(object)) {
  if (!object_.is_object()) {
    error_ = Error{.kind = ErrorKind::protocol, .message = "a JSON object is expected"};
  }
}

std::string JsonFields::text(std::string_view name) {
  auto value = object_[name].string();
  if (!value) refuse(name, object_.contains(name) ? "is not a string" : "is missing");
  return std::move(value).value_or("");
}

std::uint64_t JsonFields::number(std::string_view name, std::uint64_t most) {
  const auto value = object_[name].unsigned_integer();
  if (!value) {
    refuse(name, object_.contains(name) ? "is not a whole number from 0" : "is missing");
  } else if (*value > most) {
    refuse(name, "is too large");
  }
  return value.value_or(0);
}

UtcTime JsonFields::time(std::string_view name) {
  return parsed<UtcTime>(name, parse_iso8601);
}

std::string JsonFields::text_or_empty(std::string_view name) {
  return object_.contains(name) ? text(name) : std::string();
}

std::uint64_t JsonFields::number_or(std::string_view name, std::uint64_t fallback, std::uint64_t most) {
  return object_.contains(name) ? number(name, most) : fallback;
}

std::optional<JsonFields> JsonFields::object(std::string_view name) {
  if (!object_.contains(name)) return std::nullopt;
  const Json value = object_[name];
  if (!value.is_object()) refuse(name, "is not an object");
  return JsonFields(value);
}

void JsonFields::also(const JsonFields& nested) {
  if (!error_) error_ = nested.error_;
}

void JsonFields::refuse(std::string_view name, std::string_view why) {
  if (error_) return;
  error_ = Error{.kind = ErrorKind::protocol, .message = fmt::format("the field \"{}\" {}", name, why)};
}

}  // namespace azs3copy
