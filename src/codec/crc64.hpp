// crc64.hpp: CRC-64/NVME, the one checksum of the data path:
// Azure's CRC64 and S3's CRC64NVME are the same polynomial.
//
//   Azure wire form: base64 of the 8 bytes little-endian     S3 wire form: base64 of the 8 bytes big-endian
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/bytes.hpp"

namespace azs3copy {

// A finished CRC (after the final inversion). `crc64({}, bytes)` starts; `crc64(crc, more)` goes on.
struct Crc64 {
  std::uint64_t value = 0;
  friend bool operator==(const Crc64&, const Crc64&) = default;
};

// Uses VPCLMULQDQ, PCLMULQDQ or PMULL where the CPU has it, chosen once at run time.
Crc64 crc64(Crc64 so_far, Bytes bytes);

// The CRC of A followed by B, from both CRCs and the size of B in bytes. About a microsecond.
Crc64 crc64_combine(Crc64 a, Crc64 b, std::uint64_t size_b);

std::string to_azure_base64(Crc64 crc);
std::string to_s3_base64(Crc64 crc);
std::optional<Crc64> crc64_from_azure_base64(std::string_view text);
std::optional<Crc64> crc64_from_s3_base64(std::string_view text);

// For tests and benchmarks: each implementation by name ("portable", "pclmul", "vpclmul", "pmull"); nullptr
// where the CPU lacks it. Takes and gives finished CRCs.
using Crc64Function = Crc64 (*)(Crc64, Bytes);
Crc64Function crc64_implementation(std::string_view name);
std::string_view crc64_chosen_implementation();

}  // namespace azs3copy
