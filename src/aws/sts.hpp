// sts.hpp: the two calls of AWS's Security Token Service that turn one login into another.
//
//   AssumeRole (signed by the login in hand)     AssumeRoleWithWebIdentity (the token is the proof)
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, API version 2011-06-15.
#pragma once

#include <string>

#include "aws/credentials.hpp"

namespace azs3copy {

struct StsRole {
  std::string role_arn;
  std::string session_name;      // empty: "azs3copy-<seconds>"
  std::string external_id;       // AssumeRole only; empty: none
  std::string duration_seconds;  // as the profile has it; empty: the role's default
};

// Where STS answers: one region's endpoint, or any URL of tests.
struct StsEndpoint {
  std::string region;  // empty: by the role's partition, us-east-1 for most
  std::string url;     // empty: AWS's own
  bool fips = false;
};

// Both retry by themselves. Errors are those of aws_error.hpp, with advice on the role's trust policy.
Task<Result<AwsCredentials>> assume_role(StsRole role, StsEndpoint endpoint, AwsCredentials source,
                                         Transport& transport, const Context& context);
Task<Result<AwsCredentials>> assume_role_with_web_identity(StsRole role, StsEndpoint endpoint, Secret token,
                                                           Transport& transport, const Context& context);

}  // namespace azs3copy
