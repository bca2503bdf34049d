// shared_key.hpp: the text that a SharedKey signature is made over.
//
//   VERB\n Content-Encoding\n Content-Language\n Content-Length\n Content-MD5\n Content-Type\n Date\n
//   If-Modified-Since\n If-Match\n If-None-Match\n If-Unmodified-Since\n Range\n
//   x-ms-date:...\n x-ms-version:...\n   each x-ms-* field, lower case, sorted
//   /account/container/blob              the path as it goes on the wire; an emulator's has the account twice
//   \nkey:value                          each query key, lower case, sorted, decoded; values joined by commas
//
// Source: Microsoft, "Authorize with Shared Key", version 2009-09-19 and later;
// Content-Length 0 is "" since 2015-02-21.
#pragma once

#include <string>

#include "core/names.hpp"
#include "net/http.hpp"

namespace azs3copy {

// `request` must be complete but for Authorization.
std::string shared_key_string_to_sign(const HttpRequest& request, const Account& account);

}  // namespace azs3copy
