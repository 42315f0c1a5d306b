#ifndef RFPP_EXPR_ANCHOR_HPP
#define RFPP_EXPR_ANCHOR_HPP

#include <cmath>
#include <string>
#include <utility>

#include "rfpp/core/filter.hpp"
#include "rfpp/expr/view.hpp"

// Anchors: the operations that contract something. Each has a core (what is contracted, with its operand
// expressions: the prologues) and an epilogue, a pointwise tree over one Accumulator leaf.

namespace rfpp {
inline namespace RFPP_ABI {

/// A square kernel; rows and columns are padded alike. Padding is zero and applies after the prologue.
struct ConvolutionGeometry {
  int kernel, stride, pad_before, pad_after;

  constexpr int output(int extent) const { return (extent + pad_before + pad_after - kernel) / stride + 1; }
};

// Extents of anchors, of those of their operands. Not in the nodes, whose types are many.
namespace detail {
inline Extents anchor_extents(Extents core, Extents epilogue) {
  if (!(broadcast(core, epilogue, "epilogue") == core))
    throw Error("epilogue " + to_string(epilogue) + " is larger than its anchor " + to_string(core));
  return core;
}
inline Extents convolution_extents(const ConvolutionGeometry& geometry, Extents e, Extents filter) {
  if (e.c != filter.c)
    throw Error("convolution: input " + to_string(e) + " has " + std::to_string(e.c) +
                " channels, the filter " + to_string(filter) + " expects " + std::to_string(filter.c));
  if (e.h + geometry.pad_before + geometry.pad_after < geometry.kernel ||
      e.w + geometry.pad_before + geometry.pad_after < geometry.kernel)
    throw Error("convolution: input " + to_string(e) + " is smaller than the kernel of " +
                std::to_string(geometry.kernel));
  return {e.n, geometry.output(e.h), geometry.output(e.w), filter.n};
}
inline Extents matmul_extents(Extents a, Extents b, bool transpose_a, bool transpose_b) {
  if ((transpose_a ? a.w : a.c) != (transpose_b ? b.c : b.w) || a.n != b.n || a.h != 1 || b.h != 1)
    throw Error("matmul: " + to_string(a) + (transpose_a ? " transposed" : "") + " with " + to_string(b) +
                (transpose_b ? " transposed" : ""));
  return {a.n, 1, transpose_a ? a.c : a.w, transpose_b ? b.w : b.c};
}
}  // namespace detail

template <class Core, class Epilogue> struct Anchor {
  using node_tag = void;
  using value = typename Core::value;
  using core_type = Core;
  using epilogue_type = Epilogue;
  Core core;
  Epilogue epilogue;

  Extents extents() const { return detail::anchor_extents(core.extents(), epilogue.extents()); }
};

template <class Core> auto anchor(Core core) {
  return Anchor<Core, Accumulator<typename Core::value>>{std::move(core), {}};
}

/// x {n,h,w,in} with filter {out,kernel,kernel,in}.
template <class X> struct ConvolutionCore {
  using value = typename X::value;
  ConvolutionGeometry geometry;
  X x;
  Filter<value> filter;

  Extents extents() const { return detail::convolution_extents(geometry, x.extents(), filter.extents()); }
};

template <class Core> constexpr bool is_convolution = false;
template <class X> constexpr bool is_convolution<ConvolutionCore<X>> = true;

/// The gradient of a convolution's input {as `shape`} from that of its output.
template <class G> struct ConvolutionDataGradientCore {
  using value = typename G::value;
  ConvolutionGeometry geometry;
  G gradient;
  Filter<value> filter;
  Extents shape;

  Extents extents() const { return shape; }
};

/// The gradient of a convolution's filter {as `shape`} from that of its output.
template <class X, class G> struct ConvolutionFilterGradientCore {
  using value = typename X::value;
  ConvolutionGeometry geometry;
  X x;
  G gradient;
  Extents shape;

  Extents extents() const { return shape; }
};

/// For every n, the matrix product of a {n,1,rows,columns} and b, either transposed first.
template <class A, class B> struct MatmulCore {
  using value = typename A::value;
  A a;
  B b;
  bool transpose_a = false, transpose_b = false;

  Extents extents() const {
    return detail::matmul_extents(a.extents(), b.extents(), transpose_a, transpose_b);
  }
};

/// Mean and 1 / sqrt(variance + epsilon) of every group of channels, of every image {n,2,1,groups} or of the
/// whole batch {1,2,1,groups}.
template <class X> struct MomentsCore {
  using value = typename X::value;
  X x;
  int groups;
  double epsilon;
  bool whole_batch = false;

  Extents extents() const {
    const Extents e = x.extents();
    if (groups < 1 || e.c % groups != 0)
      throw Error("moments: " + std::to_string(groups) + " groups do not divide the channels of " +
                  to_string(e));
    return {whole_batch ? 1 : e.n, 2, 1, groups};
  }
};

/// Folds all channels of a pixel into one ({n,h,w,1}), or everything into one element ({1,1,1,1}).
enum class Over { channels, all };
template <class Operation, class X> struct ReductionCore {
  using value = typename X::value;
  X x;
  Over over;

  Extents extents() const {
    const Extents e = x.extents();
    return over == Over::all ? Extents{} : Extents{e.n, e.h, e.w, 1};
  }
};
struct Sum {
  template <class T> RFPP_HD static T start() { return T(0); }
  template <class T> RFPP_HD static T join(T a, T b) { return a + b; }
};
struct Maximum {
  template <class T> RFPP_HD static T start() { return static_cast<T>(-HUGE_VAL); }
  /// A NaN on either side stays.
  template <class T> RFPP_HD static T join(T a, T b) {
    return ((b <= a) | (a != a)) ? a : b;  // NOLINT(misc-redundant-expression): a != a is a NaN
  }
};

/// For every pixel of x {n,h,w,c} the row of `table` {entries,1,1,c} at the least squared distance, the first
/// of equals: {n,h,w,1}. Evaluating it over a NaN throws.
template <class X> struct NearestCore {
  using value = int;
  X x;
  Tensor<typename X::value> table;

  Extents extents() const {
    const Extents e = x.extents(), t = table.extents();
    if (e.c != t.c || t.n < 1)
      throw Error("nearest: vectors of " + to_string(e) + " and table " + to_string(t));
    return {e.n, e.h, e.w, 1};
  }
};

/// The channel of the largest element of every pixel of x {n,h,w,c}, the first of equals: {n,h,w,1}.
/// Evaluating it over NaN or infinity throws.
template <class X> struct ArgmaxCore {
  using value = int;
  X x;

  Extents extents() const {
    const Extents e = x.extents();
    return {e.n, e.h, e.w, 1};
  }
};

template <Expression A, Expression B>
auto matmul(const A& a, const B& b, bool transpose_a = false, bool transpose_b = false) {
  return anchor(MatmulCore<operand_t<A>, operand_t<B>>{operand(a), operand(b), transpose_a, transpose_b});
}
template <Expression X> auto moments(const X& x, int groups, double epsilon) {
  return anchor(MomentsCore<operand_t<X>>{operand(x), groups, epsilon});
}
/// The moments of every channel over the whole batch: {1,2,1,c}.
template <Expression X> auto batch_moments(const X& x, double epsilon) {
  return anchor(MomentsCore<operand_t<X>>{operand(x), x.extents().c, epsilon, true});
}
template <class Operation, Expression X> auto reduce(const X& x, Over over) {
  return anchor(ReductionCore<Operation, operand_t<X>>{operand(x), over});
}
template <Expression X> auto nearest(const X& x, const Tensor<value_t<X>>& table) {
  return anchor(NearestCore<operand_t<X>>{operand(x), table});
}
template <Expression X> auto argmax(const X& x) { return anchor(ArgmaxCore<operand_t<X>>{operand(x)}); }

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
