// small_file.hpp: configuration and token files, read whole, with limits on what they may be.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"

namespace azs3copy {

// ErrorKind::not_found where there is no such file; permission where it may not be read;
// invalid for a folder, a pipe that nobody writes to, and more than `bytes_max`. Messages name
// the path and never the content.
Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max);

// "~/x" with `home` in place of the tilde.
std::string expand_home(std::string_view path, std::string_view home);

}  // namespace azs3copy
