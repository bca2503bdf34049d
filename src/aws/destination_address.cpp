// destination_address.cpp: bucket names by S3's rules, and the other ways in which people write them.
#include "aws/destination_address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/limits.hpp"

namespace azs3copy {
namespace {

constexpr std::string_view scheme = "s3://";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}
bool is_lower_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

bool starts_without_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char a, char b) { return a == lower(b); });
}

// 192.168.5.4
bool reads_like_an_address(std::string_view name) {
  return std::count(name.begin(), name.end(), '.') == 3 &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_digit(c) || c == '.'; });
}

// The nearest name that S3 would take, or nothing.
std::string mend(std::string_view name) {
  std::string mended;
  for (const char c : name) mended += c == '_' || c == ' ' ? '-' : lower(c);
  return bucket_name_problem(mended).empty() ? mended : std::string();
}

std::unexpected<Error> refuse(std::string_view text, std::string message, std::string_view meant = {},
                              ErrorKind kind = ErrorKind::invalid) {
  if (!meant.empty()) message += fmt::format("; did you mean {}?", meant);
  return fail(kind, std::move(message), text);
}

// "arn:aws:s3:::bucket/prefix" names a bucket; all others name access points and the like.
std::unexpected<Error> refuse_arn(std::string_view text, std::string_view arn) {
  const std::size_t bucket = arn.find(":s3:::");
  if (bucket != std::string_view::npos) {
    return refuse(text, "a destination is an s3:// address", fmt::format("s3://{}", arn.substr(bucket + 6)));
  }
  return refuse(text, "access points cannot be copied to: give the bucket itself, s3://bucket/prefix", {},
                ErrorKind::unsupported);
}

// https://bucket.s3.eu-central-1.amazonaws.com/prefix and https://s3.eu-central-1.amazonaws.com/bucket/prefix
std::string meant_by_url(std::string_view text) {
  std::string_view rest = text.substr(text.find("://") + 3);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view host = rest.substr(0, slash);
  rest.remove_prefix(slash);
  if (host.find(".amazonaws.com") == std::string_view::npos) return {};
  if (host.starts_with("s3.") || host.starts_with("s3-")) {
    return rest.size() > 1 ? fmt::format("s3:/{}", rest) : std::string();
  }
  const std::size_t service = host.find(".s3");
  return service == std::string_view::npos ? std::string()
                                           : fmt::format("s3://{}{}", host.substr(0, service), rest);
}

std::unexpected<Error> refuse_other_scheme(std::string_view text) {
  if (starts_without_case(text, "arn:")) return refuse_arn(text, text);
  if (starts_without_case(text, "https://") || starts_without_case(text, "http://")) {
    return refuse(text,
                  "a destination is an s3:// address; a server other than AWS's is named by --endpoint-url",
                  meant_by_url(text));
  }
  if (text.find("://") != std::string_view::npos || text.empty()) {
    return refuse(text, "a destination is an s3:// address, such as s3://bucket/prefix");
  }
  const std::string_view bucket = text.substr(0, text.find('/'));
  return refuse(text, "a destination is an s3:// address",
                bucket_name_problem(bucket).empty() ? fmt::format("s3://{}", text) : std::string());
}

// Kinds of bucket that speak another protocol, by their names' endings.
std::string_view unsupported_kind(std::string_view bucket) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kinds = {{
      {"--x-s3", "directory buckets (S3 Express One Zone) are not supported: give a general purpose bucket"},
      {"--table-s3", "table buckets hold tables, not objects: give a general purpose bucket"},
      {"--ol-s3", "Object Lambda access points only read: give the bucket itself"},
      {".mrap", "multi-region access points are not supported: give one of the buckets behind it"},
  }};
  for (const auto& [ending, message] : kinds) {
    if (bucket.ends_with(ending)) return message;
  }
  return {};
}

}  // namespace

std::string_view bucket_name_problem(std::string_view name) {
  if (name.find('_') != std::string_view::npos) return "bucket names have no underscore";
  if (name.find(' ') != std::string_view::npos) return "bucket names have no spaces";
  const auto allowed = [](char c) { return is_lower_or_digit(lower(c)) || c == '-' || c == '.'; };
  if (!std::all_of(name.begin(), name.end(), allowed)) {
    return "bucket names have lower-case letters, digits, hyphens and dots only";
  }
  if (std::any_of(name.begin(), name.end(), [](char c) { return lower(c) != c; })) {
    return "bucket names have no upper-case letters";
  }
  if (name.size() < 3 || name.size() > 63) return "bucket names have 3 to 63 characters";
  if (!is_lower_or_digit(name.front()) || !is_lower_or_digit(name.back())) {
    return "bucket names begin and end with a letter or digit";
  }
  if (name.find("..") != std::string_view::npos) return "bucket names have no two dots in a row";
  if (reads_like_an_address(name)) return "a bucket name does not read like an IP address";
  if (name.starts_with("xn--")) return "no bucket name begins with xn--";
  return {};
}

Result<DestinationAddress> parse_destination_address(std::string_view text) {
  if (!starts_without_case(text, scheme)) return refuse_other_scheme(text);
  const std::string_view rest = text.substr(scheme.size());
  if (starts_without_case(rest, "arn:")) return refuse_arn(text, rest);
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view bucket = rest.substr(0, slash);
  const std::string_view prefix = rest.substr(std::min(slash + 1, rest.size()));
  if (bucket.empty()) return refuse(text, "the bucket is missing: s3://bucket/prefix");
  if (bucket == "." || bucket == ".." || std::any_of(bucket.begin(), bucket.end(), is_control)) {
    return refuse(text, "this is not a valid bucket name");
  }
  if (rest.contains("?sig=") || rest.contains("&sig=")) {
    return refuse(text, "a destination takes no SAS: that belongs to the source's address");
  }
  if (prefix.size() > key_bytes_max) {
    return refuse(text, fmt::format("the prefix has {} bytes; a whole S3 key has {} at most", prefix.size(),
                                    key_bytes_max));
  }
  return DestinationAddress{.bucket = Bucket(bucket), .prefix = std::string(prefix)};
}

Result<> check_aws_bucket(const DestinationAddress& address) {
  const std::string_view bucket = address.bucket.view();
  const std::string rest = address.prefix.empty() ? "" : "/" + address.prefix;
  const std::string text = fmt::format("{}{}{}", scheme, bucket, rest);
  if (const std::string_view message = unsupported_kind(bucket); !message.empty()) {
    return refuse(text, std::string(message), {}, ErrorKind::unsupported);
  }
  const std::string_view problem = bucket_name_problem(bucket);
  if (problem.empty()) return {};
  const std::string mended = mend(bucket);
  return refuse(text, std::string(problem),
                mended.empty() ? std::string() : fmt::format("{}{}{}", scheme, mended, rest));
}

bool is_legacy_bucket_name(std::string_view name) {
  constexpr std::size_t legacy_size_max = 255;
  return name.size() >= 3 && name.size() <= legacy_size_max && unsupported_kind(name).empty() &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_lower_or_digit(lower(c)) || c == '-' || c == '.' || c == '_'; });
}

}  // namespace azs3copy
