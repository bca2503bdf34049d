#include "fakes/content.hpp"

#include <cstring>
#include <stdexcept>

namespace azs3copy::fakes {
namespace {

std::uint64_t mixed(std::uint64_t value) {  // the finaliser of splitmix64
  value += 0x9E3779B97F4A7C15;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
  return value ^ (value >> 31);
}

class Stored final : public Content {
 public:
  explicit Stored(std::string bytes) : bytes_(std::move(bytes)) {}
  std::uint64_t size() const override { return bytes_.size(); }
  void read(std::uint64_t offset, MutableBytes out) const override {
    if (!out.empty()) std::memcpy(out.data(), bytes_.data() + offset, out.size());
  }

 private:
  std::string bytes_;
};

// Each MiB is one table of random words, XORed with a word of that MiB's own.
class Synthetic final : public Content {
 public:
  Synthetic(std::uint64_t seed, std::uint64_t size) : seed_(mixed(seed)), size_(size) {}
  std::uint64_t size() const override { return size_; }

  void read(std::uint64_t offset, MutableBytes out) const override {
    while (!out.empty()) {
      const std::uint64_t within = offset % table_bytes;
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), table_bytes - within));
      read_block(mixed(seed_ ^ (offset / table_bytes)), static_cast<std::size_t>(within), out.first(count));
      out = out.subspan(count);
      offset += count;
    }
  }

 private:
  static constexpr std::size_t table_bytes = MiB;

  static const std::byte* table() {
    static const std::vector<std::uint64_t> words = [] {
      std::vector<std::uint64_t> made(table_bytes / 8);
      for (std::size_t i = 0; i < made.size(); ++i) made[i] = mixed(i * 0xD6E8FEB86659FD93);
      return made;
    }();
    return reinterpret_cast<const std::byte*>(words.data());
  }

  static void read_block(std::uint64_t key, std::size_t within, MutableBytes out) {
    std::size_t i = 0;
    // Byte k of the block is XORed with byte k % 8 of the key: rotate it so that it fits an unaligned start.
    const auto shift = static_cast<int>(8 * (within % 8));
    const std::uint64_t turned = shift == 0 ? key : (key >> shift) | (key << (64 - shift));
    for (; i + 8 <= out.size(); i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, table() + within + i, 8);
      word ^= turned;
      std::memcpy(out.data() + i, &word, 8);
    }
    for (; i < out.size(); ++i) {
      const auto key_byte = static_cast<std::byte>(turned >> (8 * (i % 8)));
      out[i] = table()[within + i] ^ key_byte;
    }
  }

  std::uint64_t seed_;
  std::uint64_t size_;
};

class Joined final : public Content {
 public:
  explicit Joined(std::vector<ContentPtr> parts) : parts_(std::move(parts)) {
    for (const auto& part : parts_) {
      starts_.push_back(size_);
      size_ += part->size();
    }
  }
  std::uint64_t size() const override { return size_; }
  bool readable() const override {
    return std::all_of(parts_.begin(), parts_.end(), [](const auto& part) { return part->readable(); });
  }
  void read(std::uint64_t offset, MutableBytes out) const override {
    auto index =
        static_cast<std::size_t>(std::upper_bound(starts_.begin(), starts_.end(), offset) - starts_.begin()) -
        1;
    while (!out.empty()) {
      const std::uint64_t within = offset - starts_[index];
      const auto count =
          static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), parts_[index]->size() - within));
      parts_[index]->read(within, out.first(count));
      out = out.subspan(count);
      offset += count;
      ++index;
    }
  }
  Crc64 crc() const override {
    Crc64 all;
    for (const auto& part : parts_) all = crc64_combine(all, part->crc(), part->size());
    return all;
  }

 private:
  std::vector<ContentPtr> parts_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t size_ = 0;
};

class Digest final : public Content {
 public:
  Digest(std::uint64_t size, Crc64 crc) : size_(size), crc_(crc) {}
  std::uint64_t size() const override { return size_; }
  void read(std::uint64_t, MutableBytes) const override {
    throw std::logic_error("only the digest was kept");
  }
  bool readable() const override { return false; }
  Crc64 crc() const override { return crc_; }

 private:
  std::uint64_t size_;
  Crc64 crc_;
};

}  // namespace

Crc64 Content::crc() const {
  return crc_of(*this, {0, size()});
}

ContentPtr stored_content(std::string bytes) {
  return std::make_shared<Stored>(std::move(bytes));
}
ContentPtr synthetic_content(std::uint64_t seed, std::uint64_t size) {
  return std::make_shared<Synthetic>(seed, size);
}
ContentPtr joined_content(std::vector<ContentPtr> parts) {
  return std::make_shared<Joined>(std::move(parts));
}
ContentPtr digest_content(std::uint64_t size, Crc64 crc) {
  return std::make_shared<Digest>(size, crc);
}

std::string read_all(const Content& content) {
  std::string bytes(content.size(), '\0');
  content.read(0, {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()});
  return bytes;
}

Crc64 crc_of(const Content& content, Range range) {
  std::vector<std::byte> buffer(std::min<std::uint64_t>(range.size, 256 * KiB));
  Crc64 crc;
  std::uint64_t done = 0;
  while (done < range.size) {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), range.size - done));
    const MutableBytes step(buffer.data(), count);
    content.read(range.first + done, step);
    crc = crc64(crc, step);
    done += count;
  }
  return crc;
}

bool same_content(const Content& a, const Content& b) {
  return a.size() == b.size() && a.crc() == b.crc();
}

}  // namespace azs3copy::fakes
