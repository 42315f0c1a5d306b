#ifndef RFPP_DETECT_DRAW_HPP
#define RFPP_DETECT_DRAW_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "rfpp/detect/face.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/stb_font.hpp"

namespace rfpp::detect {
inline namespace RFPP_ABI {

using Ink = std::array<std::uint8_t, 3>;

namespace detail {
/// Pixels [x0, x1) x [y0, y1) of an RGB image, as far as it has them.
inline void fill(io::Image& image, double x0, double y0, double x1, double y1, Ink ink) {
  const auto inside = [](double v, int extent) {
    return static_cast<int>(std::lround(std::clamp(v, 0.0, 1.0 * extent)));
  };
  for (int y = inside(y0, image.height); y < inside(y1, image.height); ++y)
    for (int x = inside(x0, image.width); x < inside(x1, image.width); ++x)
      std::copy(ink.begin(), ink.end(), image.row(y) + 3 * x);
}

inline void draw_box(io::Image& image, const Box& b, double line, Ink ink) {
  fill(image, b.x1, b.y1, b.x2, b.y1 + line, ink);
  fill(image, b.x1, b.y2 - line, b.x2, b.y2, ink);
  fill(image, b.x1, b.y1, b.x1 + line, b.y2, ink);
  fill(image, b.x2 - line, b.y1, b.x2, b.y2, ink);
}

/// A number on a plate whose lower left corner is at (x, y).
inline void draw_number(io::Image& image, double x, double y, std::size_t number, double line, Ink ink) {
  const std::string text = std::to_string(number);
  const double size = 1.5 * line, width = (7.0 * static_cast<double>(text.size()) + 3) * size,
               height = 11 * size;
  y = std::max(y, height);
  fill(image, x, y - height, x + width, y, ink);
  io::for_each_glyph_box(text, [&](int x0, int y0, int x1, int y1) {
    const double left = x + 2 * size, top = y - height + 2 * size;
    fill(image, left + x0 * size, top + y0 * size, left + x1 * size, top + y1 * size, {0, 0, 0});
  });
}
}  // namespace detail

/// The photo, in RGB, with each face's box, number (from 1) and landmarks drawn in: eyes and corners of the
/// mouth red on the left and blue on the right as seen in the photo, the nose yellow. Lines are in proportion
/// to the photo, thinner around small faces.
inline io::Image draw_faces(const io::Image& photo, std::span<const Face> faces) {
  constexpr Ink box{80, 220, 90}, left{255, 60, 60}, right{70, 120, 255}, middle{255, 220, 0};
  constexpr std::array<Ink, 5> inks{left, right, middle, left, right};
  io::Image drawn(photo.width, photo.height, 3);
  drawn.icc_profile = photo.colors() == 3 ? photo.icc_profile : decltype(photo.icc_profile){};
  const auto channels = static_cast<std::size_t>(photo.channels);
  for (std::size_t i = 0; i < drawn.samples.size(); ++i)
    drawn.samples[i] = photo.samples[i / 3 * channels + (photo.colors() == 1 ? 0 : i % 3)];
  const double usual = std::max(1.0, std::round(std::max(photo.width, photo.height) / 600.0));
  for (std::size_t i = 0; i < faces.size(); ++i) {
    const Face& face = faces[i];
    const double line = std::clamp(std::round(face.box.width() / 40), 1.0, usual);
    detail::draw_box(drawn, face.box, line, box);
    detail::draw_number(drawn, face.box.x1, face.box.y1, i + 1, line, box);
    for (std::size_t k = 0; k < face.landmarks.size(); ++k) {
      const photo::Point p = face.landmarks[k];
      detail::fill(drawn, p.x + 0.5 - line, p.y + 0.5 - line, p.x + 0.5 + line, p.y + 0.5 + line, inks[k]);
    }
  }
  return drawn;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::detect

#endif
