// expect: the operand already holds a convolution, matrix product or reduction: materialise the inner one
// with eval(ex, ...)
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"

using namespace rfpp;

auto run(Cpu& ex, const Conv2d<conv3x3(8, 8)>& conv, const GroupNorm<8, 4>& norm, const Tensor<float>& x) {
#ifdef RFPP_REFUSED
  return eval(ex, conv(silu(norm(ex, conv(x)))));
#else
  return eval(ex, conv(silu(norm(ex, eval(ex, conv(x))))));
#endif
}
