#ifndef RFPP_CORE_EXTENTS_HPP
#define RFPP_CORE_EXTENTS_HPP

#include <cstddef>
#include <string>

#include "rfpp/core/config.hpp"
#include "rfpp/core/error.hpp"

namespace rfpp::inline v0 {

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
  return "[" + std::to_string(e.n) + "," + std::to_string(e.h) + "," + std::to_string(e.w) + "," +
         std::to_string(e.c) + "]";
}

/// NumPy's rule, extent by extent: equal, or one of them is 1. Throws Error naming the operation and both
/// shapes.
inline Extents broadcast(Extents a, Extents b, const char* operation) {
  auto one = [&](int x, int y) {
    if (x == y || y == 1) return x;
    if (x == 1) return y;
    throw Error(std::string(operation) + ": extents " + to_string(a) + " and " + to_string(b) +
                " do not broadcast");
  };
  return {one(a.n, b.n), one(a.h, b.h), one(a.w, b.w), one(a.c, b.c)};
}

}  // namespace rfpp::inline v0

#endif
