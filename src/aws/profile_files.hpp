// profile_files.hpp: ~/.aws/config and ~/.aws/credentials, merged into profiles.
//
//   # config                         # credentials
//   [profile work]                   [work]
//   region = eu-central-1            aws_access_key_id = AKIA...
//   s3 =                             aws_secret_access_key = ...
//     addressing_style = path
//
// https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/credentials.hpp"

namespace azs3copy {

// Settings by lower-case name; those nested below another (s3 = ...) as "s3.addressing_style". Values are as
// written: some are secrets, so none of them may be shown.
using ProfileSettings = std::map<std::string, std::string, std::less<>>;

struct ProfileFiles {
  std::string config_path;       // with "(no such file)" behind it where that is so
  std::string credentials_path;  // the same
  std::map<std::string, ProfileSettings, std::less<>> profiles;  // of both files; credentials' settings win
  std::map<std::string, ProfileSettings, std::less<>> services;  // [services x] of config

  const ProfileSettings* find(std::string_view profile) const;
  // "default, work": for messages.
  std::string list_profiles() const;
  // Both paths.
  std::string describe() const { return config_path + ", " + credentials_path; }
};

enum class ProfileFileKind : std::uint8_t { config, credentials };
// Adds what `text` says. ErrorKind::invalid with path and line,
// never with the line's text: it may be a secret.
Result<> parse_profile_file(std::string_view text, ProfileFileKind kind, const std::string& path,
                            ProfileFiles& into);

// Reads both, from AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE or below `home`.
// A missing file is no error.
Result<ProfileFiles> read_profile_files(const AwsEnvironment& environment);

// "" where absent.
std::string_view setting(const ProfileSettings& settings, std::string_view name);

}  // namespace azs3copy
