// surroundings.cpp: the real files and variables behind Surroundings.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hosts/cli/command_line.hpp"
#include "hosts/cli/console.hpp"

namespace azs3copy::cli {
namespace {

// Names for --files-from may be millions; nobody means a device without end.
constexpr std::size_t file_bytes_max = 4 * GiB;

Result<std::string> read_file(const std::string& path) {
  const auto wrong = [&path](int number) {
    return azs3copy::fail(number == ENOENT ? ErrorKind::not_found : ErrorKind::invalid,
                          fmt::format("cannot be read: {}", ::strerror(number)), path);
  };
  const int descriptor = path == "-" ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return wrong(errno);
  std::string text;
  std::string buffer(256 * KiB, '\0');
  int problem = 0;
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) problem = errno;
    if (count <= 0) break;
    text.append(buffer, 0, static_cast<std::size_t>(count));
    if (text.size() > file_bytes_max) problem = EFBIG;
    if (problem != 0) break;
  }
  if (path != "-") ::close(descriptor);
  if (problem != 0) return wrong(problem);
  return text;
}

bool readable_by_others(const std::string& path) {
  struct stat status{};
  return ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
}

}  // namespace

Surroundings process_surroundings(char** variables) {
  Surroundings surroundings{
      .read_file = read_file, .readable_by_others = readable_by_others, .now = utc_now()};
  for (; *variables != nullptr; ++variables) {
    const std::string_view variable = *variables;
    const std::size_t equals = variable.find('=');
    if (equals == std::string_view::npos) continue;
    surroundings.environment.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  return surroundings;
}

}  // namespace azs3copy::cli
