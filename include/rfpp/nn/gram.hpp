#ifndef RFPP_NN_GRAM_HPP
#define RFPP_NN_GRAM_HPP

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The Gram matrices F^T F / (pixels * c) of feature maps as matrices f {n,1,pixels,c}: {n,1,c,c}. What
/// style losses compare (Gatys et al. 2016).
template <Expression F> auto gram(auto& ex, const F& f) {
  const Extents e = f.extents();
  return eval(ex, matmul(f, f, true, false) * (1 / (static_cast<double>(e.w) * e.c)));
}
/// {n,h,w,c} as {n,1,h*w,c}.
template <class T> Tensor<T> as_matrices(const Tensor<T>& t) {
  const Extents e = t.extents();
  return reshaped(t, {e.n, 1, e.h * e.w, e.c});
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
