#ifndef RFPP_CUDA_CUDA_HPP
#define RFPP_CUDA_CUDA_HPP

#include <memory>
#include <type_traits>
#include <utility>

#include "rfpp/cuda/tensor_cores.hpp"
#include "rfpp/cuda/thrust.hpp"
#include "rfpp/expr/transfer.hpp"

namespace rfpp::inline v0 {

/// Evaluates expressions on an NVIDIA GPU, in the order of a stream of its own: convolutions and matrix
/// products of floats on tensor cores, everything else through Thrust. One executor belongs to one thread at
/// a time. Filters say by their packing what their products are rounded to; those that say nothing, and
/// matrix products, are as exact as float.
class Cuda : public Thrust<cuda::CudaStream> {
  using Base = Thrust<cuda::CudaStream>;

 public:
  /// Throws Error where there is no such device.
  explicit Cuda(int index = 0) : Base(cuda::CudaStream(index)) {}

  template <class T, class E> void run(const Tensor<T>& out, const E& e, bool accumulate = false) {
    Base::run(out, e, accumulate);
  }
  template <class X, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a, bool accumulate = false) {
    const auto& core = a.core;
    const auto emit = emit_to(out, plan_of(a.epilogue), accumulate);
    const cuda::ConvolutionLeft<plan_t<X>> left{plan_of(core.x), core.x.extents(), out.extents(),
                                                core.geometry};
    const cuda::FilterRight right{core.filter.raw().data(), out.extents().c, left.depth()};
    switch (core.filter.packing().kind) {
      case Packing::Kind::tf32:
        return multiply<cuda::Tf32>(left, right, 1, out.extents().c, emit);
      case Packing::Kind::bfloat16:
        return multiply<cuda::Bfloat16>(left, right, 1, out.extents().c, emit);
      case Packing::Kind::float16:
        return multiply<cuda::Float16>(left, right, 1, out.extents().c, emit);
      default:
        return multiply<cuda::SplitTf32>(left, right, 1, out.extents().c, emit);
    }
  }
  template <class A, class B, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<MatmulCore<A, B>, Epilogue>& a, bool accumulate = false) {
    const auto& core = a.core;
    const Extents of_a = core.a.extents(), e = out.extents();
    const int depth = core.transpose_a ? of_a.w : of_a.c;
    const cuda::MatmulLeft<plan_t<A>> left{plan_of(core.a), e.w, depth, core.transpose_a};
    const cuda::MatmulRight<plan_t<B>> right{plan_of(core.b), e.c, depth, core.transpose_b};
    multiply<cuda::SplitTf32>(left, right, e.n, e.c, emit_to(out, plan_of(a.epilogue), accumulate));
  }

  /// Waits for everything that was asked for. Throws Error where something of it failed.
  void synchronise() {
    device().synchronise();
    check();
  }

 private:
  template <class Numbers, class Left, class Right, class Epilogue>
  void multiply(const Left& left, const Right& right, int products, int columns,
                const cuda::Emit<float, Epilogue>& emit) {
    cuda::multiply<Numbers>(device().stream(), left, right, products, columns, emit);
  }
};

}  // namespace rfpp::inline v0

#endif
