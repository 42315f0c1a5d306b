#ifndef RFPP_CUDA_KERNELS_HPP
#define RFPP_CUDA_KERNELS_HPP

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "rfpp/cuda/fours.hpp"

// Kernels as named functors over plans, one call for each element of the result. They compile for the host
// too, where tests run them.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// Writes elements of the result through an epilogue.
template <class T, class Epilogue> struct Emit {
  Epilogue epilogue;
  T* out;
  Extents extents;
  bool accumulate;
  bool by_eights = extents.c % 8 == 0 && is_aligned(out) && reads_fours(epilogue);
  Places places{extents};

  /// Calls for all elements, where each is for one element, or for eight.
  std::size_t count() const { return extents.size() / (by_eights ? 8 : 1); }
  /// Element i, whose accumulator is given.
  RFPP_HD void operator()(std::size_t i, const T* accumulator) const {
    int c = 0;
    Pixel q = places(i, c);
    q.accumulator = accumulator;
    q.accumulator_step = 0;
    const T value = epilogue.at(q)[c];
    out[i] = accumulate ? out[i] + value : value;
  }
  /// The elements from 8 * i on, where they are written by_eights; gives what they are.
  RFPP_HD Eight<T> eight(std::size_t i, const T* accumulators) const {
    int c = 0;
    Pixel q = places(8 * i, c);
    if (accumulators != nullptr) q.accumulator = accumulators - c;
    const auto cursor = epilogue.at(q);
    Eight<T> values{{read_four(cursor, c), read_four(cursor, c + 4)}};
    for (int half = 0; half < 2; ++half) {
      auto& to = reinterpret_cast<Four<T>*>(out)[2 * i + static_cast<std::size_t>(half)];
      Four<T>& value = values.halves[half];
      if (accumulate)
        for (int k = 0; k < 4; ++k) value.at[k] += to.at[k];
      to = value;
    }
    return values;
  }
};

template <class T, class P> struct MapKernel {
  Emit<T, P> emit;

  RFPP_HD void operator()(std::size_t i) const {
    if (emit.by_eights)
      emit.eight(i, nullptr);
    else
      emit(i, nullptr);
  }
};

/// Sets `failed` where element i is not finite.
struct FiniteKernel {
  const float* elements;
  int* failed;

  RFPP_HD void operator()(std::size_t i) const {
    const float v = elements[i];
    if (!(v < HUGE_VALF && v > -HUGE_VALF)) *failed = 1;
  }
};

/// The range of outputs that an input at `at` of an axis has a part in: for kernel element k the output is
/// (at + pad_before - k) / stride where that is a whole number in [0, outputs).
RFPP_HD inline bool output_of(int at, int k, const ConvolutionGeometry& g, int outputs, int& output) {
  const int from = at + g.pad_before - k;
  output = from / g.stride;
  return from >= 0 && from % g.stride == 0 && output < outputs;
}

/// One element of a convolution. A tap's products are summed in T, the taps in double.
template <class T, class X, class Epilogue> struct ConvolutionKernel {
  X x;
  Extents in;
  const T* filter;
  ConvolutionGeometry geometry;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int o = 0;
    const Pixel q = place_of(i, emit.extents, o);
    double sum = 0;
    for (int tap = 0; tap < geometry.kernel * geometry.kernel; ++tap) {
      const int h = q.h * geometry.stride - geometry.pad_before + tap / geometry.kernel;
      const int w = q.w * geometry.stride - geometry.pad_before + tap % geometry.kernel;
      if (h < 0 || h >= in.h || w < 0 || w >= in.w) continue;
      const auto cursor = x.at({q.n, h, w});
      const T* weights =
          filter + (static_cast<std::ptrdiff_t>(o) * geometry.kernel * geometry.kernel + tap) * in.c;
      T part = 0;
      for (int c = 0; c < in.c; ++c) part += cursor[c] * weights[c];
      sum += static_cast<double>(part);
    }
    const T accumulator = static_cast<T>(sum);
    emit(i, &accumulator);
  }
};

