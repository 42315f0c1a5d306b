#ifndef RFPP_EXPR_INVERTED_RESIDUAL_HPP
#define RFPP_EXPR_INVERTED_RESIDUAL_HPP

#include "rfpp/expr/depthwise.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A convolution to many channels, ReLU, a depthwise 3x3 convolution padded by 1, ReLU, and a 1x1 convolution
/// to few, in one: {n,h,w,in} to {n,ceil(h'/stride),ceil(w'/stride),out}, {n,h',w',wide} being what the first
/// makes. Where the wide maps between them are large, an executor that offers this need not write them to
/// memory. Biases are in, but for the last one, which the epilogue adds.
template <class T> struct InvertedResidualCore {
  using value = T;
  Tensor<T> x;
  ConvolutionGeometry geometry;  // of the first
  Filter<T> expand;
  Tensor<T> expand_bias;
  int stride;
  Tensor<T> depthwise;  // {wide,3,3,1}
  Tensor<T> depthwise_bias;
  Filter<T> project;  // {out,1,1,wide}

  int wide() const { return depthwise.extents().n; }
  Extents wide_extents() const {
    return detail::convolution_extents(geometry, x.extents(), expand.extents());
  }
  Extents extents() const {
    const Extents e = wide_extents();
    if (e.c != wide() || project.extents().c != wide())
      throw Error("inverted residual: filters " + to_string(expand.extents()) + ", " +
                  to_string(depthwise.extents()) + ", " + to_string(project.extents()));
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

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
