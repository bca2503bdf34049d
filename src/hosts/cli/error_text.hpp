// error_text.hpp: an Error as a person reads it: what, why, what to do.
//
//   azs3copy: cannot list container "photos" in account "acme": 403 AuthorizationPermissionMismatch
//     Azure says: This request is not authorized to perform this operation. (request id 5f1e3b0c)
//     The login works, but the application needs the role "Storage Blob Data Reader" on the account or
//     container.
#pragma once

#include <string>
#include <vector>

#include "core/error.hpp"
#include "hosts/cli/style.hpp"

namespace azs3copy::cli {

// The first line without the program's name; the others indented by two. Wrapped to the style's width.
std::vector<std::string> describe(const Error& error, const Style& style);

// What a service answered, without the steps that led there:
// "403 AuthorizationFailure: message (request id ...)".
std::string cause_line(const Error& error);

}  // namespace azs3copy::cli
