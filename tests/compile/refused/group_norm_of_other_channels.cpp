// expect: GroupNorm: the operand's channel count is not the layer's
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"

using namespace rfpp;

#ifdef RFPP_REFUSED
using Norm = GroupNorm<8, 4>;
#else
using Norm = GroupNorm<16, 4>;
#endif
auto run(Cpu& ex, const Conv2d<conv3x3(8, 16)>& conv, const Norm& norm, const Tensor<float>& x) {
  return eval(ex, norm(ex, eval(ex, conv(x))));
}
