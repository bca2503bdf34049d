// crc64.cpp: CRC-64/NVME by carry-less multiplication where the CPU has it, by tables elsewhere.
//
// A reflected CRC sees the message as one polynomial, first bit the highest power. In a 16-byte
// block the first 8 bytes (`low`) are the higher half. Blocks are folded: a block that lies D bits
// before another can be replaced by
//
//   low * x^(D+64) mod P  +  high * x^D mod P      added to the later one
//
// so n accumulators walk over the input n blocks at a time, are folded into one, and that one is
// reduced to 64 bits by Barrett's method. Reference: Gopal et al., "Fast CRC Computation for Generic
// Polynomials Using PCLMULQDQ", Intel 2009.
#include "codec/crc64.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

#include "codec/base64.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#include <sys/auxv.h>
#endif

namespace azs3copy {
namespace {

static_assert(std::endian::native == std::endian::little, "blocks are loaded as they lie in memory");

// x^64 + ..., the coefficient of x^63 in the lowest bit.
constexpr std::uint64_t polynomial = 0x9A6C9329AC4BC9B5;

constexpr std::uint64_t times_x(std::uint64_t value) {
  return (value >> 1) ^ ((value & 1) != 0 ? polynomial : 0);
}

constexpr std::uint64_t x_to_the(unsigned power) {
  std::uint64_t value = std::uint64_t{1} << 63;
  while (power-- > 0) value = times_x(value);
  return value;
}

// ---- Tables: slicing by 8. tables[k][b] is byte b followed by k zero bytes. ----

using Tables = std::array<std::array<std::uint64_t, 256>, 8>;

constexpr Tables make_tables() {
  Tables tables{};
  for (std::size_t byte = 0; byte < 256; ++byte) {
    std::uint64_t value = byte;
    for (int bit = 0; bit < 8; ++bit) value = times_x(value);
    tables[0][byte] = value;
  }
  for (std::size_t k = 1; k < tables.size(); ++k) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const std::uint64_t before = tables[k - 1][byte];
      tables[k][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}
constexpr Tables tables = make_tables();

// All `update_` functions take and give the register: the CRC before its final inversion.
std::uint64_t update_portable(std::uint64_t state, const std::byte* data, std::size_t size) {
  for (; size >= 8; data += 8, size -= 8) {
    std::uint64_t word;
    std::memcpy(&word, data, 8);
    word ^= state;
    state = 0;
    for (unsigned k = 0; k < 8; ++k) state ^= tables[7 - k][(word >> (8 * k)) & 0xFF];
  }
  for (; size > 0; ++data, --size) {
    state = (state >> 8) ^ tables[0][(state ^ static_cast<std::uint64_t>(*data)) & 0xFF];
  }
  return state;
}

#if defined(__x86_64__) || defined(__aarch64__)

// ---- Constants of folding. ----
// The product of two reflected numbers comes out one bit low: each power is one less.

template <unsigned Distance>
struct FoldBy {
  static constexpr std::uint64_t low = x_to_the(Distance + 63);
  static constexpr std::uint64_t high = x_to_the(Distance - 1);
};

// floor(x^128 / P) without its lowest coefficient, which cannot reach the bits that are used.
constexpr std::uint64_t barrett_quotient() {
  std::uint64_t quotient = 0;
  std::uint64_t rest = std::uint64_t{1} << 63;
  for (int step = 1; step < 128; ++step) {
    if (step >= 64) quotient |= (rest & 1) << (step - 64);
    rest = times_x(rest);
  }
  return quotient;
}
constexpr std::uint64_t barrett_mu = barrett_quotient();
constexpr std::uint64_t x_to_the_127 = x_to_the(127);
constexpr std::uint64_t polynomial_shifted = (polynomial << 1) | 1;  // with x^64, without x^0

// Sixteen bytes from offset r move a block's first r bytes to its end, sixteen from 16 + r its last 16 - r to
// its front; an index of 0x80 gives a zero byte.
struct ShuffleMasks {
  std::array<std::uint8_t, 48> bytes{};
  constexpr ShuffleMasks() {
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      bytes[i] = i >= 16 && i < 32 ? static_cast<std::uint8_t>(i - 16) : std::uint8_t{0x80};
    }
  }
};
constexpr ShuffleMasks shuffle_masks;

#endif

#if defined(__x86_64__)

#define AZS3COPY_CLMUL __attribute__((target("pclmul,sse4.1")))
#define AZS3COPY_CLMUL_INLINE __attribute__((target("pclmul,sse4.1"), always_inline)) inline

using Block = __m128i;

AZS3COPY_CLMUL_INLINE Block load(const void* data) {
  return _mm_loadu_si128(static_cast<const Block*>(data));
}
AZS3COPY_CLMUL_INLINE Block pair(std::uint64_t low, std::uint64_t high) {
  return _mm_set_epi64x(static_cast<long long>(high), static_cast<long long>(low));
}
AZS3COPY_CLMUL_INLINE Block add(Block a, Block b) {
  return _mm_xor_si128(a, b);
}
AZS3COPY_CLMUL_INLINE Block multiply_low(Block a, Block b) {
  return _mm_clmulepi64_si128(a, b, 0x00);
}
AZS3COPY_CLMUL_INLINE Block multiply_high(Block a, Block b) {
  return _mm_clmulepi64_si128(a, b, 0x11);
}
AZS3COPY_CLMUL_INLINE Block shuffle(Block a, Block places) {
  return _mm_shuffle_epi8(a, places);
}
// The bytes of `a` where `mask` has its highest bit, else those of `b`.
AZS3COPY_CLMUL_INLINE Block choose(Block mask, Block a, Block b) {
  return _mm_blendv_epi8(b, a, mask);
}
AZS3COPY_CLMUL_INLINE std::uint64_t low_half(Block a) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(a));
}
AZS3COPY_CLMUL_INLINE std::uint64_t high_half(Block a) {
  return static_cast<std::uint64_t>(_mm_extract_epi64(a, 1));
}

