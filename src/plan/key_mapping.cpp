// key_mapping.cpp: prefixes cut off, prefixes put before; the bytes between are never looked at.
#include "plan/key_mapping.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/limits.hpp"
#include "plan/name_list.hpp"

namespace azs3copy {
namespace {

// Of one container, for filters that name so many places.
constexpr std::size_t listings_max = 32;

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

bool KeyMapping::is_folder(const Blob& blob, std::string_view relative) const {
  if (blob.is_directory) return true;
  return blob.size == 0 && (flatten ? last_component(relative) : relative).empty();
}

std::vector<BlobName> KeyMapping::blob_names(std::string_view relative) const {
  const bool is_open = source_prefix.empty() || source_prefix.ends_with('/');
  std::vector<BlobName> names{BlobName(fmt::format("{}{}{}", source_prefix, is_open ? "" : "/", relative))};
  if (!is_open && relative == last_component(source_prefix)) names.emplace_back(source_prefix);
  return names;
}

std::vector<std::string> KeyMapping::listing_prefixes(std::vector<std::string> starts) const {
  const bool is_open = source_prefix.empty() || source_prefix.ends_with('/');
  // The prefix "a" may also be the blob "a", which is in no listing of "a/".
  const auto may_be_itself = [&](const std::string& start) {
    return !is_open && last_component(source_prefix).starts_with(start);
  };
  if (starts.empty() || std::ranges::any_of(starts, may_be_itself)) return {source_prefix};
  // Flattened, one listing must see all blobs that may meet on a key.
  if (flatten || starts.size() > listings_max) {
    std::string_view common = starts.front();
    for (const std::string& start : starts) common = common_prefix(common, start);
    starts = {std::string(common)};
  }
  std::ranges::sort(starts);
  std::vector<std::string> prefixes;
  for (const std::string& start : starts) {
    std::string prefix = fmt::format("{}{}{}", source_prefix, is_open ? "" : "/", start);
    if (prefixes.empty() || !prefix.starts_with(prefixes.back())) prefixes.push_back(std::move(prefix));
  }
  return prefixes;
}

bool KeyMapping::rivals_source_blob(const BlobName& name) const {
  if (source_prefix.empty() || source_prefix.ends_with('/')) return false;
  const auto relative = relative_name(name);
  return relative && name.view() != source_prefix && *relative == last_component(source_prefix);
}

}  // namespace azs3copy
