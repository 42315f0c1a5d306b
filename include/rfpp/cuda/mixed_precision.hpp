#ifndef RFPP_CUDA_MIXED_PRECISION_HPP
#define RFPP_CUDA_MIXED_PRECISION_HPP

#include <utility>

#include "rfpp/cuda/tensor_core_executor.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A TensorCoreExecutor whose convolutions compute in the numbers that their filters are packed in. For
/// inference: every kind of number is a kernel more for every convolution.
template <cuda::TensorCoreDevice D> class MixedPrecision : public TensorCoreExecutor<D> {
  using Base = TensorCoreExecutor<D>;

 public:
  using Base::Base;
  using Base::run;
  template <class X, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a, bool accumulate = false) {
    with_numbers(a.core.filter.packing().kind,
                 [&](auto numbers) { this->template convolve<decltype(numbers)>(out, a, accumulate); });
  }

  /// Rounds a filter once for all convolutions to come. Its raw weight is on the device.
  void pack(Filter<float>& filter, Packing::Kind kind) {
    with_numbers(kind, [&](auto numbers) {
      using Numbers = decltype(numbers);
      const Extents e = filter.extents();
      filter.set_packed({Numbers::kind, 0}, {this->template rounded<Numbers>(plan_of(filter.raw()), e), e});
    });
  }

 private:
  /// f(Numbers{}) for the numbers of a packing; the most exact ones where it names none.
  template <class F> static void with_numbers(Packing::Kind kind, F&& f) {
    if (kind == CudaPacking::split_float16) return f(cuda::SplitHalf<typename D::Half>{});
    if (kind == CudaPacking::tf32) return f(cuda::Tf32{});
    if (kind == CudaPacking::bfloat16) return f(cuda::Bfloat16<typename D::Brain>{});
    if (kind == CudaPacking::float16) return f(cuda::Float16<typename D::Half>{});
    return f(cuda::SplitTf32{});
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
