// record_bench.cpp: one line of objects.jsonl for every blob. The aim is 1.5 million a second.
#include <benchmark/benchmark.h>

#include "messages/record.hpp"

namespace azs3copy {
namespace {

constexpr UtcTime modified =
    std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + milliseconds(27730000);

ObjectRecord record(Outcome outcome) {
  ObjectRecord record{.outcome = outcome,
                      .blob = {.container = Container("photos"),
                               .name = BlobName("backup/2026/11/region-3/object-000000123456.jpg"),
                               .size = 10'240,
                               .etag = ETag("0x8DCA7F5A1B2C3D4"),
                               .last_modified = modified},
                      .key = Key("archive/backup/2026/11/region-3/object-000000123456.jpg"),
                      .bytes = 10'240};
  if (outcome != Outcome::copied) return record;
  record.crc = Crc64{0xAE8B14860A799888};
  record.proof = SourceProof::crc64;
  record.s3_etag = ETag("9b2cf535f27731c974343645a3985328");
  record.s3_version_id = "3HL4kqtJvjVBH40Nrjfkd";
  record.duration = milliseconds(12);
  return record;
}

void append_record(benchmark::State& state, Outcome outcome) {
  const ObjectRecord each = record(outcome);
  std::string out;
  for (auto _ : state) {
    if (out.size() > 256 * 1024) out.clear();
    append_json(out, each);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(append_record, copied, Outcome::copied);
BENCHMARK_CAPTURE(append_record, unchanged, Outcome::unchanged);

void read_record(benchmark::State& state) {
  std::string line;
  append_json(line, record(Outcome::copied));
  for (auto _ : state) benchmark::DoNotOptimize(object_record_from_json(line));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(read_record);

}  // namespace
}  // namespace azs3copy
