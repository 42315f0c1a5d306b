#ifndef RFPP_EXPR_RESIZE_HPP
#define RFPP_EXPR_RESIZE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "rfpp/expr/separable_filter.hpp"

// How filters are made: lines of weights, applied where an axis is sampled.

namespace rfpp {
inline namespace RFPP_ABI {

/// A run of weights; the first lies `offset` pixels from the output.
struct Line {
  int offset = 0;
  std::vector<double> weights{1};
};

/// Where each output of one axis lies between two inputs: at first[i] + fraction[i].
struct Sampling {
  std::vector<int> first;
  std::vector<double> fraction;
};

/// Bilinear sampling at (i + 0.5) in / out - 0.5, clamped at the ends, without antialiasing. Each output is
/// one of in >= 1 inputs, or lies between two.
inline Sampling bilinear_sampling(int in, int out) {
  Sampling sampling;
  for (int i = 0; i < out; ++i) {
    const double place = std::clamp((i + 0.5) * in / out - 0.5, 0.0, in - 1.0);
    const int first = std::clamp(static_cast<int>(place), 0, std::max(in - 2, 0));
    sampling.first.push_back(first);
    sampling.fraction.push_back(place - first);
  }
  return sampling;
}

/// Bilinear sampling at i (in - 1) / (out - 1): the outermost outputs are the outermost inputs.
inline Sampling corner_to_corner_sampling(int in, int out) {
  Sampling sampling;
  for (int i = 0; i < out; ++i) {
    const double place = out > 1 ? static_cast<double>(i) * (in - 1) / (out - 1) : 0;
    const int first = std::clamp(static_cast<int>(place), 0, std::max(in - 2, 0));
    sampling.first.push_back(first);
    sampling.fraction.push_back(place - first);
  }
  return sampling;
}

/// The taps that filter with `line` where `sampling` samples, and nowhere else.
template <class T> FilterTaps<T> taps_of(const Line& line, const Sampling& sampling) {
  const auto& w = line.weights;
  const bool between =
      std::any_of(sampling.fraction.begin(), sampling.fraction.end(), [](double f) { return f != 0; });
  FilterTaps<T> taps;
  taps.count = static_cast<int>(w.size()) + (between ? 1 : 0);
  taps.weights.reserve(sampling.first.size() * static_cast<std::size_t>(taps.count));
  for (std::size_t i = 0; i < sampling.first.size(); ++i) {
    const double f = sampling.fraction[i];
    taps.first.push_back(sampling.first[i] + line.offset);
    taps.weights.push_back(static_cast<T>((1 - f) * w.front()));
    for (std::size_t k = 1; k < w.size(); ++k)
      taps.weights.push_back(static_cast<T>((1 - f) * w[k] + f * w[k - 1]));
    if (between) taps.weights.push_back(static_cast<T>(f * w.back()));
  }
  return taps;
}

/// x {n,h,w,c} resized bilinearly to height x width, without antialiasing.
template <Expression X> auto resized(const X& x, int height, int width) {
  using T = value_t<X>;
  const Extents e = x.extents();
  return filtered(x, SeparableFilter<T>{{{taps_of<T>(Line{}, bilinear_sampling(e.h, height)),
                                          taps_of<T>(Line{}, bilinear_sampling(e.w, width))}}});
}
/// The same where the corners of the image stay corners.
template <Expression X> auto resized_corner_to_corner(const X& x, int height, int width) {
  using T = value_t<X>;
  const Extents e = x.extents();
  return filtered(x, SeparableFilter<T>{{{taps_of<T>(Line{}, corner_to_corner_sampling(e.h, height)),
                                          taps_of<T>(Line{}, corner_to_corner_sampling(e.w, width))}}});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
