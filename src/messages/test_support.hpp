// test_support.hpp: what names may hold, for the property tests of everything that carries them.
#pragma once

#include <rapidcheck.h>

#include <string>
#include <vector>

namespace azs3copy {

// Any text of Unicode: controls, quotes, the edges of each UTF-8 length, the characters that XML refuses.
inline rc::Gen<std::string> unicode_text() {
  const auto code_point = rc::gen::oneOf(
      rc::gen::inRange<char32_t>(0, 0x80), rc::gen::inRange<char32_t>(0x80, 0x800),
      rc::gen::inRange<char32_t>(0x800, 0xD800), rc::gen::inRange<char32_t>(0xE000, 0x10000),
      rc::gen::inRange<char32_t>(0x10000, 0x110000),
      rc::gen::element<char32_t>('"', '\\', '/', 0, 0x1F, 0x7F, 0x2028, 0xFFFE, 0xFFFF, 0x10FFFF));
  return rc::gen::map(rc::gen::container<std::vector<char32_t>>(code_point),
                      [](std::vector<char32_t> points) {
                        std::string text;
                        const auto add = [&text](char32_t byte) { text += static_cast<char>(byte); };
                        for (const char32_t point : points) {
                          if (point < 0x80) {
                            add(point);
                          } else if (point < 0x800) {
                            add(0xC0 | point >> 6), add(0x80 | (point & 63));
                          } else if (point < 0x10000) {
                            add(0xE0 | point >> 12), add(0x80 | (point >> 6 & 63)), add(0x80 | (point & 63));
                          } else {
                            add(0xF0 | point >> 18), add(0x80 | (point >> 12 & 63));
                            add(0x80 | (point >> 6 & 63)), add(0x80 | (point & 63));
                          }
                        }
                        return text;
                      });
}

}  // namespace azs3copy
