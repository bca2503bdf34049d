// output.hpp: file descriptors that text goes to, and what stands behind them. A write that failed is
// remembered: who redirects to a full disk must not see exit code 0.
#pragma once

#include <string>
#include <string_view>

#include "hosts/cli/settings.hpp"
#include "hosts/cli/style.hpp"

namespace azs3copy::cli {

class Output {
 public:
  explicit Output(int descriptor) : descriptor_(descriptor) {}
  // Writes all of it at once where the system lets it; nothing any more after an error.
  void write(std::string_view text);
  void write_line(std::string_view line) { write(std::string(line) + "\n"); }
  int error() const { return error_; }  // errno of the first failure; 0: none
  bool reader_is_gone() const;          // EPIPE
  int descriptor() const { return descriptor_; }
  bool is_terminal() const;
  // Columns and rows now; a terminal that does not say counts as 80 x 24.
  Style style(const Environment& environment) const;

 private:
  int descriptor_;
  int error_ = 0;
};

// By LC_ALL, LC_CTYPE, LANG: the first that is set.
bool locale_is_utf8(const Environment& environment);
// NO_COLOR (https://no-color.org) and TERM=dumb turn colours off.
bool colours_wanted(const Environment& environment);

}  // namespace azs3copy::cli
