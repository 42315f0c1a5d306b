#ifndef RFPP_CUDA_THRUST_HPP
#define RFPP_CUDA_THRUST_HPP

#include <thrust/execution_policy.h>
#include <thrust/for_each.h>
#include <thrust/functional.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/transform_reduce.h>

#include <cmath>
#include <cstddef>
#include <type_traits>
#include <utility>

#include "rfpp/expr/eval.hpp"

// Maps, remaps and reductions through Thrust: on a GPU, or on Thrust's host systems, where the same code is
// tested without one. Kernels are named functors over plans, one thread per element of the result.

namespace rfpp::inline v0 {
namespace cuda {

/// The place of element i of a dense tensor.
RFPP_HD inline Pixel place_of(std::size_t i, Extents e, int& c) {
  const auto next = [&](int extent) {
    const auto digit = static_cast<int>(i % static_cast<std::size_t>(extent));
    i /= static_cast<std::size_t>(extent);
    return digit;
  };
  c = next(e.c);
  const int w = next(e.w), h = next(e.h);
  return {static_cast<int>(i), h, w};
}

/// Writes one element of the result through an epilogue.
template <class T, class Epilogue> struct Emit {
  Epilogue epilogue;
  T* out;
  Extents extents;
  bool accumulate;

  RFPP_HD void operator()(std::size_t i, const T* accumulator) const {
    int c = 0;
    Pixel q = place_of(i, extents, c);
    q.accumulator = accumulator;
    q.accumulator_step = 0;
    const T value = epilogue.at(q)[c];
    out[i] = accumulate ? out[i] + value : value;
  }
};

template <class T, class P> struct MapKernel {
  Emit<T, P> emit;

  RFPP_HD void operator()(std::size_t i) const { emit(i, nullptr); }
};

template <class T, class P> struct ElementOf {
  P plan;
  Extents extents;

  RFPP_HD T operator()(std::size_t i) const {
    int c = 0;
    const Pixel q = place_of(i, extents, c);
    return plan.at(q)[c];
  }
};
template <class T, class Operation> struct Join {
  RFPP_HD T operator()(T a, T b) const { return Operation::join(a, b); }
};

/// Folds the channels of one pixel.
template <class T, class Operation, class P, class Epilogue> struct ReduceChannelsKernel {
  P plan;
  int channels;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int c = 0;
    const auto cursor = plan.at(place_of(i, emit.extents, c));
    T folded = Operation::template start<T>();
    for (c = 0; c < channels; ++c) folded = Operation::join(folded, cursor[c]);
    emit(i, &folded);
  }
};
/// Writes the one element that everything was folded into.
template <class T, class Epilogue> struct EmitOneKernel {
  T folded;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const { emit(i, &folded); }
};

/// Mean, or 1 / sqrt(variance + epsilon), of one image and group.
template <class T, class P, class Epilogue> struct MomentsKernel {
  P plan;
  Extents operand;
  double epsilon;
  Emit<T, Epilogue> emit;

  RFPP_HD void operator()(std::size_t i) const {
    int group = 0;
    const Pixel q = place_of(i, emit.extents, group);
    const int per_group = operand.c / emit.extents.c;
    const int images = operand.n / emit.extents.n;  // all of them for the moments of a whole batch
    double sum = 0, squares = 0;
    for (int row = q.n * images * operand.h; row < (q.n + 1) * images * operand.h; ++row)
      for (int w = 0; w < operand.w; ++w) {
        const auto cursor = plan.at({row / operand.h, row % operand.h, w});
        for (int c = group * per_group; c < (group + 1) * per_group; ++c) {
          const auto v = static_cast<double>(cursor[c]);
          sum += v;
          squares += v * v;
        }
      }
    const double count = static_cast<double>(images) * operand.h * operand.w * per_group;
    const double mean = sum / count, variance = squares / count - mean * mean;
    const T value =
        static_cast<T>(q.h == 0 ? mean : 1.0 / std::sqrt((variance > 0 ? variance : 0.0) + epsilon));
    emit(i, &value);
  }
};

}  // namespace cuda

/// Evaluates maps, remaps, reductions and moments with a Thrust execution policy, in that policy's memory.
template <class Policy> class Thrust {
 public:
  Thrust(Policy policy, Memory& memory) : policy_(std::move(policy)), workspace_(memory) {}

  Workspace& workspace() { return *workspace_; }

  template <class T> Tensor<T> tensor(Extents e) { return {Storage(Tensor<T>::bytes(e), *workspace_), e}; }

  template <class T, class E> void run(const Tensor<T>& out, const E& e, bool accumulate = false) {
    launch(out, cuda::MapKernel<T, plan_t<E>>{emit_to(out, plan_of(e), accumulate)});
  }
  template <class T, class Operation, class X, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<ReductionCore<Operation, X>, Epilogue>& a,
           bool accumulate = false) {
    using Plan = plan_t<X>;
    using EpiloguePlan = plan_t<Epilogue>;
    const auto emit = emit_to(out, plan_of(a.epilogue), accumulate);
    const Extents e = a.core.x.extents();
    if (a.core.over == Over::channels) {
      launch(out, cuda::ReduceChannelsKernel<T, Operation, Plan, EpiloguePlan>{plan_of(a.core.x), e.c, emit});
    } else {
      const thrust::counting_iterator<std::size_t> first(0);
      const T folded = thrust::transform_reduce(policy_, first, first + static_cast<std::ptrdiff_t>(e.size()),
                                                cuda::ElementOf<T, Plan>{plan_of(a.core.x), e},
                                                Operation::template start<T>(), cuda::Join<T, Operation>{});
      launch(out, cuda::EmitOneKernel<T, EpiloguePlan>{folded, emit});
    }
  }
  template <class T, class X, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<MomentsCore<X>, Epilogue>& a, bool accumulate = false) {
    launch(out, cuda::MomentsKernel<T, plan_t<X>, plan_t<Epilogue>>{
                    plan_of(a.core.x), a.core.x.extents(), a.core.epsilon,
                    emit_to(out, plan_of(a.epilogue), accumulate)});
  }

 private:
  template <class T, class P> static cuda::Emit<T, P> emit_to(const Tensor<T>& out, P plan, bool accumulate) {
    return {std::move(plan), out.data(), out.extents(), accumulate};
  }
  template <class T, class Kernel> void launch(const Tensor<T>& out, const Kernel& kernel) {
    static_assert(std::is_trivially_copyable_v<Kernel>,
                  "a kernel holds plans, and plans hold raw pointers only");
    thrust::for_each_n(policy_, thrust::counting_iterator<std::size_t>(0), out.extents().size(), kernel);
  }

  Policy policy_;
  WorkspaceHandle workspace_;
};

}  // namespace rfpp::inline v0

#endif
