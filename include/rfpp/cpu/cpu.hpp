#ifndef RFPP_CPU_CPU_HPP
#define RFPP_CPU_CPU_HPP

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

#include "rfpp/cpu/scratch.hpp"
#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/flat.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Evaluates expressions on the processor. One executor belongs to one thread at a time; several may read the
/// same model. Results have the same bits for any number of threads, and for an image alone or in a batch.
class Cpu {
 public:
  static constexpr bool overwrites = true, runs_on_host = true;

  /// `threads` 0: as many as the machine has.
  explicit Cpu(int threads = 0) : pool_(threads), workspace_(HostMemory::instance()) {}

  int threads() const { return pool_.threads(); }
  ThreadPool& pool() { return pool_; }
  Workspace& workspace() { return *workspace_; }

  /// `callback` is called after every convolution with the multiply-adds done since this call; false stops
  /// the evaluation with Cancelled.
  void on_progress(std::function<bool(double multiply_adds)> callback) {
    progress_ = std::move(callback);
    multiply_adds_ = 0;
  }

  /// Between host memory and the executor's, which is the same: the tensor itself.
  template <class T> Tensor<T> upload(const Tensor<T>& host) { return host; }
  template <class T> Tensor<T> download(const Tensor<T>& t) { return t; }

  /// A tensor in the workspace that nobody has written yet.
  template <class T> Tensor<T> tensor(Extents e) { return {Storage(Tensor<T>::bytes(e), *workspace_), e}; }

