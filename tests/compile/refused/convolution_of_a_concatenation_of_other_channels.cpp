// expect: Conv2d: the operand's channel count is not the layer's `in`
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

#ifdef RFPP_REFUSED
using Second = Conv2d<conv3x3(16, 8)>;
#else
using Second = Conv2d<conv3x3(32, 8)>;
#endif
auto run(Cpu& ex, const Conv2d<conv3x3(8, 16)>& first, const Second& second, const Tensor<float>& x) {
  auto h = eval(ex, first(x));
  return eval(ex, second(concatenate(h, h)));
}
