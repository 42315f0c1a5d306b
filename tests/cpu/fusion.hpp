#ifndef RFPP_TESTS_CPU_FUSION_HPP
#define RFPP_TESTS_CPU_FUSION_HPP

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/nn/attention.hpp"
#include "support.hpp"

// Every fused expression against its unfused form: prologues x anchors x epilogues, evaluated in one go, with
// every node in an eval of its own, with 1, 2 and 3 threads, and image by image.

namespace rfpp::test {

/// Evaluates every node of an expression by itself.
template <class T> struct Unfused {
  Cpu& ex;
  Tensor<T> accumulator = {};

  template <class V> Tensor<V> operator()(const Tensor<V>& t) { return t; }
  template <int C, class E> auto operator()(const Channels<C, E>& e) { return (*this)(e.expression); }
  template <class V> Tensor<V> operator()(const Accumulator<V>&) { return accumulator; }
  template <class V> Tensor<V> operator()(const Gather<V>& g) { return eval(ex, g); }
  template <class A> auto operator()(const Detached<A>& d) { return (*this)(d.operand); }
  template <class F, class... A> auto operator()(const Map<F, A...>& m) {
    return std::apply([&](const auto&... a) { return eval(ex, map(m.f, (*this)(a)...)); }, m.operands);
  }
  template <class R, class A> auto operator()(const Remap<R, A>& r) {
    return eval(ex, Remap<R, Tensor<typename A::value>>{r.rule, (*this)(r.operand)});
  }
  template <class... A> auto operator()(const Concatenate<A...>& m) {
    return std::apply([&](const auto&... a) { return eval(ex, concatenate((*this)(a)...)); }, m.operands);
  }
  template <class X> auto operator()(const Normalized<X>& n) {
    return eval(ex, eval(ex, (*this)(n.x) * n.a) + n.b);
  }
  template <class X> auto operator()(const Softmax<X>& s) {
    auto shifted = eval(ex, exp(eval(ex, (*this)(s.x) - s.maximum)));
    const Extents e = shifted.extents();
    for (std::size_t i = 0; i < e.size(); ++i)
      shifted.data()[i] /= s.sum.data()[i / static_cast<std::size_t>(e.c)];
    return shifted;
  }
  template <class Core, class Epilogue> auto operator()(const Anchor<Core, Epilogue>& a) {
    auto result = eval(ex, anchor(core(a.core)));
    return Unfused<typename Core::value>{ex, result}(a.epilogue);
  }

 private:
  template <class X> auto core(const ConvolutionCore<X>& c) {
    return ConvolutionCore<Tensor<typename X::value>>{c.geometry, (*this)(c.x), c.filter};
  }
  template <class A, class B> auto core(const MatmulCore<A, B>& c) {
    using V = Tensor<typename A::value>;
    return MatmulCore<V, V>{(*this)(c.a), (*this)(c.b), c.transpose_a, c.transpose_b};
  }
  template <class X> auto core(const MomentsCore<X>& c) {
    return MomentsCore<Tensor<typename X::value>>{(*this)(c.x), c.groups, c.epsilon};
  }
  template <class Operation, class X> auto core(const ReductionCore<Operation, X>& c) {
    return ReductionCore<Operation, Tensor<typename X::value>>{(*this)(c.x), c.over};
  }
  template <class X> auto core(const NearestCore<X>& c) {
    return NearestCore<Tensor<typename X::value>>{(*this)(c.x), c.table};
  }
  template <class X> auto core(const ArgmaxCore<X>& c) {
    return ArgmaxCore<Tensor<typename X::value>>{(*this)(c.x)};
  }
};

/// One of `parts` equal parts of a batch.
template <class T> Tensor<T> part_of(const Tensor<T>& batch, int part, int parts) {
  Extents e = batch.extents();
  e.n /= parts;
  auto t = Tensor<T>::uninitialized(e);
  std::copy_n(batch.data() + static_cast<std::size_t>(part) * e.size(), e.size(), t.data());
  return t;
}

// Prologues: the extents of a source for an operand of the extents asked for (rounded up where they cannot be
// met), and the expression of that source.

struct Plain {
  static constexpr const char* name = "x";
  static Extents source(Extents e) { return e; }
  auto operator()(Cpu&, const auto& x) const { return x; }
};
struct SiluOf : Plain {
  static constexpr const char* name = "silu(x)";
  auto operator()(Cpu&, const auto& x) const { return silu(x); }
};
struct LeakyReluOf : Plain {
  static constexpr const char* name = "leaky_relu(x)";
  auto operator()(Cpu&, const auto& x) const { return leaky_relu(x, 0.2); }
};
struct ScaleOf : Plain {
  static constexpr const char* name = "x * 0.37";
  auto operator()(Cpu&, const auto& x) const { return x * 0.37; }
};
struct NormOf : Plain {
  static constexpr const char* name = "norm(x)";
  template <class T> auto operator()(Cpu& ex, const Tensor<T>& x) const {
    const int c = x.extents().c, per_group = c % 4 == 0 ? 4 : c % 3 == 0 ? 3 : 1;
    const auto weight = random_tensor<T>(vector_extents(c), 11),
               bias = random_tensor<T>(vector_extents(c), 12);
    auto statistics = eval(ex, moments(detach(x), c / per_group, 1e-2));
    auto a = eval(ex, group_row(statistics, 1, per_group) * weight);
    auto b = eval(ex, bias - group_row(statistics, 0, per_group) * a);
    return Normalized<Tensor<T>>{x, statistics, a, b, weight, bias};
  }
};
struct NormSiluOf : Plain {
  static constexpr const char* name = "silu(norm(x))";
  auto operator()(Cpu& ex, const auto& x) const { return silu(NormOf{}(ex, x)); }
};
struct Upsample2Of {
  static constexpr const char* name = "upsample2(x)";
  static Extents source(Extents e) { return {e.n, (e.h + 1) / 2, (e.w + 1) / 2, e.c}; }
  auto operator()(Cpu&, const auto& x) const { return upsample2(x); }
};
struct SplitHeadsOf {
  static constexpr const char* name = "split_heads(x, 2)";
  static Extents source(Extents e) { return {e.n, e.h, e.w, 2 * e.c}; }
  auto operator()(Cpu&, const auto& x) const { return split_heads(x, 2); }
};
struct MergeHeadsOf : Plain {
  static constexpr const char* name = "merge_heads(heads of x)";
  auto operator()(Cpu& ex, const auto& x) const {
    const Extents e = x.extents();
    const int heads = e.c % 4 == 0 ? 4 : e.c % 3 == 0 ? 3 : e.c % 5 == 0 ? 5 : 1;
    return merge_heads(eval(ex, split_heads(x, heads)), heads, e.h, e.w);
  }
};
struct ConcatenationOf : Plain {  // of at least 3 channels
  static constexpr const char* name = "concatenate(some of x, silu(one of x), some of x)";
  auto operator()(Cpu&, const auto& x) const {
    const int c = x.extents().c, before = std::max(1, c / 3), after = std::max(1, c - before - 1);
    return concatenate(channel_slice(x, 0, before), silu(channel_slice(x, c - 1, 1)),
                       channel_slice(x, c - after, after));
  }
};
struct PixelUnshuffleOf {
  static constexpr const char* name = "pixel_unshuffle<2>(x)";
  static Extents source(Extents e) { return {e.n, 2 * e.h, 2 * e.w, (e.c + 3) / 4}; }
  auto operator()(Cpu&, const auto& x) const { return pixel_unshuffle<2>(x); }
};
struct SoftmaxOf : Plain {
  static constexpr const char* name = "softmax(x)";
  auto operator()(Cpu& ex, const auto& x) const { return softmax(ex, x); }
};
struct GatherOf : Plain {
  static constexpr const char* name = "gather(table, nearest(x))";
  template <class T> auto operator()(Cpu& ex, const Tensor<T>& x) const {
    const auto table = random_tensor<T>(matrix_extents(7, x.extents().c), 13);
    return Gather<T>{table, eval(ex, nearest(x, table))};
  }
};
struct StraightThroughOf : Plain {
  static constexpr const char* name = "straight_through(x, gather(table, nearest(x)))";
  auto operator()(Cpu& ex, const auto& x) const {
    return map(StraightThrough{}, x, detach(GatherOf{}(ex, x)));
  }
};

/// What an anchor and its epilogue read besides the prologue's source.
template <class T> struct Sides {
  Tensor<T> operand;                 // the anchor's other one, where it has two
  Tensor<T> bias, residual, factor;  // {1,1,1,c}, and like the result

  Sides part(int i, int parts) const {
    return {part_of(operand, i, parts), bias, part_of(residual, i, parts), part_of(factor, i, parts)};
  }
};

struct NoEpilogue {
  static constexpr const char* name = "a";
  auto operator()(const auto& a, const auto&) const { return a; }
};
struct WithBias {
  static constexpr const char* name = "a + bias";
  auto operator()(const auto& a, const auto& s) const { return a + s.bias; }
};
struct WithResidual {
  static constexpr const char* name = "a + bias + residual";
  auto operator()(const auto& a, const auto& s) const { return a + s.bias + s.residual; }
};
struct WithScale {
  static constexpr const char* name = "a * 0.3";
  auto operator()(const auto& a, const auto&) const { return a * 0.3; }
};
struct WithTransform {
  static constexpr const char* name = "a + bias + residual * factor";
  auto operator()(const auto& a, const auto& s) const { return a + s.bias + s.residual * s.factor; }
};
struct WithSilu {
  static constexpr const char* name = "residual - silu(a + bias)";
  auto operator()(const auto& a, const auto& s) const { return s.residual - silu(a + s.bias); }
};

/// Executors with 1, 2 and 3 threads.
inline std::array<Cpu, 3>& executors() {
  static std::array<Cpu, 3> executors{Cpu(1), Cpu(2), Cpu(3)};
  return executors;
}

/// Checks one expression for an operand of about the extents e. An anchor says whether it fits(extents), and
/// of what extents its other operand() is, if it has one.
template <class T, class Prologue, class Anchored, class Epilogue>
void check_fused(Prologue prologue, const Anchored& anchored, Epilogue epilogue, Extents e) {
  auto& [one, two, three] = executors();
  const int batch = e.n;
  const std::string what = std::string(epilogue.name) + " of a = " + anchored.name() +
                           ", x = " + prologue.name + ", operand " + to_string(e) +
                           (sizeof(T) == 4 ? ", float" : ", double");
  const auto source = random_tensor<T>(prologue.source(e), 1, -2, 2);
  auto build = [&](Cpu& ex, const Tensor<T>& x, const Sides<T>& sides) {
    return epilogue(anchored(prologue(ex, x), sides.operand), sides);
  };
  auto operand = prologue(one, source);
  if (!anchored.fits(operand.extents())) return;
  Sides<T> sides{random_tensor<T>(anchored.operand(operand.extents()), 2), {}, {}, {}};
  const Extents out = anchored(operand, sides.operand).extents();
  sides.bias = random_tensor<T>(vector_extents(out.c), 3);
  sides.residual = random_tensor<T>(out, 4);
  sides.factor = random_tensor<T>(out, 5);

  const auto fused = eval(one, build(one, source, sides));
  const auto unfused = Unfused<T>{one}(build(one, source, sides));
  // Relative to 1 where the result is smaller: sums of terms of about 1 may cancel.
  double norm = 0;
  for (auto v : unfused.elements()) norm += static_cast<double>(v) * static_cast<double>(v);
  const double unit = std::max(1.0, std::sqrt(static_cast<double>(out.size()) / norm));
  check_close(fused, unfused, (sizeof(T) == 4 ? 2e-6 : 4e-15) * unit, what);
  INFO(what);
  CHECK(same_bits(eval(two, build(two, source, sides)), fused));
  CHECK(same_bits(eval(three, build(three, source, sides)), fused));
  if (batch == 1 || out.n % batch != 0) return;
  for (int i = 0; i < batch; ++i) {
    Cpu& ex = executors()[static_cast<std::size_t>(i % 3)];
    INFO("image " << i);
    CHECK(same_bits(eval(ex, build(ex, part_of(source, i, batch), sides.part(i, batch))),
                    part_of(fused, i, batch)));
  }
}

}  // namespace rfpp::test

#endif
