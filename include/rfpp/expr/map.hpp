#ifndef RFPP_EXPR_MAP_HPP
#define RFPP_EXPR_MAP_HPP

#include <tuple>
#include <type_traits>

#include "rfpp/expr/anchor.hpp"
#include "rfpp/expr/contracts.hpp"
#include "rfpp/expr/view.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

template <class F, class Index, class... C> struct MapCursor;
template <class F, int... I, class... C> struct MapCursor<F, std::integer_sequence<int, I...>, C...> {
  F f;
  Pack<C...> operands;

  RFPP_HD auto operator[](int c) const { return f(pack_get<I>(operands)[c]...); }
  template <class V> V load(int c) const { return f(pack_get<I>(operands).template load<V>(c)...); }
};

template <class F, class Index, class... P> struct MapPlanOf;
template <class F, int... I, class... P> struct MapPlanOf<F, std::integer_sequence<int, I...>, P...> {
  F f;
  Pack<P...> operands;

  RFPP_HD auto at(Pixel q) const {
    using Cursor = MapCursor<F, std::integer_sequence<int, I...>, decltype(pack_get<I>(operands).at(q))...>;
    return Cursor{f, {{pack_get<I>(operands).at(q)}...}};
  }
};
template <class F, class... P>
using MapPlan = MapPlanOf<F, std::make_integer_sequence<int, static_cast<int>(sizeof...(P))>, P...>;

/// A functor applied element by element to operands that broadcast.
template <class F, class... A> struct Map {
  using node_tag = void;
  using value = std::common_type_t<typename A::value...>;
  F f;
  std::tuple<A...> operands;

  Extents extents() const {
    return std::apply(
        [](const auto&... a) {
          Extents e;
          ((e = broadcast(e, a.extents(), F::name)), ...);
          return e;
        },
        operands);
  }
  auto plan() const {
    return std::apply(
        [&](const auto&... a) {
          return MapPlan<F, plan_t<A>...>{f, {{plan_of(a)}...}};
        },
        operands);
  }
};

namespace detail {

template <class E> const auto& epilogue_of(const E& e) {
  if constexpr (is_anchor<E>)
    return e.epilogue;
  else
    return e;
}
template <class A, class... Rest> const auto& first_anchor(const A& a, const Rest&... rest) {
  if constexpr (is_anchor<A>)
    return a;
  else
    return first_anchor(rest...);
}
// Compiled once per bare operands, not again for every number of channels.
template <class F, class... A> [[gnu::noinline]] auto extend_epilogue(F f, const A&... a) {
  const auto& anchor = first_anchor(a...);
  using Core = typename std::remove_cvref_t<decltype(anchor)>::core_type;
  using Epilogue = Map<F, std::remove_cvref_t<decltype(epilogue_of(a))>...>;
  return Anchor<Core, Epilogue>{anchor.core, Epilogue{f, {epilogue_of(a)...}}};
}
constexpr int joined_channels(int a, int b) { return a == 0 || a == 1 ? b : a; }
template <class... A>
constexpr int joined_channels_of = [] {
  int c = 0;
  ((c = joined_channels(c, channels_of<A>)), ...);
  return c;
}();

}  // namespace detail

/// f applied to the operands. All of fusion is here: where one operand is an anchor, the result is that
/// anchor with a longer epilogue.
template <class F, class... A> auto map(F f, const A&... a) {
  constexpr int anchors = (static_cast<int>(is_anchor<bare_t<A>>) + ... + 0);
  constexpr bool at_most_one_anchor = anchors <= 1;
  static_assert(
      at_most_one_anchor,
      "two anchors (convolution, matrix product or reduction) in one expression: materialise one of them "
      "with eval(ex, ...)");
  constexpr int channels = detail::joined_channels_of<A...>;
  constexpr bool channel_counts_agree =
      ((channels_of<A> == 0 || channels_of<A> == 1 || channels_of<A> == channels) && ...);
  static_assert(channel_counts_agree, "pointwise operation: the operands have different channel counts");
  constexpr bool is_functor = Functor<F, value_t<A>...>;
  static_assert(is_functor, "map: the functor has no name, or no value for operands of these element types");
  if constexpr (!is_functor) {
    return Tensor<std::common_type_t<value_t<A>...>>();  // refused above, so that no second error follows
  } else if constexpr (anchors == 0) {
    return tag<channels>(Map<F, bare_t<A>...>{f, {bare(a)...}});
  } else if constexpr (anchors == 1) {
    return tag<channels>(detail::extend_epilogue(f, bare(a)...));
  } else {
    return detail::first_anchor(bare(a)...);  // refused above; an operand, so that no second error follows
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
