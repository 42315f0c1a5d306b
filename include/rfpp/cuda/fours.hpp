#ifndef RFPP_CUDA_FOURS_HPP
#define RFPP_CUDA_FOURS_HPP

#include <bit>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "rfpp/expr/map.hpp"
#include "rfpp/expr/remap.hpp"

// Where elements are, without the divisions that GPUs have no instruction for, and four neighboring channels
// at a time, which are 16 bytes of a float tensor.

namespace rfpp::cuda {
inline namespace RFPP_ABI {

/// The place of element i of a dense tensor.
template <class Index> RFPP_HD Pixel place_by(Index i, Extents e, int& c) {
  const auto pixel = i / static_cast<Index>(e.c), row = pixel / static_cast<Index>(e.w),
             image = row / static_cast<Index>(e.h);
  c = static_cast<int>(i - pixel * static_cast<Index>(e.c));
  return {static_cast<int>(image), static_cast<int>(row - image * static_cast<Index>(e.h)),
          static_cast<int>(pixel - row * static_cast<Index>(e.w))};
}
RFPP_HD inline Pixel place_of(std::size_t i, Extents e, int& c) {
  const auto short_i = static_cast<std::uint32_t>(i);  // by which GPUs divide several times faster
  return short_i == i ? place_by(short_i, e, c) : place_by(i, e, c);
}

/// Division of what is below 2^31 by a number that is known when a kernel is started: a multiplication and a
/// shift (Granlund & Montgomery 1994).
class Division {
 public:
  explicit Division(int by)
      : by_(by < 1 ? 1 : static_cast<std::uint32_t>(by)),
        shift_(31 + static_cast<int>(std::bit_width(by_ - 1))),
        factor_(static_cast<std::uint32_t>(((std::uint64_t{1} << shift_) + by_ - 1) / by_)) {}

  RFPP_HD std::uint32_t operator()(std::uint32_t n, std::uint32_t& rest) const {
    const auto quotient = static_cast<std::uint32_t>(std::uint64_t{n} * factor_ >> shift_);
    rest = n - quotient * by_;
    return quotient;
  }

 private:
  std::uint32_t by_;
  int shift_;
  std::uint32_t factor_;
};

/// The places of a dense tensor's elements. Throws Error where 31 bits do not count them.
class Places {
 public:
  explicit Places(Extents e) : channels_(e.c), columns_(e.w), rows_(e.h) {
    if (e.size() >> 31 != 0)
      throw Error("CUDA: " + to_string(e) + " are too many elements for one kernel: expected less than 2^31");
  }

  RFPP_HD Pixel operator()(std::size_t i, int& c) const {
    std::uint32_t channel = 0, column = 0, row = 0;
    const std::uint32_t image =
        rows_(columns_(channels_(static_cast<std::uint32_t>(i), channel), column), row);
    c = static_cast<int>(channel);
    return {static_cast<int>(image), static_cast<int>(row), static_cast<int>(column)};
  }

 private:
  Division channels_, columns_, rows_;
};

template <class T> struct alignas(16) Four { T at[4]; };
template <class T> struct Eight { Four<T> halves[2]; };
RFPP_HD inline bool is_aligned(const void* data) {
  return reinterpret_cast<std::uintptr_t>(data) % alignof(Four<float>) == 0;
}

/// Whether fours of channels can be read of a plan: all that is read 16 bytes at a time is aligned to them.
template <class P> bool reads_fours(const P&) { return true; }
template <class T> bool reads_fours(const ViewPlan<T>& p) {
  return p.step == 0 ||
         (is_aligned(p.data) && p.stride_n % 4 == 0 && p.stride_h % 4 == 0 && p.stride_w % 4 == 0);
}
template <class T> bool reads_fours(const GatherPlan<T>& p) {
  return is_aligned(p.table) && p.width % 4 == 0;
}
template <class R, class P> bool reads_fours(const RemapPlan<R, P>& p) { return reads_fours(p.operand); }
template <class F, int... I, class... P>
bool reads_fours(const MapPlanOf<F, std::integer_sequence<int, I...>, P...>& p) {
  return (reads_fours(pack_get<I>(p.operands)) && ...);
}

/// Channels c to c + 3 of a cursor, where c is a multiple of four and the plan reads_fours.
template <class Cursor> struct FourOf {
  using T = std::remove_cvref_t<decltype(std::declval<const Cursor&>()[0])>;
  RFPP_HD static Four<T> read(const Cursor& x, int c) { return {{x[c], x[c + 1], x[c + 2], x[c + 3]}}; }
};
template <class Cursor> RFPP_HD auto read_four(const Cursor& x, int c) { return FourOf<Cursor>::read(x, c); }

template <class T> struct FourOf<ViewCursor<T>> {
  RFPP_HD static Four<T> read(const ViewCursor<T>& x, int c) {
    if (x.step == 1) return *reinterpret_cast<const Four<T>*>(x.data + c);
    return {{*x.data, *x.data, *x.data, *x.data}};
  }
};
template <class F, int... I, class... C> struct FourOf<MapCursor<F, std::integer_sequence<int, I...>, C...>> {
  using Cursor = MapCursor<F, std::integer_sequence<int, I...>, C...>;
  using T = std::remove_cvref_t<decltype(std::declval<const Cursor&>()[0])>;

  RFPP_HD static Four<T> read(const Cursor& x, int c) {
    return mapped(x.f, FourOf<C>::read(pack_get<I>(x.operands), c)...);
  }

 private:
  RFPP_HD static Four<T> mapped(const F& f, const auto&... x) {
    Four<T> y;
    for (int k = 0; k < 4; ++k) y.at[k] = f(x.at[k]...);
    return y;
  }
};
template <class C> struct FourOf<RemapRunCursor<C>> {
  RFPP_HD static auto read(const RemapRunCursor<C>& x, int c) {
    return x.inside ? FourOf<C>::read(x.source, c) : decltype(FourOf<C>::read(x.source, c)){};
  }
};
template <class C> struct FourOf<RemapShiftCursor<C>> {
  RFPP_HD static auto read(const RemapShiftCursor<C>& x, int c) {
    if (x.step == 1 && x.first % 4 == 0) return FourOf<C>::read(x.source, x.first + c);
    return decltype(FourOf<C>::read(x.source, c)){{x[c], x[c + 1], x[c + 2], x[c + 3]}};
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cuda

#endif
