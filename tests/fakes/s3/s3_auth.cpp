// s3_auth.cpp: AWS Signature Version 4 as a server checks it,
// written from the documentation and apart from src/aws.
//
//   canonical request = method \n path \n query \n headers \n signed names \n payload hash
//   string to sign    = AWS4-HMAC-SHA256 \n time \n date/region/service/aws4_request
//                       \n sha256(canonical request)
#include "codec/base64.hpp"
#include "codec/hash.hpp"
#include "codec/url.hpp"
#include "fakes/s3/s3_service.hpp"

namespace azs3copy::fakes {
namespace {

[[noreturn]] void malformed(std::string why) {
  throw S3Refusal{400, "AuthorizationHeaderMalformed", "The authorization header is malformed; " + why};
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// Trimmed, runs of spaces made one.
std::string collapsed(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ' ' && (out.empty() || out.back() == ' ')) continue;
    out += c;
  }
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

std::string reencoded(std::string_view text, bool keep_slash) {
  const auto decoded = url_decode(text);
  if (!decoded) throw S3Refusal{400, "InvalidURI", "Couldn't parse the specified URI."};
  return keep_slash ? url_encode_path(*decoded) : url_encode(*decoded);
}

std::string canonical_query(std::string_view query) {
  if (query.empty()) return "";
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& item : split(query, '&')) {
    const std::size_t equals = item.find('=');
    const std::string_view view = item;
    pairs.emplace_back(reencoded(view.substr(0, equals), false),
                       equals == std::string::npos ? "" : reencoded(view.substr(equals + 1), false));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string out;
  for (const auto& [name, value] : pairs) {
    out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, value);
  }
  return out;
}

std::string hmac(std::string_view key, std::string_view text) {
  const auto digest = hmac_sha256(bytes_of(key), bytes_of(text));
  return std::string(text_of(digest));
}

// x-amz-date is "20261123T074210Z".
std::optional<UtcTime> parse_amz_date(std::string_view text) {
  if (text.size() != 16 || text[8] != 'T' || text[15] != 'Z') return std::nullopt;
  const auto field = [&](std::size_t at, std::size_t size) { return parse_number(text.substr(at, size)); };
  const auto year = field(0, 4), month = field(4, 2), day = field(6, 2);
  const auto hour = field(9, 2), minute = field(11, 2), second = field(13, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date(std::chrono::year(static_cast<int>(*year)),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day)));
  if (!date.ok()) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
         std::chrono::seconds(*second);
}

}  // namespace

SignatureParts parse_authorization(std::string_view authorization) {
  constexpr std::string_view scheme = "AWS4-HMAC-SHA256 ";
  if (!authorization.starts_with(scheme)) {
    throw S3Refusal{400, "InvalidRequest", "Only AWS4-HMAC-SHA256 is supported."};
  }
  SignatureParts parts;
  for (const std::string& item : split(authorization.substr(scheme.size()), ',')) {
    const std::string field = collapsed(item);
    const std::size_t equals = field.find('=');
    if (equals == std::string::npos) malformed("a field without '='.");
    const std::string name = field.substr(0, equals);
    const std::string value = field.substr(equals + 1);
    if (name == "Credential") {
      const auto scope = split(value, '/');
      if (scope.size() != 5 || scope[4] != "aws4_request") malformed("the credential scope is wrong.");
      parts.access_key_id = scope[0];
      parts.date = scope[1];
      parts.region = scope[2];
      parts.service = scope[3];
    } else if (name == "SignedHeaders") {
      parts.signed_headers = split(value, ';');
    } else if (name == "Signature") {
      parts.signature = value;
    }
  }
  if (parts.access_key_id.empty() || parts.signed_headers.empty() || parts.signature.size() != 64) {
    malformed("a field is missing.");
  }
  return parts;
}

std::string canonical_request(const RequestHead& request, const std::vector<std::string>& signed_headers,
                              std::string_view payload_hash) {
  std::string text = fmt::format("{}\n{}\n{}\n", request.method(), reencoded(request.path(), true),
                                 canonical_query(request.query()));
  std::string names;
  for (const std::string& wanted : signed_headers) {
    std::string values;
    for (const auto& [name, value] : request.fields()) {
      if (same_name(name, wanted)) values.append(values.empty() ? "" : ",").append(collapsed(value));
    }
    text += fmt::format("{}:{}\n", wanted, values);
    names.append(names.empty() ? "" : ";").append(wanted);
  }
  return text + fmt::format("\n{}\n{}", names, payload_hash);
}

void S3Service::check_time(const RequestHead& request, const SignatureParts& parts) const {
  const std::string_view date = request.get("x-amz-date");
  const auto time = parse_amz_date(date);
  if (!time)
    throw S3Refusal{403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"};
  if (std::chrono::abs(now() - *time) > options_.clock_skew_max) {
    throw S3Refusal{403, "RequestTimeTooSkewed",
                    "The difference between the request time and the current time is too large."};
  }
  if (!date.starts_with(parts.date)) malformed("the date in the scope is not that of the request.");
}

void S3Service::check_signature(const RequestHead& request) const {
  const std::string_view authorization = request.get("authorization");
  if (authorization.empty()) throw S3Refusal{403, "AccessDenied", "Access Denied"};
  const SignatureParts parts = parse_authorization(authorization);
  if (!options_.verify_signatures) return;
  const auto found = credentials_.find(parts.access_key_id);
  if (found == credentials_.end()) {
    throw S3Refusal{403, "InvalidAccessKeyId",
                    "The AWS Access Key Id you provided does not exist in our records."};
  }
  if (found->second.expired) throw S3Refusal{400, "ExpiredToken", "The provided token has expired."};
  if (request.get("x-amz-security-token") != found->second.session_token) {
    throw S3Refusal{400, "InvalidToken", "The provided token is malformed or otherwise invalid."};
  }
  check_time(request, parts);
  if (parts.service != "s3") malformed("the service is not 's3'.");

  std::set<std::string> names(parts.signed_headers.begin(), parts.signed_headers.end());
  if (!std::is_sorted(parts.signed_headers.begin(), parts.signed_headers.end()) || !names.contains("host")) {
    malformed("SignedHeaders must be sorted and name host.");
  }
  for (const auto& [name, value] : request.fields()) {
    const std::string lower = lower_case(name);
    const bool wanted = lower.starts_with("x-amz-") || lower == "content-md5";
    if (wanted && !names.contains(lower)) {
      throw S3Refusal{403, "AccessDenied",
                      "There were headers present in the request which were not signed: " + lower};
    }
  }
  const std::string_view payload = request.get("x-amz-content-sha256");
  if (payload.empty())
    throw S3Refusal{400, "InvalidRequest", "Missing required header: x-amz-content-sha256"};

  const std::string canonical = canonical_request(request, parts.signed_headers, payload);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n{}", request.get("x-amz-date"), parts.date,
                  parts.region, parts.service, hex_encode(sha256(bytes_of(canonical))));
  std::string key = hmac("AWS4" + found->second.secret, parts.date);
  for (const std::string_view step :
       {std::string_view(parts.region), std::string_view(parts.service), std::string_view("aws4_request")}) {
    key = hmac(key, step);
  }
  if (hex_encode(hmac_sha256(bytes_of(key), bytes_of(to_sign))) != parts.signature) {
    throw S3Refusal{403,
                    "SignatureDoesNotMatch",
                    "The request signature we calculated does not match the signature you provided.",
                    {},
                    {{"StringToSign", to_sign}, {"CanonicalRequest", canonical}}};
  }
}

}  // namespace azs3copy::fakes
