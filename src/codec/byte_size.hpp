// byte_size.hpp: sizes as people write them.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/error.hpp"

namespace azs3copy {

// "100MiB", "100M", "1.5G", "10kib" (all binary), or plain bytes. ErrorKind::invalid says the forms.
Result<std::uint64_t> parse_byte_size(std::string_view text);

}  // namespace azs3copy
