#ifndef RFPP_TESTS_CPU_FUSION_CONVOLUTION_HPP
#define RFPP_TESTS_CPU_FUSION_CONVOLUTION_HPP

#include "cpu/fusion.hpp"

namespace rfpp::test {

template <class T> struct ConvolutionOf {
  ConvolutionGeometry geometry;
  Filter<T> filter;

  ConvolutionOf(ConvolutionGeometry g, int in, int out)
      : geometry(g), filter(Extents{out, g.kernel, g.kernel, in}) {
    filter.assign(random_tensor<T>(filter.extents(), 7));
  }
  std::string name() const {
    return "convolution(stride " + std::to_string(geometry.stride) + ", padding " +
           std::to_string(geometry.pad_before) + "+" + std::to_string(geometry.pad_after) + ", filter " +
           to_string(filter.extents()) + ")";
  }
  static Extents operand(Extents e) { return {e.n, 1, 1, 1}; }
  bool fits(Extents e) const {
    return e.c == filter.extents().c &&
           std::min(e.h, e.w) + geometry.pad_before + geometry.pad_after >= geometry.kernel;
  }
  template <class X> auto operator()(const X& x, const auto&) const {
    return anchor(ConvolutionCore<X>{geometry, x, filter});
  }
};

inline constexpr ConvolutionGeometry geometry_3x3{3, 1, 1, 1}, geometry_1x1{1, 1, 0, 0},
    geometry_downsample{3, 2, 0, 1}, geometry_4x4{4, 2, 1, 1};

inline int convolutions_seen = 0;

/// A sample of all geometries, sizes, channel counts (few of them whole vectors) and batches: every 17th, and
/// others each time, so that the combinations together see all of them.
template <class T, class F> void for_some_convolutions(F&& f) {
  for (int channels : {1, 3, 5, 16, 33, 64})
    for (int out : {1, 3, 5, 16, 33, 64})
      for (int batch : {1, 2, 3})
        for (const auto& [h, w] : {std::pair{1, 1}, {2, 3}, {7, 5}, {17, 13}})
          for (const auto& geometry : {geometry_3x3, geometry_1x1, geometry_downsample, geometry_4x4})
            if (++convolutions_seen % 17 == 0)
              f(ConvolutionOf<T>(geometry, channels, out), Extents{batch, h, w, channels});
}

/// Every prologue with every epilogue.
template <class T, class... Prologue, class... Epilogue>
void check_convolutions(std::tuple<Prologue...>, std::tuple<Epilogue...>) {
  auto check = [](auto prologue, auto epilogue) {
    for_some_convolutions<T>(
        [&](const auto& convolution, Extents e) { check_fused<T>(prologue, convolution, epilogue, e); });
  };
  auto check_prologue = [&](auto prologue) { (check(prologue, Epilogue{}), ...); };
  (check_prologue(Prologue{}), ...);
}

}  // namespace rfpp::test

#endif
