// filter_bench.cpp: the question asked of every listed blob. Listing and planning together have 3,300 ns a
// key (the goal of 300,000 keys per CPU-second), so a filter may take a few hundred.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "plan/filter.hpp"

namespace azs3copy {
namespace {

constexpr UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);

// As names in a container are: a few folders, a number, an extension; about 50 bytes.
std::vector<Blob> blobs() {
  constexpr std::array<std::string_view, 4> extensions = {"jpg", "json", "parquet", "tmp"};
  std::vector<Blob> result;
  for (int i = 0; i < 1000; ++i) {
    result.push_back({.name = BlobName(fmt::format("backup/2026/{:02}/region-{}/object-{:012}.{}", i % 12,
                                                   i % 7, i * 7919, extensions[i % 4])),
                      .size = static_cast<std::uint64_t>(i),
                      .last_modified = now});
  }
  return result;
}

void selects(benchmark::State& state, FilterOptions options) {
  const auto filter = Filter::make(std::move(options), now);
  if (!filter) {
    state.SkipWithError(filter.error().message.c_str());
    return;
  }
  const auto all = blobs();
  std::size_t next = 0;
  for (auto _ : state) {
    const Blob& blob = all[next];
    benchmark::DoNotOptimize(filter->selects(blob, blob.name.view()));
    next = next + 1 == all.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
}

FilterOptions rules(std::initializer_list<std::pair<bool, std::string>> list) {
  FilterOptions options;
  for (const auto& [include, pattern] : list) options.rules.push_back({include, pattern});
  return options;
}

BENCHMARK_CAPTURE(selects, nothing_asked, FilterOptions{});
BENCHMARK_CAPTURE(selects, extension, rules({{true, "*.jpg"}}));
BENCHMARK_CAPTURE(selects, extensions, rules({{true, "*.{jpg,png,gif}"}}));
BENCHMARK_CAPTURE(selects, folder, rules({{false, "/backup/2025/**"}}));
BENCHMARK_CAPTURE(selects, folder_anywhere, rules({{false, "region-3/**"}}));
BENCHMARK_CAPTURE(selects, component_class, rules({{true, "object-[0-9]*.json"}}));
BENCHMARK_CAPTURE(selects, stars_over_folders, rules({{true, "**/region-[3-5]/**/*.parquet"}}));
BENCHMARK_CAPTURE(
    selects, five_rules,
    rules(
        {{false, "*.tmp"}, {false, ".git/"}, {false, "**/cache/**"}, {true, "/backup/**"}, {true, "*.jpg"}}));
BENCHMARK_CAPTURE(selects, many_stars, rules({{true, "**a**b**c**d**e**f"}, {true, "**o*o*o*o*o*x*n"}}));

void files_from(benchmark::State& state) {
  FilterOptions options{.has_files_from = true};
  for (int i = 0; i < 100'000; ++i) options.files_from.push_back(fmt::format("backup/2026/{}/x", i));
  selects(state, std::move(options));
}
BENCHMARK(files_from);

}  // namespace
}  // namespace azs3copy
