// request_advice.cpp: see request_advice.hpp.
#include "aws/request_advice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace azs3copy {
namespace {

// Headers that a flag adds, and how to do without.
struct FlagRow {
  std::string_view header;
  std::string_view remedy;
};
constexpr std::string_view without_checksums = "give --s3-checksum none";
constexpr FlagRow flag_rows[] = {
    {"x-amz-storage-class", "leave out --storage-class"},
    {"x-amz-server-side-encryption", "leave out --sse"},
    {"x-amz-server-side-encryption-aws-kms-key-id", "leave out --sse-kms-key-id"},
    {"x-amz-server-side-encryption-bucket-key-enabled", "give --no-bucket-key"},
    {"x-amz-expected-bucket-owner", "leave out --expected-bucket-owner"},
    {"x-amz-checksum-algorithm", without_checksums},
    {"x-amz-sdk-checksum-algorithm", without_checksums},
    {"x-amz-checksum-crc64nvme", without_checksums},
    {"x-amz-trailer", without_checksums},
};

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
  return out;
}

// "leave out --sse, or give --s3-checksum none": what the reply names, else all that it may have refused.
std::string remedies(std::string_view reply, const AwsReplyContext& context) {
  const std::string text = lower_case(reply);
  const auto names = [&text](std::string_view header) {
    const std::size_t at = text.find(header);
    return at != std::string::npos &&
           text.substr(at + header.size(), 1) != "-";  // not a longer header's name
  };
  const bool any_named = std::ranges::any_of(
      flag_rows, [&](const FlagRow& row) { return context.sent->contains(row.header) && names(row.header); });
  std::vector<std::string_view> found;
  for (const FlagRow& row : flag_rows) {
    if (!context.sent->contains(row.header) || (any_named && !names(row.header))) continue;
    // AWS knows its own checksums.
    if (!any_named && context.is_aws && row.remedy == without_checksums) continue;
    if (std::ranges::find(found, row.remedy) == found.end()) found.push_back(row.remedy);
  }
  if (found.empty()) return {};
  return fmt::format("{}: {}",
                     any_named ? "this server does not take it" : "this may be what the server refuses",
                     fmt::join(found, ", or "));
}

// Names that S3 takes and a proxy in front of a server may drop: nginx does so with underscores.
std::string odd_metadata_name(const Headers& sent) {
  constexpr std::string_view meta_prefix = "x-amz-meta-";
  for (const auto& [name, value] : sent) {
    const bool plain = std::ranges::all_of(
        name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
    if (name.starts_with(meta_prefix) && !plain) return name;
  }
  return {};
}

void add_advice(Error& error, std::string_view sentence) {
  if (!error.advice.empty()) error.advice += "; ";
  error.advice += sentence;
}

}  // namespace

void advise_on_request(Error& error, std::string_view reply, const AwsReplyContext& context) {
  if (context.sent == nullptr) return;
  const bool generic = error.advice.empty() || error.kind == ErrorKind::unsupported;
  if ((error.kind == ErrorKind::invalid && generic) || error.kind == ErrorKind::unsupported) {
    if (const std::string found = remedies(reply, context); !found.empty()) error.advice = found;
  }
  if (error.kind == ErrorKind::permission && context.sent->contains("x-amz-expected-bucket-owner")) {
    add_advice(error, "the bucket may also belong to another account than --expected-bucket-owner");
  }
  if (error.service_code == "SignatureDoesNotMatch") {
    if (const std::string name = odd_metadata_name(*context.sent); !name.empty()) {
      add_advice(error, fmt::format("or a proxy dropped the header {}: rename this metadata", name));
    }
  }
}

}  // namespace azs3copy
