// sts.hpp: the calls of AWS's Security Token Service that turn one login into another.
//
//   AssumeRole (signed by the login in hand)       --> AWS credentials of a role
//   AssumeRoleWithWebIdentity (the token is the proof) --> the same
//   GetWebIdentityToken (signed)                   --> a JWT that proves this login to others: Entra
//
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, API version 2011-06-15.
#pragma once

#include <string>

#include "aws/aws_service.hpp"

namespace azs3copy {

struct StsRole {
  std::string role_arn;
  std::string session_name;      // empty: "azs3copy-<seconds>"
  std::string external_id;       // AssumeRole only; empty: none
  std::string duration_seconds;  // as the profile has it; empty: the role's default
};

// Both retry by themselves. An empty region is that of the role's partition, us-east-1 for most. Errors are
// those of aws_error.hpp, with advice on the role's trust policy.
Task<Result<AwsCredentials>> assume_role(StsRole role, AwsServiceOptions options, AwsCredentials source,
                                         Transport& transport, const Context& context);
Task<Result<AwsCredentials>> assume_role_with_web_identity(StsRole role, AwsServiceOptions options,
                                                           Secret token, Transport& transport,
                                                           const Context& context);

// What Entra asks a federated credential's tokens to name.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-create-trust
inline constexpr std::string_view entra_token_audience = "api://AzureADTokenExchange";

struct WebIdentityOptions {
  std::string audience{entra_token_audience};
  seconds lifetime{300};  // 60 .. 3,600; not beyond the end of the login that asks
};

// A JWT, signed RS256 (the only one that Entra takes), that proves the login of `sts` (an AwsService of
// aws_sts) to the audience. Not cached: asked for at each renewal of the token that is bought with it. Safe
// to repeat. Only regional endpoints give it, and only where the account has outbound web identity federation
// turned on (ErrorKind::permission otherwise). The token is in no error.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_GetWebIdentityToken.html
Task<Result<Secret>> web_identity_assertion(AwsService& sts, WebIdentityOptions options,
                                            const Context& context);

}  // namespace azs3copy
