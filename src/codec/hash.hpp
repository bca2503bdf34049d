// hash.hpp: SHA-256, HMAC-SHA256 and MD5, over OpenSSL.
#pragma once

#include <array>
#include <memory>

#include "core/bytes.hpp"

namespace azs3copy {

using Sha256Digest = std::array<std::byte, 32>;
using Md5Digest = std::array<std::byte, 16>;

Sha256Digest sha256(Bytes bytes);
Sha256Digest hmac_sha256(Bytes key, Bytes message);

// A running MD5, for what came without a CRC: the Content-MD5 of blobs, the ETag of objects.
class Md5 {
 public:
  Md5();
  Md5(Md5&&) noexcept;
  Md5& operator=(Md5&&) noexcept;
  ~Md5();
  void update(Bytes bytes);
  Md5Digest finish();  // once

 private:
  struct State;
  std::unique_ptr<State> state_;
};
Md5Digest md5_of(Bytes bytes);

}  // namespace azs3copy
