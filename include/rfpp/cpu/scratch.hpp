#ifndef RFPP_CPU_SCRATCH_HPP
#define RFPP_CPU_SCRATCH_HPP

#include "rfpp/cpu/kernels.hpp"

// The scratch memory of each core, in one place: the Cpu executor takes it, a dry run counts it.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// Bytes in two parts: what all threads share, and what each of them needs.
struct Scratch {
  std::size_t shared = 0, per_thread = 0;

  std::size_t total(int threads) const { return shared + static_cast<std::size_t>(threads) * per_thread; }
};

/// Cores whose kernels emit rows from their first pixel to their last, so that a flat epilogue may take a row
/// as one pixel.
template <class Core> constexpr bool emits_whole_rows = false;
template <class X> constexpr bool emits_whole_rows<SeparableFilterCore<X>> = true;
template <class X> constexpr bool emits_whole_rows<JpegCore<X>> = true;

/// Everything that is settled of a convolution before it runs: its algorithm, and where in the shared scratch
/// the parts begin that follow what the algorithm shares.
struct ConvolutionPlan {
  Algorithm algorithm;
  ConvolutionNeeds needs;
  std::size_t packed_at, sums_at;  // bytes
  Scratch scratch;
};
template <class X> ConvolutionPlan plan_convolution(const ConvolutionCore<X>& core) {
  using T = typename X::value;
  const Algorithm algorithm = algorithm_of(core);
  const Extents in = enlarges(algorithm.kind) ? before_enlarging(core.x).extents() : core.x.extents();
  const Extents out = core.extents();
  ConvolutionPlan plan{algorithm, convolution_needs<T>(algorithm.kind, core.geometry, in, out), 0, 0, {}};
  plan.packed_at = aligned(plan.needs.shared * sizeof(T));
  plan.sums_at = plan.packed_at;
  if (algorithm.packs)
    plan.sums_at += aligned(packed_size<T>(algorithm.kind, core.filter.extents()) * sizeof(T));
  const std::size_t sums =
      static_cast<std::size_t>(plan.needs.tasks_per_image) * sums_count(out) * sizeof(double);
  plan.scratch = {plan.sums_at + aligned(sums), plan.needs.per_thread * sizeof(T)};
  return plan;
}
template <class X> Scratch scratch_of(const ConvolutionCore<X>& core) {
  return plan_convolution(core).scratch;
}
template <class G> Scratch scratch_of(const ConvolutionDataGradientCore<G>& core) {
  using T = typename G::value;
  if (FlippedConvolution<T>::applies(core.geometry)) {
    const FlippedConvolution<T> flipped(core.geometry, core.shape, core.gradient.extents());
    return {flipped.shared_bytes(), flipped.needs.per_thread * sizeof(T)};
  }
  const DataGradientTiling<T> t(core.geometry, core.shape, core.gradient.extents());
  return {aligned(t.shared_size() * sizeof(T)), aligned(t.scratch_size() * sizeof(T))};
}
template <class X, class G> Scratch scratch_of(const ConvolutionFilterGradientCore<X, G>& core) {
  using T = typename X::value;
  if constexpr (std::is_same_v<T, float>)
    if (sums_gradient_by_tiles<T>({core.geometry, core.x.extents(), core.shape})) {
      const FilterGradientByTiles<WinogradF4, T> tiles(core.x.extents(), core.gradient.extents());
      return {tiles.sums_at() + aligned(tiles.sums_size() * sizeof(double)),
              aligned(tiles.scratch_size() * sizeof(T))};
    }
  const FilterGradientTiling<T> t{core.geometry, core.x.extents(), core.gradient.extents()};
  return {t.sums_at() + aligned(t.sums_size() * sizeof(double)), aligned(t.scratch_size() * sizeof(T))};
}
template <class A, class B> Scratch scratch_of(const MatmulCore<A, B>& core) {
  using T = typename A::value;
  const MatmulShape<T> s(core.a.extents(), core.transpose_a, core.extents(), core.transpose_b);
  return {aligned(s.shared_size() * sizeof(T)), s.scratch_size() * sizeof(T)};
}
template <class X> Scratch scratch_of(const MomentsCore<X>& core) {
  const Extents e = core.x.extents();
  const std::size_t bands = static_cast<std::size_t>(Bands(e, band_elements).count());
  const bool known = attached_to(core.x).id() != nullptr;
  const std::size_t sums = sums_count(e) + (known ? 0 : bands * sums_count({1, 1, 1, e.c}));
  return {aligned(sums * sizeof(double)), band_scratch(e) * sizeof(typename X::value)};
}
template <class Operation, class X> Scratch scratch_of(const ReductionCore<Operation, X>& core) {
  using T = typename X::value;
  const Extents e = core.x.extents();
  const int bands = core.over == Over::all ? Bands(e, band_elements).count() : 0;
  return {aligned(static_cast<std::size_t>(bands) * sizeof(T)), band_scratch(e) * sizeof(T)};
}
template <class X> Scratch scratch_of(const SeparableFilterCore<X>& core) {
  using T = typename X::value;
  const SeparableShape<T> s(core.x.extents(), *core.filter, std::is_same_v<X, Tensor<T>>);
  return {aligned(s.shared_size() * sizeof(T)), s.scratch_size() * sizeof(T)};
}
template <class T> Scratch scratch_of(const InvertedResidualCore<T>& core) {
  const InvertedResidualShape<T> s(core);
  return {aligned(s.shared_size() * sizeof(T)), aligned(s.scratch_size() * sizeof(T))};
}
template <class X> Scratch scratch_of(const DepthwiseCore<X>& core) {
  using T = typename X::value;
  const DepthwiseShape<T> s{core.geometry, core.x.extents(), core.extents()};
  return {aligned(s.shared_size() * sizeof(T)), s.scratch_size() * sizeof(T)};
}
template <class X> Scratch scratch_of(const JpegCore<X>& core) {
  const JpegShape s(core.x.extents());
  return {aligned(s.planes_size()), aligned(s.scratch_size<typename X::value>())};
}
template <class X> Scratch scratch_of(const NearestCore<X>& core) {
  return {0, nearest_scratch(core.x.extents()) * sizeof(double)};
}

template <class X> Scratch scratch_of(const ArgmaxCore<X>& core) {
  return {0, band_scratch(core.x.extents()) * sizeof(typename X::value)};
}

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
