#include "cpu/fusion_convolution.hpp"

using namespace rfpp::test;

TEST_CASE("convolution with every prologue, double") {
  check_convolutions<double>(
      std::tuple<SiluOf, LeakyReluOf, ScaleOf, NormOf, NormSiluOf, Upsample2Of, SplitHeadsOf, MergeHeadsOf,
                 SoftmaxOf, GatherOf, StraightThroughOf, ConcatenationOf>{},
      std::tuple<WithTransform>{});
}
TEST_CASE("convolution with every epilogue, double") {
  check_convolutions<double>(
      std::tuple<Plain, NormSiluOf>{},
      std::tuple<NoEpilogue, WithBias, WithResidual, WithScale, WithTransform, WithSilu>{});
}
