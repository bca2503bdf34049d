// filter.hpp: which blobs belong to the job at all.
// What is filtered out is not "skipped": it was not asked for.
//
//   relative name, size, time --> [ files-from ] --> [ sizes, times ] --> [ rules ] --> in or out
//                                                                         the first match decides
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.hpp"
#include "messages/blob.hpp"
#include "plan/name_list.hpp"

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
  // The text that every matching path starts with: of an anchored pattern all before its first wildcard.
  std::string_view literal_start() const;
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
  std::vector<Rule> rules;  // --include and --exclude in the order given; the first match decides
  std::vector<std::string>
      files_from;  // relative names as written (name_list.hpp); empty and `has_files_from`: nothing matches
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
  // Thread-safe, and does not allocate: it is asked for every blob of a listing. A name of --files-from counts as
  // found from then on, also if another filter leaves its blob out.
  bool selects(const Blob& blob, std::string_view relative_name) const;
  // Of --files-from; nullptr without it.
  const NameList* names() const { return names_.get(); }
  // Every selected relative name starts with one of these; never none.
  const std::vector<std::string>& starts() const { return starts_; }

 private:
  std::vector<std::pair<bool, Glob>> rules_;
  bool unmatched_is_in_ = true;
  std::shared_ptr<const NameList> names_;
  std::vector<std::string> starts_{""};
  std::uint64_t size_min_ = 0;
  std::uint64_t size_max_ = std::numeric_limits<std::uint64_t>::max();
  UtcTime modified_min_ = UtcTime::min();
  UtcTime modified_max_ = UtcTime::max();
};

}  // namespace azs3copy
