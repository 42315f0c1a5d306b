#ifndef RFPP_CPU_ALGORITHM_HPP
#define RFPP_CPU_ALGORITHM_HPP

#include <type_traits>

#include "rfpp/core/precision.hpp"
#include "rfpp/cpu/convolution_by_taps.hpp"
#include "rfpp/cpu/transposed_convolution.hpp"
#include "rfpp/cpu/winograd.hpp"
#include "rfpp/expr/remap.hpp"

// The one place where a convolution's algorithm is chosen. It is chosen when its filter is packed: a packed
// filter is read by the algorithm that it was packed for, at any size.

namespace rfpp {
inline namespace RFPP_ABI {

/// What prepare weighs: rounding, and memory.
struct PackingPolicy {
  Precision precision = Precision::exact;
  /// The largest filters are packed for algorithms that need fewer products of them.
  bool low_memory = false;

  constexpr PackingPolicy() = default;
  constexpr PackingPolicy(Precision p, bool low = false) : precision(p), low_memory(low) {}
};

/// A convolution as a choice of algorithm sees it: `in` is its input after upsampling or inserting zeros;
/// `after_codebook`, whether the search for the nearest entries came before it.
struct ConvolutionShape {
  ConvolutionGeometry geometry;
  Extents in, filter;
  bool upsampled = false, after_codebook = false, zero_inserted = false;
};

}  // namespace RFPP_ABI

namespace cpu {
inline namespace RFPP_ABI {

template <class X> constexpr bool is_upsampled = false;
template <class A> constexpr bool is_upsampled<Remap<Upsample2, A>> = true;
template <class X> constexpr bool is_zero_inserted = false;
template <class A> constexpr bool is_zero_inserted<Remap<ZeroInsert2, A>> = true;
/// What is convolved, where the kernel does the enlarging.
template <class X> const X& before_enlarging(const X& x) { return x; }
template <class A> const A& before_enlarging(const Remap<Upsample2, A>& x) { return x.operand; }
template <class A> const A& before_enlarging(const Remap<ZeroInsert2, A>& x) { return x.operand; }

constexpr bool upsamples(Packing::Kind kind) {
  return kind == CpuPacking::upsample_f2 || kind == CpuPacking::upsample_f3;
}
constexpr bool enlarges(Packing::Kind kind) { return upsamples(kind) || kind == CpuPacking::transposed; }

/// A larger result is stored past the caches: it would be out of them again before it is read.
inline constexpr std::size_t streamed_bytes = std::size_t{1} << 25;

/// What filters are packed for that nobody has prepared, those of training.
inline constexpr Precision unprepared = Precision::exact;

/// Whether minimal filtering applies at all.
template <class T> constexpr bool has_schemes(const ConvolutionShape& s) {
  const auto& g = s.geometry;
  const bool pads = g.pad_before == g.pad_after && (g.pad_before == 1 || (g.pad_before == 0 && !s.upsampled));
  return std::is_same_v<T, float> && g.kernel == 3 && g.stride == 1 && pads &&
         s.filter.c % lane_count<T> == 0 && s.filter.n % lane_count<T> == 0;
}

/// Whether the products of all taps can be taken at once.
template <class T> constexpr bool has_few_outputs(const ConvolutionShape& s) {
  return s.geometry.kernel > 1 && s.geometry.stride == 1 && s.filter.n <= TapsTiling<T>::most_outputs;
}

/// Whether it is the transposed convolution that has a kernel of its own.
constexpr bool is_transposed(const ConvolutionShape& s) {
  const auto& g = s.geometry;
  return s.zero_inserted && g.kernel == 3 && g.stride == 1 && g.pad_before == 2 && g.pad_after == 2;
}

/// Whether the gradient of the filter is summed by minimal filtering, too.
template <class T> constexpr bool sums_gradient_by_tiles(const ConvolutionShape& s) {
  return has_schemes<T>(s) && s.geometry.pad_before == 1 && s.in.h * s.in.w >= 32 * 32;
}

/// The fastest algorithm that the policy allows, as the packing that stands for it.
template <class T> Packing::Kind algorithm_for(const ConvolutionShape& s, PackingPolicy policy) {
  const Precision precision = policy.precision;
  // Most weights are in 3x3 filters between 512 channels (60 %) and between 256 (20 %); small maps take
  // little of the time.
  const auto has_channels = [&](int channels) {
    return policy.low_memory && s.filter.n * s.filter.c >= channels * channels;
  };
  if (is_transposed(s)) return CpuPacking::transposed;
  if (has_few_outputs<T>(s)) return CpuPacking::taps;
  const int side = std::min(s.in.h, s.in.w);
  if (!has_schemes<T>(s) || has_channels(512) || (side < 64 && has_channels(256))) return CpuPacking::panels;
  if (precision == Precision::reference) return CpuPacking::winograd_f2;
  if (s.upsampled) return side < 64 || has_channels(256) ? CpuPacking::upsample_f2 : CpuPacking::upsample_f3;
  const bool may_round = s.after_codebook || precision == Precision::fast;
  if (side < (may_round ? 64 : 128) || has_channels(256)) return CpuPacking::winograd_f2;
  return side >= 128 && may_round && !policy.low_memory ? CpuPacking::winograd_f6 : CpuPacking::winograd_f4;
}

/// Elements of a filter {out,kernel,kernel,in} packed as `kind`.
template <class T> std::size_t packed_size(Packing::Kind kind, Extents filter) {
  if (kind == CpuPacking::taps) return panels_size<T>(filter.c, filter.h * filter.w * filter.n);
  std::size_t products = static_cast<std::size_t>(filter.h) * static_cast<std::size_t>(filter.w);
  with_scheme(kind, [&](auto scheme) {
    products = static_cast<std::size_t>(scheme.products) * static_cast<std::size_t>(scheme.products);
  });
  return products * panels_size<T>(filter.c, filter.n);
}
/// packed: packed_size() elements.
template <class T> void pack(ThreadPool& pool, Packing::Kind kind, const RawFilter<T>& raw, T* packed) {
  if (kind == CpuPacking::taps) return pack_taps(raw, packed);
  if (kind == CpuPacking::transposed) return pack_transposed(pool, raw, packed);
  bool found = false;
  if constexpr (std::is_same_v<T, float>)
    found = with_scheme(kind, [&](auto scheme) { pack_winograd<decltype(scheme)>(pool, raw, packed); });
  if (!found) pack_filter(pool, raw, packed);
}

/// How a convolution is computed here: as its filter is packed, if this executor can use that, else packing
/// it on the spot.
struct Algorithm {
  Packing::Kind kind;
  bool packs;
};
template <class X> ConvolutionShape shape_of(const ConvolutionCore<X>& core, bool after_codebook = false) {
  return {core.geometry,   core.x.extents(), core.filter.extents(),
          is_upsampled<X>, after_codebook,   is_zero_inserted<X>};
}
template <class X> Algorithm algorithm_of(const ConvolutionCore<X>& core) {
  using T = typename X::value;
  const Packing packing = core.filter.packing();
  const ConvolutionShape shape = shape_of(core);
  bool fits = packing.columns == MicroTile<T>::columns;
  if (packing.kind == CpuPacking::taps)
    fits = fits && has_few_outputs<T>(shape);
  else if (packing.kind == CpuPacking::transposed)
    fits = fits && is_transposed(shape);
  else if (packing.kind != CpuPacking::panels)
    fits = fits && has_schemes<T>(shape) && (shape.upsampled || !upsamples(packing.kind));
  fits = fits && packing.kind != Packing::Kind::none;
  return {fits ? packing.kind : algorithm_for<T>(shape, unprepared), !fits};
}

/// Elements of scratch that all threads share, and that each needs; and tasks that write the result.
struct ConvolutionNeeds {
  std::size_t shared, per_thread;
  int tasks_per_image;
};
template <class T>
ConvolutionNeeds convolution_needs(Packing::Kind kind, const ConvolutionGeometry& g, Extents in,
                                   Extents out) {
  ConvolutionNeeds needs{};
  const bool found = with_scheme(kind, [&](auto scheme) {
    const WinogradTiling<decltype(scheme), T> t(in, out);
    needs = {t.shared_size(), t.scratch_size(), t.tasks_per_image()};
  });
  if (found) return needs;
  if (kind == CpuPacking::transposed) {
    const TransposedTiling<T> t(in, out);
    return {0, t.scratch_size(), t.tasks_per_image()};
  }
  if (kind == CpuPacking::taps) {
    const TapsTiling<T> t(g, in, out);
    return {0, t.scratch_size(), t.tasks_per_image()};
  }
  const ConvolutionTiling<T> t(g, in, out);
  return {0, t.scratch_size(), t.tasks_per_image()};
}

/// out = epilogue(convolution(prologue(x), packed filter)) by the algorithm of the packing; x before enlarging
/// where that is the algorithm's.
template <class T>
void convolve(ThreadPool& pool, Packing::Kind kind, const ConvolutionGeometry& g, const Operand<T>& x,
              const T* packed, const Emitter<T>& emitter, T* shared, T* scratch) {
  if constexpr (std::is_same_v<T, float>) {
    const bool found = with_scheme(kind, [&](auto scheme) {
      using S = decltype(scheme);
      const WinogradTiling<S, T> t(x.extents, emitter.extents);
      WinogradConvolution<S, T>(t, g.pad_before, x, packed, emitter, shared, scratch).run(pool);
    });
    if (found) return;
  }
  if (kind == CpuPacking::transposed)
    return convolve_transposed(pool, TransposedTiling<T>(x.extents, emitter.extents), x, packed, emitter,
                               scratch);
  if (kind == CpuPacking::taps)
    return convolve_by_taps(pool, TapsTiling<T>(g, x.extents, emitter.extents), x, packed, emitter, scratch);
  convolve(pool, ConvolutionTiling<T>(g, x.extents, emitter.extents), x, packed, emitter, scratch);
}

}  // namespace RFPP_ABI
}  // namespace cpu

}  // namespace rfpp

#endif
