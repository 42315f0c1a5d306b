#include "cpu/fusion.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// A matrix product with the prologue as its left or right operand.
template <bool Left> struct MatmulOf {
  bool transpose_a, transpose_b;
  int other;  // rows or columns that the other operand brings

  std::string name() const {
    return std::string("matmul(") + (Left ? "x, other" : "other, x") + (transpose_a ? ", left" : "") +
           (transpose_b ? ", right" : "") + " transposed, other " + std::to_string(other) + ")";
  }
  static bool fits(Extents e) { return e.h == 1; }
  Extents operand(Extents e) const {
    const int depth = (Left ? transpose_a : !transpose_b) ? e.w : e.c;
    return (Left ? transpose_b : !transpose_a) ? Extents{e.n, 1, other, depth}
                                               : Extents{e.n, 1, depth, other};
  }
  auto operator()(const auto& x, const auto& y) const {
    if constexpr (Left)
      return matmul(x, y, transpose_a, transpose_b);
    else
      return matmul(y, x, transpose_a, transpose_b);
  }
};

int matmuls_seen = 0;

/// Every 11th case, and others each time.
template <class T, bool Left> void check_some_matmuls(auto prologue, auto epilogue) {
  for (int rows : {1, 6, 35, 150})
    for (int channels : {1, 3, 5, 16, 33, 64})
      for (int other : {1, 3, 33, 120})
        for (int batch : {1, 2, 3})
          for (int transposes = 0; transposes < 4; ++transposes)
            if (++matmuls_seen % 11 == 0)
              check_fused<T>(prologue, MatmulOf<Left>{(transposes & 1) != 0, (transposes & 2) != 0, other},
                             epilogue, Extents{batch, 1, rows, channels});
}
template <class T, bool Left, class... Prologue, class... Epilogue>
void check_matmuls(std::tuple<Prologue...>, std::tuple<Epilogue...>) {
  auto check_prologue = [](auto prologue) { (check_some_matmuls<T, Left>(prologue, Epilogue{}), ...); };
  (check_prologue(Prologue{}), ...);
}

using MatmulPrologues = std::tuple<Plain, SiluOf, LeakyReluOf, ScaleOf, NormOf, NormSiluOf, SplitHeadsOf,
                                   MergeHeadsOf, SoftmaxOf, GatherOf, StraightThroughOf>;
using MatmulEpilogues = std::tuple<NoEpilogue, WithBias, WithResidual, WithScale, WithTransform, WithSilu>;

}  // namespace

TEST_CASE("matrix product with every prologue on either side") {
  check_matmuls<float, true>(MatmulPrologues{}, std::tuple<WithTransform>{});
  check_matmuls<float, false>(MatmulPrologues{}, std::tuple<WithTransform>{});
  check_matmuls<double, true>(MatmulPrologues{}, std::tuple<WithTransform>{});
}
TEST_CASE("matrix product with every epilogue") {
  check_matmuls<float, true>(std::tuple<Plain, SoftmaxOf>{}, MatmulEpilogues{});
  check_matmuls<double, false>(std::tuple<SplitHeadsOf>{}, MatmulEpilogues{});
}
