// completion.cpp: see completion.hpp.
#include "hosts/cli/completion.hpp"

#include <fmt/format.h>

#include <array>

#include "aws/storage_class.hpp"
#include "hosts/cli/command_line.hpp"
#include "hosts/cli/flags.hpp"
#include "hosts/local/redrive.hpp"

namespace azs3copy::cli {
namespace {

constexpr std::array<Command, 6> commands_with_flags = {Command::copy,    Command::check,  Command::ls,
                                                        Command::cleanup, Command::status, Command::redrive};
constexpr std::string_view topics = "copy check ls cleanup status redrive completion config";

bool is_offered(const Flag& flag) {
  return flag.place != Place::file_only;
}

std::string words_of(std::string_view choices) {
  std::string words(choices);
  for (char& c : words) c = c == '|' ? ' ' : c;
  return words;
}

// The values that can be named beforehand.
std::string known_values(const Flag& flag) {
  if (flag.is_choice()) return words_of(flag.value);
  std::string words;
  if (flag.name == "class") {
    words = "all";
    for (const std::string_view name : redrive_classes()) words += " " + std::string(name);
  }
  if (flag.name != "storage-class") return words;
  for (const std::string& name : s3_storage_classes()) words += (words.empty() ? "" : " ") + name;
  return words;
}

std::string bash_script() {
  std::string values;  // branches for the word after a flag that takes a value
  std::string plain;   // flags whose value nobody can guess
  for (const Flag& flag : all_flags()) {
    if (!is_offered(flag) || flag.is_switch()) continue;
    const std::string known = known_values(flag);
    std::string reply;
    if (!known.empty()) reply = fmt::format("-W '{}'", known);
    if (flag.value == "FILE") reply = "-f";
    if (flag.value == "FOLDER") reply = "-d";
    if (reply.empty()) {
      plain += (plain.empty() ? "--" : "|--") + std::string(flag.name);
    } else {
      values +=
          fmt::format("    --{}) COMPREPLY=($(compgen {} -- \"$word\")); return ;;\n", flag.name, reply);
    }
  }
  std::string flags;  // branches for each command
  for (const Command command : commands_with_flags) {
    std::string names = "--help";
    for (const Flag& flag : all_flags()) {
      if (is_offered(flag) && flag.belongs_to(command)) names += " --" + std::string(flag.name);
    }
    flags += fmt::format("    {}) words='{}' ;;\n", to_string(command), names);
  }
  return fmt::format(R"(# Completion of azs3copy for bash. In ~/.bashrc: source <(azs3copy completion bash)
_azs3copy() {{
  local word="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" words=''
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W 'copy check ls cleanup status redrive help completion --help --version' -- "$word"))
    return
  fi
  case "$before" in
{}    {}) return ;;
  esac
  case "${{COMP_WORDS[1]}}" in
{}    help) words='{}' ;;
    completion) words='bash zsh' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}}
complete -o bashdefault -F _azs3copy azs3copy
)",
                     values, plain, flags, topics);
}

// Inside '...[...]': brackets and colons have a meaning for _arguments, the quote for the shell.
std::string zsh_quoted(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':') quoted += '\\';
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted;
}

std::string zsh_flag(const Flag& flag) {
  std::string spec = fmt::format("{}--{}{}[{}]", flag.repeatable ? "*" : "", flag.name,
                                 flag.is_switch() ? "" : "=", zsh_quoted(flag.help));
  if (!flag.is_switch()) {
    const std::string known = known_values(flag);
    std::string action;
    if (!known.empty()) action = "(" + zsh_quoted(known) + ")";
    if (flag.value == "FILE") action = "_files";
    if (flag.value == "FOLDER") action = "_files -/";
    spec += fmt::format(":{}:{}", known.empty() ? flag.value : "value", action);
  }
  return "'" + spec + "'";
}

std::string zsh_script() {
  std::string branches;
  for (const Command command : commands_with_flags) {
    branches += fmt::format("    {})\n      _arguments \\\n", to_string(command));
    for (const Flag& flag : all_flags()) {
      if (is_offered(flag) && flag.belongs_to(command))
        branches += fmt::format("        {} \\\n", zsh_flag(flag));
    }
    branches += "        '--help[flags and examples]' '*:address:' ;;\n";
  }
  return fmt::format(R"(#compdef azs3copy
# Completion of azs3copy for zsh. In ~/.zshrc, after compinit: source <(azs3copy completion zsh)
_azs3copy() {{
  if ((CURRENT == 2)); then
    local -a names=('copy:copy what is not there yet' 'check:compare both sides'
      'ls:list containers and blobs' 'cleanup:abort abandoned uploads' 'status:how a run of the functions stands'
      'redrive:send dead letters back' 'help:flags and examples' 'completion:for your shell')
    _describe command names
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
{}    help) _values topic {} ;;
    completion) _values shell bash zsh ;;
  esac
}}
(($+functions[compdef])) && compdef _azs3copy azs3copy
)",
                     branches, topics);
}

}  // namespace

std::string completion_script(std::string_view shell) {
  return shell == "zsh" ? zsh_script() : bash_script();
}

}  // namespace azs3copy::cli
