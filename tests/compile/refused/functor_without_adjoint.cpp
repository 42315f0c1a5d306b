// expect: Tape: the expression holds a node or functor without an adjoint: evaluate it on the executor itself
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/train/tape.hpp"

using namespace rfpp;

struct Twice {
  static constexpr const char* name = "twice";
  static constexpr bool linear = true;
  template <int I> static constexpr bool passes = false;
  template <class T> T operator()(T x) const { return x + x; }
#ifndef RFPP_REFUSED
  template <int I, class T> T adjoint(T g, T) const { return g + g; }
#endif
};

auto run(Tape<Cpu>& tape, const Tensor<float>& x) { return eval(tape, map(Twice{}, x) + x); }
