#ifndef RFPP_NN_ROI_ALIGN_HPP
#define RFPP_NN_ROI_ALIGN_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "rfpp/expr/eval.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A box in pixels, in image number `image` of a batch.
struct Region {
  int image = 0;
  double x1 = 0, y1 = 0, x2 = 0, y2 = 0;
};

namespace detail {
/// Adds to weights [size][extent] by which pixels of an axis the samples of [from, to] are made.
template <class T> void add_samples(double from, double to, int size, int extent, T* weights) {
  const double bin = std::max(to - from, 1.0) / size;
  const int samples = static_cast<int>(std::ceil(bin));
  for (int p = 0; p < size; ++p, weights += extent)
    for (int i = 0; i < samples; ++i) {
      const double at = from + (p + (i + 0.5) / samples) * bin;
      if (at < -1 || at > extent) continue;
      const double place = std::clamp(at, 0.0, extent - 1.0);
      const int first = static_cast<int>(place);
      const double fraction = place - first;
      weights[first] += static_cast<T>((1 - fraction) / samples);
      if (fraction > 0) weights[first + 1] += static_cast<T>(fraction / samples);
    }
}
}  // namespace detail

/// Regions of the images {n,h,w,c}, cropped and resized to size x size: {regions,size,size,c}. Source: He et
/// al., "Mask R-CNN", 2017, section 3; torchvision's roi_align with aligned = false and adaptive sampling.
/// A crop is linear and separable: a matrix of weights for its rows, and one for its columns. Throws Error
/// for a region of an image that is not there.
template <class T>
Tensor<T> roi_align(auto& ex, const Tensor<T>& images, const std::vector<Region>& regions, int size) {
  const Extents e = images.extents();
  const int count = static_cast<int>(regions.size());
  Tensor<T> row_weights(Extents{count, 1, size, e.h}), column_weights(matrix_extents(count * size, e.w));
  Tensor<int> rows(Extents{count, 1, e.h, 1}), columns(Extents{count * size, 1, size, 1});
  for (int r = 0; r < count; ++r) {
    const Region& region = regions[static_cast<std::size_t>(r)];
    if (region.image < 0 || region.image >= e.n || !(region.x1 <= region.x2 && region.y1 <= region.y2))
      throw Error("roi_align: no such region of " + to_string(e) + ", in image " +
                  std::to_string(region.image));
    detail::add_samples(region.y1, region.y2, size, e.h, row_weights.data() + std::ptrdiff_t{r} * size * e.h);
    detail::add_samples(region.x1, region.x2, size, e.w,
                        column_weights.data() + std::ptrdiff_t{r} * size * e.w);
    for (int h = 0; h < e.h; ++h) rows.data()[r * e.h + h] = region.image * e.h + h;
    for (int row = 0; row < size; ++row)
      for (int column = 0; column < size; ++column)
        columns.data()[(r * size + row) * size + column] = r * size + column;
  }
  const Gather<T> image_rows{reshaped(images, matrix_extents(e.n * e.h, e.w * e.c)), ex.upload(rows)};
  const auto across = eval(ex, matmul(ex.upload(row_weights), image_rows));
  const Gather<T> crop_columns{ex.upload(column_weights), ex.upload(columns)};
  const auto crops = eval(ex, matmul(crop_columns, reshaped(across, {count * size, 1, e.w, e.c})));
  return reshaped(crops, {count, size, size, e.c});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
