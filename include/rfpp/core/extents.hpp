#ifndef RFPP_CORE_EXTENTS_HPP
#define RFPP_CORE_EXTENTS_HPP

#include <cstddef>
#include <string>

#include "rfpp/core/config.hpp"
#include "rfpp/core/error.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The shape of a tensor, channels last (NHWC). A vector over channels is {1, 1, 1, c}; a matrix of `rows`
/// entries of width c is {rows, 1, 1, c}; a convolution's filter is {out, kernel, kernel, in}.
struct Extents {
  int n = 1, h = 1, w = 1, c = 1;

  RFPP_HD constexpr std::size_t pixels() const {
    return static_cast<std::size_t>(n) * static_cast<std::size_t>(h) * static_cast<std::size_t>(w);
  }
  RFPP_HD constexpr std::size_t size() const { return pixels() * static_cast<std::size_t>(c); }
  /// Elements of one image of the batch.
  RFPP_HD constexpr std::size_t image_size() const {
    return static_cast<std::size_t>(h) * static_cast<std::size_t>(w) * static_cast<std::size_t>(c);
  }
  friend constexpr bool operator==(const Extents&, const Extents&) = default;
};

constexpr Extents vector_extents(int channels) { return {1, 1, 1, channels}; }
constexpr Extents matrix_extents(int rows, int columns) { return {rows, 1, 1, columns}; }

/// "[n,h,w,c]", as error messages print it.
inline std::string to_string(Extents e) {
  std::string text = "[";
  for (int extent : {e.n, e.h, e.w, e.c}) text += std::to_string(extent) + ",";
  text.back() = ']';
  return text;
}

namespace detail {
[[noreturn]] [[gnu::noinline]] inline void refuse_broadcast(Extents a, Extents b, const char* operation) {
  throw Error(std::string(operation) + ": extents " + to_string(a) + " and " + to_string(b) +
              " do not broadcast");
}
inline int broadcast_extent(int a, int b, bool& refused) {
  refused = refused || (a != b && a != 1 && b != 1);
  return b == 1 ? a : b;
}
}  // namespace detail

/// NumPy's rule, extent by extent: equal, or one of them is 1. Throws Error naming the operation and both
/// shapes.
inline Extents broadcast(Extents a, Extents b, const char* operation) {
  bool refused = false;
  const Extents e{detail::broadcast_extent(a.n, b.n, refused), detail::broadcast_extent(a.h, b.h, refused),
                  detail::broadcast_extent(a.w, b.w, refused), detail::broadcast_extent(a.c, b.c, refused)};
  if (refused) detail::refuse_broadcast(a, b, operation);
  return e;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