/// One element of a depthwise convolution, weight {c,kernel,kernel,1}.
template <class T, class X, class Epilogue> struct DepthwiseKernel {
  X x;
  Extents in;
  const T* weight;
  ConvolutionGeometry geometry;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, emit.extents, c);
    const int taps = geometry.kernel * geometry.kernel;
    T sum = 0;
    for (int tap = 0; tap < taps; ++tap) {
      const int h = q.h * geometry.stride - geometry.pad_before + tap / geometry.kernel;
      const int w = q.w * geometry.stride - geometry.pad_before + tap % geometry.kernel;
      if (h < 0 || h >= in.h || w < 0 || w >= in.w) continue;
      sum += x.at({q.n, h, w})[c] * weight[static_cast<std::ptrdiff_t>(c) * taps + tap];
    }
    emit(i, &sum);
  }
};

/// One element of the gradient of a convolution's input; `out` are the extents of the gradient given.
template <class T, class G, class Epilogue> struct DataGradientKernel {
  G gradient;
  Extents out;
  const T* filter;
  ConvolutionGeometry geometry;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0, h = 0, w = 0;
    const Pixel q = place_of(i, emit.extents, c);
    const int taps = geometry.kernel * geometry.kernel;
    double sum = 0;
    for (int tap = 0; tap < taps; ++tap) {
      if (!output_of(q.h, tap / geometry.kernel, geometry, out.h, h)) continue;
      if (!output_of(q.w, tap % geometry.kernel, geometry, out.w, w)) continue;
      const auto cursor = gradient.at({q.n, h, w});
      T part = 0;
      for (int o = 0; o < out.c; ++o)
        part += cursor[o] * filter[(static_cast<std::ptrdiff_t>(o) * taps + tap) * emit.extents.c + c];
      sum += static_cast<double>(part);
    }
    const T accumulator = static_cast<T>(sum);
    emit(i, &accumulator);
  }
};

/// What pixel k of a convolution's output adds to element j of its filter's gradient.
template <class T, class X, class G> struct FilterGradientItem {
  X x;
  G gradient;
  Extents in, out, filter;
  ConvolutionGeometry geometry;

  RFPP_HD double operator()(std::size_t j, std::size_t k) const {
    int c = 0, none = 0;
    const Pixel f = place_of(j, filter, c), q = place_of(k, {out.n, out.h, out.w, 1}, none);
    const int h = q.h * geometry.stride - geometry.pad_before + f.h;
    const int w = q.w * geometry.stride - geometry.pad_before + f.w;
    if (h < 0 || h >= in.h || w < 0 || w >= in.w) return 0;
    return static_cast<double>(x.at({q.n, h, w})[c]) * static_cast<double>(gradient.at(q)[f.n]);
  }
};

/// One element of a matrix product, summed in T 256 products at a time.
template <class T, class A, class B, class Epilogue> struct MatmulKernel {
  A a;
  B b;
  bool transpose_a, transpose_b;
  int depth;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int column = 0;
    const Pixel q = place_of(i, emit.extents, column);
    double sum = 0;
    T part = 0;
    for (int k = 0; k < depth; ++k) {
      const T left = transpose_a ? a.at({q.n, 0, k})[q.w] : a.at({q.n, 0, q.w})[k];
      const T right = transpose_b ? b.at({q.n, 0, column})[k] : b.at({q.n, 0, k})[column];
      part += left * right;
      if (k % 256 != 255 && k != depth - 1) continue;
      sum += static_cast<double>(part);
      part = 0;
    }
    const T accumulator = static_cast<T>(sum);
    emit(i, &accumulator);
  }
};

/// Element i of a table takes what the rows that belong to its entry have, in their order.
template <class T> struct ScatterRowsKernel {
  T* table;
  const int* index;
  const T* rows;
  std::size_t count;
  int width;

  RFPP_HD void operator()(std::size_t i) const {
    const auto w = static_cast<std::size_t>(width);
    T sum = table[i];
    for (std::size_t row = 0; row < count; ++row)
      if (static_cast<std::size_t>(index[row]) == i / w) sum += rows[row * w + i % w];
    table[i] = sum;
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
