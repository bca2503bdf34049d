// names.hpp: the names of the two worlds, each a type of its own, so that a key cannot be taken for a blob.
#pragma once

#include <fmt/core.h>

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace azs3copy {

// A string that is only one kind of thing. Bytes are kept exactly: no normalisation, no encoding.
template <class Tag>
class Name {
 public:
  Name() = default;
  explicit Name(std::string value) : value_(std::move(value)) {}
  explicit Name(std::string_view value) : value_(value) {}
  explicit Name(const char* value) : value_(value) {}

  const std::string& str() const { return value_; }
  std::string_view view() const { return value_; }
  bool empty() const { return value_.empty(); }
  std::size_t size() const { return value_.size(); }
  friend auto operator<=>(const Name&, const Name&) = default;

 private:
  std::string value_;
};

using Account = Name<struct AccountTag>;
using Container = Name<struct ContainerTag>;
using BlobName = Name<struct BlobNameTag>;  // decoded, UTF-8 as Azure gives it
using Bucket = Name<struct BucketTag>;
using Key = Name<struct KeyTag>;    // decoded bytes
using ETag = Name<struct ETagTag>;  // without quotes
using UploadId = Name<struct UploadIdTag>;
using RunId = Name<struct RunIdTag>;

}  // namespace azs3copy

template <class Tag>
struct std::hash<azs3copy::Name<Tag>> {
  std::size_t operator()(const azs3copy::Name<Tag>& name) const noexcept {
    return std::hash<std::string_view>{}(name.view());
  }
};

template <class Tag>
struct fmt::formatter<azs3copy::Name<Tag>> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const azs3copy::Name<Tag>& name, Context& context) const {
    return fmt::formatter<std::string_view>::format(name.view(), context);
  }
};
