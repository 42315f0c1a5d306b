#ifndef RFPP_DEGRADE_RESIZE_HPP
#define RFPP_DEGRADE_RESIZE_HPP

#include "rfpp/degrade/blur.hpp"
#include "rfpp/expr/resize.hpp"

namespace rfpp::inline v0::degrade {

/// The filter that blurs images of `in` with a kernel and then resizes them bilinearly to height x width.
/// Borders are mirrored about the outermost pixels (reflect-101).
template <class T>
SeparableFilter<T> blur_and_resize(const SeparableKernel& kernel, Extents in, int height, int width) {
  const Sampling rows = bilinear_sampling(in.h, height), columns = bilinear_sampling(in.w, width);
  SeparableFilter<T> filter;
  for (const OuterProduct& term : kernel)
    filter.terms.push_back({taps_of<T>(term.column, rows), taps_of<T>(term.row, columns)});
  return filter;
}

}  // namespace rfpp::inline v0::degrade

#endif
