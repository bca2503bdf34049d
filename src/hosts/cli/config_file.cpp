// config_file.cpp: the configuration file, over toml++ (heavy: kept in this file alone).
#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>

#include "core/suggest.hpp"
#include "hosts/cli/settings.hpp"

namespace azs3copy::cli {
namespace {

std::optional<std::string> text_of_value(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto whole = node.value_exact<std::int64_t>()) return std::to_string(*whole);
  if (const auto number = node.value_exact<double>()) return fmt::format("{}", *number);
  if (const auto flag = node.value_exact<bool>()) return *flag ? "true" : "false";
  if (const auto date = node.value_exact<toml::date>()) {
    return fmt::format("{:04}-{:02}-{:02}", date->year, date->month, date->day);
  }
  return std::nullopt;
}

std::unexpected<Error> unknown_key(std::string_view key, const std::string& place) {
  std::vector<std::string> names;
  for (const Flag& flag : all_flags()) {
    if (flag.place != Place::line_only) names.emplace_back(flag.name);
  }
  return fail(ErrorKind::invalid, fmt::format("unknown key \"{}\"{}", key, did_you_mean(key, names)), place);
}

// A value and where it stands, for arrays may go over several lines and rules keep their order.
struct Row {
  Setting setting;
  toml::source_position at;
};

Result<> add_rows(const Flag& flag, const toml::node& node, const std::string& path, std::vector<Row>& rows) {
  const auto origin = [&](const toml::node& at) {
    return fmt::format("{}:{}: {}", path, at.source().begin.line, flag.name);
  };
  if (const toml::array* array = node.as_array(); array != nullptr && flag.repeatable) {
    for (const toml::node& item : *array) {
      if (item.is_array()) return fail(ErrorKind::invalid, "takes a list of strings", origin(node));
      if (Result<> added = add_rows(flag, item, path, rows); !added) return added;
    }
    return {};
  }
  std::optional<std::string> value = text_of_value(node);
  if (!value) {
    return fail(ErrorKind::invalid,
                flag.repeatable ? "takes a string or a list of strings" : "takes a single value",
                origin(node));
  }
  rows.push_back({.setting = {.flag = &flag, .value = std::move(*value), .origin = origin(node)},
                  .at = node.source().begin});
  return {};
}

}  // namespace

Result<ConfigFile> read_config_file(Command command, std::string_view text, const std::string& path) {
  const toml::parse_result parsed = toml::parse(text, path);
  if (!parsed) {
    const toml::parse_error& error = parsed.error();
    return fail(ErrorKind::invalid, std::string(error.description()),
                fmt::format("{}:{}", path, error.source().begin.line));
  }
  ConfigFile file;
  std::vector<Row> rows;
  for (const auto& [key, node] : parsed.table()) {
    const Flag* flag = find_flag(key.str());
    if (flag == nullptr || flag->place == Place::line_only) {
      return unknown_key(key.str(), fmt::format("{}:{}", path, key.source().begin.line));
    }
    file.holds_secrets = file.holds_secrets || flag->place == Place::file_only;
    if (!flag->belongs_to(command)) continue;
    if (Result<> added = add_rows(*flag, node, path, rows); !added) return std::unexpected(added.error());
  }
  std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.at < b.at; });
  for (Row& row : rows) file.settings.push_back(std::move(row.setting));
  return file;
}

}  // namespace azs3copy::cli
