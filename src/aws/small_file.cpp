// small_file.cpp: open, read to a limit, close. Never waits: a named pipe must not stop the program.
#include "aws/small_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace azs3copy {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> cannot_read(const std::string& path, int code) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::not_found
                         : code == EACCES                  ? ErrorKind::permission
                                                           : ErrorKind::invalid;
  return fail(kind, fmt::format("{}: {}", path, std::strerror(code)), path);
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, std::size_t bytes_max) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) return cannot_read(path, errno);
  constexpr std::size_t step = 4096;
  std::string text;
  for (;;) {
    const std::size_t before = text.size();
    text.resize(before + step);
    const ssize_t got = ::read(file.get(), text.data() + before, step);
    const int code = errno;
    text.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got == 0) return text;
    if (got < 0 && code != EINTR) return cannot_read(path, code);
    if (text.size() > bytes_max) {
      return fail(ErrorKind::invalid, fmt::format("{}: the file has more than {} bytes", path, bytes_max),
                  path);
    }
  }
}

std::string expand_home(std::string_view path, std::string_view home) {
  if (!path.starts_with("~/") || home.empty()) return std::string(path);
  return std::string(home) + std::string(path.substr(1));
}

}  // namespace azs3copy
