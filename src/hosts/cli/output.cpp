// output.cpp: see output.hpp.
#include "hosts/cli/output.hpp"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

namespace azs3copy::cli {
namespace {

std::string value_of(const Environment& environment, std::string_view name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

}  // namespace

void Output::write(std::string_view text) {
  while (!text.empty() && error_ == 0) {
    const ssize_t written = ::write(descriptor_, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      // Someone else made the terminal non-blocking, as ssh and node do.
      pollfd waited{.fd = descriptor_, .events = POLLOUT, .revents = 0};
      ::poll(&waited, 1, -1);
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
}

bool Output::reader_is_gone() const {
  return error_ == EPIPE;
}

bool Output::is_terminal() const {
  return ::isatty(descriptor_) == 1;
}

Style Output::style(const Environment& environment) const {
  // Text for files is UTF-8, as names are; only a terminal can lack it.
  if (!is_terminal()) return {};
  Style style{.width = 80,
              .height = 24,
              .colour = colours_wanted(environment),
              .unicode = locale_is_utf8(environment)};
  winsize size{};
  if (::ioctl(descriptor_, TIOCGWINSZ, &size) == 0) {
    if (size.ws_col > 0) style.width = size.ws_col;
    if (size.ws_row > 0) style.height = size.ws_row;
  }
  return style;
}

bool locale_is_utf8(const Environment& environment) {
  for (const std::string_view name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = value_of(environment, name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

bool colours_wanted(const Environment& environment) {
  return value_of(environment, "NO_COLOR").empty() && value_of(environment, "TERM") != "dumb";
}

}  // namespace azs3copy::cli
