#ifndef RFPP_EXPR_SEPARABLE_FILTER_HPP
#define RFPP_EXPR_SEPARABLE_FILTER_HPP

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/expr/leaves.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// How the outputs along one axis are made: output i is the sum over k < count of weights[i * count + k]
/// times input first[i] + k. Inputs beyond the ends are mirrored about the outermost ones (reflect-101).
template <class T> struct FilterTaps {
  int count = 0;
  std::vector<int> first;
  std::vector<T> weights;

  int outputs() const { return static_cast<int>(first.size()); }
  bool well_formed() const {
    return count >= 1 && !first.empty() && weights.size() == first.size() * static_cast<std::size_t>(count);
  }
};

/// A linear filter of images, the sum of separable ones: blurring, resizing, and one after the other. Each
/// term filters all rows with `columns` and all columns with `rows`; all terms make images of the same size.
template <class T> struct SeparableFilter {
  struct Term {
    FilterTaps<T> rows, columns;
  };
  std::vector<Term> terms;

  int height() const { return terms.front().rows.outputs(); }
  int width() const { return terms.front().columns.outputs(); }
  bool well_formed() const {
    return !terms.empty() && std::all_of(terms.begin(), terms.end(), [&](const Term& t) {
      return t.rows.well_formed() && t.columns.well_formed() && t.rows.outputs() == height() &&
             t.columns.outputs() == width();
    });
  }
};

/// A filter over every channel of x {n,h,w,c}: {n,height,width,c}.
template <class X> struct SeparableFilterCore {
  using value = typename X::value;
  X x;
  std::shared_ptr<const SeparableFilter<value>> filter;

  Extents extents() const {
    const Extents e = x.extents();
    return {e.n, filter->height(), filter->width(), e.c};
  }
};
template <class X, class F> void core_leaves(const SeparableFilterCore<X>& c, F&& f) {
  leaves(c.x, f, false);
}

/// Throws Error for a filter that does not make images of one size.
template <Expression X> auto filtered(const X& x, SeparableFilter<value_t<X>> filter) {
  if (!filter.well_formed())
    throw Error("filtered: expected taps that make images of one size, over " + to_string(x.extents()));
  return tag<channels_of<X>>(anchor(SeparableFilterCore<operand_t<X>>{
      operand(x), std::make_shared<const SeparableFilter<value_t<X>>>(std::move(filter))}));
}

/// The index in [0, extent) at which an axis mirrored about its outermost elements has element i.
RFPP_HD inline int reflected(int i, int extent) {
  if (extent == 1) return 0;
  const int period = 2 * (extent - 1);
  i = i % period;
  if (i < 0) i += period;
  return i < extent ? i : period - i;
}

namespace detail {
/// The taps of the adjoint of an axis of `extent` inputs: input j becomes an output.
template <class T> FilterTaps<T> transposed(const FilterTaps<T>& taps, int extent) {
  std::vector<int> last(static_cast<std::size_t>(extent), -1);
  FilterTaps<T> adjoint;
  adjoint.first.assign(static_cast<std::size_t>(extent), taps.outputs());
  const auto for_each_tap = [&](auto&& f) {
    for (int i = 0; i < taps.outputs(); ++i)
      for (int k = 0; k < taps.count; ++k)
        f(i, static_cast<std::size_t>(reflected(taps.first[static_cast<std::size_t>(i)] + k, extent)),
          taps.weights[static_cast<std::size_t>(i) * static_cast<std::size_t>(taps.count) +
                       static_cast<std::size_t>(k)]);
  };
  for_each_tap([&](int i, std::size_t j, T) {
    adjoint.first[j] = std::min(adjoint.first[j], i);
    last[j] = std::max(last[j], i);
  });
  adjoint.count = 1;
  for (std::size_t j = 0; j < last.size(); ++j)
    adjoint.count = std::max(adjoint.count, last[j] - adjoint.first[j] + 1);
  for (int& first : adjoint.first) first = std::min(first, taps.outputs() - adjoint.count);
  adjoint.weights.assign(last.size() * static_cast<std::size_t>(adjoint.count), T(0));
  for_each_tap([&](int i, std::size_t j, T weight) {
    adjoint.weights[j * static_cast<std::size_t>(adjoint.count) +
                    static_cast<std::size_t>(i - adjoint.first[j])] += weight;
  });
  return adjoint;
}
}  // namespace detail

/// The adjoint of a filter of images of height x width.
template <class T> SeparableFilter<T> transposed(const SeparableFilter<T>& filter, int height, int width) {
  SeparableFilter<T> adjoint;
  for (const auto& term : filter.terms)
    adjoint.terms.push_back({detail::transposed(term.rows, height), detail::transposed(term.columns, width)});
  return adjoint;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
