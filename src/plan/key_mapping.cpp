// key_mapping.cpp: prefixes cut off, prefixes put before; the bytes between are never looked at.
#include "plan/key_mapping.hpp"

#include <fmt/format.h>

#include "core/limits.hpp"

namespace azs3copy {
namespace {

// "b.jpg" of "a/b.jpg"; empty where the path ends in a slash.
std::string_view last_component(std::string_view path) {
  // Where there is no slash npos + 1 is 0.
  return path.substr(path.rfind('/') + 1);
}

}  // namespace

std::optional<std::string_view> KeyMapping::relative_name(const BlobName& name) const {
  const std::string_view full = name.view();
  if (!full.starts_with(source_prefix)) return std::nullopt;
  const std::string_view rest = full.substr(source_prefix.size());
  if (source_prefix.empty() || source_prefix.ends_with('/')) return rest;
  if (rest.empty()) return last_component(full);
  if (rest.front() != '/') return std::nullopt;
  return rest.substr(1);
}

std::string KeyMapping::key_prefix() const {
  const bool open = destination_prefix.empty() || destination_prefix.ends_with('/');
  return open ? destination_prefix : destination_prefix + '/';
}

Result<Key> KeyMapping::key(const Container& container, std::string_view relative) const {
  std::string key;
  key.reserve(destination_prefix.size() + container.size() + relative.size() + 2);  // one allocation a blob
  key += key_prefix();
  if (container_in_key) {
    key += container.view();
    key += '/';
  }
  const std::string_view tail = flatten ? last_component(relative) : relative;
  key += tail;

  const auto refuse = [&](std::string why) {
    return fail(ErrorKind::invalid, std::move(why), fmt::format("{}/{}", container.view(), relative));
  };
  if (key.size() > key_bytes_max) {
    return refuse(
        fmt::format("its key \"{}\" has {} bytes, and S3 takes {}", key, key.size(), key_bytes_max));
  }
  // A folder's marker ("a/") has no name of its own to flatten to: all of them would meet on one key.
  if (flatten && tail.empty()) return refuse(fmt::format("--flatten leaves no name for its key \"{}\"", key));
  if (key.empty()) return refuse("its key \"\" would be empty");
  if (!reserved_prefix.empty() && key.starts_with(reserved_prefix)) {
    return refuse(
        fmt::format("its key \"{}\" lies below {}, where the state of runs is kept", key, reserved_prefix));
  }
  return Key(std::move(key));
}

bool KeyMapping::rivals_source_blob(const BlobName& name) const {
  if (source_prefix.empty() || source_prefix.ends_with('/')) return false;
  const auto relative = relative_name(name);
  return relative && name.view() != source_prefix && *relative == last_component(source_prefix);
}

}  // namespace azs3copy
