#ifndef RFPP_EXPR_VIEW_HPP
#define RFPP_EXPR_VIEW_HPP

#include <cstddef>

#include "rfpp/expr/lanes.hpp"
#include "rfpp/expr/node.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The channels of one pixel; step 0 repeats one value. `next_row` is the distance to the same pixel one row
/// below: processors foresee runs of pixels, but not that kernels go on with the row below, so it is fetched
/// meanwhile.
template <class T> struct ViewCursor {
  const T* data;
  int step;
  std::ptrdiff_t next_row = 0;

  RFPP_HD T operator[](int c) const { return data[c * step]; }
  template <class V> V load(int c) const {
    __builtin_prefetch(data + c + next_row);
    return step == 0 ? splat<V>(*data) : load_lanes<V>(data + c);
  }
};

/// A tensor as kernels read it. An extent of 1 has stride 0: bias, per-image affine and residual share this
/// type.
template <class T> struct ViewPlan {
  const T* data;
  std::ptrdiff_t stride_n, stride_h, stride_w;
  int step;

  RFPP_HD ViewCursor<T> at(Pixel q) const {
    return {data + q.n * stride_n + q.h * stride_h + q.w * stride_w, step, stride_h};
  }
};

template <class T> ViewPlan<T> plan_of(const Tensor<T>& t) {
  if (!t.has_storage())
    throw Error("a tensor " + to_string(t.extents()) +
                " without storage is read: its parameter was never loaded");
  const Extents e = t.extents();
  auto stride = [](int extent, std::ptrdiff_t s) { return extent == 1 ? std::ptrdiff_t{0} : s; };
  const std::ptrdiff_t pixel = e.c, row = pixel * e.w, image = row * e.h;
  return {t.data(), stride(e.n, image), stride(e.h, row), stride(e.w, pixel), e.c == 1 ? 0 : 1};
}
template <class E> auto plan_of(const E& e) { return e.plan(); }
template <class E> using plan_t = decltype(plan_of(std::declval<const E&>()));

template <class T> struct ConstantCursor {
  T v;

  RFPP_HD T operator[](int) const { return v; }
  template <class V> V load(int) const { return splat<V>(v); }
};
template <class T> struct ConstantPlan {
  T v;

  RFPP_HD ConstantCursor<T> at(Pixel) const { return {v}; }
};
/// The same value everywhere.
template <class T> struct Constant {
  using node_tag = void;
  using value = T;
  T v;
  Extents shape;

  Extents extents() const { return shape; }
  ConstantPlan<T> plan() const { return {v}; }
};

template <class T> struct GatherPlan {
  const T* table;
  ViewPlan<int> index;
  int width;

  RFPP_HD ViewCursor<T> at(Pixel q) const {
    return {table + static_cast<std::ptrdiff_t>(index.at(q)[0]) * width, width == 1 ? 0 : 1};
  }
};
/// Rows of a table {entries,1,1,width} picked by an index {n,h,w,1}: {n,h,w,width}.
template <class T> struct Gather {
  using node_tag = void;
  using value = T;
  Tensor<T> table;
  Tensor<int> index;

  Extents extents() const {
    const Extents e = index.extents();
    return {e.n, e.h, e.w, table.extents().c};
  }
  GatherPlan<T> plan() const { return {plan_of(table).data, plan_of(index), table.extents().c}; }
};

template <class T> struct AccumulatorPlan {
  RFPP_HD ViewCursor<T> at(Pixel q) const {
    return {static_cast<const T*>(q.accumulator), q.accumulator_step};
  }
};
/// An anchor's result, inside the anchor's own epilogue.
template <class T> struct Accumulator {
  using node_tag = void;
  using value = T;

  Extents extents() const { return {}; }
  AccumulatorPlan<T> plan() const { return {}; }
};

/// The same values, through which no gradient flows.
template <class A> struct Detached {
  using node_tag = void;
  using value = typename A::value;
  A operand;

  Extents extents() const { return operand.extents(); }
  auto plan() const { return plan_of(operand); }
};
template <Expression A> auto detach(const A& a) {
  return tag<channels_of<A>>(Detached<operand_t<A>>{operand(a)});
}

/// The storage that is attached to what is read, where that is a tensor.
template <class X> Storage attached_to(const X&) { return {}; }
template <class T> Storage attached_to(const Tensor<T>& x) { return x.storage.attached(); }
template <class A> Storage attached_to(const Detached<A>& x) { return attached_to(x.operand); }

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
