// expect: two anchors (convolution, matrix product or reduction) in one expression: materialise one of them
// with eval(ex, ...)
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

auto run(Cpu& ex, const Conv2d<conv3x3(8, 8)>& a, const Conv2d<conv3x3(8, 8)>& b, const Tensor<float>& x) {
#ifdef RFPP_REFUSED
  return eval(ex, silu(a(x) + b(x)));
#else
  return eval(ex, silu(a(x) + eval(ex, b(x))));
#endif
}
