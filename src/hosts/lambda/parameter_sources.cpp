// parameter_sources.cpp: see parameter_sources.hpp.
#include "hosts/lambda/parameter_sources.hpp"

#include <fmt/format.h>

#include "hosts/lambda/parameter_values.hpp"

namespace azs3copy {

bool ParameterSource::has(std::string_view name) const {
  return keys.contains(plain_spelling(name));
}

Json ParameterSource::operator[](std::string_view name) const {
  const auto key = keys.find(plain_spelling(name));
  return key == keys.end() ? Json() : object[key->second];
}

Json ParameterSources::operator[](std::string_view name) const {
  Json value = secret[name];
  return says_something(value) ? value : environment[name];
}

Result<ParameterSource> parameter_source(Json object) {
  ParameterSource source{.object = std::move(object)};
  for (std::string& key : source.object.keys()) {
    const auto [place, is_new] = source.keys.emplace(plain_spelling(key), key);
    if (!is_new) {
      return refuse_parameter(key, fmt::format("is given twice: as {} and as {}", place->second, key),
                              "Leave one out.");
    }
  }
  return source;
}

Result<ParameterSource> parameter_source(const std::map<std::string, std::string>& values) {
  std::string text;
  JsonWriter writer(text);
  writer.begin_object();
  for (const auto& [key, value] : values) writer.field(key, value);
  writer.end_object();
  Result<Json> object = Json::parse(text);
  if (!object) return passed(std::move(object));
  return parameter_source(std::move(*object));
}

bool says_something(const Json& value) {
  return !value.is_null() && value.string() != "";
}

std::unexpected<Error> about_parameter(std::string_view key, Error error) {
  error.subject = fmt::format("parameter {}", key);
  return std::unexpected<Error>(std::move(error));
}

std::unexpected<Error> refuse_parameter(std::string_view key, std::string message, std::string_view advice) {
  return about_parameter(key, fail(ErrorKind::invalid, std::move(message), {}, advice).error());
}

}  // namespace azs3copy
