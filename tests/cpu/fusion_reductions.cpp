#include "cpu/fusion.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

struct AnyOperand {
  static bool fits(Extents) { return true; }
  static Extents operand(Extents e) { return {e.n, 1, 1, 1}; }
};
struct MomentsOf : AnyOperand {
  static std::string name() { return "moments(x)"; }
  auto operator()(const auto& x, const auto&) const {
    const int c = x.extents().c;
    return moments(x, c % 4 == 0 ? 4 : c % 3 == 0 ? c / 3 : 1, 1e-2);
  }
};
template <class Operation> struct ReduceOf : AnyOperand {
  Over over;
  explicit ReduceOf(Over o) : over(o) {}
  std::string name() const {
    return std::string(std::is_same_v<Operation, Sum> ? "sum" : "maximum") +
           (over == Over::all ? "(x)" : "(x over channels)");
  }
  auto operator()(const auto& x, const auto&) const { return reduce<Operation>(x, over); }
};
template <class T> struct NearestOf : AnyOperand {
  static std::string name() { return "nearest(x)"; }
  auto operator()(const auto& x, const auto&) const {
    return nearest(x, random_tensor<T>(matrix_extents(37, x.extents().c), 21));
  }
};

/// Sizes of one band and of several, channels that are not whole vectors, batches.
template <class T> void check_sizes(auto prologue, const auto& anchored, auto epilogue) {
  for (int channels : {1, 3, 5, 16, 33, 64})
    for (const auto& [h, w] : {std::pair{1, 1}, {2, 3}, {7, 5}, {17, 13}})
      check_fused<T>(prologue, anchored, epilogue, Extents{1 + (channels + w) % 3, h, w, channels});
  check_fused<T>(prologue, anchored, epilogue, Extents{2, 33, 48, 64});
}
template <class T, class Epilogue, class... Prologue>
void check_reductions(Epilogue epilogue, std::tuple<Prologue...>) {
  auto check = [&](auto prologue) {
    check_sizes<T>(prologue, MomentsOf{}, epilogue);
    for (Over over : {Over::channels, Over::all}) {
      check_sizes<T>(prologue, ReduceOf<Sum>(over), epilogue);
      check_sizes<T>(prologue, ReduceOf<Maximum>(over), epilogue);
    }
  };
  (check(Prologue{}), ...);
}
template <class T, class... Prologue> void check_nearest(std::tuple<Prologue...>) {
  (check_sizes<T>(Prologue{}, NearestOf<T>{}, NoEpilogue{}), ...);
}

using ReductionPrologues = std::tuple<Plain, SiluOf, LeakyReluOf, ScaleOf, NormOf, NormSiluOf, Upsample2Of,
                                      SplitHeadsOf, MergeHeadsOf, SoftmaxOf, GatherOf, StraightThroughOf>;

}  // namespace

TEST_CASE("reductions with every prologue") {
  check_reductions<float>(WithTransform{}, ReductionPrologues{});
}
TEST_CASE("reductions with every epilogue, double") {
  const std::tuple<NormSiluOf> prologue;
  check_reductions<double>(NoEpilogue{}, prologue);
  check_reductions<double>(WithBias{}, prologue);
  check_reductions<double>(WithResidual{}, prologue);
  check_reductions<double>(WithScale{}, prologue);
  check_reductions<double>(WithTransform{}, prologue);
  check_reductions<double>(WithSilu{}, prologue);
}
TEST_CASE("nearest entries with every prologue") {
  check_nearest<float>(ReductionPrologues{});
  check_nearest<double>(std::tuple<Plain, NormSiluOf>{});
}
