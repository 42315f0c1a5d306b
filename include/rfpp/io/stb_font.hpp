#ifndef RFPP_IO_STB_FONT_HPP
#define RFPP_IO_STB_FONT_HPP

// stb_easy_font in a namespace of ours: a program may include its own copy as well.

#pragma GCC system_header  // stb's warnings are not ours

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <string>
#include <vector>

#include "rfpp/core/config.hpp"

#pragma push_macro("INCLUDE_STB_EASY_FONT_H")
#undef INCLUDE_STB_EASY_FONT_H
namespace rfpp::io::stb {
inline namespace RFPP_ABI {
#include <stb_easy_font.h>
}  // namespace RFPP_ABI
}  // namespace rfpp::io::stb
#pragma pop_macro("INCLUDE_STB_EASY_FONT_H")

namespace rfpp::io {
inline namespace RFPP_ABI {

/// Calls f(x0, y0, x1, y1) for the boxes of pixels that a line of ASCII text is made of; about 7 pixels high.
template <class F> void for_each_glyph_box(std::string text, F&& f) {
  struct Vertex {
    float x, y, z;
    unsigned char color[4];
  };
  std::vector<Vertex> vertices(text.size() * 68 + 4);
  const int boxes = stb::stb_easy_font_print(0, 0, text.data(), nullptr, vertices.data(),
                                             static_cast<int>(vertices.size() * sizeof(Vertex)));
  for (int i = 0; i < boxes; ++i) {
    const Vertex &first = vertices[static_cast<std::size_t>(4 * i)],
                 &third = vertices[static_cast<std::size_t>(4 * i + 2)];
    f(static_cast<int>(first.x), static_cast<int>(first.y), static_cast<int>(third.x),
      static_cast<int>(third.y));
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp::io

#endif
