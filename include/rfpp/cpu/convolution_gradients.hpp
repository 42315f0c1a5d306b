#ifndef RFPP_CPU_CONVOLUTION_GRADIENTS_HPP
#define RFPP_CPU_CONVOLUTION_GRADIENTS_HPP

#include <Eigen/Core>

#include "rfpp/cpu/operand.hpp"
#include "rfpp/expr/anchor.hpp"

// The two gradients of a convolution as matrix products over one output row at a time: the patches under the
// row (im2col) times or from the filter {out,kernel,kernel,in}.

namespace rfpp::inline v0::cpu {

template <class T> using RowMajor = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
template <class T> using ConstMatrix = Eigen::Map<const RowMajor<T>>;
template <class T> using MutableMatrix = Eigen::Map<RowMajor<T>>;

/// f(offset of the input pixel or -1 outside, offset in the patch row) for every place under output row h.
template <class F>
void for_each_patch_pixel(const ConvolutionGeometry& g, Extents in, int out_w, int h, F&& f) {
  std::ptrdiff_t at = 0;
  for (int w = 0; w < out_w; ++w)
    for (int i = 0; i < g.kernel; ++i)
      for (int j = 0; j < g.kernel; ++j, at += in.c) {
        const int y = h * g.stride + i - g.pad_before, x = w * g.stride + j - g.pad_before;
        const bool inside = y >= 0 && y < in.h && x >= 0 && x < in.w;
        f(inside ? (static_cast<std::ptrdiff_t>(y) * in.w + x) * in.c : -1, at);
      }
}

/// Elements of scratch for either gradient: one image of both tensors, one row of patches, one filter.
inline std::size_t convolution_gradient_scratch(const ConvolutionGeometry& g, Extents in, Extents out) {
  const std::size_t depth = static_cast<std::size_t>(g.kernel * g.kernel) * static_cast<std::size_t>(in.c);
  return in.image_size() + out.image_size() +
         (static_cast<std::size_t>(out.w) + static_cast<std::size_t>(out.c)) * depth;
}

/// The gradient of the input: patches = gradient * filter, added up where they overlap.
template <class T>
void convolution_data_gradient(const ConvolutionGeometry& g, const Operand<T>& gradient,
                               const Tensor<T>& filter, const Emitter<T>& emitter, T* scratch) {
  const Extents in = emitter.extents, out = gradient.extents;
  const int depth = g.kernel * g.kernel * in.c;
  T* sums = scratch;
  T* staged = sums + in.image_size();
  T* patches = staged + out.image_size();
  const ConstMatrix<T> weights(filter.data(), out.c, depth);
  for (int n = 0; n < in.n; ++n) {
    std::fill_n(sums, in.image_size(), T(0));
    for (int h = 0; h < out.h; ++h) {
      MutableMatrix<T>(patches, out.w, depth).noalias() =
          ConstMatrix<T>(gradient.run({n, h, 0}, out.w, staged), out.w, out.c) * weights;
      for_each_patch_pixel(g, in, out.w, h, [&](std::ptrdiff_t pixel, std::ptrdiff_t at) {
        if (pixel < 0) return;
        for (int c = 0; c < in.c; ++c) sums[pixel + c] += patches[at + c];
      });
    }
    for (int h = 0; h < in.h; ++h)
      emitter.emit({n, h, 0}, in.w, sums + static_cast<std::ptrdiff_t>(h) * in.w * in.c, in.c);
  }
}

/// The gradient of the filter: gradient^T * patches, summed over rows and images in order.
template <class T>
void convolution_filter_gradient(const ConvolutionGeometry& g, const Operand<T>& x,
                                 const Operand<T>& gradient, const Emitter<T>& emitter, T* scratch) {
  const Extents in = x.extents, out = gradient.extents, filter = emitter.extents;
  const int depth = g.kernel * g.kernel * in.c;
  T* image = scratch;
  T* staged = image + in.image_size();
  T* patches = staged + out.image_size();
  T* sums = patches + static_cast<std::size_t>(out.w) * static_cast<std::size_t>(depth);
  std::fill_n(sums, filter.size(), T(0));
  for (int n = 0; n < in.n; ++n) {
    for (int h = 0; h < in.h; ++h)
      x.stage({n, h, 0}, in.w, image + static_cast<std::ptrdiff_t>(h) * in.w * in.c);
    for (int h = 0; h < out.h; ++h) {
      for_each_patch_pixel(g, in, out.w, h, [&](std::ptrdiff_t pixel, std::ptrdiff_t at) {
        for (int c = 0; c < in.c; ++c) patches[at + c] = pixel < 0 ? T(0) : image[pixel + c];
      });
      MutableMatrix<T>(sums, out.c, depth).noalias() +=
          ConstMatrix<T>(gradient.run({n, h, 0}, out.w, staged), out.w, out.c).transpose() *
          ConstMatrix<T>(patches, out.w, depth);
    }
  }
  for (int o = 0; o < filter.n; ++o)
    for (int h = 0; h < filter.h; ++h) {
      emitter.emit({o, h, 0}, filter.w, sums, filter.c);
      sums += filter.w * filter.c;
    }
}

}  // namespace rfpp::inline v0::cpu

#endif
