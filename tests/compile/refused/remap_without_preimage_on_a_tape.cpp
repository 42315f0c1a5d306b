// expect: Tape: the expression holds a node or functor without an adjoint: evaluate it on the executor itself
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/train/tape.hpp"

using namespace rfpp;

struct Flip {
  static constexpr bool keeps_channels = true;
  int width;
  Extents extents(Extents e) const { return e; }
  bool map(Pixel& q, int&) const {
    q.w = width - 1 - q.w;
    return true;
  }
#ifndef RFPP_REFUSED
  int fan() const { return 1; }
  bool preimage(int, Pixel& q, int& c) const { return map(q, c); }
#endif
};

auto run(Tape<Cpu>& tape, const Tensor<float>& x) {
  return eval(tape, Remap<Flip, Tensor<float>>{{x.extents().w}, x});
}
