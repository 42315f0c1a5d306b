#ifndef RFPP_EXPR_STATISTICS_HPP
#define RFPP_EXPR_STATISTICS_HPP

#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/remap.hpp"

// Group norm and softmax: the two lazy nodes over saved statistics. Each is one node of its own, so that its
// adjoint is the textbook two-pass form and not what the chain rule through the statistics would compute.

namespace rfpp {
inline namespace RFPP_ABI {

/// Group norm of x: x * a + b, where a and b {n,1,1,c} hold statistics {n,2,1,groups} (mean, 1/deviation),
/// weight and bias {1,1,1,c}. Where the statistics' n is 1, they are those of the whole batch: batch norm.
template <class X> struct Normalized {
  using node_tag = void;
  using value = typename X::value;
  X x;
  Tensor<value> statistics, a, b, weight, bias;

  Extents extents() const { return x.extents(); }
  auto plan() const { return plan_of(Map<Affine, X, Tensor<value>, Tensor<value>>{{}, {x, a, b}}); }
};

/// exp(x - maximum) / sum.
struct SoftmaxValue {
  static constexpr const char* name = "softmax";
  template <class T> RFPP_HD T operator()(T x, T maximum, T sum) const {
    return exponential(x - maximum) / sum;
  }
};
/// Softmax of x over its channels, given every pixel's maximum and sum {n,h,w,1}.
template <class X> struct Softmax {
  using node_tag = void;
  using value = typename X::value;
  X x;
  Tensor<value> maximum, sum;

  Extents extents() const { return x.extents(); }
  auto plan() const {
    return plan_of(Map<SoftmaxValue, X, Tensor<value>, Tensor<value>>{{}, {x, maximum, sum}});
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
