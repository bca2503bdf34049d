// json_fields.hpp: the fields of one JSON object read into a struct: the first that is missing or of another
// type than expected becomes the error, and the rest are read as defaults.
//
//   JsonFields fields(json);
//   Blob blob{.name = BlobName(fields.text("source")), .size = fields.number("bytes")};
//   if (auto error = fields.error()) return std::unexpected(*error);
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "codec/json.hpp"
#include "core/context.hpp"

namespace azs3copy {

class JsonFields {
 public:
  explicit JsonFields(Json object);

  // Required.
  std::string text(std::string_view name);
  std::uint64_t number(std::string_view name, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  // ISO 8601.
  UtcTime time(std::string_view name);

  // "" or `fallback` where the field is absent; present with another type is an error all the same.
  std::string text_or_empty(std::string_view name);
  std::uint64_t number_or(std::string_view name, std::uint64_t fallback,
                          std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  // The fields of a nested object; nothing where it is absent.
  std::optional<JsonFields> object(std::string_view name);

  // A text that `parse` turns into a value: an enumeration, a checksum.
  template <class T>
  T parsed(std::string_view name, std::optional<T> (*parse)(std::string_view)) {
    const auto value = parse(text(name));
    if (!value) refuse(name, "has a value that is not known");
    return value.value_or(T{});
  }
  template <class T>
  std::optional<T> parsed_if_present(std::string_view name, std::optional<T> (*parse)(std::string_view)) {
    if (!object_.contains(name)) return std::nullopt;
    return parsed(name, parse);
  }

  bool contains(std::string_view name) const { return object_.contains(name); }
  // ErrorKind::protocol, naming the first field that was wrong.
  std::optional<Error> error() const { return error_; }
  // Takes over what went wrong in a nested object.
  void also(const JsonFields& nested);

 private:
  void refuse(std::string_view name, std::string_view why);

  Json object_;
  std::optional<Error> error_;
};

}  // namespace azs3copy
