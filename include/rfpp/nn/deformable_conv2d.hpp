#ifndef RFPP_NN_DEFORMABLE_CONV2D_HPP
#define RFPP_NN_DEFORMABLE_CONV2D_HPP

#include "rfpp/expr/deformable.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

namespace detail {
/// A filter {out,3,3,in} as that of a 1x1 convolution of what its taps read, {out,1,1,9 * in}. Packed as
/// panels both are the same.
template <class T> Filter<T> filter_of_taps(const Filter<T>& filter) {
  const Extents e = filter.extents();
  Filter<T> flat({e.n, 1, 1, e.h * e.w * e.c});
  if (filter.has_raw()) flat.assign(reshaped(filter.raw(), flat.extents()));
  if (filter.packing().kind == Packing::Kind::panels) flat.set_packed(filter.packing(), filter.packed());
  return flat;
}
}  // namespace detail

/// Deformable 3x3 convolution with bias and masks, as in DCNv2 (Zhu et al. 2019): {n,h,w,C} to {n,h,w,C}. A
/// convolution of `features` {n,h,w,C} says where each tap reads x.
template <int C, int Groups, class T = float> struct DeformableConv2d {
  static constexpr bool groups_divide_channels = Groups > 0 && C % Groups == 0;
  static_assert(groups_divide_channels, "DeformableConv2d: the groups must divide the channels");

  Filter<T> weight{Extents{C, 3, 3, C}};
  Tensor<T> bias = Tensor<T>::declared(vector_extents(C));
  Conv2d<conv3x3(C, 3 * DeformableTaps::taps * Groups), T> conv_offset;

  /// Evaluates the offsets; the rest is lazy.
  auto operator()(auto& ex, const Tensor<T>& x, const auto& features) const {
    const auto offsets = bare(eval(ex, conv_offset(features)));
    return tag<C>(detail::convolution({1, 1, 0, 0}, deformed(x, offsets, Groups),
                                      detail::filter_of_taps(weight), bias));
  }

  static void fields(auto&& f, auto&... models) {
    f("weight", models.weight...);
    f("bias", models.bias...);
    f("conv_offset", models.conv_offset...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
