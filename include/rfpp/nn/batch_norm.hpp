#ifndef RFPP_NN_BATCH_NORM_HPP
#define RFPP_NN_BATCH_NORM_HPP

#include <cmath>

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"

namespace rfpp::inline v0 {

/// weight / sqrt(variance + epsilon).
struct NormScale {
  static constexpr const char* name = "norm_scale";
  double epsilon;
  template <class T> RFPP_HD T operator()(T weight, T variance) const {
    T scale = variance + splat<T>(static_cast<element_t<T>>(epsilon));
    if constexpr (std::is_arithmetic_v<T>)
      scale = std::sqrt(scale);
    else
      for (int i = 0; i < LaneTraits<T>::count; ++i) scale[i] = std::sqrt(scale[i]);
    return weight / scale;
  }
};

/// Batch normalisation over {n,h,w,C} by its running statistics, as in evaluation; epsilon 1e-5 (Ioffe &
/// Szegedy 2015). Lazy but for the C factors and offsets.
template <int C, class T = float> struct BatchNorm {
  static constexpr double epsilon = 1e-5;

  Tensor<T> weight = Tensor<T>::declared(vector_extents(C));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(C));
  Tensor<T> running_mean = Tensor<T>::declared(vector_extents(C));
  Tensor<T> running_var = Tensor<T>::declared(vector_extents(C));

  template <Expression X> auto operator()(auto& ex, const X& x) const {
    constexpr bool channels_agree = channels_of<X> == 0 || channels_of<X> == C;
    static_assert(channels_agree, "BatchNorm: the operand's channel count is not the layer's");
    const auto scale = eval(ex, map(NormScale{epsilon}, weight, running_var));
    const auto offset = eval(ex, bias - running_mean * scale);
    return map(Affine{}, x, scale, offset);
  }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
    f("running_mean", models.running_mean...);
    f("running_var", models.running_var...);
  }
};

}  // namespace rfpp::inline v0

#endif
