// screen.hpp: a block of lines at the bottom of a terminal, redrawn in place.
//
// A frame is one write: up to the block's first line, each line cleared to its end, what is left below
// cleared. The cursor is hidden and wrapping is off within the frame only, so that nothing has to be mended
// when the process is killed between two frames.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hosts/cli/output.hpp"

namespace azs3copy::cli {

// The bytes that replace a block by another. `old_rows`: how many rows of the terminal the old one takes.
std::string frame(std::size_t old_rows, std::string_view text_above, const std::vector<std::string>& lines);
// Rows that lines of these widths take on a terminal of `width` columns: more, once it was made narrower.
std::size_t rows_taken(const std::vector<std::size_t>& line_widths, std::size_t width);

// Not thread-safe.
class Screen {
 public:
  explicit Screen(Output& output) : output_(output) {}
  // `text_above` scrolls away over the block; lines must fit the terminal.
  void draw(std::string_view text_above, const std::vector<std::string>& lines, std::size_t terminal_width);
  void erase(std::size_t terminal_width);

 private:
  Output& output_;
  std::vector<std::size_t> line_widths_;
};

// The columns of a line with colours in it.
std::size_t painted_width(std::string_view line);

}  // namespace azs3copy::cli