#elif defined(__aarch64__)

#define AZS3COPY_CLMUL __attribute__((target("aes")))
#define AZS3COPY_CLMUL_INLINE __attribute__((target("aes"), always_inline)) inline

using Block = uint64x2_t;

AZS3COPY_CLMUL_INLINE Block load(const void* data) {
  return vreinterpretq_u64_u8(vld1q_u8(static_cast<const std::uint8_t*>(data)));
}
AZS3COPY_CLMUL_INLINE Block pair(std::uint64_t low, std::uint64_t high) {
  return vcombine_u64(vcreate_u64(low), vcreate_u64(high));
}
AZS3COPY_CLMUL_INLINE Block add(Block a, Block b) {
  return veorq_u64(a, b);
}
AZS3COPY_CLMUL_INLINE Block multiply_low(Block a, Block b) {
  return vreinterpretq_u64_p128(vmull_p64(vgetq_lane_u64(a, 0), vgetq_lane_u64(b, 0)));
}
AZS3COPY_CLMUL_INLINE Block multiply_high(Block a, Block b) {
  return vreinterpretq_u64_p128(vmull_high_p64(vreinterpretq_p64_u64(a), vreinterpretq_p64_u64(b)));
}
AZS3COPY_CLMUL_INLINE Block shuffle(Block a, Block places) {
  return vreinterpretq_u64_u8(vqtbl1q_u8(vreinterpretq_u8_u64(a), vreinterpretq_u8_u64(places)));
}
AZS3COPY_CLMUL_INLINE Block choose(Block mask, Block a, Block b) {
  return vreinterpretq_u64_u8(
      vbslq_u8(vcltzq_s8(vreinterpretq_s8_u64(mask)), vreinterpretq_u8_u64(a), vreinterpretq_u8_u64(b)));
}
AZS3COPY_CLMUL_INLINE std::uint64_t low_half(Block a) {
  return vgetq_lane_u64(a, 0);
}
AZS3COPY_CLMUL_INLINE std::uint64_t high_half(Block a) {
  return vgetq_lane_u64(a, 1);
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)

// `block` moved on to where `next` lies, and added to it.
AZS3COPY_CLMUL_INLINE Block fold(Block block, Block constants, Block next) {
  return add(add(multiply_low(block, constants), multiply_high(block, constants)), next);
}

// block * x^64 mod P: the register after these 16 bytes.
AZS3COPY_CLMUL_INLINE std::uint64_t reduce(Block block) {
  // 128 bits followed by 64 zeros, to 128 bits: low * x^128 mod P, plus high * x^64.
  const Block folded = add(multiply_low(block, pair(x_to_the_127, 0)), pair(high_half(block), 0));
  const std::uint64_t quotient = low_half(multiply_low(folded, pair(barrett_mu, 0)));
  const Block product = multiply_low(pair(quotient, 0), pair(polynomial_shifted, 0));
  return high_half(folded) ^ quotient ^ high_half(product);
}

