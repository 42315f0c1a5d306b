// What stands before and behind a convolution is computed with it, in one pass over memory.
#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/nn/conv2d.hpp"

using namespace rfpp;

int main() {
  Conv2d<conv3x3(64, 64)> conv;
  fill_hashed(conv);  // some weights, the same everywhere
  const auto x = hashed_tensor<float>("x", {1, 64, 64, 64});

  // An expression computes nothing; eval writes it to memory. Here three times,
  const auto in_steps = [&](auto& ex) {
    const auto activated = eval(ex, silu(x));
    const auto convolved = eval(ex, conv(activated));
    return bare(eval(ex, convolved + x));
  };
  // and here once: SiLU is applied to what the convolution reads, the sum to what it writes.
  const auto fused = [&](auto& ex) { return bare(eval(ex, conv(silu(x)) + x)); };

  Cpu ex;
  const Tensor<float> expected = in_steps(ex), found = fused(ex);
  float difference = 0;
  for (std::size_t i = 0; i < found.extents().size(); ++i)
    difference = std::max(difference, std::abs(found.data()[i] - expected.data()[i]));

  DryRun steps, one;  // run the same text, and compute nothing
  in_steps(steps);
  fused(one);
  std::printf("in steps: %d evals, %.1f MB; fused: %d eval, %.1f MB; they differ by %.1e at most\n",
              steps.evaluations(), static_cast<double>(steps.peak_bytes()) / 1e6, one.evaluations(),
              static_cast<double>(one.peak_bytes()) / 1e6, static_cast<double>(difference));
  return one.evaluations() == 1 && one.peak_bytes() < steps.peak_bytes() && difference < 1e-5F ? 0 : 1;
}
