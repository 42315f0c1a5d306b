#ifndef RFPP_CUDA_THRUST_HPP
#define RFPP_CUDA_THRUST_HPP

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/system_error.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "rfpp/cuda/device.hpp"
#include "rfpp/cuda/folds.hpp"
#include "rfpp/cuda/image_kernels.hpp"
#include "rfpp/expr/depthwise.hpp"
#include "rfpp/expr/eval.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Thrust's host system, on one thread: what tests of kernels run on where there is no GPU.
struct ThrustHost {
  Memory& memory() const { return HostMemory::instance(); }
  void upload(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }
  void download(void* to, const void* from, std::size_t bytes) const { std::memcpy(to, from, bytes); }
  template <class Kernel> void for_each(std::size_t count, const Kernel& kernel) const {
    thrust::for_each_n(thrust::host, thrust::counting_iterator<std::size_t>(0), count, kernel);
  }
};

/// Evaluates every kind of expression through Thrust, in the memory of a device and in the order of its
/// stream: one thread for each element of the result. Nothing in it waits for the device, and once its
/// workspace is as large as a run needs, runs allocate nothing.
template <cuda::Device D> class Thrust {
 public:
  using Device = D;
  static constexpr bool overwrites = true;

  explicit Thrust(Device device = {})
      : device_(std::move(device)), workspace_(device_.memory()), failed_(tensor<int>({})) {
    run(failed_, Constant<int>{0, {}});
  }

  Device& device() { return device_; }
  Workspace& workspace() { return *workspace_; }

  /// A tensor in the workspace that nobody has written yet.
  template <class T> Tensor<T> tensor(Extents e) { return {Storage(Tensor<T>::bytes(e), *workspace_), e}; }

  /// The bytes of workspace that f() takes, in one unbroken range. Nothing that it evaluates is computed.
  template <class F> std::size_t dry_run_bytes(F&& f) {
    struct Dry {
      Thrust& ex;
      WorkspaceHandle real{NoMemory::instance()};

      explicit Dry(Thrust& executor) : ex(executor) { swap(true); }
      ~Dry() { swap(false); }
      void swap(bool dry) {
        ex.dry_ = dry;
        ex.workspace_.swap(real);
      }
    };
    const Dry dry(*this);
    workspace_->reserve(std::size_t{1} << 50);
    f();
    return workspace_->peak_bytes();
  }

  /// A copy in the device's memory.
  template <class T> Tensor<T> upload(const Tensor<T>& host) {
    auto t = tensor<T>(host.extents());
    device_.upload(t.data(), host.data(), Tensor<T>::bytes(t.extents()));
    return t;
  }
  /// A copy in the host's memory, once everything before it is done. Throws Error where an evaluation before
  /// it should have.
  template <class T> Tensor<T> download(const Tensor<T>& t) {
    auto host = Tensor<T>::uninitialized(t.extents());
    device_.download(host.data(), t.data(), Tensor<T>::bytes(t.extents()));
    check();
    return host;
  }

  /// out = e, or out += e.
  template <class T, class E> void run(const Tensor<T>& out, const E& e, bool accumulate = false) {
    const cuda::MapKernel<T, plan_t<E>> map{emit_to(out, plan_of(e), accumulate)};
    launch(map.emit.count(), map);
  }
  template <class T, class Core, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<Core, Epilogue>& a, bool accumulate = false) {
    run_core(a.core, emit_to(out, plan_of(a.epilogue), accumulate));
  }

  /// target += e summed over the extents that are 1 in target.
  template <class T, class E> void add_reduced(const Tensor<T>& target, const E& e) {
    target.storage.attach({});
    const Extents x = e.extents(), t = target.extents();
    const auto summed = [](int all, int kept) { return kept == 1 ? all : 1; };
    const Extents over{summed(x.n, t.n), summed(x.h, t.h), summed(x.w, t.w), summed(x.c, t.c)};
    const auto f =
        fold<double, Sum>(t.size(), over.size(), cuda::ReducedItem<plan_t<E>>{plan_of(e), t, over});
    launch(t.size(), cuda::AddFoldedKernel<double, T, Sum>{f.data(), f.parts, target.data()});
  }

  /// table[index[i]] += rows[i].
  template <class T>
  void scatter_rows(const Tensor<T>& table, const Tensor<int>& index, const Tensor<T>& rows) {
    table.storage.attach({});
    launch(table.extents().size(), cuda::ScatterRowsKernel<T>{table.data(), index.data(), rows.data(),
                                                              index.extents().size(), table.extents().c});
  }

  /// f(i) for every i in [0, count), in any order and several at a time.
  template <class F> void for_each_item(std::size_t count, const F& f) { launch(count, f); }

  /// search_failed() is true where an element of t is NaN or infinity.
  void check_finite(const Tensor<float>& t) {
    launch(t.extents().size(), cuda::FiniteKernel{t.data(), failed_.data()});
  }
  /// Whether a search for nearest entries or largest channels, or check_finite(), has met NaN or infinity
  /// since the last call.
  bool search_failed() {
    int failed = 0;
    device_.download(&failed, failed_.data(), sizeof(int));
    if (failed != 0) run(failed_, Constant<int>{0, {}});  // in place: a recorded graph goes on writing there
    return failed != 0;
  }
  /// The same without waiting for the device, which writes 1 or 0.
  void search_failed(const Tensor<int>& to) {
    run(to, failed_);
    run(failed_, Constant<int>{0, {}});
  }
  /// Throws Error where it has.
  void check() {
    if (search_failed())
      throw Error(
          "nearest: a distance to the codebook, or what argmax reads, is not finite: the input or the "
          "weights "
          "hold NaN or infinity");
  }

 protected:
  template <class T, class P> static cuda::Emit<T, P> emit_to(const Tensor<T>& out, P plan, bool accumulate) {
    if (!out.has_storage())
      throw Error("eval: the destination " + to_string(out.extents()) + " has no storage");
    out.storage.attach({});
    return {std::move(plan), out.data(), out.extents(), accumulate};
  }
  bool dry() const { return dry_; }
  template <class Kernel> void launch(std::size_t count, const Kernel& kernel) {
    static_assert(std::is_trivially_copyable_v<Kernel>,
                  "a kernel holds plans, and plans hold raw pointers only");
    if (dry_) return;
    try {
      device_.for_each(count, kernel);
    } catch (const thrust::system_error& error) {
      throw Error(std::string("starting a kernel: ") + error.what());
    }
  }

  template <class X, class T, class P>
  void run_core(const ConvolutionCore<X>& core, const cuda::Emit<T, P>& emit) {
    launch(emit.extents.size(),
           cuda::ConvolutionKernel<T, plan_t<X>, P>{plan_of(core.x), core.x.extents(),
                                                    core.filter.raw().data(), core.geometry, emit});
  }
  template <class G, class T, class P>
  void run_core(const ConvolutionDataGradientCore<G>& core, const cuda::Emit<T, P>& emit) {
    launch(emit.extents.size(),
           cuda::DataGradientKernel<T, plan_t<G>, P>{plan_of(core.gradient), core.gradient.extents(),
                                                     core.filter.raw().data(), core.geometry, emit});
  }
  template <class X, class G, class T, class P>
  void run_core(const ConvolutionFilterGradientCore<X, G>& core, const cuda::Emit<T, P>& emit) {
    const Extents out = core.gradient.extents();
    using Item = cuda::FilterGradientItem<T, plan_t<X>, plan_t<G>>;
    const auto f = fold<double, Sum>(
        core.shape.size(), out.pixels(),
        Item{plan_of(core.x), plan_of(core.gradient), core.x.extents(), out, core.shape, core.geometry});
    launch(core.shape.size(), cuda::EmitFoldedKernel<double, T, Sum, P>{f.data(), f.parts, emit});
  }
  template <class A, class B, class T, class P>
  void run_core(const MatmulCore<A, B>& core, const cuda::Emit<T, P>& emit) {
    const Extents a = core.a.extents();
    launch(emit.extents.size(), cuda::MatmulKernel<T, plan_t<A>, plan_t<B>, P>{
                                    plan_of(core.a), plan_of(core.b), core.transpose_a, core.transpose_b,
                                    core.transpose_a ? a.w : a.c, emit});
  }
  template <class X, class T, class P>
  void run_core(const MomentsCore<X>& core, const cuda::Emit<T, P>& emit) {
    const Extents e = core.x.extents();
    const auto images = static_cast<std::size_t>(e.n), channels = static_cast<std::size_t>(e.c),
               groups = static_cast<std::size_t>(core.groups);
    const std::size_t pixels = e.pixels() / images, parts = cuda::parts_for(images * channels, pixels);
    const Storage sums(images * parts * channels * sizeof(cuda::SumAndSquares), *workspace_);
    auto* folded = static_cast<cuda::SumAndSquares*>(sums.data());
    launch(images * parts * channels,
           cuda::FoldPixelsKernel<plan_t<X>>{plan_of(core.x), e, static_cast<int>(parts), folded});

    const std::size_t rows = core.whole_batch ? images * parts : parts;
    const std::size_t targets = core.whole_batch ? groups : images * groups, items = rows * channels / groups;
    const auto f = fold_once<cuda::SumAndSquares, cuda::AddBoth>(
        targets, items, std::min(cuda::parts_for(targets, items), cuda::most_joined),
        cuda::GroupItem{folded, rows, channels, groups});
    const std::size_t count = e.size() / targets;
    launch(emit.extents.size(), cuda::EmitMomentsKernel<T, P>{f.data(), f.parts, count, core.epsilon, emit});
  }
  template <class Operation, class X, class T, class P>
  void run_core(const ReductionCore<Operation, X>& core, const cuda::Emit<T, P>& emit) {
    const Extents e = core.x.extents();
    if (core.over == Over::channels)
      emit_fold<Operation>(emit, static_cast<std::size_t>(e.c),
                           cuda::ChannelItem<T, plan_t<X>>{plan_of(core.x), emit.places});
    else
      emit_fold<Operation>(emit, e.size(), cuda::ElementItem<T, plan_t<X>>{plan_of(core.x), e});
  }
  template <class X, class P> void run_core(const NearestCore<X>& core, const cuda::Emit<int, P>& emit) {
    using T = typename X::value;
    const Extents table = core.table.extents();
    const auto f = fold<cuda::Neighbor, cuda::Nearer>(
        emit.extents.size(), static_cast<std::size_t>(table.n),
        cuda::EntryItem<T, plan_t<X>>{plan_of(core.x), emit.extents, plan_of(core.table).data, table.c,
                                      failed_.data()});
    launch(emit.extents.size(), cuda::EmitNearestKernel<P>{f.data(), f.parts, emit});
  }
  template <class X, class P> void run_core(const ArgmaxCore<X>& core, const cuda::Emit<int, P>& emit) {
    const auto f = fold<cuda::Neighbor, cuda::Nearer>(
        emit.extents.size(), static_cast<std::size_t>(core.x.extents().c),
        cuda::LargestItem<plan_t<X>>{plan_of(core.x), emit.extents, failed_.data()});
    launch(emit.extents.size(), cuda::EmitNearestKernel<P>{f.data(), f.parts, emit});
  }
  template <class X, class T, class P>
  void run_core(const SeparableFilterCore<X>& core, const cuda::Emit<T, P>& emit) {
    const Extents e = core.x.extents(), out = emit.extents;
    const auto sums = tensor<T>(out), filtered = tensor<T>({e.n, e.h, out.w, e.c});
    run(sums, Constant<T>{T(0), out});
    for (const auto& term : core.filter->terms) {
      const auto columns = uploaded(term.columns), rows = uploaded(term.rows);
      launch(filtered.extents().size(),
             cuda::FilterColumnsKernel<T, plan_t<X>>{plan_of(core.x), e.w, columns.taps, filtered.extents(),
                                                     filtered.data()});
      launch(out.size(), cuda::FilterRowsKernel<T>{filtered.data(), e.h, rows.taps, out, sums.data()});
    }
    launch(out.size(), cuda::EmitKernel<T, P>{sums.data(), emit});
  }
  template <class X, class T, class P>
  void run_core(const DepthwiseCore<X>& core, const cuda::Emit<T, P>& emit) {
    launch(emit.extents.size(),
           cuda::DepthwiseKernel<T, plan_t<X>, P>{plan_of(core.x), core.x.extents(),
                                                  plan_of(core.weight).data, core.geometry, emit});
  }
  template <class X, class T, class P> void run_core(const JpegCore<X>& core, const cuda::Emit<T, P>& emit) {
    const Extents e = emit.extents;
    cuda::JpegPlanes planes{e, (e.w + 15) / 16 * 16, (e.h + 15) / 16 * 16, nullptr};
    const Storage bytes(static_cast<std::size_t>(e.n) * planes.image_bytes(), *workspace_);
    planes.bytes = static_cast<std::uint8_t*>(bytes.data());
    launch(
        static_cast<std::size_t>(e.n) * static_cast<std::size_t>(planes.blocks_per_image()),
        cuda::JpegBlockKernel<T, plan_t<X>>{plan_of(core.x), planes, {0, core.quality}, {1, core.quality}});
    launch(e.size(), cuda::JpegDecodeKernel<T, P>{planes, emit});
  }

 private:
  template <class S> struct Folded {
    Storage storage;
    std::size_t parts;

    const S* data() const { return static_cast<const S*>(storage.data()); }
  };
  template <class S, class Operation, class Item>
  Folded<S> fold_once(std::size_t targets, std::size_t count, std::size_t parts, const Item& item) {
    Storage folded(targets * parts * sizeof(S), *workspace_);
    launch(targets * parts,
           cuda::FoldPartsKernel<S, Operation, Item>{item, count, parts, static_cast<S*>(folded.data())});
    return {std::move(folded), parts};
  }
  template <class S, class Operation, class Item>
  Folded<S> fold(std::size_t targets, std::size_t count, const Item& item) {
    auto f = fold_once<S, Operation>(targets, count, cuda::parts_for(targets, count), item);
    if (f.parts <= cuda::most_joined) return f;
    return fold_once<S, Operation>(targets, f.parts, cuda::most_joined,
                                   cuda::FoldedItem<S>{f.data(), f.parts});
  }
  /// Every element of the result from `count` items.
  template <class Operation, class T, class P, class Item>
  void emit_fold(const cuda::Emit<T, P>& emit, std::size_t count, const Item& item) {
    const auto f = fold<T, Operation>(emit.extents.size(), count, item);
    launch(emit.extents.size(), cuda::EmitFoldedKernel<T, T, Operation, P>{f.data(), f.parts, emit});
  }

  template <class T> struct UploadedTaps {
    Storage first, weights;
    cuda::Taps<T> taps;
  };
  template <class T> UploadedTaps<T> uploaded(const FilterTaps<T>& taps) {
    UploadedTaps<T> up{uploaded(taps.first), uploaded(taps.weights), {}};
    up.taps = {taps.count, static_cast<const int*>(up.first.data()),
               static_cast<const T*>(up.weights.data())};
    return up;
  }
  template <class T> Storage uploaded(const std::vector<T>& elements) {
    Storage storage(elements.size() * sizeof(T), *workspace_);
    if (!dry_) device_.upload(storage.data(), elements.data(), elements.size() * sizeof(T));
    return storage;
  }

  Device device_;
  WorkspaceHandle workspace_;
  Tensor<int> failed_;
  bool dry_ = false;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
