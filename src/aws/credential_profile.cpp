// credential_profile.cpp: credentials of a profile, and of the profiles that it leads to.
//
//   [profile work]                       [profile base]
//   role_arn, source_profile = base  --> keys | credential_process | another role
#include <fmt/format.h>

#include <algorithm>

#include "aws/credential_places.hpp"
#include "aws/credential_process.hpp"

namespace azs3copy {
namespace {

constexpr seconds process_time_max{60};

// The profiles on the way, in order: "a -> b".
using Path = std::vector<std::string>;

std::string join(const Path& path) {
  std::string out;
  for (const std::string& name : path) out += (out.empty() ? "" : " -> ") + name;
  return out;
}

bool has(const ProfileSettings& settings, std::string_view name) {
  return !setting(settings, name).empty();
}

std::unexpected<Error> wrong(std::string_view profile, std::string message, std::string_view advice = {}) {
  return fail(ErrorKind::credentials, fmt::format("profile {}: {}", profile, message), {}, advice);
}

// aws_access_key_id and its secret; nothing where there is neither.
FoundOrNot static_keys(const std::string& profile, const ProfileSettings& settings) {
  const std::string id(setting(settings, "aws_access_key_id"));
  const std::string secret(setting(settings, "aws_secret_access_key"));
  if (id.empty() && secret.empty()) return std::nullopt;
  if (id.empty() || secret.empty()) {
    return wrong(profile,
                 fmt::format("{} is missing", id.empty() ? "aws_access_key_id" : "aws_secret_access_key"));
  }
  return FoundCredentials{
      .credentials = {.access_key_id = id,
                      .secret_access_key = Secret(secret),
                      .session_token = Secret(std::string(setting(settings, "aws_session_token")))},
      .source = fmt::format("profile {}, access key {}", profile, id)};
}

// Looks through one profile. An object, for its coroutines call one another over the same files.
class ProfileSearch {
 public:
  ProfileSearch(CredentialSearch& search, ProfileFiles files, const Context& context)
      : search_(search), files_(std::move(files)), context_(context) {}

  // `path` ends in the profile to look at.
  Task<FoundOrNot> look(Path path) {
    const std::string profile = path.back();
    const ProfileSettings* settings = files_.find(profile);
    if (settings == nullptr) {
      co_return wrong(path.front(),
                      fmt::format("its source_profile {} is in no file ({})", profile, files_.describe()),
                      "profiles there are: " + files_.list_profiles());
    }
    const bool is_source = path.size() > 1;
    // As AWS's tools do: keys beside a role are that role's source, when the profile is somebody's source.
    if (is_source && has(*settings, "aws_access_key_id")) co_return static_keys(profile, *settings);
    if (has(*settings, "role_arn")) co_return co_await take_role(std::move(path), *settings);
    FoundOrNot found = static_keys(profile, *settings);
    if (!found || *found) co_return found;
    if (has(*settings, "credential_process")) co_return co_await run_process(profile, *settings);
    if (has(*settings, "sso_session") || has(*settings, "sso_start_url")) {
      co_return wrong(
          profile, "sign-on by SSO is not supported",
          fmt::format("let the AWS CLI do it: credential_process = aws configure export-credentials "
                      "--profile {}, in a profile of its own",
                      profile));
    }
    if (is_source)
      co_return wrong(path.front(), fmt::format("its source_profile {} holds no credentials", profile));
    search_.note(fmt::format("profile {}: in {} without credentials", profile, files_.describe()));
    co_return std::nullopt;
  }

 private:
  Task<FoundOrNot> run_process(std::string profile, const ProfileSettings& settings) {
    Result<AwsCredentials> credentials =
        co_await run_credential_process(setting(settings, "credential_process"), process_time_max, context_);
    if (!credentials) co_return failed(std::move(credentials), fmt::format("profile {}", profile));
    co_return FoundCredentials{.credentials = std::move(*credentials),
                               .source = fmt::format("profile {}, credential_process", profile)};
  }

