// expect: pointwise operation: the operands have different channel counts
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

#ifdef RFPP_REFUSED
using Second = Conv2d<conv3x3(8, 8)>;
#else
using Second = Conv2d<conv3x3(8, 16)>;
#endif
auto run(Cpu& ex, const Conv2d<conv3x3(8, 16)>& first, const Second& second, const Tensor<float>& x) {
  auto residual = eval(ex, first(x));
  return eval(ex, second(x) + residual);
}
