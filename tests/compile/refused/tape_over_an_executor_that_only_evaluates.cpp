// expect: Tape: the executor lacks run(out, expression, accumulate), add_reduced or scatter_rows
#include "rfpp/train/tape.hpp"

using namespace rfpp;

struct Evaluates {
  template <class T> Tensor<T> tensor(Extents e) { return Tensor<T>(e); }
  template <class T, class E> void run(const Tensor<T>&, const E&, bool = false) {}
#ifndef RFPP_REFUSED
  template <class T, class E> void add_reduced(const Tensor<T>&, const E&) {}
  template <class T> void scatter_rows(const Tensor<T>&, const Tensor<int>&, const Tensor<T>&) {}
#endif
};

void run(Evaluates& ex, const Tensor<float>& x) { Tape<Evaluates>(ex).watch(x); }
