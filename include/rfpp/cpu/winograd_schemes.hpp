#ifndef RFPP_CPU_WINOGRAD_SCHEMES_HPP
#define RFPP_CPU_WINOGRAD_SCHEMES_HPP

#include "rfpp/cpu/packing.hpp"

// Minimal filtering (Winograd 1980; Lavin & Gray, arXiv 1509.09308) of 3x3 kernels, in one dimension; two
// dimensions nest it. A scheme tells of one tile
//   step                  distance between the inputs of neighboring tiles
//   inputs                elements read, the first at tile * step - 1
//   products              multiplications; number i is of transformed input source[i] and row i of filter * g
//   outputs, first_output elements made, the first at tile * outputs + first_output
// and its two transforms, for scalars or lanes.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// Points 0, 1, -1, infinity.
struct WinogradF2 {
  static constexpr Packing::Kind kind = CpuPacking::winograd_f2;
  static constexpr int step = 2, inputs = 4, products = 4, outputs = 2, first_output = 0;
  static constexpr bool upsamples = false;
  static constexpr int source[] = {0, 1, 2, 3};
  static constexpr double filter[][3] = {{1, 0, 0}, {.5, .5, .5}, {.5, -.5, .5}, {0, 0, 1}};

  template <class V> static void transform_input(const V* d, V* v) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[1] - d[3];
  }
  template <class V> static void transform_output(const V* q, V* y) {
    y[0] = q[0] + q[1] + q[2];
    y[1] = q[1] - q[2] - q[3];
  }
};

/// Points 0, +-sqrt(1/2), +-sqrt(2), infinity: a third of the rounding error of 0, +-1, +-2.
struct WinogradF4 {
  static constexpr Packing::Kind kind = CpuPacking::winograd_f4;
  static constexpr int step = 4, inputs = 6, products = 6, outputs = 4, first_output = 0;
  static constexpr bool upsamples = false;
  static constexpr int source[] = {0, 1, 2, 3, 4, 5};
  static constexpr double p = 0.70710678118654752440, q = 1.41421356237309504880;
  static constexpr double filter[][3] = {{1, 0, 0},
                                         {-2. / 3, -p * 2 / 3, -1. / 3},
                                         {-2. / 3, p * 2 / 3, -1. / 3},
                                         {1. / 6, q / 6, 1. / 3},
                                         {1. / 6, -q / 6, 1. / 3},
                                         {0, 0, 1}};

  template <class V> static void transform_input(const V* d, V* v) {
    constexpr float s = static_cast<float>(p), r = static_cast<float>(q);
    const V a = d[4] - 2.f * d[2], b = s * (d[3] - 2.f * d[1]);
    const V e = d[4] - .5f * d[2], f = r * (d[3] - .5f * d[1]);
    v[0] = d[0] - 2.5f * d[2] + d[4];
    v[1] = a + b;
    v[2] = a - b;
    v[3] = e + f;
    v[4] = e - f;
    v[5] = d[1] - 2.5f * d[3] + d[5];
  }
  template <class V> static void transform_output(const V* x, V* y) {
    constexpr float s = static_cast<float>(p), r = static_cast<float>(q);
    const V a = x[1] + x[2], b = s * (x[1] - x[2]), e = x[3] + x[4], f = r * (x[3] - x[4]);
    y[0] = x[0] + a + e;
    y[1] = b + f;
    y[2] = .5f * a + 2.f * e;
    y[3] = .5f * b + 2.f * f + x[5];
  }
  /// The adjoint of transform_output.
  template <class V> static void transform_gradient(const V* g, V* x) {
    constexpr float s = static_cast<float>(p), r = static_cast<float>(q);
    const V a = g[0] + .5f * g[2], b = s * (g[1] + .5f * g[3]), e = g[0] + 2.f * g[2],
            f = r * (g[1] + 2.f * g[3]);
    x[0] = g[0];
    x[1] = a + b;
    x[2] = a - b;
    x[3] = e + f;
    x[4] = e - f;
    x[5] = g[3];
  }
};

/// Points 0, +-1, +-2, +-1/2, infinity.
struct WinogradF6 {
  static constexpr Packing::Kind kind = CpuPacking::winograd_f6;
  static constexpr int step = 6, inputs = 8, products = 8, outputs = 6, first_output = 0;
  static constexpr bool upsamples = false;
  static constexpr int source[] = {0, 1, 2, 3, 4, 5, 6, 7};
  static constexpr double filter[][3] = {{1, 0, 0},
                                         {-2. / 9, -2. / 9, -2. / 9},
                                         {-2. / 9, 2. / 9, -2. / 9},
                                         {1. / 90, 1. / 45, 2. / 45},
                                         {1. / 90, -1. / 45, 2. / 45},
                                         {32. / 45, 16. / 45, 8. / 45},
                                         {32. / 45, -16. / 45, 8. / 45},
                                         {0, 0, 1}};

