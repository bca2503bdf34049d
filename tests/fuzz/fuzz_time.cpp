// fuzz_time.cpp: a time that is read can be written in every form and read back; any number can be written.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "check.hpp"
#include "codec/time.hpp"

namespace azs3copy {
namespace {

void check_time(UtcTime time) {
  const UtcTime whole = std::chrono::floor<seconds>(time);
  FUZZ_CHECK(parse_iso8601(to_iso8601(time)) == time);
  FUZZ_CHECK(parse_iso8601(to_basic_iso8601(time)) == whole);
  FUZZ_CHECK(parse_rfc1123(to_rfc1123(time)) == whole);
  FUZZ_CHECK(parse_begin_date(to_iso8601(time)).value() == time);
}

void test(std::string_view input) {
  if (const auto time = parse_rfc1123(input)) check_time(*time);
  if (const auto time = parse_iso8601(input)) check_time(*time);
  if (const auto time = parse_begin_date(input)) check_time(*time);
  if (const auto duration = parse_duration(input)) {
    FUZZ_CHECK(duration->count() >= 0);
    // It can be taken from now, also in nanoseconds.
    FUZZ_CHECK(std::chrono::nanoseconds(*duration) >= std::chrono::nanoseconds(0));
  }

  std::int64_t number = 0;
  if (input.size() < sizeof number) return;
  std::memcpy(&number, input.data(), sizeof number);
  const UtcTime any{milliseconds(number)};
  const auto nearest = parse_iso8601(to_iso8601(any));
  FUZZ_CHECK(nearest);
  check_time(*nearest);
}

}  // namespace
}  // namespace azs3copy

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  azs3copy::test({reinterpret_cast<const char*>(data), size});
  return 0;
}
