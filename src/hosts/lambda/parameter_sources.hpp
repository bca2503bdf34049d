// parameter_sources.hpp: the two JSON objects that hold parameters: the secret, and what the environment gives.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "codec/json.hpp"
#include "core/error.hpp"

namespace azs3copy {

// An object whose keys are found in any spelling.
struct ParameterSource {
  Json object;
  std::map<std::string, std::string> keys;  // plain spelling -> the key as it is written

  bool has(std::string_view name) const;
  Json operator[](std::string_view name) const;  // null if absent
};

struct ParameterSources {
  ParameterSource secret;
  ParameterSource environment;

  // The secret's value, or else the environment's.
  Json operator[](std::string_view name) const;
};

// ErrorKind::invalid if two keys differ in spelling alone.
Result<ParameterSource> parameter_source(Json object);
Result<ParameterSource> parameter_source(const std::map<std::string, std::string>& values);

// False for null and "".
bool says_something(const Json& value);

// The error, with "parameter KEY" as its subject.
std::unexpected<Error> about_parameter(std::string_view key, Error error);
std::unexpected<Error> refuse_parameter(std::string_view key, std::string message,
                                        std::string_view advice = {});

}  // namespace azs3copy
