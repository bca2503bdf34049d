// command_line.cpp: see command_line.hpp.
#include "hosts/cli/command_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/environment.hpp"
#include "core/suggest.hpp"
#include "hosts/cli/flag_values.hpp"
#include "hosts/cli/invocation_checks.hpp"

namespace azs3copy::cli {
namespace {

struct CommandName {
  Command command;
  std::string_view name;
  std::size_t positionals_min;
  std::size_t positionals_max;
  std::string_view usage;
};
constexpr std::array<CommandName, 9> command_names = {{
    {Command::copy, "copy", 2, 2, "copy SOURCE DEST"},
    {Command::check, "check", 2, 2, "check SOURCE DEST"},
    {Command::ls, "ls", 1, 1, "ls SOURCE"},
    {Command::cleanup, "cleanup", 1, 1, "cleanup DEST"},
    {Command::status, "status", 1, 2, "status s3://BUCKET [RUN]"},
    {Command::redrive, "redrive", 2, SIZE_MAX, "redrive QUEUE... s3://BUCKET"},
    {Command::help, "help", 0, 1, "help [COMMAND]"},
    {Command::version, "version", 0, 0, "version"},
    {Command::completion, "completion", 1, 1, "completion bash|zsh"},
}};

const CommandName& row_of(Command command) {
  return *std::find_if(command_names.begin(), command_names.end(),
                       [command](const CommandName& row) { return row.command == command; });
}

Result<Command> read_command(const std::string& word) {
  if (word == "--help" || word == "-h") return Command::help;
  if (word == "--version" || word == "-V") return Command::version;
  if (const auto command = command_from(word)) return *command;
  std::vector<std::string> names = {"--help", "--version"};
  for (const CommandName& row : command_names) names.emplace_back(row.name);
  const Flag* flag = word.starts_with("--") ? find_flag(word.substr(2, word.find('=') - 2)) : nullptr;
  if (flag != nullptr) return fail(ErrorKind::invalid, fmt::format("the command comes first, then {}", word));
  return fail(ErrorKind::invalid,
              fmt::format("unknown {} {}{}", word.starts_with('-') ? "flag" : "command", word,
                          did_you_mean(word, names)),
              {}, "`azs3copy help` lists the commands.");
}

std::string variable(const Surroundings& surroundings, std::string_view name) {
  const auto found = surroundings.environment.find(name);
  return found == surroundings.environment.end() ? std::string() : found->second;
}

// Which configuration file, and whether it must exist.
std::pair<std::string, bool> config_path(const std::vector<Setting>& line, const Surroundings& surroundings) {
  for (auto it = line.rbegin(); it != line.rend(); ++it) {
    if (it->flag->name == "config") return {it->value, true};
  }
  if (std::string path = variable(surroundings, "AZS3COPY_CONFIG"); !path.empty()) return {path, true};
  std::string folder = variable(surroundings, "XDG_CONFIG_HOME");
  if (folder.empty()) {
    const std::string home = variable(surroundings, "HOME");
    if (home.empty()) return {"", false};
    folder = home + "/.config";
  }
  return {folder + "/azs3copy/config.toml", false};
}

Result<ConfigFile> load_config(Command command, const std::vector<Setting>& line,
                               const Surroundings& surroundings, std::vector<std::string>& warnings) {
  const auto [path, must_exist] = config_path(line, surroundings);
  if (path.empty()) return ConfigFile{};
  const Result<std::string> text = surroundings.read_file(path);
  if (!text && text.error().kind == ErrorKind::not_found && !must_exist) return ConfigFile{};
  if (!text) {
    Error error = text.error();
    error.kind = ErrorKind::invalid;
    return std::unexpected(std::move(error));
  }
  Result<ConfigFile> file = read_config_file(command, *text, path);
  if (file && file->holds_secrets && surroundings.readable_by_others(path)) {
    warnings.push_back(fmt::format("{} holds a secret and others may read it: chmod 600 {}", path, path));
  }
  return file;
}

// Cuts off the line end that a mounted secret file or an env-file with CRLF leaves, and says so.
std::string without_line_end(std::string_view value, std::string_view origin, Invocation& invocation) {
  const std::string_view kept = without_blanks(value);
  if (kept.size() < value.size()) {
    invocation.warnings.push_back(
        fmt::format("{} begins or ends in white space or a line break, which is left out", origin));
  }
  return std::string(kept);
}

Surroundings with_trimmed_logins(Surroundings surroundings, Invocation& invocation) {
  for (auto& [name, value] : surroundings.environment) {
    if (name.starts_with("AZURE_") || name.starts_with("AWS_")) {
      value = without_line_end(value, name, invocation);
    }
  }
  return surroundings;
}

Result<> apply_settings(Invocation& invocation, std::span<const Setting> settings) {
  for (const Setting& setting : settings) {
    const bool is_secret = setting.flag->place == Place::file_only;
    Result<> set = setting.flag->set(
        invocation, is_secret ? without_line_end(setting.value, setting.origin, invocation) : setting.value);
    if (set) continue;
    Error error = std::move(set.error());
    error.kind = ErrorKind::invalid;
    error.subject = setting.origin;
    return std::unexpected(std::move(error));
  }
  return {};
}

Result<> need_positionals(const Invocation& invocation, const std::vector<std::string>& positionals) {
  const CommandName& row = row_of(invocation.command);
  if (positionals.size() >= row.positionals_min && positionals.size() <= row.positionals_max) return {};
  if (positionals.size() > row.positionals_max) {
    return fail(ErrorKind::invalid,
                fmt::format("{} takes {}; \"{}\" is one too many", row.name,
                            row.usage.substr(row.name.size() + 1), positionals[row.positionals_max]),
                {}, "Names with spaces and ? need quotes: 'https://…?sas'.");
  }
  return fail(ErrorKind::invalid, fmt::format("usage: azs3copy {} [flags]", row.usage), {},
              fmt::format("`azs3copy {} --help` shows examples.", row.name));
}

Result<Invocation> parse_help(std::span<const std::string> arguments, Invocation invocation) {
  if (arguments.empty()) return invocation;
  invocation.topic = arguments[0];
  const auto command = command_from(arguments[0]);
  if (command || arguments[0] == "config") return invocation;
  std::vector<std::string> topics = {"config"};
  for (const CommandName& row : command_names) topics.emplace_back(row.name);
  return fail(ErrorKind::invalid,
              fmt::format("no help on {}{}", arguments[0], did_you_mean(arguments[0], topics)));
}

Result<Invocation> parse_completion(std::span<const std::string> arguments, Invocation invocation) {
  if (arguments.size() == 1 && (arguments[0] == "bash" || arguments[0] == "zsh")) {
    invocation.topic = arguments[0];
    return invocation;
  }
  if (arguments.size() == 1 && arguments[0] == "--help") {
    invocation.command = Command::help;
    invocation.topic = "completion";
    return invocation;
  }
  return fail(ErrorKind::invalid, "completion takes bash or zsh", {},
              "In ~/.bashrc: source <(azs3copy completion bash)");
}

}  // namespace

std::string_view to_string(Command command) {
  return command == Command::overview ? std::string_view("azs3copy") : row_of(command).name;
}

std::optional<Command> command_from(std::string_view word) {
  for (const CommandName& row : command_names) {
    if (row.name == word) return row.command;
  }
  return std::nullopt;
}

Result<Invocation> parse_command_line(std::span<const std::string> arguments, const Surroundings& around) {
  Invocation invocation;
  if (arguments.empty()) return invocation;
  const Result<Command> command = read_command(arguments[0]);
  if (!command) return std::unexpected(command.error());
  invocation.command = *command;
  arguments = arguments.subspan(1);
  if (*command == Command::version) return invocation;
  if (*command == Command::help) return parse_help(arguments, std::move(invocation));
  if (*command == Command::completion) return parse_completion(arguments, std::move(invocation));

  const Surroundings surroundings = with_trimmed_logins(around, invocation);
  Result<Arguments> line = split_arguments(*command, arguments);
  if (!line) return std::unexpected(line.error());
  if (line->help) {
    invocation.command = Command::help;
    invocation.topic = to_string(*command);
    return invocation;
  }
  Result<ConfigFile> file = load_config(*command, line->settings, surroundings, invocation.warnings);
  if (!file) return std::unexpected(file.error());
  const std::vector<Setting> layers[] = {
      line->settings, settings_of_environment(*command, surroundings.environment, invocation.warnings),
      file->settings};
  if (Result<> applied = apply_settings(invocation, merge(layers)); !applied)
    return std::unexpected(applied.error());
  if (Result<> enough = need_positionals(invocation, line->positionals); !enough) {
    return std::unexpected(enough.error());
  }
  // A URL holds no line break; a SAS that `$(cat file)` gave may end in one.
  for (std::string& word : line->positionals) {
    if (word.starts_with("https://") || word.starts_with("http://"))
      word = without_line_end(word, "the source's address", invocation);
  }
  if (Result<> read = read_addresses(invocation, line->positionals); !read)
    return std::unexpected(read.error());
  if (Result<> checked = check_together(invocation, surroundings); !checked) {
    return std::unexpected(checked.error());
  }
  if (Result<> resolved = resolve_logins(invocation, surroundings); !resolved) {
    return std::unexpected(resolved.error());
  }
  return invocation;
}

}  // namespace azs3copy::cli
