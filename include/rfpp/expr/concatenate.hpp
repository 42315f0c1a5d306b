#ifndef RFPP_EXPR_CONCATENATE_HPP
#define RFPP_EXPR_CONCATENATE_HPP

#include <array>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "rfpp/expr/leaves.hpp"
#include "rfpp/expr/remap.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The channels of one pixel of several operands, one after the other.
template <class... C> struct ConcatenateCursor {
  Pack<C...> operands;
  const int* widths;

  RFPP_HD auto operator[](int c) const { return element<0>(c); }
  template <class V> V load(int c) const { return lanes<0, V>(c); }

 private:
  template <int I> static constexpr bool last = I + 1 == static_cast<int>(sizeof...(C));

  template <int I> RFPP_HD auto element(int c) const {
    const auto& operand = pack_get<I>(operands);
    if constexpr (last<I>)
      return operand[c];
    else
      return c < widths[I] ? operand[c] : element<I + 1>(c - widths[I]);
  }
  template <int I, class V> V lanes(int c) const {
    const auto& operand = pack_get<I>(operands);
    if constexpr (last<I>) {
      return operand.template load<V>(c);
    } else {
      if (c + LaneTraits<V>::count <= widths[I]) return operand.template load<V>(c);
      if (c >= widths[I]) return lanes<I + 1, V>(c - widths[I]);
      V v{};  // half in this operand, half in the next
      for (int i = 0; i < LaneTraits<V>::count; ++i) v[i] = element<I>(c + i);
      return v;
    }
  }
};

template <class Index, class... P> struct ConcatenatePlanOf;
template <int... I, class... P> struct ConcatenatePlanOf<std::integer_sequence<int, I...>, P...> {
  Pack<P...> operands;
  int widths[sizeof...(P)];

  RFPP_HD auto at(Pixel q) const {
    using Cursor = ConcatenateCursor<decltype(pack_get<I>(operands).at(q))...>;
    return Cursor{{{pack_get<I>(operands).at(q)}...}, widths};
  }
};
template <class... P>
using ConcatenatePlan =
    ConcatenatePlanOf<std::make_integer_sequence<int, static_cast<int>(sizeof...(P))>, P...>;

namespace detail {
inline Extents concatenated(Extents a, Extents b) {
  if (a.n != b.n || a.h != b.h || a.w != b.w)
    throw Error("concatenate: extents " + to_string(a) + " and " + to_string(b) +
                " differ in more than their channels");
  a.c += b.c;
  return a;
}
}  // namespace detail

/// The channels of all operands, one after the other: {n,h,w,a}, {n,h,w,b}, ... as {n,h,w,a+b+...}.
template <class... A> struct Concatenate {
  using node_tag = void;
  using value = typename std::tuple_element_t<0, std::tuple<A...>>::value;
  std::tuple<A...> operands;

  Extents extents() const {
    return std::apply(
        [](const auto& first, const auto&... rest) {
          Extents e = first.extents();
          ((e = detail::concatenated(e, rest.extents())), ...);
          return e;
        },
        operands);
  }
  auto plan() const {
    return std::apply(
        [](const auto&... a) {
          return ConcatenatePlan<plan_t<A>...>{{{plan_of(a)}...}, {a.extents().c...}};
        },
        operands);
  }
};
template <class... A, class F> void leaves(const Concatenate<A...>& m, F&& f, bool = true) {
  std::apply([&](const auto&... a) { (leaves(a, f, false), ...); }, m.operands);
}

/// `count` channels of {n,h,w,c} from channel `first` on: {n,h,w,count}.
struct ChannelSlice {
  static constexpr bool keeps_channels = false, shifts_channels = true;
  int first, count;
  Extents extents(Extents e) const { return {e.n, e.h, e.w, count}; }
  RFPP_HD bool map(Pixel&, int& c) const {
    c += first;
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel&, int& c) const {
    c -= first;
    return c >= 0 && c < count;
  }
};

/// The operands' channels, one operand after the other, lazily: where a convolution reads this, its staging
/// does the copying.
template <Expression A, Expression B, Expression... More>
auto concatenate(const A& a, const B& b, const More&... more) {
  constexpr bool same_values =
      std::is_same_v<value_t<A>, value_t<B>> && (std::is_same_v<value_t<A>, value_t<More>> && ...);
  static_assert(same_values, "concatenate: the operands have different element types");
  constexpr bool tagged = channels_of<A> != 0 && channels_of<B> != 0 && ((channels_of<More> != 0) && ...);
  constexpr int sum = (channels_of<A> + channels_of<B>)+(0 + ... + channels_of<More>);
  return tag < tagged ? sum
                      : 0 > (Concatenate<operand_t<A>, operand_t<B>, operand_t<More>...>{
                                {operand(a), operand(b), operand(more)...}});
}

/// Channels [first, first + count) of {n,h,w,c}. Throws Error where there are no such channels.
template <Expression A> auto channel_slice(const A& a, int first, int count) {
  const Extents e = a.extents();
  if (first < 0 || count < 1 || count > e.c || first > e.c - count)
    throw Error("channel_slice: " + std::to_string(count) + " channels from channel " +
                std::to_string(first) + " on, of " + to_string(e));
  return Remap<ChannelSlice, operand_t<A>>{{first, count}, operand(a)};
}
/// The same for channels that are known at compile time.
template <int First, int Count, Expression A> auto channel_slice(const A& a) {
  constexpr bool channels_are_there =
      First >= 0 && Count > 0 && (channels_of<A> == 0 || First + Count <= channels_of<A>);
  static_assert(channels_are_there, "channel_slice: the operand does not have these channels");
  return tag<Count>(channel_slice(bare(a), First, Count));
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
