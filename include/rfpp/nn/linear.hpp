#ifndef RFPP_NN_LINEAR_HPP
#define RFPP_NN_LINEAR_HPP

#include "rfpp/expr/eval.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/remap.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Images as the rows of a matrix, elements in the order channel, row, column, which linear layers of
/// published networks expect: {n,h,w,c} to {1,1,n,c*h*w}.
struct FlattenChannelsFirst {
  static constexpr bool keeps_channels = false;
  int h, w;
  Extents extents(Extents e) const { return {1, 1, e.n, e.h * e.w * e.c}; }
  RFPP_HD bool map(Pixel& q, int& c) const {
    const int place = c % (h * w);
    c /= h * w;
    q = {q.w, place / w, place % w};
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const {
    c = (c * h + q.h) * w + q.w;
    q = {0, 0, q.n};
    return true;
  }
};
template <Expression A> auto flatten_channels_first(const A& a) {
  const Extents e = a.extents();
  return Remap<FlattenChannelsFirst, operand_t<A>>{{e.h, e.w}, operand(a)};
}

/// Rows {1,1,n,In} times a matrix, plus a bias: {1,1,n,Out}, lazily.
template <int In, int Out, class T = float> struct Linear {
  Tensor<T> weight = Tensor<T>::declared(matrix_extents(Out, In));
  Tensor<T> bias = Tensor<T>::declared(vector_extents(Out));

  auto operator()(const auto& x) const {
    return matmul(x, reshaped(weight, {1, 1, Out, In}), false, true) + bias;
  }
  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
  }
};

/// The same without a bias.
template <int In, int Out, class T = float> struct UnbiasedLinear {
  Tensor<T> weight = Tensor<T>::declared(matrix_extents(Out, In));

  auto operator()(const auto& x) const { return matmul(x, reshaped(weight, {1, 1, Out, In}), false, true); }
  static void fields(auto&& f, auto&... models) { f("weight", models.weight...); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
