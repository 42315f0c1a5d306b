#ifndef RFPP_EXPR_LEAVES_HPP
#define RFPP_EXPR_LEAVES_HPP

#include <tuple>

#include "rfpp/expr/statistics.hpp"

// leaves(e, f) calls f(tensor, pointwise) for every tensor that evaluating e reads; pointwise says that an
// element of the result reads it at its own place only. A visitor with a member `gradients_only` sees just
// those through which gradients flow.

namespace rfpp {
inline namespace RFPP_ABI {

template <class F> constexpr bool visits_gradients_only = requires {
  std::remove_cvref_t<F>::gradients_only;
};

template <class T, class F> void leaves(const Tensor<T>& t, F&& f, bool pointwise = true) { f(t, pointwise); }
template <class T, class F> void leaves(const Accumulator<T>&, F&&, bool = true) {}
template <class T, class F> void leaves(const Constant<T>&, F&&, bool = true) {}
template <class T, class F> void leaves(const Gather<T>& g, F&& f, bool = true) {
  f(g.table, false);
  f(g.index, false);
}
template <class A, class F> void leaves(const Detached<A>& d, F&& f, bool pointwise = true);
template <class X, class F> void leaves(const Normalized<X>& m, F&& f, bool pointwise = true);
template <class X, class F> void leaves(const Softmax<X>& s, F&& f, bool pointwise = true);
template <class R, class A, class F> void leaves(const Remap<R, A>& r, F&& f, bool = true);
template <class R, class G, class F> void leaves(const RemapAdjoint<R, G>& r, F&& f, bool = true);
template <class Fn, class... A, class F> void leaves(const Map<Fn, A...>& m, F&& f, bool pointwise = true);

template <class A, class F> void leaves(const Detached<A>& d, F&& f, bool pointwise) {
  if constexpr (!visits_gradients_only<F>) leaves(d.operand, f, pointwise);
}
template <class X, class F> void leaves(const Normalized<X>& m, F&& f, bool pointwise) {
  leaves(m.x, f, pointwise);
  if constexpr (visits_gradients_only<F>) {
    f(m.weight, pointwise);
    f(m.bias, pointwise);
  } else {
    f(m.a, pointwise);
    f(m.b, pointwise);
  }
}
template <class X, class F> void leaves(const Softmax<X>& s, F&& f, bool pointwise) {
  leaves(s.x, f, pointwise);
  if constexpr (!visits_gradients_only<F>) {
    f(s.maximum, pointwise);
    f(s.sum, pointwise);
  }
}
template <class R, class A, class F> void leaves(const Remap<R, A>& r, F&& f, bool) {
  leaves(r.operand, f, false);
}
template <class R, class G, class F> void leaves(const RemapAdjoint<R, G>& r, F&& f, bool) {
  leaves(r.gradient, f, false);
}
template <class Fn, class... A, class F> void leaves(const Map<Fn, A...>& m, F&& f, bool pointwise) {
  std::apply([&](const auto&... a) { (leaves(a, f, pointwise), ...); }, m.operands);
}

namespace detail {
template <class T, class F> void filter_leaves(const Filter<T>& filter, F&& f) {
  if (filter.has_raw()) f(filter.raw(), false);
}
}  // namespace detail

template <class X, class F> void core_leaves(const ConvolutionCore<X>& c, F&& f) {
  leaves(c.x, f, false);
  detail::filter_leaves(c.filter, f);
}
template <class G, class F> void core_leaves(const ConvolutionDataGradientCore<G>& c, F&& f) {
  leaves(c.gradient, f, false);
  detail::filter_leaves(c.filter, f);
}
template <class X, class G, class F> void core_leaves(const ConvolutionFilterGradientCore<X, G>& c, F&& f) {
  leaves(c.x, f, false);
  leaves(c.gradient, f, false);
}
template <class A, class B, class F> void core_leaves(const MatmulCore<A, B>& c, F&& f) {
  leaves(c.a, f, false);
  leaves(c.b, f, false);
}
template <class X, class F> void core_leaves(const MomentsCore<X>& c, F&& f) { leaves(c.x, f, false); }
template <class Operation, class X, class F> void core_leaves(const ReductionCore<Operation, X>& c, F&& f) {
  leaves(c.x, f, false);
}
template <class X, class F> void core_leaves(const NearestCore<X>& c, F&& f) {
  leaves(c.x, f, false);
  f(c.table, false);
}
template <class X, class F> void core_leaves(const ArgmaxCore<X>& c, F&& f) { leaves(c.x, f, false); }
template <class Core, class Epilogue, class F>
void leaves(const Anchor<Core, Epilogue>& a, F&& f, bool = true) {
  core_leaves(a.core, f);
  leaves(a.epilogue, f, true);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
