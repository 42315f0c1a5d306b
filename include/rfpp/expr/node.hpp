#ifndef RFPP_EXPR_NODE_HPP
#define RFPP_EXPR_NODE_HPP

#include <type_traits>
#include <utility>

#include "rfpp/core/config.hpp"
#include "rfpp/core/extents.hpp"
#include "rfpp/core/tensor.hpp"

// What an expression is. A node knows its element type (`value`), its extents() and its plan(): the trivially
// copyable form that a kernel takes. plan().at(pixel) is a cursor over that pixel's channels; cursor[c] is
// one element and cursor.load<V>(c) as many as the lanes of V.

namespace rfpp {
inline namespace RFPP_ABI {

/// Where a kernel stands: image, row, column; and, inside an anchor's epilogue, where the anchor's result for
/// this pixel lies (`accumulator[c * accumulator_step]`).
struct Pixel {
  int n, h, w;
  const void* accumulator = nullptr;
  int accumulator_step = 1;
};

/// An expression whose number of channels is known at compile time. The tag exists between layers, where it
/// is checked; nodes, plans, kernels and the tape's records never see it.
template <int C, class E> struct Channels {
  static_assert(C > 0, "Channels: the number of channels is positive");
  using value = typename E::value;
  E expression;

  Extents extents() const { return expression.extents(); }
};

namespace detail {
template <class E> struct Untagged {
  using type = E;
  static constexpr int channels = 0;
};
template <int C, class E> struct Untagged<Channels<C, E>> {
  using type = E;
  static constexpr int channels = C;
};
}  // namespace detail

/// E without its channel tag.
template <class E> using bare_t = typename detail::Untagged<std::remove_cvref_t<E>>::type;
/// The number of channels that E's tag states; 0 where there is no tag.
template <class E> constexpr int channels_of = detail::Untagged<std::remove_cvref_t<E>>::channels;

template <class E>
concept Node = is_tensor<E> || requires {
  typename E::node_tag;
};
template <class E>
concept Expression = Node<bare_t<E>>;
template <class E> using value_t = typename bare_t<E>::value;

template <class E> const E& bare(const E& e) { return e; }
template <class T> Tensor<T> bare(Tensor<T>&& t) { return std::move(t); }
template <int C, class E> const E& bare(const Channels<C, E>& e) { return e.expression; }
template <int C, class E> E bare(Channels<C, E>&& e) { return std::move(e.expression); }
template <int C, class E> auto tag(E e) {
  if constexpr (C == 0)
    return e;
  else
    return Channels<C, E>{std::move(e)};
}

template <class Core, class Epilogue> struct Anchor;
template <class E> constexpr bool is_anchor = false;
template <class C, class E> constexpr bool is_anchor<Anchor<C, E>> = true;

/// e as the operand of a node. An anchor is refused in one sentence; a tensor stands in for it, so that no
/// other error follows.
template <class E> auto operand(const E& e) {
  constexpr bool holds_no_anchor = !is_anchor<bare_t<E>>;
  static_assert(holds_no_anchor,
                "the operand already holds a convolution, matrix product or reduction: materialise the inner "
                "one with eval(ex, ...)");
  if constexpr (holds_no_anchor)
    return bare(e);
  else
    return Tensor<value_t<E>>();
}
template <class E> using operand_t = decltype(operand(std::declval<const E&>()));

/// A tuple that device code may use.
template <int I, class P> struct PackSlot { P value; };
template <class Index, class... P> struct PackOf;
template <int... I, class... P> struct PackOf<std::integer_sequence<int, I...>, P...> : PackSlot<I, P>... {};
template <class... P>
using Pack = PackOf<std::make_integer_sequence<int, static_cast<int>(sizeof...(P))>, P...>;
template <int I, class P> RFPP_HD const P& pack_get(const PackSlot<I, P>& slot) { return slot.value; }

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
