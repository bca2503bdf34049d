// sigv4.hpp: AWS Signature Version 4.
//
//   canonical request -> sha256 -> string to sign -> HMAC chain (date, region, service) -> Authorization
//
// S3 never normalises the path: the target is signed as it goes on the wire. Other services' targets are "/"
// here. The query's names and values must be url_encode'd.
#pragma once

#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "codec/hash.hpp"
#include "net/http.hpp"

namespace azs3copy {

// "UNSIGNED-PAYLOAD", "STREAMING-UNSIGNED-PAYLOAD-TRAILER", or the hex SHA-256 of the body.
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view streaming_unsigned_payload_trailer = "STREAMING-UNSIGNED-PAYLOAD-TRAILER";

// Signs requests for one region and service; keeps the day's signing key. Not thread-safe.
class SigV4Signer {
 public:
  SigV4Signer(std::string region, std::string service)
      : region_(std::move(region)), service_(std::move(service)) {}

  // Adds x-amz-date, x-amz-content-sha256 (as `payload_hash` says), x-amz-security-token where there is
  // one, and Authorization over host and every header present but those that change on the way (User-Agent
  // and the like) and content headers that are not ASCII. `request` must be complete otherwise; it may be
  // signed again for a new attempt.
  void sign(HttpRequest& request, const AwsCredentials& credentials, std::string_view payload_hash,
            UtcTime now);

  // The steps, for the vectors of the tests.
  static std::string canonical_request(const HttpRequest& request, std::string_view payload_hash,
                                       std::string& signed_headers);
  std::string string_to_sign(std::string_view canonical_request, UtcTime now) const;

  const std::string& region() const { return region_; }

 private:
  void append_scope(std::string& out, std::string_view date) const;
  const Sha256Digest& signing_key(const AwsCredentials& credentials, std::string_view date);

  std::string region_;
  std::string service_;
  std::string key_date_;
  Secret key_secret_;  // what key_ was made of: a mended secret may keep its access key id
  Sha256Digest key_{};
};

}  // namespace azs3copy
