#ifndef RFPP_NN_PRELU_HPP
#define RFPP_NN_PRELU_HPP

#include "rfpp/expr/functors.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// x, and a slope times x where x is negative, lazily: a slope for every channel, or 1 for all.
template <int Slopes, class T = float> struct PreluSlopes {
  Tensor<T> weight = Tensor<T>::declared(vector_extents(Slopes));

  auto operator()(const auto& x) const { return prelu(x, weight); }
  static void fields(auto&& f, auto&... models) { f("weight", models.weight...); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
