#ifndef RFPP_EXPR_INVERTED_RESIDUAL_HPP
#define RFPP_EXPR_INVERTED_RESIDUAL_HPP

#include "rfpp/expr/depthwise.hpp"

namespace rfpp::inline v0 {

/// A 1x1 convolution to more channels, ReLU, a depthwise 3x3 convolution padded by 1, ReLU, and a 1x1
/// convolution to few, in one: {n,h,w,in} to {n,ceil(h/stride),ceil(w/stride),out}. Where the wide maps
/// between them are large, an executor that offers this need not write them to memory. Biases are in, but for
/// the last one, which the epilogue adds.
template <class T> struct InvertedResidualCore {
  using value = T;
  Tensor<T> x;
  int stride;
  Filter<T> expand;  // {wide,1,1,in}; of no elements where the depthwise convolution reads x
  Tensor<T> expand_bias;
  Tensor<T> depthwise;  // {wide,3,3,1}
  Tensor<T> depthwise_bias;
  Filter<T> project;  // {out,1,1,wide}

  bool expands() const { return expand.extents().n > 0; }
  int wide() const { return depthwise.extents().n; }
  Extents extents() const {
    const Extents e = x.extents();
    const int read = expands() ? expand.extents().c : wide();
    if (e.c != read || project.extents().c != wide() || (expands() && expand.extents().n != wide()))
      throw Error("inverted residual: input " + to_string(e) + " and filters " + to_string(expand.extents()) +
                  ", " + to_string(depthwise.extents()) + ", " + to_string(project.extents()));
    return {e.n, (e.h - 1) / stride + 1, (e.w - 1) / stride + 1, project.extents().n};
  }
};
template <class T, class F> void core_leaves(const InvertedResidualCore<T>& c, F&& f) {
  f(c.x, false);
  f(c.expand_bias, false);
  f(c.depthwise, false);
  f(c.depthwise_bias, false);
  detail::filter_leaves(c.expand, f);
  detail::filter_leaves(c.project, f);
}

}  // namespace rfpp::inline v0

#endif
