#ifndef RFPP_DEGRADE_RESIZE_HPP
#define RFPP_DEGRADE_RESIZE_HPP

#include <algorithm>
#include <cstddef>
#include <span>

#include "rfpp/degrade/blur.hpp"
#include "rfpp/expr/resize.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// The filter that blurs images of `in` with a kernel and then resizes them bilinearly to height x width.
/// Borders are mirrored about the outermost pixels (reflect-101).
template <class T>
SeparableFilter<T> blur_and_resize(std::span<const OuterProduct> kernel, Extents in, int height, int width) {
  const Sampling rows = bilinear_sampling(in.h, height), columns = bilinear_sampling(in.w, width);
  SeparableFilter<T> filter;
  for (const OuterProduct& term : kernel)
    filter.terms.push_back({taps_of<T>(term.column, rows), taps_of<T>(term.row, columns)});
  return filter;
}

/// How many of the kernel's terms may be one filter that makes images of height x width: their taps take four
/// times the room of an image, or 4 MB. A preset's kernels have fewer; those of a log may have 255 terms of
/// 255 weights.
inline std::size_t terms_at_once(std::span<const OuterProduct> kernel, int height, int width) {
  std::size_t longest = 1;
  for (const OuterProduct& term : kernel)
    longest = std::max({longest, term.column.weights.size(), term.row.weights.size()});
  const auto h = static_cast<std::size_t>(height), w = static_cast<std::size_t>(width);
  return std::max<std::size_t>(1, std::max(12 * h * w, std::size_t{1} << 20) / ((h + w) * (longest + 1)));
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
