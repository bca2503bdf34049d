// json_fields.cpp: see json_fields.hpp.
#include "messages/json_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/time.hpp"

namespace azs3copy {

JsonFields::JsonFields(Json object, std::string path) : object_(std::move(object)), path_(std::move(path)) {
  if (!object_.is_object()) {
    error_ = Error{.kind = ErrorKind::protocol, .message = "a JSON object is expected"};
  }
}

JsonFields::JsonFields(Json row, std::span<const std::string_view> columns, std::string path)
    : object_(std::move(row)), columns_(columns), path_(std::move(path)) {
  const std::string_view row_name = std::string_view(path_).substr(0, path_.rfind('.'));
  std::string_view why;
  if (!object_.is_array()) why = "is not an array";
  if (object_.size() > columns_.size()) why = "has too many values";
  if (why.empty()) return;
  error_ = Error{.kind = ErrorKind::protocol, .message = fmt::format("the field \"{}\" {}", row_name, why)};
}

Json JsonFields::value(std::string_view name) const {
  if (columns_.empty()) return object_[name];
  const auto column = std::find(columns_.begin(), columns_.end(), name);
  return object_.at(static_cast<std::size_t>(column - columns_.begin()));
}

bool JsonFields::contains(std::string_view name) const {
  if (columns_.empty()) return object_.contains(name);
  const auto column = std::find(columns_.begin(), columns_.end(), name);
  return static_cast<std::size_t>(column - columns_.begin()) < object_.size();
}

std::string JsonFields::text(std::string_view name) {
  auto text = value(name).string();
  if (!text) refuse(name, contains(name) ? "is not a string" : "is missing");
  return std::move(text).value_or("");
}

std::string JsonFields::filled(std::string_view name, std::size_t bytes_max) {
  std::string filled = text(name);
  require(!filled.empty(), name, "is empty");
  require(filled.size() <= bytes_max, name, "is too long");
  return filled;
}

std::uint64_t JsonFields::number(std::string_view name, std::uint64_t most) {
  const auto number = value(name).unsigned_integer();
  if (!number) {
    refuse(name, contains(name) ? "is not a whole number from 0" : "is missing");
  } else if (*number > most) {
    refuse(name, "is too large");
    return 0;
  }
  return number.value_or(0);
}

std::int64_t JsonFields::integer(std::string_view name, std::int64_t least, std::int64_t most) {
  const auto number = value(name).integer();
  if (!number) {
    refuse(name, contains(name) ? "is not a whole number" : "is missing");
  } else if (*number < least || *number > most) {
    refuse(name, *number < least ? "is too small" : "is too large");
    return 0;
  }
  return number.value_or(0);
}

UtcTime JsonFields::time(std::string_view name) {
  return parsed<UtcTime>(name, parse_iso8601);
}

std::string JsonFields::text_or_empty(std::string_view name) {
  return contains(name) ? text(name) : std::string();
}

std::uint64_t JsonFields::number_or(std::string_view name, std::uint64_t fallback, std::uint64_t most) {
  return contains(name) ? number(name, most) : fallback;
}

bool JsonFields::flag(std::string_view name) {
  if (!contains(name)) return false;
  const auto flag = value(name).boolean();
  if (!flag) refuse(name, "is neither true nor false");
  return flag.value_or(false);
}

std::optional<JsonFields> JsonFields::object(std::string_view name) {
  if (!contains(name)) return std::nullopt;
  const Json nested = value(name);
  if (!nested.is_object()) refuse(name, "is not an object");
  return JsonFields(nested, path_);
}

void JsonFields::also(const JsonFields& nested) {
  if (!error_) error_ = nested.error_;
}

void JsonFields::refuse(std::string_view name, std::string_view why) {
  if (error_) return;
  error_ =
      Error{.kind = ErrorKind::protocol, .message = fmt::format("the field \"{}{}\" {}", path_, name, why)};
}

}  // namespace azs3copy
