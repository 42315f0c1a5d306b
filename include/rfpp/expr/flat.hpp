#ifndef RFPP_EXPR_FLAT_HPP
#define RFPP_EXPR_FLAT_HPP

#include <tuple>

#include "rfpp/expr/random.hpp"

// Images have three channels, and a SIMD register more elements than that. Where neighboring pixels of every
// leaf lie side by side, a row of pixels can be evaluated as one pixel of many channels.

namespace rfpp {
inline namespace RFPP_ABI {

/// Whether a row of the expression, as part of a result of these extents, may be read as one pixel.
template <class E> bool is_flat(const E&, Extents) { return false; }
/// One channel would be repeated over all of a pixel's.
template <class T> bool is_flat(const Tensor<T>& t, Extents e) { return t.extents() == e && e.c > 1; }
template <class T> bool is_flat(const Normal<T>& r, Extents e) { return r.extents() == e; }
template <class T> bool is_flat(const Constant<T>&, Extents) { return true; }
template <class T> bool is_flat(const Accumulator<T>&, Extents) { return true; }
template <class A> bool is_flat(const Detached<A>& d, Extents e) { return is_flat(d.operand, e); }
template <class F, class... A> bool is_flat(const Map<F, A...>& m, Extents e) {
  return std::apply([&](const auto&... a) { return (is_flat(a, e) && ...); }, m.operands);
}

/// Every row as one pixel.
constexpr Extents flattened(Extents e) { return {e.n, e.h, 1, e.w * e.c}; }
template <class E> Extents flattened_if_flat(const E& e, Extents shape) {
  return is_flat(e, shape) ? flattened(shape) : shape;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
