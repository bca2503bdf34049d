// part_plan.hpp: small or large, and how a large blob is cut. Pure.
#pragma once

#include <cstdint>

#include "core/bytes.hpp"
#include "core/error.hpp"

namespace azs3copy {

enum class Route : std::uint8_t { small, large };

// The article's PartitionSize.
inline constexpr std::uint64_t part_threshold_default = 100 * MiB;

// Above the threshold (bytes) a blob is large. A threshold above S3's 5 GiB for one PUT counts as 5 GiB.
Route route(std::uint64_t size, std::uint64_t threshold);

// Equal parts but the last. Numbers from 1.
struct PartPlan {
  std::uint64_t size = 0;        // of the blob, bytes
  std::uint64_t part_bytes = 0;  // of each part but the last
  std::uint32_t part_count = 0;

  Range range(std::uint32_t number) const;
  friend bool operator==(const PartPlan&, const PartPlan&) = default;
};

// Legal for S3 at every size from 1 to 48.8 TiB: `part_bytes_wanted`, or the smallest whole number of MiB
// above it that keeps the count at 10,000 or below. ErrorKind::invalid for an empty or too large blob, or a
// wish outside 5 MiB..5 GiB.
Result<PartPlan> plan_parts(std::uint64_t size, std::uint64_t part_bytes_wanted);

}  // namespace azs3copy
