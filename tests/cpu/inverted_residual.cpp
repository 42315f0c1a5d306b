#include "rfpp/cpu/inverted_residual.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

Filter<float> packed_filter(Cpu& ex, int out, int in, std::uint64_t seed, int kernel = 1) {
  Filter<float> filter({out, kernel, kernel, in});
  filter.assign(random_tensor<float>(filter.extents(), seed));
  ex.pack(filter);
  return filter;
}

/// An inverted residual block in one, and its convolutions one after the other.
void check_inverted_residual(Extents e, const ConvolutionGeometry& geometry, int wide, int stride, int out) {
  Cpu ex(2), one(1);
  const auto x = random_tensor<float>(e, 1);
  const InvertedResidualCore<float> core{x,
                                         geometry,
                                         packed_filter(ex, wide, e.c, 2, geometry.kernel),
                                         random_tensor<float>(vector_extents(wide), 3),
                                         stride,
                                         random_tensor<float>({wide, 3, 3, 1}, 4),
                                         random_tensor<float>(vector_extents(wide), 5),
                                         packed_filter(ex, out, wide, 6)};
  INFO(to_string(e) << " wide " << wide << " stride " << stride << " out " << out);
  REQUIRE(ex.fuses(core));
  const auto residual = random_tensor<float>(core.extents(), 7);
  const auto bias = random_tensor<float>(vector_extents(out), 8);
  const auto fused = eval(ex, anchor(core) + bias + residual);
  constexpr ConvolutionGeometry conv1x1{1, 1, 0, 0};
  auto h =
      eval(ex, relu(anchor(ConvolutionCore<Tensor<float>>{geometry, x, core.expand}) + core.expand_bias));
  h = eval(ex, relu(depthwise({3, stride, 1, 1}, h, core.depthwise) + core.depthwise_bias));
  CHECK(same_bits(
      fused, eval(ex, anchor(ConvolutionCore<Tensor<float>>{conv1x1, h, core.project}) + bias + residual)));
  CHECK(same_bits(fused, eval(one, anchor(core) + bias + residual)));
}

}  // namespace

TEST_CASE("inverted residual blocks in one have the bits of their convolutions one after the other") {
  for (const int stride : {1, 2}) {
    check_inverted_residual({2, 170, 130, 5}, {1, 1, 0, 0}, 48, stride, 24);
    check_inverted_residual({1, 130, 61, 24}, {3, 1, 1, 1}, 128, stride, 70);
    check_inverted_residual({1, 45, 1999, 3}, {3, 2, 1, 1}, 48, stride, 7);
  }
}

TEST_CASE("inverted residual blocks in one need whole vectors, packed filters, and a map that is large") {
  Cpu ex(1);
  const auto fuses = [&](Extents e, int wide, int stride, bool packed) {
    Filter<float> expand({wide, 1, 1, e.c}), project({8, 1, 1, wide});
    expand.assign(random_tensor<float>(expand.extents(), 1));
    project.assign(random_tensor<float>(project.extents(), 2));
    if (packed) ex.pack(expand), ex.pack(project);
    return ex.fuses(InvertedResidualCore<float>{Tensor<float>::declared(e),
                                                {1, 1, 0, 0},
                                                expand,
                                                {},
                                                stride,
                                                random_tensor<float>({wide, 3, 3, 1}, 3),
                                                {},
                                                project});
  };
  CHECK(fuses({1, 200, 200, 8}, 64, 1, true));
  CHECK_FALSE(fuses({1, 200, 200, 8}, 64, 1, false));
  CHECK_FALSE(fuses({1, 200, 200, 8}, 64 + 1, 1, true));
  CHECK_FALSE(fuses({1, 200, 200, 8}, 64, 3, true));
  CHECK_FALSE(fuses({1, 20, 200, 8}, 64, 1, true));
  CHECK_FALSE(fuses({1, 20000, 9, 8}, 64, 1, true));
}
