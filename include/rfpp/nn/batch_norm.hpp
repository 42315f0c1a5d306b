#ifndef RFPP_NN_BATCH_NORM_HPP
#define RFPP_NN_BATCH_NORM_HPP

#include <string_view>

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// weight / sqrt(variance + epsilon).
struct NormScale {
  static constexpr const char* name = "norm_scale";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  double epsilon;
  template <class T> RFPP_HD T operator()(T weight, T variance) const {
    return weight / square_root(variance + splat<T>(static_cast<element_t<T>>(epsilon)));
  }
  template <int I, class T> RFPP_HD T adjoint(T g, T weight, T variance) const {
    const T v = variance + splat<T>(static_cast<element_t<T>>(epsilon)), root = square_root(v);
    return I == 0 ? g / root : splat<T>(static_cast<element_t<T>>(-0.5)) * g * weight / (v * root);
  }
};

/// Whether a parameter of this path is none that is trained, but a batch norm's running statistic.
inline bool is_running_statistic(std::string_view path) {
  return path.ends_with("running_mean") || path.ends_with("running_var");
}

/// What a running statistic becomes, given the batch's mean or 1 / deviation: momentum 0.1.
struct RunningMean {
  static constexpr const char* name = "running_mean";
  template <class T> RFPP_HD T operator()(T running, T mean) const {
    return running + splat<T>(static_cast<element_t<T>>(0.1)) * (mean - running);
  }
};
struct RunningVariance {
  static constexpr const char* name = "running_var";
  double epsilon, unbiased;  // count / (count - 1)
  template <class T> RFPP_HD T operator()(T running, T inverse_deviation) const {
    const T variance =
        splat<T>(1) / (inverse_deviation * inverse_deviation) - splat<T>(static_cast<element_t<T>>(epsilon));
    return running + splat<T>(static_cast<element_t<T>>(0.1)) *
                         (splat<T>(static_cast<element_t<T>>(unbiased)) * variance - running);
  }
};

/// What a batch norm has seen in training: the statistics {1,2,1,C} of a batch of `count` pixels.
template <class T> struct BatchObservation {
  Tensor<T> running_mean, running_var, statistics;
  double count, epsilon;

  /// Brings the running statistics up to date as PyTorch keeps them: with the unbiased variance.
  void update(auto& ex) const {
    if (count < 2) throw Error("batch norm: one pixel has no variance");
    eval_into(ex, running_mean, map(RunningMean{}, running_mean, group_row(statistics, 0, 1)));
    eval_into(ex, running_var,
              map(RunningVariance{epsilon, count / (count - 1)}, running_var, group_row(statistics, 1, 1)));
  }
};

namespace detail {
// Compiled once per bare operand, not again for every number of channels.
template <class X, class T>
[[gnu::noinline]] auto normalize_by_running(auto& ex, const X& x, double epsilon, const Tensor<T>& weight,
                                            const Tensor<T>& bias, const Tensor<T>& mean,
                                            const Tensor<T>& variance) {
  const auto scale = eval(ex, map(NormScale{epsilon}, weight, variance));
  const auto offset = eval(ex, bias - mean * scale);
  return map(Affine{}, x, scale, offset);
}
template <class X, class T>
[[gnu::noinline]] Normalized<X> normalize_by_batch(auto& ex, const X& x, double epsilon,
                                                   const Tensor<T>& weight, const Tensor<T>& bias,
                                                   const Tensor<T>& running_mean,
                                                   const Tensor<T>& running_var) {
  const auto statistics = eval(ex, batch_moments(detach(x), epsilon));
  ex.observe(BatchObservation<T>{running_mean, running_var, statistics,
                                 static_cast<double>(x.extents().pixels()), epsilon});
  const auto a = eval(ex, group_row(statistics, 1, 1) * detach(weight));
  const auto b = eval(ex, detach(bias) - group_row(statistics, 0, 1) * a);
  return {x, statistics, a, b, weight, bias};
}
}  // namespace detail

/// Batch normalization over {n,h,w,C}, epsilon 1e-5 (Ioffe & Szegedy 2015), lazily. In evaluation by the
/// running statistics. In training by those of the batch, which are evaluated, and told to the executor with
/// ex.observe().
template <int C, class T = float> struct BatchNorm {
  static constexpr double epsilon = 1e-5;

  Tensor<T> weight = Tensor<T>::declared(vector_extents(C));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(C));
  Tensor<T> running_mean = Tensor<T>::declared(vector_extents(C));
  Tensor<T> running_var = Tensor<T>::declared(vector_extents(C));

  template <class Executor, Expression X> auto operator()(Executor& ex, const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == C;
    static_assert(channels_agree, "BatchNorm: the operand's channel count is not the layer's");
    if constexpr (mode_of<Executor> == Mode::training) {
      return tag<C>(
          detail::normalize_by_batch(ex, operand(x), epsilon, weight, bias, running_mean, running_var));
    } else {
      return tag<C>(
          detail::normalize_by_running(ex, bare(x), epsilon, weight, bias, running_mean, running_var));
    }
  }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
    f("running_mean", models.running_mean...);
    f("running_var", models.running_var...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
