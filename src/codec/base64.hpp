// base64.hpp: RFC 4648 base64 and lower-case hex.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/bytes.hpp"

namespace azs3copy {

std::string base64_encode(Bytes bytes);
// Strict: padding required, no white space, no other character.
std::optional<std::vector<std::byte>> base64_decode(std::string_view text);
// RFC 4648 section 5 without padding, as JWTs have it.
std::string base64url_encode(Bytes bytes);

std::string hex_encode(Bytes bytes);
std::optional<std::vector<std::byte>> hex_decode(std::string_view text);

}  // namespace azs3copy
