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
/// a time. What is multiplied is rounded as the filter's packing says; filters that are not packed, and
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
    const auto emit = emit_to(out, plan_of(a.epilogue), accumulate);
    with_numbers(a.core.filter.packing().kind,
                 [&](auto numbers) { convolve<decltype(numbers)>(a.core, emit); });
  }
  template <class A, class B, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<MatmulCore<A, B>, Epilogue>& a, bool accumulate = false) {
    using Numbers = cuda::SplitTf32;
    const auto& core = a.core;
    const Extents of_a = core.a.extents(), e = out.extents();
    const int depth = core.transpose_a ? of_a.w : of_a.c;
    const Storage left = rounded_matrix<Numbers>(plan_of(core.a), {e.n, 1, e.w, depth}, core.transpose_a);
    const Storage right = rounded_matrix<Numbers>(plan_of(core.b), {e.n, 1, e.c, depth}, !core.transpose_b);
    const int padded = cuda::padded<Numbers>(depth);
    multiply<Numbers>({elements<Numbers>(left), {e.n, 1, e.w, padded}, e, {1, 1, 0, 0}, e.w},
                      {elements<Numbers>(right), e.n, e.c, padded},
                      emit_to(out, plan_of(a.epilogue), accumulate));
  }

  /// Rounds a filter once for all convolutions to come. Its raw weight is on the device.
  void pack(Filter<float>& filter, Packing::Kind kind) {
    with_numbers(kind, [&](auto numbers) {
      using Numbers = decltype(numbers);
      const Extents e = filter.extents();
      filter.set_packed({Numbers::kind, 0}, {rounded<Numbers>(plan_of(filter.raw()), e), e});
    });
  }

  /// Waits for everything that was asked for. Throws Error where something of it failed.
  void synchronise() {
    device().synchronise();
    check();
  }

 private:
  /// f(Numbers{}) for the numbers of a packing; the most exact ones where it names none.
  template <class F> static void with_numbers(Packing::Kind kind, F&& f) {
    switch (kind) {
      case Packing::Kind::split_float16:
        return f(cuda::SplitFloat16{});
      case Packing::Kind::tf32:
        return f(cuda::Tf32{});
      case Packing::Kind::bfloat16:
        return f(cuda::Bfloat16{});
      case Packing::Kind::float16:
        return f(cuda::Float16{});
      default:
        return f(cuda::SplitTf32{});
    }
  }
  template <class Numbers> static const typename Numbers::Element* elements(const Storage& s) {
    return static_cast<const typename Numbers::Element*>(s.data());
  }
  template <class Numbers, class X> Storage rounded(const X& x, Extents e) {
    cuda::RoundKernel<Numbers, X> kernel{x, e, nullptr};
    const std::size_t count = kernel.padded_extents().size();
    Storage storage(Numbers::parts * count * sizeof(typename Numbers::Element), workspace());
    kernel.to = static_cast<typename Numbers::Element*>(storage.data());
    launch(count, kernel);
    return storage;
  }
  template <class Numbers, class X> Storage rounded_matrix(const X& x, Extents e, bool transposed) {
    return transposed ? rounded<Numbers>(cuda::TransposedPlan<X>{x}, e) : rounded<Numbers>(x, e);
  }
  template <class Numbers, class X, class P>
  void convolve(const ConvolutionCore<X>& core, const cuda::Emit<float, P>& emit) {
    const Extents e = core.x.extents(), f = core.filter.extents();
    const Storage images = rounded<Numbers>(plan_of(core.x), e);
    const Storage filter = core.filter.packing().kind == Numbers::kind
                               ? core.filter.packed().storage
                               : rounded<Numbers>(plan_of(core.filter.raw()), f);
    const int channels = cuda::padded<Numbers>(e.c);
    multiply<Numbers>({elements<Numbers>(images),
                       {e.n, e.h, e.w, channels},
                       emit.extents,
                       core.geometry,
                       static_cast<int>(emit.extents.pixels())},
                      {elements<Numbers>(filter), 1, f.n, f.h * f.w * channels}, emit);
  }
  template <class Numbers, class P>
  void multiply(const cuda::Patches<Numbers>& left, const cuda::Columns<Numbers>& right,
                const cuda::Emit<float, P>& emit) {
    if (right.columns <= cuda::NarrowTile::columns)
      multiply_in<cuda::NarrowTile>(left, right, emit);
    else
      multiply_in<cuda::WideTile>(left, right, emit);
  }
  template <class Tile, class Numbers, class P>
  void multiply_in(const cuda::Patches<Numbers>& left, const cuda::Columns<Numbers>& right,
                   const cuda::Emit<float, P>& emit) {
    const cuda::Product<Numbers, Tile, cuda::EmitSums<P>> whole{left, right, 1, {emit}};
    const auto tiles = static_cast<std::size_t>(whole.row_tiles()) *
                       static_cast<std::size_t>(whole.column_tiles() * right.products);
    const int splits = cuda::splits_for(tiles, whole.steps());
    if (splits == 1) return start(whole);
    const std::size_t count = emit.extents.size();
    const Storage storage(static_cast<std::size_t>(splits) * count * sizeof(float), workspace());
    auto* sums = static_cast<float*>(storage.data());
    start(cuda::Product<Numbers, Tile, cuda::KeepSums>{left, right, splits, {sums, count}});
    launch(count, cuda::EmitSplitsKernel<P>{sums, splits, emit});
  }
  void start(const auto& product) {
    if (!dry()) cuda::start(device().stream(), product);
  }
};

}  // namespace rfpp::inline v0

#endif
