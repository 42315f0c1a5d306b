#ifndef RFPP_TRAIN_GRADIENTS_HPP
#define RFPP_TRAIN_GRADIENTS_HPP

#include <optional>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/deformable.hpp"
#include "rfpp/expr/depthwise.hpp"
#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/random.hpp"
#include "rfpp/expr/separable_filter.hpp"

// The adjoint of every node kind. push(back, e, g) adds the cotangent g of expression e to the gradients of
// the tensors that e reads; g is an expression too, evaluated by the same executor as everything else.

namespace rfpp {
inline namespace RFPP_ABI {

/// Which storages gradients are wanted for.
using TensorSet = std::unordered_set<const Block*>;

/// Gradients by the storage of the tensor they belong to.
class Gradients {
 public:
  bool has(const Block* id) const { return map_.count(id) != 0; }
  /// Nothing where no gradient reached the tensor. Its extents are those of the first handle that was read.
  template <class T> std::optional<Tensor<T>> find(const Tensor<T>& t) const {
    const auto found = map_.find(t.id());
    if (found == map_.end()) return std::nullopt;
    return Tensor<T>(found->second.storage, found->second.shape);
  }
  /// Throws Error where no gradient reached the tensor.
  template <class T> Tensor<T> of(const Tensor<T>& t) const {
    if (const auto g = find(t)) return reshaped(*g, t.extents());
    throw Error("no gradient reached the tensor " + to_string(t.extents()));
  }
  void put(const Block* id, AnyTensor gradient) { map_[id] = std::move(gradient); }
  void drop(const Block* id) { map_.erase(id); }

 private:
  std::unordered_map<const Block*, AnyTensor> map_;  // the tape's records keep the storages alive
};

namespace detail {

template <class Ex> struct Back {
  Ex& ex;
  Gradients& gradients;
  const TensorSet& wanted;
};

struct NoExecutor {};

struct ReadsAny {
  static constexpr bool gradients_only = true;
  const TensorSet& set;
  bool found = false;
  void operator()(const auto& t, bool) { found = found || set.count(t.id()) != 0; }
};
struct AddReads {
  static constexpr bool gradients_only = true;
  TensorSet& set;
  void operator()(const auto& t, bool) { set.insert(t.id()); }
};
/// Whether gradients flow from e into a tensor of the set.
template <class E> bool reads_any(const E& e, const TensorSet& set) {
  ReadsAny visitor{set};
  leaves(e, visitor);
  return visitor.found;
}

template <class Ex, class T> Tensor<T> zeros(Ex& ex, Extents e) {
  auto t = ex.template tensor<T>(e);
  ex.run(t, Constant<T>{T(0), e});
  return t;
}

/// gradient of leaf += g, summed over the extents in which the leaf was broadcast.
template <class Ex, class T, class G> void push(Back<Ex>& b, const Tensor<T>& leaf, const G& g) {
  if (b.wanted.count(leaf.id()) == 0) return;
  const bool reduced = !(g.extents() == leaf.extents());
  std::optional<Tensor<T>> present = b.gradients.find(leaf);
  if (!present) {
    if constexpr (is_tensor<G>)
      if (!reduced) return b.gradients.put(leaf.id(), g);  // shares the storage; copied before it is written
    Tensor<T> fresh = reduced ? zeros<Ex, T>(b.ex, leaf.extents()) : b.ex.template tensor<T>(leaf.extents());
    if (reduced)
      b.ex.add_reduced(fresh, g);
    else
      b.ex.run(fresh, g);
    return b.gradients.put(leaf.id(), std::move(fresh));
  }
  Tensor<T> sum = reshaped(*present, leaf.extents());
  present.reset();  // no holder that does not count
  if (sum.storage.shared()) {
    b.gradients.drop(leaf.id());
    if (sum.storage.shared()) {
      auto own = b.ex.template tensor<T>(leaf.extents());
      b.ex.run(own, sum);
      sum = std::move(own);
    }
    b.gradients.put(leaf.id(), sum);
  }
  if (reduced)
    b.ex.add_reduced(sum, g);
  else
    b.ex.run(sum, g, true);
}

template <class Ex, class T, class G> void push(Back<Ex>&, const Accumulator<T>&, const G&) {}
template <class Ex, class T, class G> void push(Back<Ex>&, const Constant<T>&, const G&) {}
template <class Ex, class A, class G> void push(Back<Ex>&, const Detached<A>&, const G&) {}
template <class Ex, class T, class G> void push(Back<Ex>&, const Normal<T>&, const G&) {}
template <class Ex, class T, class G> void push(Back<Ex>& b, const Gather<T>& x, const G& g) {
  if (b.wanted.count(x.table.id()) == 0) return;
  const Tensor<T> rows = eval(b.ex, g);
  if (!b.gradients.has(x.table.id())) b.gradients.put(x.table.id(), zeros<Ex, T>(b.ex, x.table.extents()));
  b.ex.scatter_rows(b.gradients.of(x.table), x.index, rows);
}
template <class Ex, class R, class A, class G> void push(Back<Ex>& b, const Remap<R, A>& r, const G& g);
template <class Ex, class X, class G> void push(Back<Ex>& b, const Normalized<X>& m, const G& g);
template <class Ex, class X, class G> void push(Back<Ex>& b, const Softmax<X>& s, const G& g);
template <class Ex, class F, class... A, class G> void push(Back<Ex>& b, const Map<F, A...>& m, const G& g);

template <class Ex, class R, class A, class G> void push(Back<Ex>& b, const Remap<R, A>& r, const G& g) {
  if (!(r.extents() == g.extents())) {  // the remap was broadcast
    auto sum = zeros<Ex, typename A::value>(b.ex, r.extents());
    b.ex.add_reduced(sum, g);
    return push(b, r, sum);
  }
  push(b, r.operand, RemapAdjoint<R, G>{r.rule, g, r.operand.extents()});
}

/// Every operand's channels of the cotangent.
template <int I, class Ex, class... A, class G>
void push_slices(Back<Ex>& b, const Concatenate<A...>& m, const G& g, int first) {
  if constexpr (I < static_cast<int>(sizeof...(A))) {
    const auto& operand = std::get<I>(m.operands);
    const int count = operand.extents().c;
    if (reads_any(operand, b.wanted)) push(b, operand, Remap<ChannelSlice, G>{{first, count}, g});
    push_slices<I + 1>(b, m, g, first + count);
  }
}
template <class Ex, class... A, class G> void push(Back<Ex>& b, const Concatenate<A...>& m, const G& g) {
  push_slices<0>(b, m, g, 0);
}

template <class Ex, class T, class G> void push(Back<Ex>& b, const Deformed<T>& d, const G& g) {
  const Tensor<T> gradient = eval(b.ex, g);
  push(b, d.offsets, OffsetGradient<T, Tensor<T>>{d, gradient});
  if (b.wanted.count(d.x.id()) == 0) return;
  const Extents e = d.x.extents();
  const auto sum = zeros<Ex, T>(b.ex, e);
  b.ex.for_each_item(
      static_cast<std::size_t>(e.n) * static_cast<std::size_t>(e.c),
      ScatterSamples<T, plan_t<Tensor<T>>>{plan_of(d.offsets), plan_of(gradient), d.taps(), sum.data()});
  push(b, d.x, sum);
}

/// The epilogue with its accumulator replaced by v.
template <class T, class V> auto with_accumulator(const Accumulator<T>&, const V& v) { return v; }
template <class E, class V> auto with_accumulator(const E& e, const V&) { return e; }
template <class F, class... A, class V> auto with_accumulator(const Map<F, A...>& m, const V& v) {
  return std::apply(
      [&](const auto&... a) {
        return Map<F, decltype(with_accumulator(a, v))...>{m.f, {with_accumulator(a, v)...}};
      },
      m.operands);
}

/// The cotangent of operand I of a map, as an expression. An accumulator has no value any more; only adjoints
/// that do not read it get here.
template <int I, class F, class G, class... A> auto cotangent(const Map<F, A...>& m, const G& g) {
  if constexpr (F::template passes<I>) {
    return g;
  } else {
    const Constant<typename G::value> unread{0, {}};
    return std::apply(
        [&](const auto&... a) {
          return Map<Adjoint<F, I>, G, decltype(with_accumulator(a, unread))...>{
              {m.f}, {g, with_accumulator(a, unread)...}};
        },
        m.operands);
  }
}
template <int I, class Ex, class F, class... A, class G>
void push_operands(Back<Ex>& b, const Map<F, A...>& m, const G& g) {
  if constexpr (I < static_cast<int>(sizeof...(A))) {
    const auto& operand = std::get<I>(m.operands);
    if (reads_any(operand, b.wanted)) push(b, operand, cotangent<I>(m, g));
    push_operands<I + 1>(b, m, g);
  }
}
template <class Ex, class F, class... A, class G> void push(Back<Ex>& b, const Map<F, A...>& m, const G& g) {
  push_operands<0>(b, m, g);
}

struct NormalizeBack {
  static constexpr const char* name = "group norm";
  template <class T> RFPP_HD T operator()(T g, T a, T x, T mean, T k2, T k1) const {
    return g * a + (x - mean) * k2 + k1;
  }
};
/// Two passes: sums of g and of g times the normalized x, then the gradient of x from them.
template <class Ex, class X, class G> void push(Back<Ex>& b, const Normalized<X>& m, const G& g) {
  using T = typename X::value;
  const Extents e = m.x.extents(), statistics = m.statistics.extents();
  const int per_group = e.c / statistics.c;
  const double inverse_count =
      static_cast<double>(statistics.n) / (static_cast<double>(e.pixels()) * per_group);
  const Tensor<T> mean = eval(b.ex, group_row(m.statistics, 0, per_group));
  const auto deviation = group_row(m.statistics, 1, per_group);
  auto per_channel = [&](const auto& v) {
    auto sum = zeros<Ex, T>(b.ex, {statistics.n, 1, 1, e.c});
    b.ex.add_reduced(sum, v);
    return sum;
  };
  const Tensor<T> sum_g = per_channel(g);
  using Centered = Map<Subtract, X, Tensor<T>>;
  const Tensor<T> sum_gx =
      eval(b.ex, per_channel(Map<Multiply, G, Centered>{{}, {g, Centered{{}, {m.x, mean}}}}) * deviation);
  push(b, m.bias, sum_g);
  push(b, m.weight, sum_gx);
  if (!reads_any(m.x, b.wanted)) return;
  auto per_group_sum = [&](const auto& v) {
    using V = std::remove_cvref_t<decltype(v)>;
    return eval(b.ex, RemapAdjoint<GroupRow, V>{{0, per_group}, v, statistics});
  };
  const Tensor<T> group_g = per_group_sum(sum_g * m.weight), group_gx = per_group_sum(sum_gx * m.weight);
  const Tensor<T> k2 = eval(b.ex, group_row(group_gx, 0, per_group) * square(deviation) * -inverse_count);
  const Tensor<T> k1 = eval(b.ex, group_row(group_g, 0, per_group) * deviation * -inverse_count);
  push(b, m.x,
       Map<NormalizeBack, G, Tensor<T>, X, Tensor<T>, Tensor<T>, Tensor<T>>{{}, {g, m.a, m.x, mean, k2, k1}});
}

struct SoftmaxBack {
  static constexpr const char* name = "softmax";
  template <class T> RFPP_HD T operator()(T g, T p, T sum) const { return p * (g - sum); }
};
template <class Ex, class X, class G> void push(Back<Ex>& b, const Softmax<X>& s, const G& g) {
  using T = typename X::value;
  const Tensor<T> sum = eval(b.ex, reduce<Sum>(Map<Multiply, G, Softmax<X>>{{}, {g, s}}, Over::channels));
  const Map<SoftmaxBack, G, Softmax<X>, Tensor<T>> gradient{{}, {g, s, sum}};
  if constexpr (is_tensor<G>)
    push(b, s.x, evaluate_over(b.ex, g, gradient));  // attention's largest tensor, and nobody reads g again
  else
    push(b, s.x, gradient);
}

// The cotangent of an epilogue's accumulator: follow the one path to it.

template <class E> constexpr bool has_accumulator = false;
template <class T> constexpr bool has_accumulator<Accumulator<T>> = true;
template <class F, class... A> constexpr bool has_accumulator<Map<F, A...>> = (has_accumulator<A> || ...);

/// Whether the accumulator's cotangent can be had without its value.
template <class E> constexpr bool linear_in_accumulator = true;
template <class F, class... A>
constexpr bool linear_in_accumulator<Map<F, A...>> =
    !has_accumulator<Map<F, A...>> || (F::linear && (linear_in_accumulator<A> && ...));

template <class T, class G> auto accumulator_cotangent(const Accumulator<T>&, const G& g) { return g; }
template <class F, class... A, class G> auto accumulator_cotangent(const Map<F, A...>& m, const G& g) {
  constexpr int at = [] {
    int i = 0, found = -1;
    ((found = has_accumulator<A> ? i : found, ++i), ...);
    return found;
  }();
  return accumulator_cotangent(std::get<at>(m.operands), cotangent<at>(m, g));
}

// Whether all of an expression has an adjoint, as far as types tell. What is in one of the kinds of nodes
// below is looked into; any other kind needs a push() of its own.
template <class E>
constexpr bool has_gradient = requires(Back<NoExecutor>& b, const E& e, const Tensor<typename E::value>& g) {
  push(b, e, g);
};
template <class X> constexpr bool has_gradient<Normalized<X>> = has_gradient<X>;
template <class X> constexpr bool has_gradient<Softmax<X>> = has_gradient<X>;
template <class R, class A> constexpr bool has_gradient<Remap<R, A>> = ReversibleRule<R>&& has_gradient<A>;
template <class F, class... A>
constexpr bool has_gradient<Map<F, A...>> = Differentiable<F, typename A::value...> &&
                                            (has_gradient<A> && ...);
template <class Core, class Epilogue>
constexpr bool has_gradient<Anchor<Core, Epilogue>> = has_gradient<Epilogue>&& requires(
    Back<NoExecutor>& b, const Core& core, const Tensor<typename Core::value>& g) {
  push_core(b, core, g, g);
};

// The gradients of each core, which are anchors again. y is what the core's anchor was evaluated to.

template <class Ex, class X, class T>
void push_core(Back<Ex>& b, const ConvolutionCore<X>& c, const Tensor<T>& g, const Tensor<T>&) {
  const Tensor<T>& weight = c.filter.raw();
  if (b.wanted.count(weight.id()) != 0) {
    auto e = anchor(ConvolutionFilterGradientCore<X, Tensor<T>>{c.geometry, c.x, g, weight.extents()});
    if (const auto present = b.gradients.find(weight))
      b.ex.run(reshaped(*present, weight.extents()), e, true);
    else
      b.gradients.put(weight.id(), eval(b.ex, e));
  }
  if (reads_any(c.x, b.wanted))
    push(b, c.x,
         eval(b.ex, anchor(ConvolutionDataGradientCore<Tensor<T>>{c.geometry, g, c.filter, c.x.extents()})));
}
template <class Ex, class A, class B, class T>
void push_core(Back<Ex>& b, const MatmulCore<A, B>& c, const Tensor<T>& g, const Tensor<T>&) {
  if (reads_any(c.a, b.wanted)) {
    if (c.transpose_a)
      push(b, c.a, eval(b.ex, matmul(c.b, g, c.transpose_b, true)));
    else
      push(b, c.a, eval(b.ex, matmul(g, c.b, false, !c.transpose_b)));
  }
  if (reads_any(c.b, b.wanted)) {
    if (c.transpose_b)
      push(b, c.b, eval(b.ex, matmul(g, c.a, true, c.transpose_a)));
    else
      push(b, c.b, eval(b.ex, matmul(c.a, g, !c.transpose_a, false)));
  }
}
/// Of a sum: every operand gets g.
struct SumBack {
  static constexpr const char* name = "sum";
  template <class T> RFPP_HD T operator()(T g, T, T) const { return g; }
};
/// Of a maximum: the operands that equal it get g.
struct MaximumBack {
  static constexpr const char* name = "maximum";
  template <class T> RFPP_HD T operator()(T g, T x, T y) const { return x == y ? g : splat<T>(0); }
};
template <class Ex, class Operation, class X, class T>
void push_core(Back<Ex>& b, const ReductionCore<Operation, X>& c, const Tensor<T>& g, const Tensor<T>& y) {
  using F = std::conditional_t<std::is_same_v<Operation, Sum>, SumBack, MaximumBack>;
  push(b, c.x, Map<F, Tensor<T>, X, Tensor<T>>{{}, {g, c.x, y}});
}
template <class Ex, class X, class T>
void push_core(Back<Ex>& b, const SeparableFilterCore<X>& c, const Tensor<T>& g, const Tensor<T>&) {
  if (!reads_any(c.x, b.wanted)) return;
  const Extents e = c.x.extents();
  push(b, c.x, eval(b.ex, filtered(g, transposed(*c.filter, e.h, e.w))));
}
/// The weight's tap by tap. That of the operand is a depthwise convolution too, with stride 1 and the kernel
/// turned, of the gradient spread out by the stride.
template <class Ex, class X, class T>
void push_core(Back<Ex>& b, const DepthwiseCore<X>& c, const Tensor<T>& g, const Tensor<T>&) {
  const Extents e = c.x.extents();
  const ConvolutionGeometry& geometry = c.geometry;
  for (int row = 0; row < geometry.kernel && b.wanted.count(c.weight.id()) != 0; ++row)
    for (int column = 0; column < geometry.kernel; ++column)
      push(b, Remap<WeightTap, Tensor<T>>{{row, column}, c.weight},
           g * Remap<ConvolutionTap, X>{{geometry, row, column, e.h, e.w}, c.x});
  if (!reads_any(c.x, b.wanted)) return;
  const Tensor<T> turned = eval(b.ex, Remap<TurnedTaps, Tensor<T>>{{geometry.kernel}, c.weight});
  const int pad = geometry.pad_before;
  const Remap<Spread, Tensor<T>> spread{{geometry.stride, g.extents().h, g.extents().w, e.h + pad, e.w + pad},
                                        g};
  push(b, c.x, eval(b.ex, depthwise({geometry.kernel, 1, geometry.kernel - 1 - pad, 0}, spread, turned)));
}
struct MomentsBack {
  static constexpr const char* name = "moments";
  double inverse_count;
  template <class T> RFPP_HD T operator()(T x, T mean, T deviation, T g_mean, T g_deviation) const {
    return splat<T>(static_cast<element_t<T>>(inverse_count)) *
           (g_mean - g_deviation * deviation * deviation * deviation * (x - mean));
  }
};
template <class Ex, class X, class T>
void push_core(Back<Ex>& b, const MomentsCore<X>& c, const Tensor<T>& g, const Tensor<T>& y) {
  const Extents e = c.x.extents();
  const int per_group = e.c / c.groups;
  const MomentsBack f{static_cast<double>(y.extents().n) / (static_cast<double>(e.pixels()) * per_group)};
  push(b, c.x,
       map(f, c.x, group_row(y, 0, per_group), group_row(y, 1, per_group), group_row(g, 0, per_group),
           group_row(g, 1, per_group)));
}

}  // namespace detail
}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
