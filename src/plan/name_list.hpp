// name_list.hpp: the blobs that --files-from names, and which of them were found.
//
//   bytes --> UTF-16? --> NUL or line ends --> names --> spellings --> a blob's name? --> found
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/error.hpp"

namespace azs3copy {

// The names in a --files-from file. Lines: blank lines and # comments are left out, \r\n is understood. With a NUL
// in the text (find -print0) each name ends at one and is exact. UTF-8 or UTF-16, with a byte order mark or
// without. ErrorKind::invalid names the first line that is not valid text.
Result<std::vector<std::string>> parse_files_from(std::string_view text);

// The blob names that a name in the list may mean, the likeliest first: as written; without "/" or "./" at its
// start (a leading slash also names a blob whose name starts with #); with "/" for each "\".
std::vector<std::string> spellings_of(std::string_view name);

// Thread-safe.
class NameList {
 public:
  explicit NameList(const std::vector<std::string>& names);

  // True if the list names this blob, in any spelling; the name then counts as found. Does not allocate.
  bool take(std::string_view blob_name) const;
  // As written, in the order of the list, each once.
  const std::vector<std::string>& names() const { return names_; }
  std::vector<std::string> missing() const;
  // The longest common prefix of all spellings.
  std::string common_start() const;

 private:
  // Lets a string_view be looked up without making a string of it.
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };
  static constexpr std::uint32_t none = UINT32_MAX;
  struct Meaning {  // of a spelling
    std::uint32_t name;
    std::uint32_t next;  // other names that may mean the same blob
  };

  std::vector<std::string> names_;
  std::vector<Meaning> meanings_;
  std::unordered_map<std::string, std::uint32_t, NameHash, std::equal_to<>> spellings_;  // the first meaning
  mutable std::vector<std::atomic<bool>> found_;                                         // by name
};

// The longest common prefix of two texts.
std::string_view common_prefix(std::string_view a, std::string_view b);

}  // namespace azs3copy
