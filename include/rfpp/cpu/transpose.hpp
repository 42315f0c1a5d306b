#ifndef RFPP_CPU_TRANSPOSE_HPP
#define RFPP_CPU_TRANSPOSE_HPP

#include <algorithm>
#include <utility>

#include "rfpp/expr/lanes.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

namespace detail {
template <class V, int... I> V interleave(V a, V b, int half, std::integer_sequence<int, I...>) {
  constexpr int lanes = sizeof...(I);
  return half == 0 ? __builtin_shufflevector(a, b, (I / 2 + I % 2 * lanes)...)
                   : __builtin_shufflevector(a, b, ((lanes + I) / 2 + I % 2 * lanes)...);
}
}  // namespace detail

/// Transposes a square of as many vectors as they have lanes, by interleaving its halves log2(lanes) times.
template <class V> void transpose(V* square) {
  constexpr int lanes = LaneTraits<V>::count;
  constexpr auto indices = std::make_integer_sequence<int, lanes>{};
  for (int done = 1; done < lanes; done *= 2) {
    V next[lanes];
    for (int i = 0; i < lanes / 2; ++i) {
      next[2 * i] = detail::interleave(square[i], square[i + lanes / 2], 0, indices);
      next[2 * i + 1] = detail::interleave(square[i], square[i + lanes / 2], 1, indices);
    }
    std::copy_n(next, lanes, square);
  }
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
