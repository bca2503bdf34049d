// content.hpp: the bytes of a blob or an object: kept, made from a seed, or only their size and CRC.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codec/crc64.hpp"
#include "core/bytes.hpp"

namespace azs3copy::fakes {

class Content {
 public:
  virtual ~Content() = default;
  virtual std::uint64_t size() const = 0;
  // Fills `out` with the bytes from `offset` on; all of them exist.
  virtual void read(std::uint64_t offset, MutableBytes out) const = 0;
  // False: only size and CRC are known.
  virtual bool readable() const { return true; }
  virtual Crc64 crc() const;
};
using ContentPtr = std::shared_ptr<const Content>;

ContentPtr stored_content(std::string bytes);
// Pseudo-random bytes, a function of seed and offset: a blob of 60 GB takes no memory. Several GB/s.
ContentPtr synthetic_content(std::uint64_t seed, std::uint64_t size);
// The parts one after the other.
ContentPtr joined_content(std::vector<ContentPtr> parts);
// For large tests: what was received was checked and thrown away.
ContentPtr digest_content(std::uint64_t size, Crc64 crc);

// All bytes, for tests.
std::string read_all(const Content& content);
// Of a part of it.
Crc64 crc_of(const Content& content, Range range);
bool same_content(const Content& a, const Content& b);  // by size and CRC

}  // namespace azs3copy::fakes
