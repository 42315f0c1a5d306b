#ifndef RFPP_CPU_FLIPPED_CONVOLUTION_HPP
#define RFPP_CPU_FLIPPED_CONVOLUTION_HPP

#include "rfpp/cpu/algorithm.hpp"
#include "rfpp/cpu/moments.hpp"

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// The gradient of the input of a convolution with stride 1: the convolution of the output's gradient with
/// the filter turned by half a turn and its channels swapped, by the same algorithms.
template <class T> struct FlippedConvolution {
  ConvolutionGeometry geometry;
  Extents gradient, filter, result;
  Packing::Kind kind;
  ConvolutionNeeds needs;

  static bool applies(const ConvolutionGeometry& g) {
    return g.stride == 1 && g.pad_before < g.kernel && g.pad_after < g.kernel;
  }

  /// For a convolution from `in` to `out`.
  FlippedConvolution(const ConvolutionGeometry& g, Extents in, Extents out)
      : geometry{g.kernel, 1, g.kernel - 1 - g.pad_before, g.kernel - 1 - g.pad_after},
        gradient(out),
        filter{in.c, g.kernel, g.kernel, out.c},
        result(in),
        // No codebook entry depends on a gradient.
        kind(algorithm_for<T>({geometry, gradient, filter, false, /*after_codebook=*/true}, unprepared)),
        needs(convolution_needs<T>(kind, geometry, gradient, result)) {}

  // The shared scratch: what the algorithm shares, the packed and the flipped filter, the sums.
  std::size_t packed_at() const { return aligned(needs.shared * sizeof(T)); }
  std::size_t flipped_at() const { return packed_at() + aligned(packed_size<T>(kind, filter) * sizeof(T)); }
  std::size_t sums_at() const { return flipped_at() + aligned(filter.size() * sizeof(T)); }
  std::size_t shared_bytes() const {
    return sums_at() +
           aligned(static_cast<std::size_t>(needs.tasks_per_image) * sums_count(result) * sizeof(double));
  }

  /// shared: shared_bytes() bytes; scratch: needs.per_thread elements for every thread.
  void run(ThreadPool& pool, const Operand<T>& x, const Tensor<T>& raw, Emitter<T> emitter, char* shared,
           T* scratch) const {
    auto* packed = reinterpret_cast<T*>(shared + packed_at());
    auto* flipped = reinterpret_cast<T*>(shared + flipped_at());
    const int taps = filter.h * filter.w;
    pool.for_each(filter.n, [&](int c, int) {
      T* to = flipped + std::ptrdiff_t{c} * taps * filter.c;
      for (int tap = taps - 1; tap >= 0; --tap)
        for (int o = 0; o < filter.c; ++o)
          *to++ = raw.data()[(std::ptrdiff_t{o} * taps + tap) * filter.n + c];
    });
    pack<T>(pool, kind, {flipped, filter}, packed);
    emitter.sums = reinterpret_cast<double*>(shared + sums_at());
    convolve(pool, kind, geometry, x, packed, emitter, reinterpret_cast<T*>(shared), scratch);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