// The register after `block` and the rest of the input. At least 16 bytes of the input lie before `data`.
AZS3COPY_CLMUL_INLINE std::uint64_t finish(Block block, const std::byte* data, std::size_t size) {
  const Block by_one = pair(FoldBy<128>::low, FoldBy<128>::high);
  for (; size >= 16; data += 16, size -= 16) block = fold(block, by_one, load(data));
  if (size > 0) {
    // The 16 + size bytes that are left, cut from their end: zeros and the first `size` bytes of
    // `block`, then what remains of `block` and the input's last bytes (read with some before
    // them, which `choose` leaves out).
    const Block to_end = load(shuffle_masks.bytes.data() + size);
    const Block to_front = load(shuffle_masks.bytes.data() + 16 + size);
    const Block last = choose(to_end, shuffle(block, to_front), load(data + size - 16));
    block = fold(shuffle(block, to_end), by_one, last);
  }
  return reduce(block);
}

constexpr std::size_t block_bytes = 16;

AZS3COPY_CLMUL std::uint64_t update_clmul(std::uint64_t state, const std::byte* data, std::size_t size) {
  if (size < block_bytes) return update_portable(state, data, size);
  constexpr std::size_t lanes = 8;  // enough to hide the multiplier's latency
  constexpr std::size_t stride = lanes * block_bytes;
  const Block start = add(load(data), pair(state, 0));
  if (size < 2 * stride) return finish(start, data + block_bytes, size - block_bytes);

  Block lane[lanes];
  lane[0] = start;
#pragma clang loop unroll(full)
  for (std::size_t i = 1; i < lanes; ++i) lane[i] = load(data + i * block_bytes);
  const Block by_stride = pair(FoldBy<8 * stride>::low, FoldBy<8 * stride>::high);
  for (data += stride, size -= stride; size >= stride; data += stride, size -= stride) {
#pragma clang loop unroll(full)
    for (std::size_t i = 0; i < lanes; ++i) lane[i] = fold(lane[i], by_stride, load(data + i * block_bytes));
  }
  const Block by_one = pair(FoldBy<128>::low, FoldBy<128>::high);
  Block block = lane[0];
#pragma clang loop unroll(full)
  for (std::size_t i = 1; i < lanes; ++i) block = fold(block, by_one, lane[i]);
  return finish(block, data, size);
}

#endif

#if defined(__x86_64__)

// ---- AVX-512: four blocks in each of four registers. ----

#define AZS3COPY_VPCLMUL __attribute__((target("vpclmulqdq,avx512f,avx512vl,pclmul,sse4.1")))

using WideBlock = __m512i;
constexpr std::size_t wide_bytes = 64;

AZS3COPY_VPCLMUL __attribute__((always_inline)) inline WideBlock fold_wide(WideBlock block,
                                                                           WideBlock constants,
                                                                           WideBlock next) {
  constexpr int exclusive_or_of_three = 0x96;
  return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(block, constants, 0x00),
                                   _mm512_clmulepi64_epi128(block, constants, 0x11), next,
                                   exclusive_or_of_three);
}

AZS3COPY_VPCLMUL std::uint64_t update_vpclmul(std::uint64_t state, const std::byte* data, std::size_t size) {
  constexpr std::size_t lanes = 4;
  constexpr std::size_t stride = lanes * wide_bytes;
  if (size < stride) return update_clmul(state, data, size);

  WideBlock lane[lanes];
#pragma clang loop unroll(full)
  for (std::size_t i = 0; i < lanes; ++i) lane[i] = _mm512_loadu_si512(data + i * wide_bytes);
  lane[0] = _mm512_xor_si512(lane[0], _mm512_zextsi128_si512(pair(state, 0)));
  const WideBlock by_stride = _mm512_broadcast_i32x4(pair(FoldBy<8 * stride>::low, FoldBy<8 * stride>::high));
  for (data += stride, size -= stride; size >= stride; data += stride, size -= stride) {
#pragma clang loop unroll(full)
    for (std::size_t i = 0; i < lanes; ++i) {
      lane[i] = fold_wide(lane[i], by_stride, _mm512_loadu_si512(data + i * wide_bytes));
    }
  }
  const WideBlock by_wide = _mm512_broadcast_i32x4(pair(FoldBy<512>::low, FoldBy<512>::high));
  WideBlock wide = lane[0];
#pragma clang loop unroll(full)
  for (std::size_t i = 1; i < lanes; ++i) wide = fold_wide(wide, by_wide, lane[i]);
  for (; size >= wide_bytes; data += wide_bytes, size -= wide_bytes) {
    wide = fold_wide(wide, by_wide, _mm512_loadu_si512(data));
  }
  const Block by_one = pair(FoldBy<128>::low, FoldBy<128>::high);
  Block block = _mm512_extracti32x4_epi32(wide, 0);
  block = fold(block, by_one, _mm512_extracti32x4_epi32(wide, 1));
  block = fold(block, by_one, _mm512_extracti32x4_epi32(wide, 2));
  block = fold(block, by_one, _mm512_extracti32x4_epi32(wide, 3));
  return finish(block, data, size);
}

