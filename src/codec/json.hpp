// json.hpp: JSON in and out. Boost.JSON parses; Boost stays inside the .cpp. A JsonWriter appends to a
// string: the ledger writes millions of records.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/error.hpp"

namespace azs3copy {

// A parsed value, immutable, cheap to copy (shares its document).
class Json {
 public:
  Json() = default;  // null
  // Depth at most 32, no trailing garbage, duplicate keys: the last wins.
  // ErrorKind::protocol with the offset otherwise.
  static Result<Json> parse(std::string_view text);

  bool is_null() const;
  bool is_object() const;
  bool is_array() const;
  bool is_string() const;
  bool is_number() const;
  bool is_bool() const;
  Json operator[](std::string_view key) const;  // null where absent or not an object
  bool contains(std::string_view key) const;
  std::size_t size() const;               // of an array or object, else 0
  Json at(std::size_t index) const;       // of an array
  std::vector<std::string> keys() const;  // of an object, in order
  std::optional<std::string> string() const;
  std::optional<std::int64_t> integer() const;  // numbers that are whole
  std::optional<std::uint64_t> unsigned_integer() const;
  std::optional<double> number() const;
  std::optional<bool> boolean() const;
  std::string string_or(std::string_view fallback) const;

 private:
  std::shared_ptr<const void> document_;
  const void* value_ = nullptr;
};

// Appends compact JSON to `out`. Commas are its business; nesting is the caller's: begin_object() ...
// end_object(). Strings must be UTF-8; bytes that are not are escaped as U+FFFD.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}
  JsonWriter& begin_object();
  JsonWriter& end_object();
  JsonWriter& begin_array();
  JsonWriter& end_array();
  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(std::uint64_t number);
  JsonWriter& value(std::int64_t number);
  template <std::integral T>
  JsonWriter& value(T number) {
    if constexpr (std::signed_integral<T>) return value(static_cast<std::int64_t>(number));
    return value(static_cast<std::uint64_t>(number));
  }
  JsonWriter& value(double number);  // NaN and infinities, which JSON lacks, as null
  JsonWriter& value(bool flag);
  JsonWriter& null();
  template <class T>
  JsonWriter& field(std::string_view name, const T& v) {
    return key(name).value(v);
  }

 private:
  void separate();
  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace azs3copy
