// completion.hpp: completion scripts for bash and zsh, out of the table of flags.
#pragma once

#include <string>
#include <string_view>

namespace azs3copy::cli {

// `shell`: "bash" or "zsh".
std::string completion_script(std::string_view shell);

}  // namespace azs3copy::cli
