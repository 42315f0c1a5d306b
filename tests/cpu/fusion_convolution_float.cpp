#include "cpu/fusion_convolution.hpp"

using namespace rfpp::test;

using ConvolutionEpilogues =
    std::tuple<NoEpilogue, WithBias, WithResidual, WithScale, WithTransform, WithSilu>;

TEST_CASE("convolution with pointwise prologues and every epilogue, float") {
  check_convolutions<float>(std::tuple<Plain, SiluOf, LeakyReluOf, ScaleOf, NormOf, NormSiluOf>{},
                            ConvolutionEpilogues{});
}
TEST_CASE("convolution with remapping prologues and every epilogue, float") {
  check_convolutions<float>(std::tuple<Upsample2Of, SplitHeadsOf, MergeHeadsOf, SoftmaxOf, GatherOf,
                                       StraightThroughOf, ConcatenationOf, PixelUnshuffleOf>{},
                            ConvolutionEpilogues{});
}
