// prices.hpp: list prices in USD, US East, for the estimate at a run's end.
// A table only; change it with its dates.
//
// Egress is what leaves Azure for the internet.
// Its free first 100 GB a month are left out: they may be used up.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "core/bytes.hpp"

namespace azs3copy::prices {

// Each price holds for bytes up to `bytes_max` of a month's total; per GiB.
struct EgressTier {
  std::uint64_t bytes_max;
  double per_gib;
};
inline constexpr std::array<EgressTier, 4> azure_egress = {{
    {10 * TiB, 0.087},   // 2026-11
    {50 * TiB, 0.083},   // 2024
    {150 * TiB, 0.07},   // 2024
    {UINT64_MAX, 0.05},  // 2024
}};
inline constexpr double azure_per_10k_reads = 0.005;  // 2026-11, hot tier

// Of a storage class: PUT, POST and LIST; and GET and HEAD; per 1,000.
struct RequestPrice {
  std::string_view storage_class;
  double per_1k_writes;
  double per_1k_reads;
};
// 2026-11. The first stands for classes that are not listed.
inline constexpr std::array<RequestPrice, 8> s3_requests = {{
    {"STANDARD", 0.005, 0.0004},
    {"INTELLIGENT_TIERING", 0.005, 0.0004},
    {"REDUCED_REDUNDANCY", 0.005, 0.0004},
    {"STANDARD_IA", 0.01, 0.001},
    {"ONEZONE_IA", 0.01, 0.001},
    {"GLACIER_IR", 0.02, 0.01},
    {"GLACIER", 0.03, 0.0004},
    {"DEEP_ARCHIVE", 0.05, 0.0004},
}};

}  // namespace azs3copy::prices
