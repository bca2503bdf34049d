// sigv4.cpp: Signature Version 4, for the one signature that each object costs:
// one sort of pointers, one string.
//
//   METHOD \n path as on the wire \n sorted query \n name:value\n ... \n names;of;headers \n payload hash
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#include "aws/sigv4.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <functional>
#include <utility>
#include <vector>

#include "codec/base64.hpp"
#include "codec/time.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view algorithm = "AWS4-HMAC-SHA256";
constexpr std::size_t date_size = 8;  // "20261123" of "20261123T074210Z"

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

bool less_without_case(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(lower(x)) < static_cast<unsigned char>(lower(y));
  });
}

// Left out: what a transport or a proxy may set or change on the way, and the signature itself.
bool is_signed(const Headers::Field& field) {
  constexpr std::array<std::string_view, 8> left_out = {
      "authorization",   "connection",      "content-length",    "expect",
      "accept-encoding", "x-amzn-trace-id", "transfer-encoding", "user-agent"};
  return std::none_of(left_out.begin(), left_out.end(),
                      [&field](std::string_view other) { return equal_without_case(field.first, other); });
}

// Trimmed, each run of spaces or tabs made one space.
void append_canonical_value(std::string& out, std::string_view value) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  bool space_waits = false;
  const std::size_t start = out.size();
  for (const char c : value) {
    if (is_space(c)) {
      space_waits = out.size() > start;
      continue;
    }
    if (std::exchange(space_waits, false)) out += ' ';
    out += c;
  }
}

// name=value pairs sorted by name, then value; the pairs themselves are signed as they go on the wire.
void append_canonical_query(std::string& out, std::string_view query) {
  std::vector<std::pair<std::string_view, std::string_view>> pairs;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    pairs.emplace_back(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
  // By name first: "a-b=" would come before "a=" if whole pairs were compared.
  std::sort(pairs.begin(), pairs.end());
  bool first = true;
  for (const auto& [name, value] : pairs) {
    if (!std::exchange(first, false)) out += '&';
    out.append(name).append(1, '=').append(value);
  }
}

void append_lower(std::string& out, std::string_view name) {
  for (const char c : name) out += lower(c);
}

// "name:value\n" for each name in order, values of one name joined by commas;
// the names go to `signed_headers`.
void append_canonical_headers(std::string& out, std::string& signed_headers, const HttpRequest& request) {
  const Headers::Field host("host", request.endpoint.authority());
  std::vector<const Headers::Field*> fields;
  fields.reserve(request.headers.size() + 1);
  fields.push_back(&host);
  for (const Headers::Field& field : request.headers) {
    assert(!equal_without_case(field.first, "host") && "Host is the transport's");
    if (is_signed(field)) fields.push_back(&field);
  }
  std::sort(fields.begin(), fields.end(), [](const Headers::Field* a, const Headers::Field* b) {
    if (less_without_case(a->first, b->first)) return true;
    if (less_without_case(b->first, a->first)) return false;
    return std::less<>()(a, b);  // repeated headers keep their order
  });
  const std::string* previous = nullptr;
  for (const Headers::Field* field : fields) {
    if (previous != nullptr && equal_without_case(*previous, field->first)) {
      out.back() = ',';
    } else {
      if (previous != nullptr) signed_headers += ';';
      append_lower(signed_headers, field->first);
      append_lower(out, field->first);
      out += ':';
    }
    append_canonical_value(out, field->second);
    out += '\n';
    previous = &field->first;
  }
}

}  // namespace

std::string SigV4Signer::canonical_request(const HttpRequest& request, std::string_view payload_hash,
                                           std::string& signed_headers) {
  const std::string_view target = request.target;
  const std::string_view path = target.substr(0, target.find('?'));
  std::string out;
  out.reserve(1024 + target.size());
  out.append(to_string(request.method)).append(1, '\n').append(path).append(1, '\n');
  if (path.size() < target.size()) append_canonical_query(out, target.substr(path.size() + 1));
  out += '\n';
  signed_headers.clear();
  append_canonical_headers(out, signed_headers, request);
  out.append(1, '\n').append(signed_headers).append(1, '\n').append(payload_hash);
  return out;
}

std::string SigV4Signer::string_to_sign(std::string_view canonical_request, UtcTime now) const {
  const std::string time = to_basic_iso8601(now);
  std::string out;
  out.reserve(160);
  out.append(algorithm).append(1, '\n').append(time).append(1, '\n');
  append_scope(out, std::string_view(time).substr(0, date_size));
  out.append(1, '\n').append(hex_encode(sha256(bytes_of(canonical_request))));
  return out;
}

void SigV4Signer::append_scope(std::string& out, std::string_view date) const {
  out.append(date).append(1, '/').append(region_).append(1, '/').append(service_).append("/aws4_request");
}

void SigV4Signer::sign(HttpRequest& request, const AwsCredentials& credentials, std::string_view payload_hash,
                       UtcTime now) {
  const std::string time = to_basic_iso8601(now);
  const std::string_view date = std::string_view(time).substr(0, date_size);
  Headers& headers = request.headers;
  headers.remove("authorization");  // of an earlier attempt
  headers.set("x-amz-date", time);
  headers.set("x-amz-content-sha256", payload_hash);
  if (credentials.session_token.empty()) {
    headers.remove("x-amz-security-token");
  } else {
    headers.set("x-amz-security-token", credentials.session_token.reveal());
  }

  std::string signed_headers;
  const std::string canonical = canonical_request(request, payload_hash, signed_headers);
  const std::string text = string_to_sign(canonical, now);
  const Sha256Digest signature = hmac_sha256(signing_key(credentials, date), bytes_of(text));

  std::string authorization;
  authorization.reserve(256 + signed_headers.size());
  authorization.append(algorithm).append(" Credential=").append(credentials.access_key_id).append(1, '/');
  append_scope(authorization, date);
  authorization.append(", SignedHeaders=").append(signed_headers);
  authorization.append(", Signature=").append(hex_encode(signature));
  headers.add("authorization", authorization);
}

// Four HMACs a day instead of four a request.
const Sha256Digest& SigV4Signer::signing_key(const AwsCredentials& credentials, std::string_view date) {
  if (key_date_ != date || key_secret_ != credentials.secret_access_key) {
    const Secret start("AWS4" + credentials.secret_access_key.reveal());
    key_ = hmac_sha256(bytes_of(start.reveal()), bytes_of(date));
    key_ = hmac_sha256(key_, bytes_of(region_));
    key_ = hmac_sha256(key_, bytes_of(service_));
    key_ = hmac_sha256(key_, bytes_of("aws4_request"));
    key_date_ = date;
    key_secret_ = credentials.secret_access_key;
  }
  return key_;
}

}  // namespace azs3copy
