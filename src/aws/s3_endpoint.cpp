// s3_endpoint.cpp: AWS's rules for S3's host names,
// checked against botocore's rule set by s3_endpoint_test.cpp.
#include "aws/s3_endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "aws/s3_client.hpp"
#include "codec/url.hpp"

namespace azs3copy {
namespace {

bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_ip_address(std::string_view host) {
  return host.find(':') != std::string_view::npos ||
         std::all_of(host.begin(), host.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// Path style, or why the bucket cannot be part of the host's name.
Result<bool> uses_path_style(const Bucket& bucket, const S3Options& options, const Endpoint& server) {
  const bool custom = !options.endpoint_url.empty();
  const bool dotted = bucket.view().find('.') != std::string_view::npos;
  constexpr std::size_t host_label_bytes_max = 63;
  const std::string_view name = bucket.view();
  const bool names_a_host = name.size() <= host_label_bytes_max &&
                            std::all_of(name.begin(), name.end(),
                                        [](char c) { return is_lower_or_digit(c) || c == '-' || c == '.'; });
  switch (options.addressing) {
    case Addressing::path:
      return true;
    case Addressing::automatic:
      return custom || dotted || !names_a_host;
    case Addressing::virtual_host:
      break;
  }
  if (dotted && server.tls) {
    return fail(ErrorKind::invalid,
                "no TLS certificate covers a bucket name with dots as part of the host's name", bucket.view(),
                "use path-style addressing for this bucket");
  }
  if (!names_a_host) {
    return fail(ErrorKind::invalid, "this bucket name cannot be part of a host's name", bucket.view(),
                "use path-style addressing for this bucket");
  }
  if (is_ip_address(server.host)) {
    return fail(ErrorKind::invalid, "a bucket name cannot be put in front of an IP address",
                options.endpoint_url, "use path-style addressing, or an endpoint with a host name");
  }
  return false;
}

Result<S3Endpoint> custom_endpoint(const S3Options& options) {
  if (options.dualstack || options.fips) {
    return fail(ErrorKind::invalid, "dual-stack and FIPS endpoints are AWS's own: they have no custom URL",
                options.endpoint_url);
  }
  // Any name will do ("auto", "RegionOne") that can stand in a signature's scope.
  const auto breaks_scope = [](char c) { return c <= ' ' || c > '~' || c == '/' || c == ','; };
  if (options.region.empty() || std::any_of(options.region.begin(), options.region.end(), breaks_scope)) {
    return fail(ErrorKind::invalid, "this is no region's name", options.region);
  }
  Result<Url> url = parse_url(options.endpoint_url);
  if (!url) return failed(std::move(url), "s3.endpoint", options.endpoint_url);
  if (!url->query.empty()) {
    return fail(ErrorKind::invalid, "an endpoint URL has no query", options.endpoint_url);
  }
  // As the signature sees it: every byte in its one canonical form.
  Result<std::string> path = url_decode(url->path);
  if (!path) return failed(std::move(path), "s3.endpoint", options.endpoint_url);
  while (path->ends_with('/')) path->pop_back();
  return S3Endpoint{.server = {.host = url->host, .port = url->port, .tls = url->scheme == "https"},
                    .path_prefix = url_encode_path(*path),
                    .custom = true};
}

Result<S3Endpoint> aws_endpoint(const S3Options& options) {
  if (!is_aws_region_name(options.region)) {
    return fail(ErrorKind::invalid, "this is no AWS region", options.region,
                "regions read like eu-central-1; leave --region out to have it found");
  }
  if (options.fips && options.region.starts_with("cn-")) {
    return fail(ErrorKind::invalid, "there are no FIPS endpoints in China", options.region);
  }
  return S3Endpoint{.server = {.host = fmt::format("s3{}{}.{}.{}", options.fips ? "-fips" : "",
                                                   options.dualstack ? ".dualstack" : "", options.region,
                                                   aws_dns_suffix(options.region))}};
}

}  // namespace

std::string_view aws_dns_suffix(std::string_view region) {
  // The partitions of AWS, by how their regions' names begin. Source: botocore's partitions.json (2026-08).
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> partitions = {{
      {"cn-", "amazonaws.com.cn"},
      {"eusc-", "amazonaws.eu"},
      {"us-iso-", "c2s.ic.gov"},
      {"us-isob-", "sc2s.sgov.gov"},
      {"eu-isoe-", "cloud.adc-e.uk"},
      {"us-isof-", "csp.hci.ic.gov"},
  }};
  for (const auto& [prefix, suffix] : partitions) {
    if (region.starts_with(prefix)) return suffix;
  }
  return "amazonaws.com";
}

bool is_aws_region_name(std::string_view region) {
  constexpr std::size_t host_label_bytes_max = 63;
  return !region.empty() && region.size() <= host_label_bytes_max && is_lower_or_digit(region.front()) &&
         is_lower_or_digit(region.back()) &&
         std::all_of(region.begin(), region.end(), [](char c) { return is_lower_or_digit(c) || c == '-'; });
}

Result<S3Endpoint> s3_endpoint(const Bucket& bucket, const S3Options& options) {
  Result<S3Endpoint> endpoint =
      options.endpoint_url.empty() ? aws_endpoint(options) : custom_endpoint(options);
  if (!endpoint) return endpoint;
  const Result<bool> path_style = uses_path_style(bucket, options, endpoint->server);
  if (!path_style) return std::unexpected<Error>(path_style.error());
  if (*path_style) {
    endpoint->path_prefix.append(1, '/').append(url_encode(bucket.view()));
  } else {
    endpoint->server.host = fmt::format("{}.{}", bucket.view(), endpoint->server.host);
  }
  return endpoint;
}

}  // namespace azs3copy
