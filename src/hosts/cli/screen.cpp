// screen.cpp: see screen.hpp.
#include "hosts/cli/screen.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "hosts/cli/text.hpp"

namespace azs3copy::cli {

std::string frame(std::size_t old_rows, std::string_view text_above, const std::vector<std::string>& lines) {
  std::string bytes = "\x1b[?25l\x1b[?7l\r";
  if (old_rows > 0) bytes += fmt::format("\x1b[{}A", old_rows);
  if (!text_above.empty()) {
    // Text above may be longer than the block: clear it first, and let it wrap.
    bytes.append("\x1b[J\x1b[?7h").append(text_above).append("\x1b[?7l");
  }
  for (const std::string& line : lines) bytes.append(line).append("\x1b[K\n");
  return bytes + "\x1b[J\x1b[?7h\x1b[?25h";
}

std::size_t rows_taken(const std::vector<std::size_t>& line_widths, std::size_t width) {
  std::size_t rows = 0;
  for (const std::size_t columns : line_widths) {
    rows += width == 0 || columns <= width ? 1 : (columns + width - 1) / width;
  }
  return rows;
}

std::size_t painted_width(std::string_view line) {
  std::string bare;
  while (!line.empty()) {
    const std::size_t escape = std::min(line.find("\x1b["), line.size());
    bare += line.substr(0, escape);
    line.remove_prefix(escape);
    if (!line.empty()) line.remove_prefix(std::min(line.find('m'), line.size() - 1) + 1);
  }
  return display_width(bare);
}

void Screen::draw(std::string_view text_above, const std::vector<std::string>& lines,
                  std::size_t terminal_width) {
  output_.write(frame(rows_taken(line_widths_, terminal_width), text_above, lines));
  line_widths_.clear();
  for (const std::string& line : lines) line_widths_.push_back(painted_width(line));
}

void Screen::erase(std::size_t terminal_width) {
  if (!line_widths_.empty()) draw("", {}, terminal_width);
}

}  // namespace azs3copy::cli