#endif

// ---- The choice. ----

using Update = std::uint64_t (*)(std::uint64_t, const std::byte*, std::size_t);

template <Update update>
Crc64 finished(Crc64 so_far, Bytes bytes) {
  return {~update(~so_far.value, bytes.data(), bytes.size())};
}

struct Implementation {
  std::string_view name;
  Crc64Function function;
};

// What this CPU can do, the fastest first.
std::array<Implementation, 3> implementations() {
  std::array<Implementation, 3> found{};
  std::size_t count = 0;
#if defined(__x86_64__)
  __builtin_cpu_init();
  const bool clmul = __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
  const bool wide = clmul && __builtin_cpu_supports("vpclmulqdq") && __builtin_cpu_supports("avx512f") &&
                    __builtin_cpu_supports("avx512vl");
  if (wide) found[count++] = {"vpclmul", finished<update_vpclmul>};
  if (clmul) found[count++] = {"pclmul", finished<update_clmul>};
#elif defined(__aarch64__)
  if ((getauxval(AT_HWCAP) & HWCAP_PMULL) != 0) found[count++] = {"pmull", finished<update_clmul>};
#endif
  found[count++] = {"portable", finished<update_portable>};
  return found;
}

Implementation chosen() {
  static const Implementation best = implementations().front();
  return best;
}

// ---- Combining. ----

constexpr std::uint64_t multiply(std::uint64_t a, std::uint64_t b) {
  std::uint64_t product = 0;
  for (int power = 63; power >= 0; --power, b = times_x(b)) {
    product ^= b & (0 - ((a >> power) & 1));
  }
  return product;
}

// [k] is x^(8 * 2^k) mod P: a shift by 2^k bytes.
constexpr std::array<std::uint64_t, 64> make_shifts() {
  std::array<std::uint64_t, 64> shifts{};
  shifts[0] = x_to_the(8);
  for (std::size_t k = 1; k < shifts.size(); ++k) shifts[k] = multiply(shifts[k - 1], shifts[k - 1]);
  return shifts;
}
constexpr std::array<std::uint64_t, 64> shifts = make_shifts();

std::string to_base64(std::uint64_t value) {
  return base64_encode(std::as_bytes(std::span(&value, 1)));
}

std::optional<std::uint64_t> from_base64(std::string_view text) {
  const auto bytes = base64_decode(text);
  std::uint64_t value;
  if (!bytes || bytes->size() != sizeof value) return std::nullopt;
  std::memcpy(&value, bytes->data(), sizeof value);
  return value;
}

}  // namespace

Crc64 crc64(Crc64 so_far, Bytes bytes) {
  return chosen().function(so_far, bytes);
}

Crc64 crc64_combine(Crc64 a, Crc64 b, std::uint64_t size_b) {
  // The inversions at start and end cancel out: crc(A|B) = crc(A) * x^(8 * |B|) + crc(B).
  std::uint64_t shifted = a.value;
  for (std::size_t k = 0; size_b != 0; ++k, size_b >>= 1) {
    if ((size_b & 1) != 0) shifted = multiply(shifted, shifts[k]);
  }
  return {shifted ^ b.value};
}

std::string to_azure_base64(Crc64 crc) {
  return to_base64(crc.value);
}
std::string to_s3_base64(Crc64 crc) {
  return to_base64(std::byteswap(crc.value));
}

std::optional<Crc64> crc64_from_azure_base64(std::string_view text) {
  const auto value = from_base64(text);
  return value ? std::optional(Crc64{*value}) : std::nullopt;
}

std::optional<Crc64> crc64_from_s3_base64(std::string_view text) {
  const auto value = from_base64(text);
  return value ? std::optional(Crc64{std::byteswap(*value)}) : std::nullopt;
}

Crc64Function crc64_implementation(std::string_view name) {
  for (const Implementation& implementation : implementations()) {
    if (implementation.function != nullptr && implementation.name == name) return implementation.function;
  }
  return nullptr;
}

std::string_view crc64_chosen_implementation() {
  return chosen().name;
}

}  // namespace azs3copy
