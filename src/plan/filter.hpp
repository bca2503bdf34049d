// filter.hpp: which blobs belong to the job at all. What is filtered out is not "skipped": it was not asked for.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "core/error.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

// rclone's globs: * within a folder, ** over folders, ? one character, [a-z], {x,y}; a leading / anchors at the root,
// else the pattern matches any whole tail of path components.
class Glob {
 public:
  static Result<Glob> compile(std::string_view pattern);
  bool matches(std::string_view path) const;

 private:
  // The implementation's choice; linear time in the path for every pattern, no back-tracking blow-up.
  struct Node;
  std::vector<Node> nodes_;
};

struct FilterOptions {
  struct Rule {
    bool include = true;
    std::string pattern;
  };
  std::vector<Rule> rules;  // --include and --exclude in the order given; the first match decides
  std::vector<std::string> files_from;  // exact relative names; empty and `has_files_from`: nothing matches
  bool has_files_from = false;
  std::optional<std::uint64_t> size_min;  // bytes, inclusive
  std::optional<std::uint64_t> size_max;
  std::optional<milliseconds> age_min;    // by Last-Modified against `now`
  std::optional<milliseconds> age_max;
  std::optional<UtcTime> begin_date;      // only blobs modified at or after it
};

class Filter {
 public:
  // With any include rule, what no rule matches is out; with exclude rules only, it is in.
  static Result<Filter> make(FilterOptions options, UtcTime now);
  bool selects(const Blob& blob, std::string_view relative_name) const;

 private:
  FilterOptions options_;
  std::vector<std::pair<bool, Glob>> rules_;
  std::unordered_set<std::string> names_;
  UtcTime now_{};
};

// Lines of a --files-from file: blank lines and # comments are left out, \r\n understood.
std::vector<std::string> parse_files_from(std::string_view text);

}  // namespace azs3copy
