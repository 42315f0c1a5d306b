#ifndef RFPP_CPU_DRY_RUN_HPP
#define RFPP_CPU_DRY_RUN_HPP

#include <functional>

#include "rfpp/cpu/scratch.hpp"
#include "rfpp/expr/eval.hpp"

namespace rfpp::inline v0 {

/// Runs the text of a network and computes nothing: what the Cpu executor with as many threads would need and
/// do. Parameters need no storage.
class DryRun {
 public:
  static constexpr bool overwrites = true;

  explicit DryRun(int threads = 1) : threads_(threads), workspace_(NoMemory::instance()) {
    workspace_->reserve(std::size_t{1} << 50);
  }

  /// `callback` is told of every convolution, and the storage of its filter's raw weight.
  void on_convolution(std::function<void(const ConvolutionShape&, const Block* weight)> callback) {
    on_convolution_ = std::move(callback);
  }

  /// Bytes of workspace: the most that tensors and kernels' scratch take up at once.
  std::size_t peak_bytes() const { return workspace_->peak_bytes(); }
  int evaluations() const { return evaluations_; }
  int convolutions() const { return convolutions_; }
  /// Whether there was a search for nearest entries.
  bool quantised() const { return quantised_; }
  /// Multiply-adds of all convolutions.
  double multiply_adds() const { return multiply_adds_; }

  template <class T> Tensor<T> tensor(Extents e) { return {Storage(Tensor<T>::bytes(e), *workspace_), e}; }
  template <class T, class E> void run(const Tensor<T>& out, const E&, bool = false) {
    ++evaluations_;
    out.storage.attach({});
  }
  template <class T, class Core, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<Core, Epilogue>& a, bool = false) {
    ++evaluations_;
    out.storage.attach({});
    const Storage scratch(cpu::scratch_of(a.core).total(threads_), *workspace_);
    if constexpr (is_convolution<Core> && !cpu::is_activated<Epilogue>)
      out.storage.attach(Storage(cpu::sums_count(out.extents()) * sizeof(double), *workspace_));
    count(a.core);
  }

  template <class T, class E> void add_reduced(const Tensor<T>&, const E& e) {
    ++evaluations_;
    const Storage scratch(cpu::reduced_scratch<T>(e.extents(), threads_), *workspace_);
  }
  template <class T> void scatter_rows(const Tensor<T>&, const Tensor<int>&, const Tensor<T>&) {
    ++evaluations_;
  }

 private:
  template <class X> void count(const ConvolutionCore<X>& core) {
    const Extents f = core.filter.extents();
    ++convolutions_;
    multiply_adds_ += static_cast<double>(core.extents().size()) * f.h * f.w * f.c;
    if (on_convolution_ && core.filter.has_raw())
      on_convolution_({core.geometry, core.x.extents(), f, cpu::is_upsampled<X>, quantised_},
                      core.filter.raw().id());
  }
  template <class X> void count(const NearestCore<X>&) { quantised_ = true; }
  template <class Core> void count(const Core&) {}

  int threads_;
  WorkspaceHandle workspace_;
  int evaluations_ = 0, convolutions_ = 0;
  double multiply_adds_ = 0;
  bool quantised_ = false;
  std::function<void(const ConvolutionShape&, const Block*)> on_convolution_;
};

}  // namespace rfpp::inline v0

#endif
