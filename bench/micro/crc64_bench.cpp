// crc64_bench.cpp: the checksum of every byte copied, by implementation and size.
// 64 GiB/s of it are below 2 % of a copy.
#include <benchmark/benchmark.h>

#include "codec/crc64.hpp"

namespace azs3copy {
namespace {

void crc64_by(benchmark::State& state, const char* name) {
  const Crc64Function function = crc64_implementation(name);
  if (function == nullptr) {
    state.SkipWithError("this CPU has not what it needs");
    return;
  }
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'a');
  for (auto _ : state) benchmark::DoNotOptimize(function(Crc64{}, bytes_of(bytes)));
  state.SetBytesProcessed(state.iterations() * state.range(0));
}

// 16 KiB is one TLS record, 256 KiB one fill of the ring.
BENCHMARK_CAPTURE(crc64_by, portable, "portable")->Arg(16 << 10);
BENCHMARK_CAPTURE(crc64_by, pclmul, "pclmul")->Arg(100)->Arg(16 << 10)->Arg(256 << 10);
BENCHMARK_CAPTURE(crc64_by, vpclmul, "vpclmul")->Arg(100)->Arg(16 << 10)->Arg(256 << 10);
BENCHMARK_CAPTURE(crc64_by, pmull, "pmull")->Arg(100)->Arg(16 << 10)->Arg(256 << 10);

void crc64_combine(benchmark::State& state) {
  const Crc64 part = crc64({}, bytes_of("part"));
  for (auto _ : state) benchmark::DoNotOptimize(azs3copy::crc64_combine(part, part, 100 * MiB));
}
BENCHMARK(crc64_combine);

}  // namespace
}  // namespace azs3copy
