#ifndef RFPP_CPU_KERNELS_HPP
#define RFPP_CPU_KERNELS_HPP

#include "rfpp/cpu/convolution_gradients.hpp"
#include "rfpp/cpu/depthwise.hpp"
#include "rfpp/cpu/flipped_convolution.hpp"
#include "rfpp/cpu/inverted_residual.hpp"
#include "rfpp/cpu/jpeg.hpp"
#include "rfpp/cpu/matmul.hpp"
#include "rfpp/cpu/separable_filter.hpp"
#include "rfpp/cpu/winograd_gradient.hpp"

// The kernels that the Cpu executor calls. They depend on no expression, only on the element type: the target
// rfpp::kernels compiles them once, and whoever links it does not compile them again.

namespace rfpp::cpu {
inline namespace RFPP_ABI {

/// out = epilogue(gradient of a convolution's input {shape}). shared, scratch: as scratch_of tells.
template <class T>
void convolve_data_gradient(ThreadPool& pool, const ConvolutionGeometry& geometry, Extents shape,
                            const Operand<T>& gradient, const Tensor<T>& filter, const Emitter<T>& emitter,
                            char* shared, char* scratch) {
  auto* buffer = reinterpret_cast<T*>(scratch);
  if (FlippedConvolution<T>::applies(geometry)) {
    const FlippedConvolution<T> flipped(geometry, shape, gradient.extents);
    return flipped.run(pool, gradient, filter, emitter, shared, buffer);
  }
  const DataGradientTiling<T> t(geometry, shape, gradient.extents);
  convolution_data_gradient(pool, t, gradient, filter, emitter, reinterpret_cast<T*>(shared), buffer);
}

/// out = epilogue(gradient of a convolution's filter {shape}). shared, scratch: as scratch_of tells.
template <class T>
void convolve_filter_gradient(ThreadPool& pool, const ConvolutionGeometry& geometry, Extents shape,
                              const Operand<T>& x, const Operand<T>& gradient, const Emitter<T>& emitter,
                              char* shared, char* scratch) {
  auto* images = reinterpret_cast<T*>(shared);
  auto* buffer = reinterpret_cast<T*>(scratch);
  if constexpr (std::is_same_v<T, float>)
    if (sums_gradient_by_tiles<T>({geometry, x.extents, shape})) {
      const FilterGradientByTiles<WinogradF4, T> tiles(x.extents, gradient.extents);
      auto* sums = reinterpret_cast<double*>(shared + tiles.sums_at());
      return tiles.run(pool, x, gradient, emitter, images, sums, buffer);
    }
  const FilterGradientTiling<T> t{geometry, x.extents, gradient.extents};
  auto* sums = reinterpret_cast<double*>(shared + t.sums_at());
  FilterGradient<T>(t, x, gradient, images, sums, buffer).run(pool, emitter);
}

// Each line is an explicit instantiation, of which `declare` makes a declaration or a definition.
// NOLINTBEGIN(bugprone-macro-parentheses): a type in parentheses is none
#define RFPP_KERNELS(declare, T)                                                                             \
  declare std::size_t packed_size<T>(Packing::Kind, Extents);                                                \
  declare void pack(ThreadPool&, Packing::Kind, const RawFilter<T>&, T*);                                    \
  declare ConvolutionNeeds convolution_needs<T>(Packing::Kind, const ConvolutionGeometry&, Extents,          \
                                                Extents);                                                    \
  declare void convolve(ThreadPool&, Packing::Kind, const ConvolutionGeometry&, const Operand<T>&, const T*, \
                        const Emitter<T>&, T*, T*);                                                          \
  declare void convolve_data_gradient(ThreadPool&, const ConvolutionGeometry&, Extents, const Operand<T>&,   \
                                      const Tensor<T>&, const Emitter<T>&, char*, char*);                    \
  declare void convolve_filter_gradient(ThreadPool&, const ConvolutionGeometry&, Extents, const Operand<T>&, \
                                        const Operand<T>&, const Emitter<T>&, char*, char*);                 \
  declare void convolve_depthwise(ThreadPool&, const DepthwiseShape<T>&, const Operand<T>&, const T*,        \
                                  const Emitter<T>&, T*, T*);                                                \
  declare void run_inverted_residual(ThreadPool&, const InvertedResidualCore<T>&,                            \
                                     const InvertedResidualShape<T>&, const Emitter<T>&, T*, T*);            \
  declare void multiply(ThreadPool&, const MatmulShape<T>&, const Operand<T>&, const Operand<T>&,            \
                        const Emitter<T>&, T*, T*);                                                          \
  declare void band_moments(ThreadPool&, const Operand<T>&, double*, T*);                                    \
  declare void finish_moments(Extents, int, double, const double*, const Emitter<T>&, T*);                   \
  declare void add_reduced(ThreadPool&, const Operand<T>&, const Tensor<T>&, char*);                         \
  declare void filter_separably(ThreadPool&, const SeparableShape<T>&, const SeparableFilter<T>&,            \
                                const Operand<T>&, const Emitter<T>&, T*, T*);                               \
  declare void nearest_entries(ThreadPool&, const Operand<T>&, const T*, int, const Emitter<int>&, double*); \
  declare void largest_channels(ThreadPool&, const Operand<T>&, const Emitter<int>&, T*);                    \
  declare void code_jpeg(ThreadPool&, const JpegShape&, int, const Operand<T>&, const Emitter<T>&,           \
                         std::uint8_t*, char*);
// NOLINTEND(bugprone-macro-parentheses)

#ifdef RFPP_COMPILED_KERNELS
RFPP_KERNELS(extern template, float)
RFPP_KERNELS(extern template, double)
#endif

}  // namespace RFPP_ABI
}  // namespace rfpp::cpu

#endif
