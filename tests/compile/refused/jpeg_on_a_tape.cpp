// expect: Tape: the expression holds a node or functor without an adjoint: evaluate it on the executor itself
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/jpeg.hpp"
#include "rfpp/train/tape.hpp"

using namespace rfpp;

auto run([[maybe_unused]] Cpu& ex, [[maybe_unused]] Tape<Cpu>& tape, const Tensor<float>& x) {
#ifdef RFPP_REFUSED
  return eval(tape, jpeg(x, 80));
#else
  return eval(ex, jpeg(x, 80));
#endif
}
