// s3_endpoint.hpp: which server answers for a bucket, and where in its paths the bucket lies.
//
//   virtual host   https://BUCKET.s3.REGION.amazonaws.com/KEY   AWS's own, the default
//   path           https://s3.REGION.amazonaws.com/BUCKET/KEY   dotted buckets: no certificate covers them
//   custom         http://host:9000/some/prefix/BUCKET/KEY      --endpoint-url; path style unless asked
#pragma once

#include <string>
#include <string_view>

#include "core/error.hpp"
#include "core/names.hpp"
#include "net/http.hpp"

namespace azs3copy {

struct S3Options;

struct S3Endpoint {
  Endpoint server;
  std::string
      path_prefix;      // encoded, before "/KEY": "", "/bucket" or "/some/prefix/bucket"; no trailing slash
  bool custom = false;  // not AWS's own: a new region does not change the server
};

// ErrorKind::invalid for a region that is no region, a malformed endpoint URL,
// and combinations that no server has. Pure.
Result<S3Endpoint> s3_endpoint(const Bucket& bucket, const S3Options& options);

// Of AWS's regional services: "amazonaws.com", "amazonaws.com.cn" for cn-north-1, ... Every region has one.
std::string_view aws_dns_suffix(std::string_view region);

// Whether it can stand in a host name and a credential scope: lower-case letters, digits and hyphens.
bool is_aws_region_name(std::string_view region);

}  // namespace azs3copy
