#ifndef RFPP_TRAIN_CURVES_HPP
#define RFPP_TRAIN_CURVES_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>
#include <string>
#include <vector>

#include "rfpp/core/finite.hpp"
#include "rfpp/io/image.hpp"
#include "rfpp/io/stb_font.hpp"
#include "rfpp/train/table.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

namespace detail {

struct Color {
  std::uint8_t red, green, blue;
};

inline void put_pixel(io::Image& image, int x, int y, Color color) {
  if (x < 0 || y < 0 || x >= image.width || y >= image.height) return;
  std::uint8_t* pixel = image.row(y) + 3 * x;
  pixel[0] = color.red, pixel[1] = color.green, pixel[2] = color.blue;
}
inline void draw_line(io::Image& image, double x0, double y0, double x1, double y1, Color color) {
  const int steps = 1 + static_cast<int>(std::max(std::abs(x1 - x0), std::abs(y1 - y0)));
  for (int i = 0; i <= steps; ++i) {
    const double t = static_cast<double>(i) / steps;
    put_pixel(image, static_cast<int>(std::lround(x0 + t * (x1 - x0))),
              static_cast<int>(std::lround(y0 + t * (y1 - y0))), color);
  }
}
inline void draw_text(io::Image& image, int left, int top, const std::string& text, Color color) {
  io::for_each_glyph_box(text, [&](int x0, int y0, int x1, int y1) {
    for (int y = y0; y < y1; ++y)
      for (int x = x0; x < x1; ++x) put_pixel(image, left + x, top + y, color);
  });
}
inline std::string short_number(double v) {
  char text[32];
  std::snprintf(text, sizeof text, "%.4g", v);
  return text;
}

/// One column of a table over its first, in a frame whose top left corner is given.
inline void draw_curve(io::Image& image, int left, int top, int width, int height, const Table& table,
                       std::size_t column) {
  constexpr Color frame{200, 200, 200}, ink{40, 40, 40}, curve{30, 90, 170};
  constexpr int margin = 16;
  const auto& rows = table.rows();
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& row : rows)
    if (is_finite(row[column])) low = std::min(low, row[column]), high = std::max(high, row[column]);
  const double x0 = left + margin, x1 = left + width - margin, y0 = top + 2 * margin,
               y1 = top + height - margin;
  for (const double y : {y0, y1}) draw_line(image, x0, y, x1, y, frame);
  for (const double x : {x0, x1}) draw_line(image, x, y0, x, y1, frame);
  draw_text(image, left + margin, top + margin - 6, table.columns()[column], ink);
  if (!(low <= high)) return;
  draw_text(image, left + margin + 4, static_cast<int>(y0) + 3, short_number(high), ink);
  draw_text(image, left + margin + 4, static_cast<int>(y1) - 10, short_number(low), ink);
  draw_text(image, left + width - margin - 60, top + margin - 6, "last " + short_number(rows.back()[column]),
            ink);
  const double first = rows.front()[0], last = rows.back()[0];
  const auto x_of = [&](double step) {
    return last > first ? x0 + (x1 - x0) * (step - first) / (last - first) : x1;
  };
  const auto y_of = [&](double v) {
    return high > low ? y1 - (y1 - y0) * (v - low) / (high - low) : (y0 + y1) / 2;
  };
  for (std::size_t i = 1; i < rows.size(); ++i)
    if (is_finite(rows[i][column]) && is_finite(rows[i - 1][column]))
      draw_line(image, x_of(rows[i - 1][0]), y_of(rows[i - 1][column]), x_of(rows[i][0]),
                y_of(rows[i][column]), curve);
}

}  // namespace detail

/// All columns of the tables over the step, as small pictures three in a row.
inline io::Image curves_of(const std::vector<const Table*>& tables) {
  constexpr int columns = 3, width = 320, height = 180;
  int count = 0;
  for (const Table* table : tables) count += std::max(0, static_cast<int>(table->columns().size()) - 1);
  io::Image image(columns * width, std::max(1, (count + columns - 1) / columns) * height, 3);
  std::ranges::fill(image.samples, std::uint8_t{255});
  int place = 0;
  for (const Table* table : tables)
    for (std::size_t column = 1; column < table->columns().size(); ++column, ++place)
      detail::draw_curve(image, place % columns * width, place / columns * height, width, height, *table,
                         column);
  return image;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
