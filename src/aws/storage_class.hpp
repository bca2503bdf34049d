// storage_class.hpp: the storage classes that S3 itself has; other servers have classes of their own.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "core/error.hpp"

namespace azs3copy {

std::span<const std::string> s3_storage_classes();

// Its name as S3 writes it, whatever the case of `text`. ErrorKind::invalid with a suggestion and all names.
Result<std::string> parse_storage_class(std::string_view text);

}  // namespace azs3copy