  /// out = e, or out += e.
  template <class T, class E> void run(const Tensor<T>& out, const E& e, bool accumulate = false) {
    out.storage.attach({});
    if (dry_ != nullptr) return static_cast<void>(++dry_->evaluations);
    const auto plan = plan_of(e);
    auto emitter = emitter_of(out, plan, accumulate);
    if (out.extents().w * out.extents().c <= cpu::band_elements)  // a band is at least one pixel
      emitter.extents = flattened_if_flat(e, out.extents());
    const Extents extents = emitter.extents;
    const cpu::Bands bands(extents, cpu::band_elements);
    pool_.for_each(bands.count(), [&](int band, int) {
      cpu::for_each_run(extents, bands.image(band), bands.begin(band), bands.end(extents, band),
                        [&](Pixel first, int pixels) { emitter.emit(first, pixels, nullptr, 0); });
    });
  }
  template <class T, class Core, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<Core, Epilogue>& a, bool accumulate = false) {
    out.storage.attach({});
    if (dry_ != nullptr) return run_dry(out, a.core, !cpu::is_activated<Epilogue>);
    const auto plan = plan_of(a.epilogue);
    if constexpr (is_convolution<Core>) {
      const cpu::ConvolutionPlan settled = cpu::plan_convolution(a.core);
      const Storage scratch(settled.scratch.total(threads()), *workspace_);
      Storage sums;
      if constexpr (!cpu::is_activated<Epilogue>)
        sums = Storage(cpu::sums_count(out.extents()) * sizeof(double), *workspace_);
      convolve(a.core, settled, emitter_of(out, plan, accumulate), static_cast<char*>(scratch.data()),
               static_cast<double*>(sums.data()));
      out.storage.attach(sums);
    } else {
      const cpu::Scratch needs = cpu::scratch_of(a.core);
      const Storage scratch(needs.total(threads()), *workspace_);
      char* shared = static_cast<char*>(scratch.data());
      auto emitter = emitter_of(out, plan, accumulate);
      if constexpr (cpu::emits_whole_rows<Core>)
        emitter.extents = flattened_if_flat(a.epilogue, out.extents());
      run_core(a.core, emitter, shared, shared + needs.shared);
    }
  }

  /// Whether evaluating such a core in one is faster here than each of its convolutions alone. Not in a dry
  /// run, which is told of each.
  template <class T> bool fuses(const InvertedResidualCore<T>& core) const {
    return dry_ == nullptr && cpu::InvertedResidualShape<T>::applies(core);
  }

  /// target += e summed over the extents that are 1 in target.
  template <class T, class E> void add_reduced(const Tensor<T>& target, const E& e) {
    const Storage scratch(cpu::reduced_scratch<T>(e.extents(), dry_ != nullptr ? dry_->threads : threads()),
                          *workspace_);
    if (dry_ != nullptr) return static_cast<void>(++dry_->evaluations);
    with_operand<T>(e, [&](const cpu::Operand<T>& x) {
      cpu::add_reduced(pool_, x, target, static_cast<char*>(scratch.data()));
    });
  }

  /// table[index[i]] += rows[i].
  template <class T>
  void scatter_rows(const Tensor<T>& table, const Tensor<int>& index, const Tensor<T>& rows) {
    if (dry_ != nullptr) return static_cast<void>(++dry_->evaluations);
    const int width = table.extents().c;
    for (std::size_t i = 0; i < index.extents().size(); ++i)
      for (int c = 0; c < width; ++c)
        table.data()[static_cast<std::ptrdiff_t>(index.data()[i]) * width + c] +=
            rows.data()[static_cast<std::ptrdiff_t>(i) * width + c];
  }

  /// f(i) for every i in [0, count), in any order and several at a time.
  template <class F> void for_each_item(std::size_t count, const F& f) {
    if (dry_ != nullptr) return static_cast<void>(++dry_->evaluations);
    pool_.for_each(static_cast<int>(count), [&](int i, int) { f(static_cast<std::size_t>(i)); });
  }

  /// Packs a filter for this executor, unless it is packed already.
  template <class T> void pack(Filter<T>& filter, Packing::Kind kind = CpuPacking::panels) {
    const Packing packing{kind, cpu::MicroTile<T>::columns};
    if (filter.packing() == packing) return;
    const auto size = cpu::packed_size<T>(kind, filter.extents());
    Tensor<T> packed(Storage(size * sizeof(T), HostMemory::instance()), {1, 1, 1, static_cast<int>(size)});
    cpu::pack<T>(pool_, kind, {filter.raw().data(), filter.extents()}, packed.data());
    filter.set_packed(packing, std::move(packed));
  }

 protected:
  /// What a dry run is for, and what it has met.
  struct Dry {
    int threads;
    int evaluations = 0, convolutions = 0;
    double multiply_adds = 0;
    bool quantized = false;
    std::function<void(const ConvolutionShape&, const Block* weight)> on_convolution = {};
  };
  /// Computes nothing, and places tensors where nobody may read.
  explicit Cpu(Dry dry)
      : pool_(1), workspace_(NoMemory::instance()), dry_(std::make_unique<Dry>(std::move(dry))) {
    workspace_->reserve(std::size_t{1} << 50);
  }
  Dry& dry() { return *dry_; }
  const Dry& dry() const { return *dry_; }

 private:
  template <class T, class Core> void run_dry(const Tensor<T>& out, const Core& core, bool sums) {
    const Storage scratch(cpu::scratch_of(core).total(dry_->threads), *workspace_);
    ++dry_->evaluations;
    if constexpr (is_convolution<Core>) {
      const Extents f = core.filter.extents();
      ++dry_->convolutions;
      dry_->multiply_adds += static_cast<double>(out.extents().size()) * f.h * f.w * f.c;
      if (dry_->on_convolution && core.filter.has_raw())
        dry_->on_convolution(cpu::shape_of(core, dry_->quantized), core.filter.raw().id());
      if (sums) out.storage.attach(Storage(cpu::sums_count(out.extents()) * sizeof(double), *workspace_));
    } else if constexpr (std::is_same_v<T, int>) {  // a search for entries
      dry_->quantized = true;
    }
  }
  template <class T, class P>
  static cpu::Emitter<T> emitter_of(const Tensor<T>& out, const P& plan, bool accumulate) {
    if (!out.has_storage())
      throw Error("eval: the destination " + to_string(out.extents()) + " has no storage");
    return {&plan, &cpu::emit_run<T, P>, out.extents(), out.data(), accumulate};
  }
  template <class T, class E, class F> static void with_operand(const E& e, F&& f) {
    with_operand<T>(e, e.extents(), f);
  }
  /// For kernels that read whole rows: a flat expression's row is one pixel.
  template <class T, class E, class F> static void with_rows(const E& e, F&& f) {
    with_operand<T>(e, flattened_if_flat(e, e.extents()), f);
  }
  template <class T, class E, class F> static void with_operand(const E& e, Extents extents, F&& f) {
    const auto plan = plan_of(e);
    const T* dense = nullptr;
    if constexpr (std::is_same_v<E, Tensor<T>>) dense = e.data();
    f(cpu::Operand<T>{&plan, &cpu::stage_run<T, std::remove_cvref_t<decltype(plan)>>, extents, dense});
  }

  /// Leaves the sums of the result's channels in `sums`, where that is not null.
  template <class X, class T>
  void convolve(const ConvolutionCore<X>& core, const cpu::ConvolutionPlan& plan, cpu::Emitter<T> emitter,
                char* shared, double* sums) {
    const auto [kind, packs] = plan.algorithm;
    const T* packed = core.filter.packed().data();
    if (packs) {
      auto* fresh = reinterpret_cast<T*>(shared + plan.packed_at);
      cpu::pack<T>(pool_, kind, {core.filter.raw().data(), core.filter.extents()}, fresh);
      packed = fresh;
    }
    emitter.streams = std::is_same_v<T, float> && emitter.extents.size() * sizeof(T) > cpu::streamed_bytes;
    if (sums != nullptr) emitter.sums = reinterpret_cast<double*>(shared + plan.sums_at);
    const auto from = [&, kind = kind](const cpu::Operand<T>& x) {
      cpu::convolve(pool_, kind, core.geometry, x, packed, emitter, reinterpret_cast<T*>(shared),
                    reinterpret_cast<T*>(shared + plan.scratch.shared));
    };
    if (cpu::enlarges(kind))
      with_operand<T>(cpu::before_enlarging(core.x), from);
    else
      with_operand<T>(core.x, from);
    if (sums != nullptr) cpu::join_sums(emitter.extents, plan.needs.tasks_per_image, emitter.sums, sums);
    const Extents f = core.filter.extents();
    multiply_adds_ += static_cast<double>(emitter.extents.size()) * f.h * f.w * f.c;
    if (progress_ && !progress_(multiply_adds_)) throw Cancelled();
  }
  template <class G, class T>
  void run_core(const ConvolutionDataGradientCore<G>& core, const cpu::Emitter<T>& emitter, char* shared,
                char* scratch) {
    with_operand<T>(core.gradient, [&](const cpu::Operand<T>& g) {
      cpu::convolve_data_gradient(pool_, core.geometry, core.shape, g, core.filter.raw(), emitter, shared,
                                  scratch);
    });
  }
  template <class X, class G, class T>
  void run_core(const ConvolutionFilterGradientCore<X, G>& core, const cpu::Emitter<T>& emitter, char* shared,
                char* scratch) {
    with_operand<T>(core.x, [&](const cpu::Operand<T>& x) {
      with_operand<T>(core.gradient, [&](const cpu::Operand<T>& g) {
        cpu::convolve_filter_gradient(pool_, core.geometry, core.shape, x, g, emitter, shared, scratch);
      });
    });
  }
  template <class A, class B, class T>
  void run_core(const MatmulCore<A, B>& core, const cpu::Emitter<T>& emitter, char* shared, char* scratch) {
    const cpu::MatmulShape<T> shape(core.a.extents(), core.transpose_a, emitter.extents, core.transpose_b);
    with_operand<T>(core.a, [&](const cpu::Operand<T>& a) {
      with_operand<T>(core.b, [&](const cpu::Operand<T>& b) {
        cpu::multiply(pool_, shape, a, b, emitter, reinterpret_cast<T*>(shared),
                      reinterpret_cast<T*>(scratch));
      });
    });
  }
  template <class X, class T>
  void run_core(const MomentsCore<X>& core, const cpu::Emitter<T>& emitter, char* shared, char* scratch) {
    auto* sums = reinterpret_cast<double*>(shared);
    auto* buffer = reinterpret_cast<T*>(scratch);
    Extents e = core.x.extents();
    if (const Storage known = attached_to(core.x); known.id() != nullptr) {
      std::copy_n(static_cast<const double*>(known.data()), cpu::sums_count(e), sums);
    } else {
      double* parts = sums + cpu::sums_count(e);
      with_operand<T>(core.x, [&](const cpu::Operand<T>& x) { cpu::band_moments(pool_, x, parts, buffer); });
      cpu::join_sums(e, cpu::Bands(e, cpu::band_elements).per_image, parts, sums);
    }
    if (core.whole_batch) {
      cpu::join_images(e, sums);
      e = {1, e.n * e.h, e.w, e.c};
    }
    cpu::finish_moments(e, core.groups, core.epsilon, sums, emitter, buffer);
  }
  template <class Operation, class X, class T>
  void run_core(const ReductionCore<Operation, X>& core, const cpu::Emitter<T>& emitter, char* shared,
                char* scratch) {
    auto join = [](auto a, auto b) { return Operation::join(a, b); };
    with_operand<T>(core.x, [&](const cpu::Operand<T>& x) {
      if (core.over == Over::channels)
        cpu::reduce_channels(pool_, x, join, Operation::template start<T>(), emitter,
                             reinterpret_cast<T*>(scratch));
      else
        cpu::reduce_all(pool_, x, join, Operation::template start<T>(), emitter, reinterpret_cast<T*>(shared),
                        reinterpret_cast<T*>(scratch));
    });
  }
  template <class X, class T>
  void run_core(const SeparableFilterCore<X>& core, const cpu::Emitter<T>& emitter, char* shared,
                char* scratch) {
    const cpu::SeparableShape<T> shape(core.x.extents(), *core.filter, std::is_same_v<X, Tensor<T>>);
    with_rows<T>(core.x, [&](const cpu::Operand<T>& x) {
      cpu::filter_separably(pool_, shape, *core.filter, x, emitter, reinterpret_cast<T*>(shared),
                            reinterpret_cast<T*>(scratch));
    });
  }
  template <class X, class T>
  void run_core(const DepthwiseCore<X>& core, const cpu::Emitter<T>& emitter, char* shared, char* scratch) {
    const cpu::DepthwiseShape<T> shape{core.geometry, core.x.extents(), emitter.extents};
    const T* weight = plan_of(core.weight).data;
    with_operand<T>(core.x, [&](const cpu::Operand<T>& x) {
      cpu::convolve_depthwise(pool_, shape, x, weight, emitter, reinterpret_cast<T*>(shared),
                              reinterpret_cast<T*>(scratch));
    });
  }
  template <class T>
  void run_core(const InvertedResidualCore<T>& core, const cpu::Emitter<T>& emitter, char* shared,
                char* scratch) {
    const cpu::InvertedResidualShape<T> shape(core);
    cpu::run_inverted_residual(pool_, core, shape, emitter, reinterpret_cast<T*>(shared),
                               reinterpret_cast<T*>(scratch));
    multiply_adds_ += shape.multiply_adds();
  }
  template <class X, class T>
  void run_core(const JpegCore<X>& core, const cpu::Emitter<T>& emitter, char* shared, char* scratch) {
    with_rows<T>(core.x, [&](const cpu::Operand<T>& x) {
      cpu::code_jpeg(pool_, cpu::JpegShape(core.x.extents()), core.quality, x, emitter,
                     reinterpret_cast<std::uint8_t*>(shared), scratch);
    });
  }
  template <class X>
  void run_core(const NearestCore<X>& core, const cpu::Emitter<int>& emitter, char*, char* scratch) {
    using T = typename X::value;
    const T* table = plan_of(core.table).data;
    const int entries = core.table.extents().n;
    with_operand<T>(core.x, [&](const cpu::Operand<T>& x) {
      cpu::nearest_entries(pool_, x, table, entries, emitter, reinterpret_cast<double*>(scratch));
    });
  }
  template <class X>
  void run_core(const ArgmaxCore<X>& core, const cpu::Emitter<int>& emitter, char*, char* scratch) {
    using T = typename X::value;
    with_operand<T>(core.x, [&](const cpu::Operand<T>& x) {
      cpu::largest_channels(pool_, x, emitter, reinterpret_cast<T*>(scratch));
    });
  }

  ThreadPool pool_;
  WorkspaceHandle workspace_;
  std::unique_ptr<Dry> dry_;
  std::function<bool(double)> progress_;
  double multiply_adds_ = 0;
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
