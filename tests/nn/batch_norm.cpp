#include "rfpp/nn/batch_norm.hpp"

#include <cmath>

#include "rfpp/nn/conv2d.hpp"
#include "support.hpp"

#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("batch norm in evaluation normalizes by the running statistics, alone and as an epilogue") {
  Cpu ex(2);
  BatchNorm<5> norm;
  norm.weight = random_tensor<float>(vector_extents(5), 1, 0.5, 2);
  norm.bias = random_tensor<float>(vector_extents(5), 2);
  norm.running_mean = random_tensor<float>(vector_extents(5), 3);
  norm.running_var = random_tensor<float>(vector_extents(5), 4, 0.1, 2);
  const auto expected = [&](const Tensor<float>& x) {
    Tensor<double> y(x.extents());
    for (std::size_t i = 0; i < x.extents().size(); ++i) {
      const auto value = [&](const Tensor<float>& t) { return static_cast<double>(t.data()[i % 5]); };
      y.data()[i] = (static_cast<double>(x.data()[i]) - value(norm.running_mean)) /
                        std::sqrt(value(norm.running_var) + 1e-5) * value(norm.weight) +
                    value(norm.bias);
    }
    return y;
  };
  const auto x = random_tensor<float>({2, 6, 7, 5}, 5);
  check_close(bare(eval(ex, norm(ex, x))), expected(x), 1e-6, "batch norm");
  UnbiasedConv2d<conv3x3(5, 5)> conv;
  conv.weight.assign(random_tensor<float>({5, 3, 3, 5}, 6));
  check_close(bare(eval(ex, norm(ex, conv(x)))), expected(bare(eval(ex, conv(x)))), 1e-6, "as an epilogue");
}
