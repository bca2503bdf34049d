// filter.cpp: the cheap questions first, then the rules.
#include "plan/filter.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "codec/time.hpp"

namespace azs3copy {

Result<Filter> Filter::make(FilterOptions options, UtcTime now) {
  Filter filter;
  for (const FilterOptions::Rule& rule : options.rules) {
    auto glob = Glob::compile(rule.pattern);
    if (!glob) return failed(std::move(glob), rule.include ? "--include" : "--exclude", rule.pattern);
    if (rule.include) {
      if (std::exchange(filter.unmatched_is_in_, false)) filter.starts_.clear();
      filter.starts_.emplace_back(glob->literal_start());
    }
    filter.rules_.emplace_back(rule.include, *std::move(glob));
  }
  if (options.has_files_from) {
    filter.names_ = std::make_shared<const NameList>(options.files_from);
    filter.starts_ = {filter.names_->common_start()};
  }
  filter.size_min_ = options.size_min.value_or(filter.size_min_);
  filter.size_max_ = options.size_max.value_or(filter.size_max_);
  if (filter.size_min_ > filter.size_max_) {
    return fail(ErrorKind::invalid,
                fmt::format("--min-size ({} bytes) is above --max-size ({} bytes): no blob is left",
                            filter.size_min_, filter.size_max_));
  }
  if (options.age_max) filter.modified_min_ = now - *options.age_max;
  if (options.age_min) filter.modified_max_ = now - *options.age_min;
  if (filter.modified_min_ > filter.modified_max_) {
    return fail(ErrorKind::invalid, "--min-age is above --max-age: no blob is left");
  }
  if (options.begin_date && *options.begin_date > now) {
    return fail(ErrorKind::invalid, fmt::format("--begindate {} lies in the future: no blob is that new",
                                                to_iso8601(*options.begin_date)));
  }
  if (options.begin_date) filter.modified_min_ = std::max(filter.modified_min_, *options.begin_date);
  return filter;
}

bool Filter::selects(const Blob& blob, std::string_view relative_name) const {
  if (names_ && !names_->take(relative_name)) return false;
  if (blob.size < size_min_ || blob.size > size_max_) return false;
  if (blob.last_modified < modified_min_ || blob.last_modified > modified_max_) return false;
  for (const auto& [include, glob] : rules_) {
    if (glob.matches(relative_name)) return include;
  }
  return unmatched_is_in_;
}

}  // namespace azs3copy
