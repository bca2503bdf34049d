// settings.cpp: the environment, and which layer wins.
#include "hosts/cli/settings.hpp"

#include <fmt/format.h>

#include <set>

#include "core/suggest.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::string_view prefix = "AZS3COPY_";
constexpr std::string_view test_prefix = "AZS3COPY_TEST_";  // addresses of test servers

// Lists stand one a line, for globs may hold commas and spaces.
std::vector<std::string> values_of(const Flag& flag, const std::string& text) {
  if (!flag.repeatable || flag.is_switch()) return {text};
  std::vector<std::string> values;
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    if (end > 0) values.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return values;
}

}  // namespace

std::vector<Setting> settings_of_environment(Command command, const Environment& environment,
                                             std::vector<std::string>& warnings) {
  std::vector<Setting> settings;
  std::vector<std::string> known;
  for (const Flag& flag : all_flags()) {
    if (flag.place == Place::file_only) continue;
    known.push_back(flag.variable());
    const auto found = environment.find(known.back());
    if (found == environment.end() || !flag.belongs_to(command)) continue;
    // A variable that is set to nothing is as good as not set, but for a switch's own "on".
    std::string text = found->second;
    while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();  // of an env-file with CRLF
    if (text.empty()) continue;
    for (std::string& value : values_of(flag, text)) {
      std::string origin = known.back() + "=" + value;
      settings.push_back({.flag = &flag, .value = std::move(value), .origin = std::move(origin)});
    }
  }
  for (auto it = environment.lower_bound(prefix); it != environment.end() && it->first.starts_with(prefix);
       ++it) {
    if (it->first.starts_with(test_prefix)) continue;
    if (std::find(known.begin(), known.end(), it->first) != known.end()) continue;
    warnings.push_back(
        fmt::format("unknown variable {} has no effect{}", it->first, did_you_mean(it->first, known)));
  }
  return settings;
}

std::vector<Setting> merge(std::span<const std::vector<Setting>> layers) {
  std::vector<Setting> merged;
  std::set<std::string_view> taken;
  for (const std::vector<Setting>& layer : layers) {
    std::set<std::string_view> here;
    for (const Setting& setting : layer) {
      const std::string_view family = setting.flag->family_or_name();
      if (taken.contains(family)) continue;
      here.insert(family);
      merged.push_back(setting);
    }
    taken.merge(here);
  }
  return merged;
}

}  // namespace azs3copy::cli
