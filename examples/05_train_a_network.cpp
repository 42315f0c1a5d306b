// A small network learns in a hundred steps to remove noise from drawn discs.
#include <cstdio>
#include <string>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/nn/conv2d.hpp"
#include "rfpp/train/initialize.hpp"
#include "rfpp/train/losses.hpp"
#include "rfpp/train/optimizer.hpp"
#include "rfpp/train/tape.hpp"

using namespace rfpp;

struct Denoiser {
  Conv2d<conv3x3(1, 16)> in;
  Conv2d<conv3x3(16, 1)> out;

  Tensor<float> operator()(auto& ex, const Tensor<float>& x) const {
    const auto h = eval(ex, silu(in(x)));
    return bare(eval(ex, out(h) + x));  // it learns the difference
  }
  static void fields(auto&& f, auto&... models) {
    f("in", models.in...);
    f("out", models.out...);
  }
};

/// Eight images {8,32,32,1} of a disc each, the n-th eight.
Tensor<float> discs(int n) {
  Tensor<float> images({8, 32, 32, 1});
  for (int i = 0; i < 8 * 32 * 32; ++i) {
    const int image = i / 1024 + 8 * n, x = i % 32 - (image * 7) % 20 - 6,
              y = i / 32 % 32 - (image * 11) % 20 - 6;
    images.data()[i] = x * x + y * y < 40 ? 1.0F : -1.0F;
  }
  return images;
}

int main() {
  Cpu ex;
  Denoiser model;
  initialize(model, 1);  // seed 1
  Adam<Denoiser> adam(ex, model, {});
  for (int step = 0; step <= 100; ++step) {
    const auto clean = discs(step);
    const auto noisy =
        eval(ex, clean + hashed_tensor<float>("noise" + std::to_string(step), clean.extents()));
    Tape<Cpu> tape(ex);
    tape.watch_parameters(model);
    const auto loss = losses::l1(tape, model(tape, noisy), clean);
    const float before = losses::l1(ex, noisy, clean).data()[0], after = loss.data()[0];
    if (step % 20 == 0) std::printf("step %3d: noise %.3f -> %.3f\n", step, before, after);
    if (step == 100) return after < 0.3F * before ? 0 : 1;
    Denoiser gradients;
    add_gradients(ex, model, tape.backward(loss), gradients);
    adam.step(ex, model, gradients, 1, 3e-3);
  }
}
