// credential_json.hpp: the JSON in which processes, containers and instances give credentials.
#pragma once

#include <string_view>

#include "aws/credentials.hpp"
#include "codec/json.hpp"

namespace azs3copy {

// AccessKeyId, SecretAccessKey, the token under `token_name`, Expiration (ISO 8601; the latter two may be
// missing). Errors name the field that is missing or wrong, never a value.
Result<AwsCredentials> credentials_from_json(const Json& json, std::string_view token_name);

}  // namespace azs3copy
