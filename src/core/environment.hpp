// environment.hpp: variables of the process.
#pragma once

#include <cstdlib>
#include <string>

namespace azs3copy {

// Empty where it is not set.
inline std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

}  // namespace azs3copy
