// json_fields.hpp: the fields of one JSON object read into a struct: the first that is missing or of another
// type than expected becomes the error, and the rest are read as defaults.
//
//   JsonFields fields(json);
//   Blob blob{.name = BlobName(fields.text("source")), .size = fields.number("bytes")};
//   if (auto error = fields.error()) return std::unexpected(*error);
//
// A row of a table is read the same way, its fields by place: ["a.jpg",10] with the columns {"name","size"}.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "codec/json.hpp"
#include "core/context.hpp"

namespace azs3copy {

class JsonFields {
 public:
  explicit JsonFields(Json object) : JsonFields(std::move(object), std::string()) {}
  // The fields of a JSON array by place, the last ones optional. `columns` must outlive it; `path` comes
  // before each field's name in errors: "blobs[3].".
  JsonFields(Json row, std::span<const std::string_view> columns, std::string path);

  // Required.
  std::string text(std::string_view name);
  // One that is not empty and has at most `bytes_max` bytes.
  std::string filled(std::string_view name, std::size_t bytes_max = std::numeric_limits<std::size_t>::max());
  std::uint64_t number(std::string_view name, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  std::int64_t integer(std::string_view name, std::int64_t least, std::int64_t most);
  // ISO 8601.
  UtcTime time(std::string_view name);

  // "" or `fallback` where the field is absent; present with another type is an error all the same.
  std::string text_or_empty(std::string_view name);
  std::uint64_t number_or(std::string_view name, std::uint64_t fallback,
                          std::uint64_t most = std::numeric_limits<std::uint64_t>::max());
  // False where it is absent.
  bool flag(std::string_view name);
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
    if (!contains(name)) return std::nullopt;
    return parsed(name, parse);
  }

  bool contains(std::string_view name) const;
  // As it is; null where absent.
  Json value(std::string_view name) const;
  // Refuses the field for a rule of the caller's. `why` continues a sentence that begins with its name.
  void require(bool holds, std::string_view name, std::string_view why) {
    if (!holds) refuse(name, why);
  }
  // ErrorKind::protocol, naming the first field that was wrong.
  std::optional<Error> error() const { return error_; }
  // Takes over what went wrong in a nested object.
  void also(const JsonFields& nested);

 private:
  JsonFields(Json object, std::string path);
  void refuse(std::string_view name, std::string_view why);

  Json object_;                                // or a row
  std::span<const std::string_view> columns_;  // of a row
  std::string path_;
  std::optional<Error> error_;
};

}  // namespace azs3copy
