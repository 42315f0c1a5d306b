#ifndef RFPP_CUDA_TENSOR_CORE_EXECUTOR_HPP
#define RFPP_CUDA_TENSOR_CORE_EXECUTOR_HPP

#include <array>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "rfpp/cuda/group_moments.hpp"
#include "rfpp/cuda/thrust.hpp"
#include "rfpp/expr/transfer.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Evaluates expressions on a device with tensor cores, in the order of a stream of its own: convolutions and
/// matrix products of floats on those, as exact as float; everything else through Thrust. One executor belongs
/// to one thread at a time.
template <cuda::TensorCoreDevice D> class TensorCoreExecutor : public Thrust<D> {
  using Base = Thrust<D>;
  using Exact = cuda::SplitTf32;  // as exact as float

 public:
  /// Throws Error where there is no such device.
  explicit TensorCoreExecutor(int index = 0) : Base(D(index)) {}

  template <class T, class E> void run(const Tensor<T>& out, const E& e, bool accumulate = false) {
    Base::run(out, e, accumulate);
  }
  template <class X, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a, bool accumulate = false) {
    convolve<Exact>(out, a, accumulate);
  }
  /// The convolution of the output's gradient, with zeros between pixels where the stride is more than one,
  /// with the flipped filter.
  template <class G, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<ConvolutionDataGradientCore<G>, Epilogue>& a,
           bool accumulate = false) {
    const auto& core = a.core;
    const ConvolutionGeometry g = core.geometry;
    const Extents from = core.gradient.extents(), e = out.extents(), f{e.c, g.kernel, g.kernel, from.c};
    const Storage gradient = rounded<Exact>(plan_of(core.gradient), from);
    const Storage filter = rounded<Exact>(cuda::FlippedFilterPlan{core.filter.raw().data(), f}, f);
    auto left = patches<Exact, true>(gradient, from, e, {g.kernel, 1, g.kernel - 1 - g.pad_before, 0});
    left.spread = g.stride;
    multiply<Exact>(left, filter_lines<Exact>(filter, f), 1,
                    this->emit_to(out, plan_of(a.epilogue), accumulate));
  }
  /// The product of the output's gradient and the input's patches, over all pixels.
  template <class X, class G, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<ConvolutionFilterGradientCore<X, G>, Epilogue>& a,
           bool accumulate = false) {
    const auto& core = a.core;
    const Extents from = core.gradient.extents(), e = core.x.extents();
    const Storage gradient = rounded<Exact>(plan_of(core.gradient), from);
    const Storage images = rounded<Exact>(plan_of(core.x), e);
    using Across = cuda::PatchesAcross<Exact>;
    multiply<Exact>(Across{patches<Exact>(gradient, from, from, {1, 1, 0, 0}), from.c},
                    Across{patches<Exact>(images, e, from, core.geometry), e.c}, 1,
                    this->emit_to(out, plan_of(a.epilogue), accumulate));
  }
  template <class A, class B, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<MatmulCore<A, B>, Epilogue>& a, bool accumulate = false) {
    const auto& core = a.core;
    const Extents of_a = core.a.extents(), e = out.extents();
    const int depth = core.transpose_a ? of_a.w : of_a.c;
    const Storage left = rounded_matrix<Exact>(plan_of(core.a), {e.n, 1, e.w, depth}, core.transpose_a);
    const Storage right = rounded_matrix<Exact>(plan_of(core.b), {e.n, 1, e.c, depth}, !core.transpose_b);
    const int padded = cuda::padded<Exact>(depth);
    multiply<Exact>(cuda::Lines<Exact>{elements<Exact>(left), e.n, e.w, padded},
                    cuda::Lines<Exact>{elements<Exact>(right), e.n, e.c, padded}, e.n,
                    this->emit_to(out, plan_of(a.epilogue), accumulate));
  }

  template <class X, class Epilogue>
  void run(const Tensor<float>& out, const Anchor<MomentsCore<X>, Epilogue>& a, bool accumulate = false) {
    if (a.core.whole_batch) return Base::run(out, a, accumulate);
    find_moments(a.core, this->emit_to(out, plan_of(a.epilogue), accumulate), {});
  }
  /// What GroupNorm evaluates, by one kernel: the moments, a and b.
  template <class X>
  std::array<Tensor<float>, 3> moments_and_affine(const X& x, int groups, double epsilon,
                                                  const Tensor<float>& weight, const Tensor<float>& bias) {
    const MomentsCore<X> core{x, groups, epsilon};
    const Extents e = x.extents(), row{e.n, 1, 1, e.c};
    broadcast(row, broadcast(weight.extents(), bias.extents(), "group norm"), "group norm");
    const auto statistics = this->template tensor<float>(core.extents());
    const auto a = this->template tensor<float>(row), b = this->template tensor<float>(row);
    find_moments(core, this->emit_to(statistics, plan_of(Accumulator<float>{}), false),
                 {plan_of(weight).data, plan_of(bias).data, a.data(), b.data()});
    return {statistics, a, b};
  }

  /// Waits for everything that was asked for. Throws Error where something of it failed.
  void synchronize() {
    this->device().synchronize();
    this->check();
  }

 protected:
  template <class Numbers> static const typename Numbers::Element* elements(const Storage& s) {
    return static_cast<const typename Numbers::Element*>(s.data());
  }
  template <class Numbers, class X> Storage rounded(const X& x, Extents e) {
    cuda::RoundKernel<Numbers, X> kernel{x, e, nullptr};
    const std::size_t count = kernel.chunks().size();
    Storage storage(Numbers::parts * count * sizeof(typename decltype(kernel)::Chunk), this->workspace());
    kernel.to = static_cast<typename Numbers::Element*>(storage.data());
    this->launch(count, kernel);
    return storage;
  }
  template <class Numbers, class X> Storage rounded_matrix(const X& x, Extents e, bool transposed) {
    return transposed ? rounded<Numbers>(cuda::TransposedPlan<X>{x}, e) : rounded<Numbers>(x, e);
  }
  /// A norm that follows reads what is attached to the result instead of that.
  template <class Numbers, class X, class Epilogue>
  void convolve(const Tensor<float>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a, bool accumulate) {
    const ConvolutionCore<X>& core = a.core;
    const auto emit = this->emit_to(out, plan_of(a.epilogue), accumulate);
    const Extents e = core.x.extents(), f = core.filter.extents();
    const Storage images = rounded<Numbers>(plan_of(core.x), e);
    const Storage filter = core.filter.packing().kind == Numbers::kind
                               ? core.filter.packed().storage
                               : rounded<Numbers>(plan_of(core.filter.raw()), f);
    const Extents to = out.extents();
    out.storage.attach(multiply<Numbers>(patches<Numbers>(images, e, to, core.geometry),
                                         filter_lines<Numbers>(filter, f), 1, emit, to.h * to.w));
  }
  /// Rounded images' patches for the pixels of `out`.
  template <class Numbers, bool Spread = false>
  static cuda::Patches<Numbers, Spread> patches(const Storage& images, Extents e, Extents out,
                                                ConvolutionGeometry g) {
    e.c = cuda::padded<Numbers>(e.c);
    return {elements<Numbers>(images), e, out, g, static_cast<int>(out.pixels())};
  }
  template <class Numbers> static cuda::Lines<Numbers> filter_lines(const Storage& filter, Extents f) {
    return {elements<Numbers>(filter), 1, f.n, f.h * f.w * cuda::padded<Numbers>(f.c)};
  }
  /// Rows of a tile of a product with so many columns.
  static int tile_rows(int columns) {
    return columns <= cuda::NarrowTile::columns ? cuda::NarrowTile::rows : cuda::WideTile::rows;
  }
  /// Gives the sums of the tiles' columns where there are whole tiles in every `image_rows` of the result, else
  /// nothing.
  template <class Numbers, class Left, class Right, class P>
  Storage multiply(const Left& left, const Right& right, int products, const cuda::Emit<float, P>& emit,
                   int image_rows = 1) {
    if (tile_rows(right.lines) == cuda::NarrowTile::rows)
      return multiply_in<Numbers, cuda::NarrowTile>(left, right, products, emit, image_rows);
    return multiply_in<Numbers, cuda::WideTile>(left, right, products, emit, image_rows);
  }
  template <class Numbers, class Tile, class Left, class Right, class P>
  Storage multiply_in(const Left& left, const Right& right, int products, const cuda::Emit<float, P>& emit,
                      int image_rows) {
    cuda::Product<Numbers, Tile, Left, Right, cuda::EmitSums<P>> whole{left, right, products, 1, {emit}};
    const auto tiles = static_cast<std::size_t>(whole.row_tiles()) *
                       static_cast<std::size_t>(whole.column_tiles() * products);
    const int splits = cuda::splits_for(tiles, whole.steps());
    if (splits == 1) {
      Storage column_sums;
      if (image_rows % Tile::rows == 0 && emit.by_eights)
        column_sums = Storage(static_cast<std::size_t>(whole.row_tiles()) *
                                  static_cast<std::size_t>(right.size()) * sizeof(cuda::SumAndSquares),
                              this->workspace());
      whole.write_sum.column_sums = static_cast<cuda::SumAndSquares*>(column_sums.data());
      start_product(whole);
      return column_sums;
    }
    const std::size_t count = emit.extents.size();
    const Storage storage(static_cast<std::size_t>(splits) * count * sizeof(float), this->workspace());
    auto* sums = static_cast<float*>(storage.data());
    start_product(cuda::Product<Numbers, Tile, Left, Right, cuda::KeepSums>{
        left, right, products, splits, {sums, count, emit.by_eights}});
    this->launch(emit.count(), cuda::EmitSplitsKernel<P>{sums, splits, emit});
    return {};
  }
  template <class X, class P>
  void find_moments(const MomentsCore<X>& core, const cuda::Emit<float, P>& emit,
                    const cuda::ChannelAffine& affine) {
    const Extents e = core.x.extents();
    const int width = e.c / core.groups, image_rows = e.h * e.w;
    const auto count = static_cast<std::size_t>(image_rows) * static_cast<std::size_t>(width);
    const auto fold = [&](const auto& item, std::size_t items) {
      using Item = std::remove_cvref_t<decltype(item)>;
      if (this->dry()) return;
      start(this->device(),
            cuda::GroupMoments<Item, P>{item, items, count, core.epsilon, width, emit, affine});
    };
    const Storage column_sums = attached_to(core.x);
    if (column_sums.id() == nullptr)
      return fold(cuda::GroupElement<plan_t<X>>{plan_of(core.x), e, core.groups}, count);
    const auto tiles = static_cast<std::size_t>(image_rows / tile_rows(e.c));
    fold(cuda::GroupItem{static_cast<const cuda::SumAndSquares*>(column_sums.data()), tiles,
                         static_cast<std::size_t>(e.c), static_cast<std::size_t>(core.groups)},
         tiles * static_cast<std::size_t>(width));
  }
  template <class P> void start_product(P product) {
    if (this->dry()) return;
    product.stages = cuda::stages_for<P>(this->device().shared_memory());
    start(this->device(), product);  // found where the device is
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
