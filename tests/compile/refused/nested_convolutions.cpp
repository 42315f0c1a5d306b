// expect: the operand already holds a convolution, matrix product or reduction: materialise the inner one
// with eval(ex, ...)
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

auto run([[maybe_unused]] Cpu& ex, const Conv2d<conv3x3(8, 8)>& a, const Tensor<float>& x) {
#ifdef RFPP_REFUSED
  return eval(ex, a(silu(a(x))));
#else
  return eval(ex, a(silu(eval(ex, a(x)))));
#endif
}
