// planner_test.cpp: the pure decisions together, as find_blobs takes them, against a naive model of
// what a user would say: it splits names into components and looks rows up, where the planner
// compares prefixes and computes.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>

#include "core/limits.hpp"
#include "plan/compare.hpp"
#include "plan/filter.hpp"
#include "plan/key_mapping.hpp"
#include "plan/part_plan.hpp"

namespace azs3copy {
namespace {

using Components = std::vector<std::string>;

constexpr UtcTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 23);
constexpr milliseconds minute = std::chrono::minutes(1);

struct Object {
  Existing row;
  std::string recorded_etag;  // what a HEAD would show
};

struct Job {
  KeyMapping mapping;
  FilterOptions filter;
  CompareOptions compare;
  std::uint64_t threshold = 0;
  std::vector<Blob> blobs;
  std::map<std::string, Object> destination;
};

// ---- The planner: "out", "folder", "refused", "skipped", "unchanged", "small KEY" or "large KEY". ----

std::string planned(const Job& job, const Filter& filter, const Blob& blob) {
  const auto relative = job.mapping.relative_name(blob.name);
  if (!relative || !filter.selects(blob, *relative)) return "out";
  if (job.mapping.is_folder(blob, *relative)) return "folder";
  const auto key = job.mapping.key(blob.container, *relative);
  if (!key) return "refused";
  if (obstacle(blob)) return "skipped";
  const auto found = job.destination.find(key->str());
  std::optional<Existing> existing;
  if (found != job.destination.end()) existing = found->second.row;
  Comparison decided = compare(blob, existing, job.compare);
  if (decided == Comparison::ask) {
    decided = compare_recorded(blob, found->second.row.size, found->second.recorded_etag);
  }
  if (decided == Comparison::unchanged) return "unchanged";
  return (route(blob.size, job.threshold) == Route::large ? "large " : "small ") + key->str();
}

// ---- The model. ----

Components split(const std::string& path) {
  Components components(1);
  for (const char c : path) {
    if (c == '/') {
      components.emplace_back();
    } else {
      components.back() += c;
    }
  }
  return components;
}

std::string join(const Components& components) {
  std::string path;
  for (std::size_t i = 0; i < components.size(); ++i) path += (i == 0 ? "" : "/") + components[i];
  return path;
}

// Component by component: a folder's name is followed by more, a blob's by nothing.
std::optional<Components> below_prefix(const std::string& prefix, const std::string& name) {
  if (prefix.empty()) return split(name);
  Components folder = split(prefix);
  Components rest = split(name);
  const bool folder_only = folder.back().empty();
  if (folder_only) folder.pop_back();
  if (!folder_only && rest == folder) return Components{rest.back()};
  for (const std::string& component : folder) {
    if (rest.empty() || rest.front() != component) return std::nullopt;
    rest.erase(rest.begin());
  }
  if (rest.empty()) return std::nullopt;
  return rest;
}

// The rules of these tests are "*.SUFFIX" and "FOLDER/" only.
bool rule_names(const std::string& pattern, const Components& path) {
  if (pattern.starts_with("*.")) return path.back().ends_with(pattern.substr(1));
  const std::string folder = pattern.substr(0, pattern.size() - 1);
  return std::count(path.begin(), path.end() - 1, folder) > 0;
}

bool asked_for(const FilterOptions& filter, const Blob& blob, const Components& path) {
  if (filter.size_min && blob.size < *filter.size_min) return false;
  if (filter.size_max && !(blob.size <= *filter.size_max)) return false;
  if (filter.age_max && now - blob.last_modified > *filter.age_max) return false;
  if (filter.begin_date && blob.last_modified < *filter.begin_date) return false;
  bool has_include = false;
  for (const auto& rule : filter.rules) {
    if (rule_names(rule.pattern, path)) return rule.include;
    has_include |= rule.include;
  }
  return !has_include;
}

bool arrived(const Job& job, const Blob& blob, const Object& object) {
  if (job.compare.ignore_existing) return true;
  const bool recorded = object.recorded_etag == blob.etag.str();
  const std::set<std::string> yes = {"sure later", "sure same", "recorded later", "recorded same",
                                     "recorded earlier"};
  if (object.row.size != blob.size) return false;
  std::string how = recorded ? "recorded" : "not recorded";
  const auto lag = (object.row.last_modified - blob.last_modified) / minute;
  if (job.compare.checksum) return yes.contains(how + " same");
  if (job.compare.size_only) return true;
  // Times of these tests are whole minutes, the margin is 15.
  if (lag > 15) return yes.contains("sure later");
  if (lag < -15) return yes.contains("sure earlier");
  return yes.contains(how + " same");
}

std::string expected(const Job& job, const Blob& blob) {
  const auto path = below_prefix(job.mapping.source_prefix, blob.name.str());
  if (!path || !asked_for(job.filter, blob, *path)) return "out";
  Components key;
  if (!job.mapping.destination_prefix.empty()) key = split(job.mapping.destination_prefix);
  if (!key.empty() && key.back().empty()) key.pop_back();
  if (job.mapping.container_in_key) key.push_back(blob.container.str());
  const bool is_unnamed = job.mapping.flatten ? path->back().empty() : join(*path).empty();
  if (blob.is_directory || (is_unnamed && blob.size == 0)) return "folder";
  if (job.mapping.flatten) {
    if (path->back().empty()) return "refused";
    key.push_back(path->back());
  } else {
    key.insert(key.end(), path->begin(), path->end());
  }
  const std::string text = join(key);
  if (text.empty() || text.size() > 1024) return "refused";
  if (blob.archived || blob.size > object_bytes_max) return "skipped";
  const auto found = job.destination.find(text);
  if (found != job.destination.end() && arrived(job, blob, found->second)) return "unchanged";
  return (blob.size <= job.threshold ? "small " : "large ") + text;
}

// ---- Random jobs over so few names, sizes and times that they meet. ----

rc::Gen<std::string> name() {
  const auto components = rc::gen::container<Components>(
      rc::gen::element<std::string>("a", "b", "ab", "", "x.jpg", "y.png", "..", std::string(600, 'n')));
  const auto first = rc::gen::element<std::string>("", "", "a/", "a/", "a/b/");
  return rc::gen::map(rc::gen::pair(first, rc::gen::resize(4, components)),
                      [](const auto& drawn) { return drawn.first + join(drawn.second); });
}

template <class T>
rc::Gen<std::optional<T>> sometimes(rc::Gen<T> gen) {
  return rc::gen::oneOf(rc::gen::just(std::optional<T>()), rc::gen::map(std::move(gen), [](T value) {
                          return std::optional<T>(std::move(value));
                        }));
}

rc::Gen<std::uint64_t> size() {
  return rc::gen::element<std::uint64_t>(0, 1, 9, 10, 10, 11, object_bytes_max, object_bytes_max + 1);
}
rc::Gen<UtcTime> time_of() {
  return rc::gen::map(rc::gen::element(0, 1, 14, 15, 16, 30, 31, 46),
                      [](int ago) { return now - ago * minute; });
}

Job random_job() {
  Job job;
  job.mapping = {
      .source_prefix = *rc::gen::element<std::string>("", "", "a", "a", "a/", "a/b", "a/x.jpg", "//"),
      .destination_prefix = *rc::gen::element<std::string>("", "d", "d/", "d/e"),
      .container_in_key = *rc::gen::arbitrary<bool>(),
      .flatten = *rc::gen::arbitrary<bool>()};
  const auto pattern = rc::gen::element<std::string>("*.jpg", "*.png", "b/", "ab/");
  for (int count = *rc::gen::inRange(0, 3); count > 0; --count) {
    job.filter.rules.push_back({*rc::gen::arbitrary<bool>(), *pattern});
  }
  job.filter.size_min = *sometimes(rc::gen::element<std::uint64_t>(0, 1, 10));
  job.filter.size_max = *sometimes(rc::gen::element<std::uint64_t>(10, 11, object_bytes_max));
  job.filter.age_max = *sometimes(rc::gen::element<milliseconds>(15 * minute, 30 * minute));
  job.filter.begin_date = *sometimes(time_of());
  job.compare = {.ignore_existing = *rc::gen::arbitrary<bool>() && *rc::gen::arbitrary<bool>(),
                 .size_only = *rc::gen::arbitrary<bool>(),
                 .checksum = *rc::gen::arbitrary<bool>()};
  job.threshold = *rc::gen::element<std::uint64_t>(0, 9, 10, 11);
  const auto drawn = *rc::gen::container<Components>(12, name());
  for (const std::string& each : std::set(drawn.begin(), drawn.end())) {
    job.blobs.push_back({.container = Container(*rc::gen::element<std::string>("c", "a")),
                         .name = BlobName(each),
                         .size = *size(),
                         .etag = ETag(*rc::gen::element<std::string>("1", "2")),
                         .last_modified = *time_of(),
                         .is_directory = *rc::gen::inRange(0, 10) == 0,
                         .archived = *rc::gen::inRange(0, 10) == 0});
  }
  return job;
}

// Rows where the blobs would land, and some where they would not.
void fill_destination(Job& job) {
  for (const Blob& blob : job.blobs) {
    const std::string decision = expected(job, blob);
    const std::size_t space = decision.find(' ');
    const std::string key =
        space != std::string::npos && *rc::gen::inRange(0, 4) != 0 ? decision.substr(space + 1) : *name();
    job.destination[key] = {
        .row = {.size = *rc::gen::oneOf(rc::gen::just(blob.size), size()), .last_modified = *time_of()},
        .recorded_etag = *rc::gen::element<std::string>("1", "2", "")};
  }
}

RC_GTEST_PROP(Planner, DecidesAsANaiveModelDoes, ()) {
  Job job = random_job();
  fill_destination(job);
  const auto filter = Filter::make(job.filter, now);
  RC_PRE(filter.has_value());
  std::set<std::string> kinds;
  for (const Blob& blob : job.blobs) {
    const std::string ours = planned(job, *filter, blob);
    const std::string theirs = expected(job, blob);
    if (ours != theirs) RC_FAIL("\"" + blob.name.str() + "\": planned " + ours + ", expected " + theirs);
    kinds.insert(ours.substr(0, ours.find(' ')));
  }
  RC_CLASSIFY(kinds.contains("small") || kinds.contains("large"), "copies");
  RC_CLASSIFY(kinds.contains("unchanged"), "leaves unchanged");
  RC_CLASSIFY(kinds.size() >= 4, "four outcomes and more");
}

}  // namespace
}  // namespace azs3copy
