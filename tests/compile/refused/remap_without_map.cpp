// expect: Remap: the rule lacks keeps_channels, extents(e) or map(pixel, c), or one returns another type
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/remap.hpp"

using namespace rfpp;

struct Flip {
  static constexpr bool keeps_channels = true;
  int width;
  Extents extents(Extents e) const { return e; }
#ifndef RFPP_REFUSED
  bool map(Pixel& q, int&) const {
    q.w = width - 1 - q.w;
    return true;
  }
#endif
};

auto run(Cpu& ex, const Tensor<float>& x) { return eval(ex, Remap<Flip, Tensor<float>>{{x.extents().w}, x}); }
