// request_advice.hpp: advice that a refused request itself gives: which flag added the header, which name is
// odd.
#pragma once

#include <string_view>

#include "aws/aws_error.hpp"

namespace azs3copy {

// Adds to the error's advice what the headers of `context.sent` show. `reply`: the refusal's body, which may
// name the header. Does nothing if they are absent. Pure.
void advise_on_request(Error& error, std::string_view reply, const AwsReplyContext& context);

}  // namespace azs3copy
