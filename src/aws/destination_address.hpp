// destination_address.hpp: "s3://bucket/prefix", as people write it, and what they may have meant instead.
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/names.hpp"

namespace azs3copy {

struct DestinationAddress {
  Bucket bucket;
  std::string prefix;  // bytes as written, without the slash behind the bucket; nothing is decoded
};

// ErrorKind::invalid with the text as subject;
// the message says which rule and, where it can be told, what would do. Any bucket name is taken: other
// servers have rules of their own. Pure.
Result<DestinationAddress> parse_destination_address(std::string_view text);

// ErrorKind::invalid for a name that AWS does not have, ErrorKind::unsupported for kinds of buckets that
// speak another protocol; the message is as above.
Result<> check_aws_bucket(const DestinationAddress& address);

// Buckets made in us-east-1 before March 2018 may have capitals, underscores and 255 characters.
bool is_legacy_bucket_name(std::string_view name);

// Empty where S3 allows it as a general purpose bucket's name, else the rule that it breaks: "bucket names
// have no underscore". https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
std::string_view bucket_name_problem(std::string_view name);

}  // namespace azs3copy
