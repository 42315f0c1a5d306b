#ifndef RFPP_CORE_FILTER_HPP
#define RFPP_CORE_FILTER_HPP

#include <algorithm>
#include <cstddef>
#include <utility>

#include "rfpp/core/tensor.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The order of a packed filter's elements, and so the algorithm that reads it.
struct Packing {
  /// `panels`: [ceil(out / columns)][kernel * kernel * in][columns], the right-hand operand of a matrix
  /// micro-kernel, zero beyond `out`. Other values are executors' own and known to them alone: CpuPacking,
  /// CudaPacking. No two executors share one.
  enum class Kind : int { none, panels } kind = Kind::none;
  int columns = 0;
  friend constexpr bool operator==(const Packing&, const Packing&) = default;
};

/// What a filter is to its layer. Those of modulated convolutions are (1, O, I, H, W) in files, and leave
/// their energies when they are dropped; of transposed ones the files have the taps in reverse order, too.
enum class FilterUse { plain, modulated, modulated_transposed };

/// A filter's raw weight {out,h,w,in} with its taps in reverse order.
template <class T> Tensor<T> with_reversed_taps(const Tensor<T>& raw) {
  const Extents e = raw.extents();
  auto reversed = Tensor<T>::uninitialized(e);
  const std::ptrdiff_t in = e.c, taps = std::ptrdiff_t{e.h} * e.w;
  for (std::ptrdiff_t o = 0; o < e.n; ++o)
    for (std::ptrdiff_t tap = 0; tap < taps; ++tap)
      std::copy_n(raw.data() + (o * taps + tap) * in, in, reversed.data() + (o * taps + taps - 1 - tap) * in);
  return reversed;
}

/// A convolution's weight: the raw tensor {out, kernel, kernel, in} and, once an executor has prepared it, an
/// immutable packed form. assign() drops the packed form; elements of the raw one that are written in place
/// are not seen by it. The raw one may be dropped after packing.
template <class T> class Filter {
 public:
  using value = T;

  explicit Filter(Extents e, FilterUse use = FilterUse::plain)
      : use_(use), raw_(Tensor<T>::declared(e)), energies_(Tensor<T>::declared({1, 1, e.n, e.c})) {}

  FilterUse use() const { return use_; }
  bool is_modulated() const { return use_ != FilterUse::plain; }
  Extents extents() const { return raw_.extents(); }
  bool has_raw() const { return raw_.has_storage(); }
  const Tensor<T>& raw() const {
    if (!has_raw())
      throw Error("filter " + to_string(extents()) +
                  " has no raw weight: it was never loaded, or was dropped by prepare");
    return raw_;
  }
  void assign(Tensor<T> raw) {
    if (!(raw.extents() == extents()))
      throw Error("filter: expected extents " + to_string(extents()) + ", found " + to_string(raw.extents()));
    raw_ = std::move(raw);
    packed_ = {};
    packing_ = {};
  }

  Packing packing() const { return packing_; }
  const Tensor<T>& packed() const { return packed_; }
  void set_packed(Packing packing, Tensor<T> packed) {
    packing_ = packing;
    packed_ = std::move(packed);
  }
  void drop_raw() {
    if (is_modulated() && has_raw()) energies_ = sums_of_squares(raw_);
    raw_ = Tensor<T>::declared(extents());
  }

  /// {1, 1, out, in}: of a modulated filter whose raw weight was dropped, the sums of its taps' squares.
  const Tensor<T>& energies() const { return energies_; }
  void set_energies(Tensor<T> energies) { energies_ = std::move(energies); }

 private:
  static Tensor<T> sums_of_squares(const Tensor<T>& raw) {
    const Extents e = raw.extents();
    const auto in = static_cast<std::size_t>(e.c),
               taps = static_cast<std::size_t>(e.h) * static_cast<std::size_t>(e.w);
    Tensor<T> sums(Extents{1, 1, e.n, e.c});
    for (std::size_t o = 0; o < static_cast<std::size_t>(e.n); ++o)
      for (std::size_t tap = 0; tap < taps; ++tap)
        for (std::size_t i = 0; i < in; ++i) {
          const T weight = raw.data()[(o * taps + tap) * in + i];
          sums.data()[o * in + i] += weight * weight;
        }
    return sums;
  }

  FilterUse use_;
  Tensor<T> raw_, packed_, energies_;
  Packing packing_;
};

template <class T> constexpr bool is_filter = false;
template <class T> constexpr bool is_filter<Filter<T>> = true;

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
