#ifndef RFPP_NN_NORMED_CONV2D_HPP
#define RFPP_NN_NORMED_CONV2D_HPP

#include "rfpp/nn/batch_norm.hpp"
#include "rfpp/nn/conv2d.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Convolution without bias, then batch norm, lazily. Networks call the two differently: those that derive
/// from it name them.
template <ConvolutionSpec S, class T = float> struct NormedConv2d {
  UnbiasedConv2d<S, T> conv;
  BatchNorm<S.out, T> norm;

  auto operator()(auto& ex, const auto& x) const { return norm(ex, conv(x)); }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
