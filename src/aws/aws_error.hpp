// aws_error.hpp: what a refusal by AWS means. The one table is in aws_error.cpp.
//
//   status, headers, <Error> or {"__type"}  -->  Error{kind, retry, message, advice, code, request ids,
//   retry_after}
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/context.hpp"
#include "core/error.hpp"
#include "net/http.hpp"

namespace azs3copy {

// What the advice names. Views: they live as long as the call.
struct AwsReplyContext {
  std::string_view bucket;  // empty for other services
  std::string_view region;  // that the request was signed for
  UtcTime now;              // of this machine, for the clock's skew
  // Of the request that was refused, to name the flag that added what the service does not take; may be
  // absent.
  const Headers* sent = nullptr;
  bool is_aws = true;
};

struct AwsFailure {
  Error error;
  std::string bucket_region;  // where the reply says the bucket lives; empty where it does not say
  bool wrong_region = false;  // the request belongs in `bucket_region`
  // The request was refused for its date: what to add to this machine's time from now on.
  std::optional<milliseconds> clock_offset;
};

// Reads a reply that is no success, or the <Error> of one that says 200: S3's XML, that of STS, SNS and other
// query services, and JSON. A reply without a body (HEAD, a proxy's page) is judged by its status. Pure.
AwsFailure aws_failure(const ResponseHead& head, std::string_view body, const AwsReplyContext& context);

// An entry under Failed in the reply to a batch, which itself says 200.
struct AwsEntryFailure {
  std::string_view code;
  std::string_view message;
  bool sender_fault = true;
};
// By the same table. RetryVerdict::later for the service's faults and for throttling. Pure.
Error aws_entry_error(const AwsEntryFailure& entry, const AwsReplyContext& context);

}  // namespace azs3copy
