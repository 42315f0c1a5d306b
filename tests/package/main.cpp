#include <cstdio>

#include "other.hpp"
#include "rfpp/rfpp.hpp"

// A small model made, evaluated and packed; the whole network's text run in another translation unit.
int main() {
  using namespace rfpp;
  ResnetBlock<BlockSpec{.in = 8, .out = 16, .groups = 4}> block;
  fill_hashed(block);
  Cpu ex(1);
  prepare(ex, block);
  const auto result = bare(block(ex, hashed_tensor<float>("image", {1, 8, 8, 8})));
  const bool right = result.extents() == Extents{1, 8, 8, 16} && workspace_bytes() > 0;
  std::printf("%s, %zu MiB for 512x512\n", to_string(result.extents()).c_str(), workspace_bytes() >> 20);
  return right ? 0 : 1;
}
