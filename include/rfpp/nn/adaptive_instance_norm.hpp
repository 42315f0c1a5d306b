#ifndef RFPP_NN_ADAPTIVE_INSTANCE_NORM_HPP
#define RFPP_NN_ADAPTIVE_INSTANCE_NORM_HPP

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/remap.hpp"
#include "rfpp/expr/statistics.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// x {n,h,w,c} with the mean and the standard deviation of every channel of `style` {n,h,w,c}, image by image
/// (Huang & Belongie 2017, arXiv 1703.06868; variances over h * w - 1, epsilon 1e-5).
template <class T> Tensor<T> adaptive_instance_norm(auto& ex, const Tensor<T>& x, const Tensor<T>& style) {
  const Extents e = x.extents();
  const double n = static_cast<double>(e.h) * e.w, epsilon = 1e-5 * (n - 1) / n;  // moments are over n
  const Tensor<T> own = eval(ex, moments(x, e.c, epsilon)), other = eval(ex, moments(style, e.c, epsilon));
  const Tensor<T> scale = eval(ex, group_row(own, 1, 1) / group_row(other, 1, 1));
  return eval(ex, (x - group_row(own, 0, 1)) * scale + group_row(other, 0, 1));
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
