// filter.cpp: the cheap questions first, then the rules.
#include "plan/filter.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "codec/time.hpp"

namespace azs3copy {

Result<Filter> Filter::make(FilterOptions options, UtcTime now) {
  Filter filter;
  for (const FilterOptions::Rule& rule : options.rules) {
    auto glob = Glob::compile(rule.pattern);
    if (!glob) return failed(std::move(glob), rule.include ? "--include" : "--exclude", rule.pattern);
    filter.rules_.emplace_back(rule.include, *std::move(glob));
    if (rule.include) filter.unmatched_is_in_ = false;
  }
  if (options.has_files_from) {
    filter.names_.emplace();
    for (std::string& name : options.files_from) {
      if (name.starts_with('/')) filter.names_->insert(name.substr(1));
      filter.names_->insert(std::move(name));
    }
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
  if (blob.size < size_min_ || blob.size > size_max_) return false;
  if (blob.last_modified < modified_min_ || blob.last_modified > modified_max_) return false;
  if (names_ && !names_->contains(relative_name)) return false;
  for (const auto& [include, glob] : rules_) {
    if (glob.matches(relative_name)) return include;
  }
  return unmatched_is_in_;
}

std::vector<std::string> parse_files_from(std::string_view text) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
  std::vector<std::string> names;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const bool blank = line.find_first_not_of(" \t") == std::string_view::npos;
    if (!blank && !line.starts_with('#')) names.emplace_back(line);
  }
  return names;
}

}  // namespace azs3copy