  Task<FoundOrNot> take_role(Path path, const ProfileSettings& settings) {
    const std::string profile = path.back();
    StsRole role{.role_arn = std::string(setting(settings, "role_arn")),
                 .session_name = std::string(setting(settings, "role_session_name")),
                 .external_id = std::string(setting(settings, "external_id")),
                 .duration_seconds = std::string(setting(settings, "duration_seconds"))};
    const std::string region(setting(settings, "region"));
    const std::string name = fmt::format("profile {}, role {}", profile, role.role_arn);
    if (has(settings, "mfa_serial")) {
      co_return wrong(
          profile, "roles that ask for a one-time password (mfa_serial) are not supported",
          "get a session with the AWS CLI first, and name it by credential_process or AWS_SESSION_TOKEN");
    }
    if (has(settings, "web_identity_token_file")) {
      Result<AwsCredentials> credentials = co_await web_identity_credentials(
          search_, std::move(role), std::string(setting(settings, "web_identity_token_file")), region,
          fmt::format("profile {}", profile), context_);
      if (!credentials) co_return passed(std::move(credentials));
      co_return FoundCredentials{.credentials = std::move(*credentials), .source = name + " by web identity"};
    }
    FoundOrNot source = co_await find_source(std::move(path), settings);
    if (!source) co_return source;
    if (!*source)
      co_return wrong(profile, "the source of its role holds no credentials: " + search_.notes.back());
    Result<AwsCredentials> credentials =
        co_await assume_role(std::move(role), search_.sts_options(region), std::move((*source)->credentials),
                             search_.transport, context_);
    if (!credentials) co_return failed(std::move(credentials), fmt::format("profile {}", profile));
    co_return FoundCredentials{.credentials = std::move(*credentials), .source = name};
  }

  // The login that takes the role of the profile at the path's end.
  Task<FoundOrNot> find_source(Path path, const ProfileSettings& settings) {
    const std::string profile = path.back();
    const std::string next(setting(settings, "source_profile"));
    const std::string_view place = setting(settings, "credential_source");
    if (!next.empty() && !place.empty()) {
      co_return wrong(profile, "source_profile and credential_source exclude each other");
    }
    if (!next.empty()) co_return co_await follow(std::move(path), next);
    if (place == "Environment") co_return find_in_environment(search_);
    if (place == "Ec2InstanceMetadata") co_return co_await find_on_instance(search_, context_);
    if (place == "EcsContainer") co_return co_await find_in_container(search_, context_);
    if (!place.empty()) {
      co_return wrong(profile, "credential_source is not Environment, Ec2InstanceMetadata or EcsContainer");
    }
    co_return wrong(profile,
                    "role_arn is there, but no source_profile, credential_source or web_identity_token_file");
  }

  Task<FoundOrNot> follow(Path path, std::string next) {
    const bool seen = std::find(path.begin(), path.end(), next) != path.end();
    const ProfileSettings* settings = files_.find(next);
    // A profile may be its own source when it has keys.
    const bool own_keys = next == path.back() && settings != nullptr && has(*settings, "aws_access_key_id");
    path.push_back(next);
    if (seen && !own_keys)
      co_return wrong(path.front(), "its source_profile leads in a circle: " + join(path));
    co_return co_await look(std::move(path));
  }

  CredentialSearch& search_;
  const ProfileFiles files_;
  const Context& context_;
};

}  // namespace

Task<FoundOrNot> find_in_profile(CredentialSearch& search, const Context& context) {
  Result<ProfileFiles> files = read_profile_files(search.environment);
  if (!files) co_return failed(std::move(files), "aws.profile");
  const std::string profile = search.config.profile.empty() ? "default" : search.config.profile;
  if (files->find(profile) == nullptr) {
    search.note(fmt::format("profile {}: in none of {}", profile, files->describe()));
    co_return std::nullopt;
  }
  ProfileSearch look_through(search, std::move(*files), context);
  co_return co_await look_through.look({profile});
}

}  // namespace azs3copy
