// credential_process.cpp: posix_spawn, a pipe, a limit.
// Nothing blocks the loop: the child is looked at between short sleeps.
#include "aws/credential_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "aws/credential_json.hpp"

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace azs3copy {
namespace {

constexpr std::size_t output_bytes_max = 64 * KiB;
constexpr milliseconds pause_max{50};

// The process group of a running child and the reading end of its stdout.
class Child {
 public:
  Child(pid_t pid, int output) : pid_(pid), output_(output) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, -1)), output_(std::exchange(other.output_, -1)) {}
  Child& operator=(Child&&) = delete;
  ~Child() {
    if (pid_ > 0) {
      ::kill(-pid_, SIGKILL);
      while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
    if (output_ >= 0) ::close(output_);
  }

  // Adds what there is to `text`, up to a little above the limit.
  void read_some(std::string& text) {
    char buffer[4096];
    while (text.size() <= output_bytes_max) {
      const ssize_t got = ::read(output_, buffer, sizeof buffer);
      if (got > 0) text.append(buffer, static_cast<std::size_t>(got));
      if (got == 0 || (got < 0 && errno != EINTR)) return;
    }
  }
  // The wait status, once it has ended.
  std::optional<int> ended() {
    int status = 0;
    if (::waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    pid_ = -1;
    return status;
  }

 private:
  pid_t pid_;
  int output_;
};

std::unexpected<Error> cannot_run(const std::string& program, std::string_view why) {
  return fail(ErrorKind::credentials, fmt::format("credential_process {}: {}", program, why), {},
              "run the command by hand to see what it says");
}

struct SpawnSettings {
  posix_spawn_file_actions_t files{};
  posix_spawnattr_t attributes{};
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawnattr_init(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&files);
    ::posix_spawnattr_destroy(&attributes);
  }
};

Result<Child> start(const std::vector<std::string>& words) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return cannot_run(words.front(), std::strerror(errno));
  SpawnSettings settings;
  ::posix_spawn_file_actions_addopen(&settings.files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&settings.files, ends[1], STDOUT_FILENO);
  // What it writes there may hold secrets, and a progress display may own the terminal.
  ::posix_spawn_file_actions_addopen(&settings.files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  // A group of its own, so that the limit ends its children too; default signals, whatever ours are.
  sigset_t signals;
  ::sigemptyset(&signals);
  ::posix_spawnattr_setsigmask(&settings.attributes, &signals);
  ::sigaddset(&signals, SIGPIPE);
  ::sigaddset(&signals, SIGINT);
  ::posix_spawnattr_setsigdefault(&settings.attributes, &signals);
  ::posix_spawnattr_setpgroup(&settings.attributes, 0);
  ::posix_spawnattr_setflags(&settings.attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int code =
      ::posix_spawnp(&pid, arguments[0], &settings.files, &settings.attributes, arguments.data(), environ);
  ::close(ends[1]);
  if (code != 0) {
    ::close(ends[0]);
    return cannot_run(words.front(), std::strerror(code));
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Child(pid, ends[0]);
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return fmt::format("it was ended by signal {}", WTERMSIG(status));
  return fmt::format("it ended with exit code {}", WEXITSTATUS(status));
}

Result<AwsCredentials> credentials_from_output(const std::string& program, std::string_view output) {
  const Result<Json> json = Json::parse(output);
  if (!json || !json->is_object()) return cannot_run(program, "what it printed is no JSON object");
  if ((*json)["Version"].integer() != 1) return cannot_run(program, "what it printed has no \"Version\": 1");
  Result<AwsCredentials> credentials = credentials_from_json(*json, "SessionToken");
  if (!credentials) return cannot_run(program, "what it printed: " + credentials.error().message);
  return credentials;
}

}  // namespace

Result<CredentialCommand> split_credential_command(std::string_view command) {
  CredentialCommand out;
  std::string word;
  bool in_word = false;
  char quote = 0;
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == '\'') {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
      continue;
    }
    if (c == '\\') {
      if (++i == command.size()) return fail(ErrorKind::invalid, "the command ends in a backslash");
      // Inside double quotes it is only special before these.
      if (quote == '"' && std::string_view("\"\\$`").find(command[i]) == std::string_view::npos) word += c;
      word += command[i];
      in_word = true;
      continue;
    }
    if (c == '$' || c == '`') out.shell = true;
    if (quote == '"') {
      if (c == quote) {
        quote = 0;
      } else {
        word += c;
      }
      continue;
    }
    if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (c == ' ' || c == '\t') {
      if (std::exchange(in_word, false)) out.words.push_back(std::exchange(word, {}));
    } else {
      // A tilde means home, and '#' a comment, only at a word's start.
      const bool special = std::string_view("|&;<>()*?[").find(c) != std::string_view::npos;
      out.shell = out.shell || special || (!in_word && (c == '~' || c == '#'));
      word += c;
      in_word = true;
    }
  }
  if (quote != 0) return fail(ErrorKind::invalid, "the command has an open quote");
  if (in_word) out.words.push_back(word);
  if (out.words.empty()) return fail(ErrorKind::invalid, "the command is empty");
  if (out.shell) out.words = {"/bin/sh", "-c", std::string(command)};
  return out;
}

Task<Result<AwsCredentials>> run_credential_process(std::string_view command, milliseconds limit,
                                                    const Context& context) {
  Result<CredentialCommand> split = split_credential_command(command);
  if (!split) co_return cannot_run("", split.error().message);
  const std::string program = split->words.front();
  Result<Child> child = start(split->words);
  if (!child) co_return passed(std::move(child));

  const Context limited = context.with_timeout(limit);
  std::string output;
  for (milliseconds pause{2};; pause = std::min(pause * 2, pause_max)) {
    std::optional<int> status = child->ended();
    child->read_some(output);  // after the look at its end: then all it wrote is there
    if (output.size() > output_bytes_max) co_return cannot_run(program, "it printed more than 64 KiB");
    if (status && *status != 0) co_return cannot_run(program, describe_end(*status));
    if (status) co_return credentials_from_output(program, output);
    Result<> slept = co_await context.clock.sleep(pause, limited);
    if (slept) continue;
    if (context.stopped()) co_return passed(std::move(slept));
    const auto limit_s = std::chrono::duration_cast<seconds>(limit).count();
    co_return cannot_run(program, fmt::format("it did not end within {} s", limit_s));
  }
}

}  // namespace azs3copy
