#ifndef RFPP_TRAIN_PICTURES_HPP
#define RFPP_TRAIN_PICTURES_HPP

#include <algorithm>
#include <cstddef>
#include <vector>

#include "rfpp/io/image.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// RGB images of one size side by side, `columns` in a row.
inline io::Image grid_of(const std::vector<io::Image>& images, int columns) {
  if (images.empty() || columns < 1) throw Error("grid: expected images and columns, found none");
  const int count = static_cast<int>(images.size()), width = images.front().width,
            height = images.front().height;
  io::Image grid(columns * width, (count + columns - 1) / columns * height, 3);
  for (int i = 0; i < count; ++i) {
    const io::Image& image = images[static_cast<std::size_t>(i)];
    if (image.width != width || image.height != height || image.channels != 3)
      throw Error("grid: expected RGB images of one size");
    for (int y = 0; y < height; ++y)
      std::copy_n(
          image.row(y), image.row_size(),
          grid.row(i / columns * height + y) + static_cast<std::size_t>(i % columns) * image.row_size());
  }
  return grid;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