  template <class V> static void transform_input(const V* d, V* v) {
    v[0] = (d[0] - d[6]) + 5.25f * (d[4] - d[2]);
    v[7] = (d[7] - d[1]) + 5.25f * (d[3] - d[5]);
    V a = d[2] + d[6] - 4.25f * d[4], b = d[1] + d[5] - 4.25f * d[3];
    v[1] = a + b;
    v[2] = a - b;
    a = .25f * d[2] - 1.25f * d[4] + d[6];
    b = .5f * d[1] - 2.5f * d[3] + 2.f * d[5];
    v[3] = a + b;
    v[4] = a - b;
    a = 4.f * d[2] - 5.f * d[4] + d[6];
    b = 2.f * d[1] - 2.5f * d[3] + .5f * d[5];
    v[5] = a + b;
    v[6] = a - b;
  }
  template <class V> static void transform_output(const V* q, V* y) {
    const V a = q[1] + q[2], b = q[1] - q[2], c = q[3] + q[4], d = q[3] - q[4], e = q[5] + q[6],
            f = q[5] - q[6];
    y[0] = q[0] + a + c + e;
    y[1] = b + 2.f * d + .5f * f;
    y[2] = a + 4.f * c + .25f * e;
    y[3] = b + 8.f * d + .125f * f;
    y[4] = a + 16.f * c + .0625f * e;
    y[5] = b + 32.f * d + .03125f * f + q[7];
  }
};

// Of an image x upsampled to twice its size, outputs 2i and 2i+1 are w0 x[i-1] + (w1 + w2) x[i] and
// (w0 + w1) x[i] + w2 x[i+1]: two kernels of two over the image itself. Both share the transformed inputs,
// and at point 1 the filter too.

/// Points 0, 1, infinity.
struct UpsampleF2 {
  static constexpr Packing::Kind kind = CpuPacking::upsample_f2;
  static constexpr int step = 2, inputs = 3, products = 5, outputs = 4, first_output = -1;
  static constexpr bool upsamples = true;
  static constexpr int source[] = {0, 0, 1, 2, 2};
  static constexpr double filter[][3] = {{1, 0, 0}, {1, 1, 0}, {1, 1, 1}, {0, 1, 1}, {0, 0, 1}};

  template <class V> static void transform_input(const V* d, V* v) {
    v[0] = d[0] - d[1];
    v[1] = d[1];
    v[2] = d[2] - d[1];
  }
  template <class V> static void transform_output(const V* q, V* y) {
    y[0] = q[1] + q[2];
    y[1] = q[0] + q[2];
    y[2] = q[2] + q[4];
    y[3] = q[2] + q[3];
  }
};

/// Points 0, 1, -1, infinity.
struct UpsampleF3 {
  static constexpr Packing::Kind kind = CpuPacking::upsample_f3;
  static constexpr int step = 3, inputs = 4, products = 7, outputs = 6, first_output = -1;
  static constexpr bool upsamples = true;
  static constexpr int source[] = {0, 0, 1, 2, 2, 3, 3};
  static constexpr double filter[][3] = {{1, 0, 0},     {1, 1, 0}, {.5, .5, .5}, {.5, -.5, -.5},
                                         {.5, .5, -.5}, {0, 1, 1}, {0, 0, 1}};

  template <class V> static void transform_input(const V* d, V* v) {
    v[0] = d[0] - d[2];
    v[1] = d[1] + d[2];
    v[2] = d[2] - d[1];
    v[3] = d[3] - d[1];
  }
  template <class V> static void transform_output(const V* q, V* y) {
    y[0] = q[1] + q[2] + q[4];
    y[1] = q[0] + q[2] + q[3];
    y[2] = q[2] - q[4];
    y[3] = q[2] - q[3];
    y[4] = q[2] + q[4] + q[6];
    y[5] = q[2] + q[3] + q[5];
  }
};

/// f(scheme) for the scheme of a packing; false where it is not one of these.
template <class F> bool with_scheme(Packing::Kind kind, F&& f) {
  const auto try_scheme = [&](auto scheme) { return kind == scheme.kind && (f(scheme), true); };
  return try_scheme(WinogradF2{}) || try_scheme(WinogradF4{}) || try_scheme(WinogradF6{}) ||
         try_scheme(UpsampleF2{}) || try_scheme(UpsampleF3{});
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
