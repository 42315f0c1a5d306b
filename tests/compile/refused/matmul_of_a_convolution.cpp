// expect: the operand already holds a convolution, matrix product or reduction: materialise the inner one
// with eval(ex, ...)
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

auto run(Cpu& ex, const Conv2d<conv1x1(8, 8)>& conv, const Tensor<float>& x) {
#ifdef RFPP_REFUSED
  return eval(ex, matmul(conv(x), x, false, true));
#else
  return eval(ex, matmul(eval(ex, conv(x)), x, false, true));
#endif
}
