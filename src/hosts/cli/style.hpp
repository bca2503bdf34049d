// style.hpp: what the place where text goes can show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace azs3copy::cli {

struct Style {
  std::size_t width = 0;   // columns; 0: no limit (a file or a pipe)
  std::size_t height = 0;  // rows; 0: no limit
  bool colour = false;
  bool unicode = true;  // else ASCII only
};

enum class Colour : unsigned char { none, bold, dim, red, green, yellow, cyan };

// `text` in `colour` where the style has colours.
inline std::string paint(const Style& style, Colour colour, std::string_view text) {
  static constexpr std::string_view codes[] = {"", "1", "2", "31", "32", "33", "36"};
  if (!style.colour || colour == Colour::none) return std::string(text);
  std::string painted = "\x1b[";
  return painted.append(codes[static_cast<std::size_t>(colour)]).append("m").append(text).append("\x1b[0m");
}

}  // namespace azs3copy::cli
