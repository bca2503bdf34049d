// credential_places.hpp: each place where AWS credentials may be,
// looked at in turn by the chain (credentials.cpp).
//
//   each gives: credentials | nothing, and a note why | an error: the place is set up, but it does not work
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/profile_files.hpp"
#include "aws/sts.hpp"

namespace azs3copy {

// What a place gave, and what to call it.
struct FoundCredentials {
  AwsCredentials credentials;
  std::string source;      // "profile work, role arn:aws:iam::1234:role/copier": no secret
  bool can_change = true;  // asking again may give others
};
using FoundOrNot = Result<std::optional<FoundCredentials>>;

// What all places need. Lives as long as the chain.
struct CredentialSearch {
  AwsConfig config;
  AwsEnvironment environment;
  Transport& transport;
  std::vector<std::string> notes;  // "environment: AWS_ACCESS_KEY_ID is not set"

  // "" where it is not set.
  std::string variable(std::string_view name) const { return environment.variable(name).value_or(""); }
  void note(std::string text) { notes.push_back(std::move(text)); }
  AwsServiceOptions sts_options(std::string_view region) const;
};

FoundOrNot find_in_environment(CredentialSearch& search);
Task<FoundOrNot> find_web_identity(CredentialSearch& search, const Context& context);
Task<FoundOrNot> find_in_profile(CredentialSearch& search, const Context& context);
Task<FoundOrNot> find_in_container(CredentialSearch& search, const Context& context);
Task<FoundOrNot> find_on_instance(CredentialSearch& search, const Context& context);

// Reads the token file anew (it is rotated) and takes the role. `whose`: "environment", "profile work".
Task<Result<AwsCredentials>> web_identity_credentials(CredentialSearch& search, StsRole role,
                                                      std::string token_path, std::string region,
                                                      std::string whose, const Context& context);

}  // namespace azs3copy
