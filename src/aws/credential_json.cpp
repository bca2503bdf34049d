// credential_json.cpp: fields to credentials.
#include "aws/credential_json.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/time.hpp"

namespace azs3copy {
namespace {

// They go into headers: a line break would end one.
bool is_header_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

Result<AwsCredentials> credentials_from_json(const Json& json, std::string_view token_name) {
  const std::string id = json["AccessKeyId"].string_or("");
  const std::string secret = json["SecretAccessKey"].string_or("");
  const std::string token = json[token_name].string_or("");
  if (id.empty()) return fail(ErrorKind::credentials, "AccessKeyId is missing");
  if (secret.empty()) return fail(ErrorKind::credentials, "SecretAccessKey is missing");
  if (!is_header_text(id)) return fail(ErrorKind::credentials, "AccessKeyId has characters that none has");
  if (!is_header_text(token)) {
    return fail(ErrorKind::credentials, fmt::format("{} has characters that none has", token_name));
  }
  AwsCredentials credentials{
      .access_key_id = id, .secret_access_key = Secret(secret), .session_token = Secret(token)};
  if (const std::string expires = json["Expiration"].string_or(""); !expires.empty()) {
    credentials.expires = parse_iso8601(expires);
    if (!credentials.expires) return fail(ErrorKind::credentials, "Expiration is no time");
  }
  return credentials;
}

}  // namespace azs3copy
