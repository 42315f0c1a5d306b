// expect: map: the functor has no name, or no value for operands of these element types
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"

using namespace rfpp;

struct Twice {
#ifndef RFPP_REFUSED
  static constexpr const char* name = "twice";
#endif
  template <class T> T operator()(T x) const { return x + x; }
};

auto run(Cpu& ex, const Tensor<float>& x) { return eval(ex, map(Twice{}, x)); }
