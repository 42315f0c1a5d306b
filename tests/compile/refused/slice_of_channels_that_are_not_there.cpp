// expect: channel_slice: the operand does not have these channels
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

auto run(Cpu& ex, const Conv2d<conv3x3(8, 16)>& layer, const Tensor<float>& x) {
  auto h = eval(ex, layer(x));
#ifdef RFPP_REFUSED
  return eval(ex, channel_slice<8, 16>(h));
#else
  return eval(ex, channel_slice<8, 8>(h));
#endif
}
