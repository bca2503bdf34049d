// redelivery.cpp: see redelivery.hpp.
#include "hosts/lambda/redelivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace azs3copy {
namespace {

constexpr std::uint64_t growth = 5;
constexpr std::uint64_t hastened_receives_max = 3;
// Without a way to SQS, as in a VPC without one, the function must not hang here.
constexpr seconds request_time_max{10};

}  // namespace

std::optional<seconds> redelivery_wait(std::uint64_t receive_count, seconds first) {
  if (receive_count > hastened_receives_max) return std::nullopt;
  seconds wait = first;
  for (std::uint64_t count = 1; count < receive_count; ++count) wait *= growth;
  return std::min(wait, visibility_timeout_max);
}

std::string queue_url_of(std::string_view arn) {
  std::array<std::string_view, 6> parts;  // arn:PARTITION:sqs:REGION:ACCOUNT:NAME
  for (std::string_view& part : parts) {
    const std::size_t end = &part == &parts.back() ? arn.size() : std::min(arn.find(':'), arn.size());
    part = arn.substr(0, end);
    arn.remove_prefix(std::min(end + 1, arn.size()));
  }
  const auto& [prefix, partition, service, region, account, name] = parts;
  const bool whole = std::ranges::none_of(parts, [](std::string_view part) { return part.empty(); });
  if (!whole || prefix != "arn" || service != "sqs") return {};
  const Result<AwsServiceEndpoint> endpoint = aws_service_endpoint(aws_sqs, {.region = std::string(region)});
  if (!endpoint) return {};
  return fmt::format("https://{}/{}/{}", endpoint->server.host, account, name);
}

Redelivery::Redelivery(AwsServiceOptions options, std::shared_ptr<AwsCredentialsProvider> credentials,
                       Transport& transport, Telemetry& telemetry)
    : sqs_(std::move(options), std::move(credentials), transport), telemetry_(telemetry) {}

Task<void> Redelivery::hasten(const EventItem& item, const Context& context) {
  const std::optional<seconds> wait = redelivery_wait(item.receive_count, first_);
  std::string url = queue_url_of(item.source_arn);
  if (!wait || url.empty() || item.receipt_handle.empty()) co_return;
  const Context soon = context.with_timeout(request_time_max);
  const Result<> changed = co_await sqs_.change_visibility(std::move(url), item.receipt_handle, *wait, soon);
  if (changed) {
    telemetry_.log(LogLevel::info, "comes_again_after",
                   {{"message_id", item.id}, {"seconds", static_cast<std::uint64_t>(wait->count())}});
  } else {
    telemetry_.log(LogLevel::info, "not_hastened",
                   {{"message_id", item.id}, {"error", changed.error().to_line()}});
  }
}

}  // namespace azs3copy
