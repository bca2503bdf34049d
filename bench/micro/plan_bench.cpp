// plan_bench.cpp: the other decisions that every listed blob costs: its key, and whether it has arrived.
#include <benchmark/benchmark.h>

#include "plan/compare.hpp"
#include "plan/key_mapping.hpp"
#include "plan/part_plan.hpp"

namespace azs3copy {
namespace {

constexpr UtcTime modified = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

const Blob blob{.container = Container("photos"),
                .name = BlobName("backup/2026/11/region-3/object-000000123456.jpg"),
                .size = 10'240,
                .etag = ETag("0x8DCA7F5A1B2C3D4"),
                .last_modified = modified};

void map_key(benchmark::State& state) {
  const KeyMapping mapping{
      .source_prefix = "backup", .destination_prefix = "archive", .container_in_key = true};
  for (auto _ : state) {
    const auto relative = mapping.relative_name(blob.name);
    benchmark::DoNotOptimize(mapping.key(blob.container, *relative));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(map_key);

void compare_row(benchmark::State& state) {
  const CompareOptions options;
  std::optional<Existing> existing = Existing{.size = blob.size, .last_modified = modified};
  for (auto _ : state) {
    existing->last_modified += milliseconds(1);
    benchmark::DoNotOptimize(compare(blob, existing, options));
    benchmark::DoNotOptimize(obstacle(blob));
    benchmark::DoNotOptimize(route(blob.size, part_threshold_default));
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(compare_row);

void plan_parts_of_a_large_blob(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(plan_parts(40 * TiB, 100 * MiB));
}
BENCHMARK(plan_parts_of_a_large_blob);

}  // namespace
}  // namespace azs3copy
