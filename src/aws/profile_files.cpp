// profile_files.cpp: AWS's dialect of INI, read line by line.
#include "aws/profile_files.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aws/small_file.hpp"
#include "core/bytes.hpp"

namespace azs3copy {
namespace {

constexpr std::size_t file_bytes_max = 1 * MiB;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// A comment behind a value starts with " #" or " ;". Not in a command, where both may be meant.
std::string_view cut_comment(std::string_view value, std::string_view name) {
  if (name == "credential_process") return value;
  for (std::size_t i = 1; i < value.size(); ++i) {
    if ((value[i] == '#' || value[i] == ';') && is_space(value[i - 1])) return trim(value.substr(0, i));
  }
  return value;
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return out;
}

std::string_view unquote(std::string_view name) {
  const bool quoted =
      name.size() >= 2 && (name.front() == '"' || name.front() == '\'') && name.back() == name.front();
  return quoted ? name.substr(1, name.size() - 2) : name;
}

// "profile work" -> {"profile", "work"}; "default" -> {"", "default"}.
struct SectionName {
  std::string_view kind;
  std::string_view name;
};
SectionName split_section(std::string_view text) {
  const std::size_t space = text.find_first_of(" \t");
  if (space == std::string_view::npos) return {{}, unquote(text)};
  return {text.substr(0, space), unquote(trim(text.substr(space)))};
}

class FileReader {
 public:
  FileReader(ProfileFileKind kind, const std::string& path, ProfileFiles& into)
      : kind_(kind), path_(path), into_(into) {}

  Result<> read(std::string_view text) {
    if (text.starts_with(byte_order_mark)) text.remove_prefix(byte_order_mark.size());
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(text.size(), line.size() + 1));
      ++line_number_;
      if (Result<> ok = take(line); !ok) return ok;
    }
    return {};
  }

 private:
  std::unexpected<Error> wrong(std::string_view what) const {
    return fail(ErrorKind::invalid, fmt::format("{}, line {}: {}", path_, line_number_, what), path_);
  }

  Result<> take(std::string_view line) {
    const std::string_view text = trim(line);
    if (text.empty() || text.front() == '#' || text.front() == ';') return {};
    if (text.find('\0') != std::string_view::npos) return wrong("a zero byte");
    if (text.front() == '[') return take_section(text);
    const bool indented = is_space(line.front());
    return indented && !last_name_.empty() ? take_nested(text) : take_setting(text);
  }

  Result<> take_section(std::string_view text) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return wrong("a section has no closing bracket");
    const SectionName section = split_section(trim(text.substr(1, close - 1)));
    if (section.name.empty()) return wrong("a section has no name");
    settings_ = nullptr;
    last_name_.clear();
    in_section_ = true;
    if (kind_ == ProfileFileKind::credentials) {
      settings_ = &into_.profiles[std::string(section.name)];
    } else if (section.kind == "profile" || (section.kind.empty() && section.name == "default")) {
      // [profile default] wins over [default], wherever it stands.
      const bool is_plain = section.kind.empty();
      if (section.name == "default" && !is_plain && !std::exchange(default_is_profile_, true)) {
        into_.profiles["default"].clear();
      }
      if (!is_plain || !default_is_profile_) settings_ = &into_.profiles[std::string(section.name)];
    } else if (section.kind == "services") {
      settings_ = &into_.services[std::string(section.name)];
    }
    return {};  // other sections ([sso-session x], [plugins]) hold nothing of ours
  }

  Result<> take_setting(std::string_view text) {
    if (!in_section_) return wrong("a setting stands before the first [section]");
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return wrong("this is no \"name = value\"");
    last_name_ = to_lower(trim(text.substr(0, equals)));
    put(last_name_, trim(text.substr(equals + 1)));
    return {};
  }

  // Below "s3 =": a setting of its own. Below a setting with a value: its next line, which none of ours has.
  Result<> take_nested(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos || equals == 0) return {};
    put(fmt::format("{}.{}", last_name_, to_lower(trim(text.substr(0, equals)))),
        trim(text.substr(equals + 1)));
    return {};
  }

  void put(const std::string& name, std::string_view value) {
    if (settings_ != nullptr) (*settings_)[name] = cut_comment(value, name);
  }

  const ProfileFileKind kind_;
  const std::string& path_;
  ProfileFiles& into_;
  ProfileSettings* settings_ = nullptr;  // of the section we are in; null where it is none of ours
  bool in_section_ = false;
  bool default_is_profile_ = false;
  std::string last_name_;
  std::size_t line_number_ = 0;
};

// Reads the file that `variable` names, or the one below home; its path, and whether it was there.
Result<std::string> read_one(const AwsEnvironment& environment, std::string_view variable,
                             std::string_view below_home, ProfileFileKind kind, ProfileFiles& files) {
  const std::string named = environment.variable(variable).value_or("");
  std::string path =
      named.empty() ? environment.home + std::string(below_home) : expand_home(named, environment.home);
  const Result<std::string> text = read_small_file(path, file_bytes_max);
  if (!text) {
    const ErrorKind why = text.error().kind;
    if (why == ErrorKind::not_found) return path + " (no such file)";
    // A home that was left over from another user.
    if (why == ErrorKind::permission && named.empty()) return path + " (may not be read)";
    return std::unexpected<Error>(text.error());
  }
  if (Result<> parsed = parse_profile_file(*text, kind, path, files); !parsed)
    return passed(std::move(parsed));
  return path;
}

}  // namespace

const ProfileSettings* ProfileFiles::find(std::string_view profile) const {
  const auto found = profiles.find(profile);
  return found == profiles.end() ? nullptr : &found->second;
}

std::string ProfileFiles::list_profiles() const {
  std::string names;
  for (const auto& [name, settings] : profiles) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? "none" : names;
}

Result<> parse_profile_file(std::string_view text, ProfileFileKind kind, const std::string& path,
                            ProfileFiles& into) {
  return FileReader(kind, path, into).read(text);
}

Result<ProfileFiles> read_profile_files(const AwsEnvironment& environment) {
  ProfileFiles files;
  Result<std::string> path =
      read_one(environment, "AWS_CONFIG_FILE", "/.aws/config", ProfileFileKind::config, files);
  if (!path) return passed(std::move(path));
  files.config_path = std::move(*path);
  // Read last, for its settings win.
  path = read_one(environment, "AWS_SHARED_CREDENTIALS_FILE", "/.aws/credentials",
                  ProfileFileKind::credentials, files);
  if (!path) return passed(std::move(path));
  files.credentials_path = std::move(*path);
  return files;
}

std::string_view setting(const ProfileSettings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string_view() : std::string_view(found->second);
}

}  // namespace azs3copy
