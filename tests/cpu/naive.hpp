#ifndef RFPP_TESTS_CPU_NAIVE_HPP
#define RFPP_TESTS_CPU_NAIVE_HPP

#include <algorithm>
#include <cmath>
#include <limits>

#include "rfpp/expr/anchor.hpp"
#include "support.hpp"

// The anchors as plain loops in double. They read pointers and extents once: tests also run unoptimized, under
// sanitizers.

namespace rfpp::test {

template <class T> double element(const Tensor<T>& t, int n, int h, int w, int c) {
  const Extents e = t.extents();
  return static_cast<double>(t.data()[((static_cast<std::ptrdiff_t>(n) * e.h + h) * e.w + w) * e.c + c]);
}

/// `outside` is the value of the padding.
template <class T>
Tensor<double> naive_convolution(const ConvolutionGeometry& g, const Tensor<T>& x, const Tensor<T>& filter,
                                 double outside = 0) {
  const Extents e = x.extents(), f = filter.extents();
  const Extents out{e.n, g.output(e.h), g.output(e.w), f.n};
  auto y = Tensor<double>::uninitialized(out);
  double* at = y.data();
  const T *in = x.data(), *weights = filter.data();
  for (int n = 0; n < out.n; ++n)
    for (int h = 0; h < out.h; ++h)
      for (int w = 0; w < out.w; ++w)
        for (int o = 0; o < out.c; ++o) {
          double sum = 0;
          const T* weight = weights + static_cast<std::ptrdiff_t>(o) * g.kernel * g.kernel * e.c;
          for (int i = 0; i < g.kernel; ++i)
            for (int j = 0; j < g.kernel; ++j) {
              const int r = h * g.stride + i - g.pad_before, q = w * g.stride + j - g.pad_before;
              const bool inside = r >= 0 && r < e.h && q >= 0 && q < e.w;
              const T* pixel =
                  inside ? in + ((static_cast<std::ptrdiff_t>(n) * e.h + r) * e.w + q) * e.c : nullptr;
              for (int c = 0; c < e.c; ++c)
                sum += (inside ? static_cast<double>(pixel[c]) : outside) * static_cast<double>(*weight++);
            }
          *at++ = sum;
        }
  return y;
}

template <class T> Tensor<double> naive_matmul(const Tensor<T>& a, const Tensor<T>& b, bool ta, bool tb) {
  const Extents x = a.extents(), y = b.extents();
  const int rows = ta ? x.c : x.w, depth = ta ? x.w : x.c, columns = tb ? y.w : y.c;
  const std::ptrdiff_t row_of_a = ta ? 1 : x.c, step_of_a = ta ? x.c : 1;
  const std::ptrdiff_t column_of_b = tb ? y.c : 1, step_of_b = tb ? 1 : y.c;
  const T *left = a.data(), *right = b.data();
  auto out = Tensor<double>::uninitialized({x.n, 1, rows, columns});
  double* at = out.data();
  for (int n = 0; n < x.n; ++n)
    for (int i = 0; i < rows; ++i)
      for (int j = 0; j < columns; ++j) {
        double sum = 0;
        const T* row = left + static_cast<std::ptrdiff_t>(n) * rows * depth + i * row_of_a;
        const T* column = right + static_cast<std::ptrdiff_t>(n) * depth * columns + j * column_of_b;
        for (int k = 0; k < depth; ++k)
          sum += static_cast<double>(row[k * step_of_a]) * static_cast<double>(column[k * step_of_b]);
        *at++ = sum;
      }
  return out;
}

/// Two passes: the mean, then the deviations from it.
template <class T> Tensor<double> naive_moments(const Tensor<T>& x, int groups, double epsilon) {
  const Extents e = x.extents();
  const int per_group = e.c / groups;
  const T* in = x.data();
  Tensor<double> out({e.n, 2, 1, groups});
  auto over_group = [&](int n, int group, auto&& f) {
    double sum = 0;
    for (int h = 0; h < e.h; ++h)
      for (int w = 0; w < e.w; ++w) {
        const T* pixel = in + ((static_cast<std::ptrdiff_t>(n) * e.h + h) * e.w + w) * e.c;
        for (int c = group * per_group; c < (group + 1) * per_group; ++c)
          sum += f(static_cast<double>(pixel[c]));
      }
    return sum / (static_cast<double>(e.h) * e.w * per_group);
  };
  for (int n = 0; n < e.n; ++n)
    for (int g = 0; g < groups; ++g) {
      const double mean = over_group(n, g, [](double v) { return v; });
      const double variance = over_group(n, g, [&](double v) { return (v - mean) * (v - mean); });
      out.data()[2 * n * groups + g] = mean;
      out.data()[(2 * n + 1) * groups + g] = 1 / std::sqrt(variance + epsilon);
    }
  return out;
}

/// What reductions and moments are tried on.
inline const Extents shapes[] = {{1, 1, 1, 1},    {2, 2, 3, 3},     {3, 7, 5, 16},   {1, 17, 13, 33},
                                 {2, 40, 50, 24}, {1, 3, 2, 40000}, {1, 200, 180, 1}};
inline constexpr float infinity = std::numeric_limits<float>::infinity();

}  // namespace rfpp::test

#endif
