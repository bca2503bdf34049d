// limits.hpp: what S3 allows. Plans are made to fit before a byte is read (plan/), and the client
// checks again (aws/). Source of all: "Amazon S3 multipart upload limits" and "Object key naming" in
// the S3 user guide, read 2026-08.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/bytes.hpp"

namespace azs3copy {

// Bytes of one part; the last part of an upload may be smaller.
inline constexpr std::uint64_t part_bytes_min = 5 * MiB;
inline constexpr std::uint64_t part_bytes_max = 5 * GiB;
// Parts of one upload, numbered from 1.
inline constexpr std::uint32_t part_count_max = 10'000;
// Bytes of one object: 48.8 TiB.
inline constexpr std::uint64_t object_bytes_max = part_bytes_max * part_count_max;
// Bytes of one PutObject.
inline constexpr std::uint64_t put_bytes_max = 5 * GiB;
// Bytes of a key in UTF-8.
inline constexpr std::size_t key_bytes_max = 1024;
// Bytes of an object's user metadata, names and values together.
inline constexpr std::size_t user_metadata_bytes_max = 2 * 1024;

}  // namespace azs3copy
