// part_plan.cpp: the arithmetic of routes and parts.
#include "plan/part_plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "core/limits.hpp"

namespace azs3copy {
namespace {

constexpr std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) {
  return value / by + (value % by != 0 ? 1 : 0);
}

}  // namespace

Route route(std::uint64_t size, std::uint64_t threshold) {
  return size > std::min(threshold, put_bytes_max) ? Route::large : Route::small;
}

Range PartPlan::range(std::uint32_t number) const {
  assert(number >= 1 && number <= part_count);
  const std::uint64_t first = (number - 1) * part_bytes;
  return {.first = first, .size = std::min(part_bytes, size - first)};
}

Result<PartPlan> plan_parts(std::uint64_t size, std::uint64_t part_bytes_wanted) {
  if (part_bytes_wanted < part_bytes_min || part_bytes_wanted > part_bytes_max) {
    return fail(ErrorKind::invalid,
                fmt::format("a part of {} bytes is outside of S3's limits", part_bytes_wanted), {},
                "choose a part size from 5 MiB to 5 GiB");
  }
  if (size == 0) return fail(ErrorKind::invalid, "an empty blob has no parts");
  if (size > object_bytes_max) {
    return fail(ErrorKind::invalid, fmt::format("{} bytes are more than S3's largest object, {} (48.8 TiB)",
                                                size, object_bytes_max));
  }
  // Whole MiB keep ranges readable in logs, and the largest object still comes out at exactly 5 GiB.
  const std::uint64_t part_bytes_least = divided_up(divided_up(size, part_count_max), MiB) * MiB;
  const std::uint64_t part_bytes =
      divided_up(size, part_bytes_wanted) <= part_count_max ? part_bytes_wanted : part_bytes_least;
  return PartPlan{.size = size,
                  .part_bytes = part_bytes,
                  .part_count = static_cast<std::uint32_t>(divided_up(size, part_bytes))};
}

}  // namespace azs3copy
