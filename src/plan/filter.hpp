// filter.hpp: which blobs belong to the job at all.
// What is filtered out is not "skipped": it was not asked for.
//
//   relative name, size, time --> [ sizes, times ] --> [ files-from ] --> [ rules ] --> in or out
//                                                                         the first match decides
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "messages/blob.hpp"

namespace azs3copy {

// A pattern in rclone's syntax (rclone.org/filtering), over the characters of UTF-8:
//
//   *       any run without a slash
//   **      any run
//   ?       one character, no slash
//   [a-z]   one of these; [!...] or [^...]: one that is none of these and no slash;
//           [[:alpha:]] and \d \s \w inside too
//   {x,y}   either pattern; may nest
//   \c      c itself; \d \s \w \D \S \W as in regular expressions
//
// A leading / anchors at the root, else the pattern matches any whole tail of path components: "b/c" matches
// "a/b/c". A trailing / stands for all that is below: "dir/" is "dir/**" (rclone reads it so for --exclude
// only). Refused: rclone's {{regular expressions}}.
//
// Thread-safe. Time is linear in the path for every pattern, and nothing is allocated (glob.cpp says how).
class Glob {
 public:
  // ErrorKind::invalid, quoting the pattern.
  static Result<Glob> compile(std::string_view pattern);
  bool matches(std::string_view path) const;
  // What `matches` costs, in words of state that are looked at: for the test that bounds it.
  std::size_t steps(std::string_view path) const;

 private:
  struct Program;
  explicit Glob(std::shared_ptr<const Program> program);
  std::shared_ptr<const Program> program_;
};

struct FilterOptions {
  struct Rule {
    bool include = true;
    std::string pattern;
  };
  std::vector<Rule> rules;              // --include and --exclude in the order given; the first match decides
  std::vector<std::string> files_from;  // exact relative names; empty and `has_files_from`: nothing matches
  bool has_files_from = false;
  std::optional<std::uint64_t> size_min;  // bytes, inclusive
  std::optional<std::uint64_t> size_max;
  std::optional<milliseconds> age_min;  // by Last-Modified against `now`, inclusive
  std::optional<milliseconds> age_max;
  std::optional<UtcTime> begin_date;  // only blobs modified at or after it

  // No blob is left out.
  bool select_all() const {
    return rules.empty() && !has_files_from && !size_min && !size_max && !age_min && !age_max && !begin_date;
  }
};

class Filter {
 public:
  // With any include rule, what no rule matches is out; with exclude rules only, it is in. ErrorKind::invalid
  // for a bad pattern and for bounds that no blob can meet.
  static Result<Filter> make(FilterOptions options, UtcTime now);
  // Thread-safe, and does not allocate: it is asked for every blob of a listing.
  bool selects(const Blob& blob, std::string_view relative_name) const;

 private:
  // Lets a string_view be looked up without making a string of it.
  struct NameHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const { return std::hash<std::string_view>{}(name); }
  };

  std::vector<std::pair<bool, Glob>> rules_;
  bool unmatched_is_in_ = true;
  std::optional<std::unordered_set<std::string, NameHash, std::equal_to<>>> names_;
  std::uint64_t size_min_ = 0;
  std::uint64_t size_max_ = std::numeric_limits<std::uint64_t>::max();
  UtcTime modified_min_ = UtcTime::min();
  UtcTime modified_max_ = UtcTime::max();
};

// Lines of a --files-from file: blank lines and # comments are left out, \r\n and a byte order mark
// understood. One leading slash may be written before a name, also to name a blob that begins with #: Filter
// takes it with and without.
std::vector<std::string> parse_files_from(std::string_view text);

}  // namespace azs3copy
