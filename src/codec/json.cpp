// json.cpp: Boost.JSON behind a view that cannot fail.
// The only file that sees it, and the one that compiles it.
#include "codec/json.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/json/src.hpp>
#include <cmath>
#include <limits>
#include <utility>

namespace azs3copy {
namespace {

namespace json = boost::json;

constexpr std::size_t depth_max = 32;

// A parsed document and the memory of all its values: freed as one.
struct Document {
  json::monotonic_resource memory;
  std::optional<json::value> root;  // optional: assigning to a value would copy it out of `memory`
};

const json::value& as_value(const void* value) {
  static const json::value null;
  return value == nullptr ? null : *static_cast<const json::value*>(value);
}

// `number` as T where that is exactly it.
template <class T>
std::optional<T> whole(const json::value& number) {
  if (const auto* value = number.if_int64()) {
    return std::in_range<T>(*value) ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }
  if (const auto* value = number.if_uint64()) {
    return std::in_range<T>(*value) ? std::optional(static_cast<T>(*value)) : std::nullopt;
  }
  const auto* value = number.if_double();
  // Both bounds are powers of two (or zero), so the comparison is exact.
  const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
  if (value == nullptr || std::trunc(*value) != *value || *value >= end) return std::nullopt;
  if (*value < static_cast<double>(std::numeric_limits<T>::min())) return std::nullopt;
  return static_cast<T>(*value);
}

}  // namespace

Result<Json> Json::parse(std::string_view text) {
  const auto document = std::make_shared<Document>();
  std::array<unsigned char, 4096> scratch;
  json::parser parser({}, {.max_depth = depth_max}, scratch.data(), scratch.size());
  parser.reset(&document->memory);
  boost::system::error_code error;
  const std::size_t read = parser.write(text.data(), text.size(), error);
  if (error) {
    return fail(ErrorKind::protocol, fmt::format("malformed JSON at offset {}: {}", read, error.message()));
  }
  document->root.emplace(parser.release());
  Json root;
  root.value_ = &*document->root;
  root.document_ = document;
  return root;
}

bool Json::is_null() const {
  return as_value(value_).is_null();
}
bool Json::is_object() const {
  return as_value(value_).is_object();
}
bool Json::is_array() const {
  return as_value(value_).is_array();
}
bool Json::is_string() const {
  return as_value(value_).is_string();
}
bool Json::is_number() const {
  return as_value(value_).is_number();
}
bool Json::is_bool() const {
  return as_value(value_).is_bool();
}

Json Json::operator[](std::string_view key) const {
  const json::object* object = as_value(value_).if_object();
  const json::value* found = object != nullptr ? object->if_contains(key) : nullptr;
  Json member;
  if (found == nullptr) return member;
  member.document_ = document_;
  member.value_ = found;
  return member;
}

bool Json::contains(std::string_view key) const {
  const json::object* object = as_value(value_).if_object();
  return object != nullptr && object->contains(key);
}

std::size_t Json::size() const {
  const json::value& value = as_value(value_);
  if (const json::array* array = value.if_array()) return array->size();
  if (const json::object* object = value.if_object()) return object->size();
  return 0;
}

Json Json::at(std::size_t index) const {
  const json::array* array = as_value(value_).if_array();
  Json element;
  if (array == nullptr || index >= array->size()) return element;
  element.document_ = document_;
  element.value_ = &(*array)[index];
  return element;
}

std::vector<std::string> Json::keys() const {
  std::vector<std::string> keys;
  if (const json::object* object = as_value(value_).if_object()) {
    keys.reserve(object->size());
    for (const json::key_value_pair& member : *object) keys.emplace_back(member.key());
  }
  return keys;
}

std::optional<std::string> Json::string() const {
  const json::string* text = as_value(value_).if_string();
  return text != nullptr ? std::optional<std::string>(std::in_place, text->data(), text->size())
                         : std::nullopt;
}

std::optional<std::int64_t> Json::integer() const {
  return whole<std::int64_t>(as_value(value_));
}
std::optional<std::uint64_t> Json::unsigned_integer() const {
  return whole<std::uint64_t>(as_value(value_));
}

std::optional<double> Json::number() const {
  const json::value& value = as_value(value_);
  if (const auto* exact = value.if_int64()) return static_cast<double>(*exact);
  if (const auto* large = value.if_uint64()) return static_cast<double>(*large);
  const auto* real = value.if_double();
  return real != nullptr ? std::optional(*real) : std::nullopt;
}

std::optional<bool> Json::boolean() const {
  const bool* flag = as_value(value_).if_bool();
  return flag != nullptr ? std::optional(*flag) : std::nullopt;
}

std::string Json::string_or(std::string_view fallback) const {
  const json::string* text = as_value(value_).if_string();
  return text != nullptr ? std::string(text->data(), text->size()) : std::string(fallback);
}

}  // namespace azs3copy
