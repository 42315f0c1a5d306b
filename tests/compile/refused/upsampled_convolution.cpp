// expect: the operand already holds a convolution, matrix product or reduction: materialise the inner one
// with eval(ex, ...)
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/resample.hpp"

using namespace rfpp;

auto run(Cpu& ex, const Conv2d<conv3x3(8, 8)>& conv, const Tensor<float>& x) {
#ifdef RFPP_REFUSED
  return eval(ex, upsample2(conv(x)));
#else
  return eval(ex, upsample2(eval(ex, conv(x))));
#endif
}
