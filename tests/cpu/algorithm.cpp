#include "rfpp/cpu/algorithm.hpp"

#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;
using Kind = CpuPacking;

namespace {

constexpr ConvolutionGeometry by_3x3{3, 1, 1, 1};

Packing::Kind chosen(Precision precision, int side, bool upsampled = false) {
  return cpu::algorithm_for<float>({by_3x3, {1, side, side, 64}, {64, 3, 3, 64}, upsampled}, precision);
}

}  // namespace

TEST_CASE("the algorithm of a 3x3 convolution depends on precision, size and upsampling") {
  for (int side : {16, 64, 512}) CHECK(chosen(Precision::reference, side) == Kind::winograd_f2);
  CHECK(chosen(Precision::reference, 64, true) == Kind::winograd_f2);
  for (const auto precision : {Precision::exact, Precision::fast}) {
    CHECK(chosen(precision, 16) == Kind::winograd_f2);
    CHECK(chosen(precision, 32) == Kind::winograd_f2);
    CHECK(chosen(precision, 32, true) == Kind::upsample_f2);
    CHECK(chosen(precision, 512, true) == Kind::upsample_f3);
  }
  CHECK(chosen(Precision::exact, 64) == Kind::winograd_f2);
  CHECK(chosen(Precision::exact, 128) == Kind::winograd_f4);
  CHECK(chosen(Precision::exact, 512) == Kind::winograd_f4);
  CHECK(chosen(Precision::fast, 64) == Kind::winograd_f4);
  CHECK(chosen(Precision::fast, 128) == Kind::winograd_f6);
}

TEST_CASE("only a convolution of stride 2, transposed, with 3x3 taps is one") {
  const auto kind = [](const ConvolutionGeometry& g, bool zero_inserted) {
    return cpu::algorithm_for<float>(
        {g, {1, 15, 15, 64}, {64, g.kernel, g.kernel, 64}, false, false, zero_inserted}, Precision::exact);
  };
  CHECK(kind({3, 1, 2, 2}, true) == Kind::transposed);
  CHECK(kind({3, 1, 2, 2}, false) == Kind::panels);
  CHECK(kind({3, 1, 1, 1}, true) == Kind::winograd_f2);
  CHECK(kind({3, 2, 2, 2}, true) == Kind::panels);
  CHECK(kind({5, 1, 2, 2}, true) == Kind::panels);
}

TEST_CASE("exact is faster where no codebook index depends on it") {
  auto after = [](Precision precision, int side) {
    return cpu::algorithm_for<float>({by_3x3, {1, side, side, 64}, {64, 3, 3, 64}, false, true}, precision);
  };
  CHECK(after(Precision::reference, 512) == Kind::winograd_f2);
  CHECK(after(Precision::exact, 64) == Kind::winograd_f4);
  CHECK(after(Precision::exact, 128) == Kind::winograd_f6);
}

TEST_CASE("low memory takes smaller packings for filters of many channels") {
  auto low = [](int channels, int side, bool upsampled = false) {
    const ConvolutionShape shape{
        by_3x3, {1, side, side, channels}, {channels, 3, 3, channels}, upsampled, true};
    const auto chosen = cpu::algorithm_for<float>(shape, {Precision::exact, true});
    CHECK(cpu::packed_size<float>(chosen, shape.filter) <=
          cpu::packed_size<float>(cpu::algorithm_for<float>(shape, Precision::exact), shape.filter));
    return chosen;
  };
  CHECK(low(512, 16) == Kind::panels);
  CHECK(low(512, 32, true) == Kind::panels);
  CHECK(low(256, 64) == Kind::winograd_f2);
  CHECK(low(256, 128, true) == Kind::upsample_f2);
  CHECK(low(128, 256) == Kind::winograd_f4);
  CHECK(low(128, 256, true) == Kind::upsample_f3);
}

TEST_CASE("a convolution to few channels is taken by taps") {
  const Extents in{1, 64, 64, 64};
  for (const auto precision : {Precision::reference, Precision::exact, Precision::fast}) {
    auto chosen = [&](const ConvolutionGeometry& g, int outputs) {
      return cpu::algorithm_for<float>({g, in, {outputs, g.kernel, g.kernel, 64}}, precision);
    };
    CHECK(chosen(by_3x3, 3) == Kind::taps);
    CHECK(chosen(by_3x3, 5) == Kind::panels);
    CHECK(chosen({3, 2, 0, 1}, 3) == Kind::panels);
    CHECK(chosen({1, 1, 0, 0}, 3) == Kind::panels);
  }
}

TEST_CASE("other convolutions are direct") {
  const Extents in{1, 64, 64, 64}, filter{64, 3, 3, 64};
  auto direct = [](const ConvolutionShape& s) {
    return cpu::algorithm_for<float>(s, Precision::fast) == Kind::panels;
  };
  CHECK(direct({{1, 1, 0, 0}, in, {64, 1, 1, 64}}));
  CHECK(direct({{3, 2, 0, 1}, in, filter}));
  CHECK(direct({{3, 1, 2, 2}, in, filter}));
  CHECK(direct({{3, 1, 0, 0}, in, filter, true}));  // upsampled
  CHECK(!direct({{3, 1, 0, 0}, in, filter}));
  CHECK(direct({by_3x3, {1, 64, 64, 3}, {64, 3, 3, 3}}));
  CHECK(cpu::algorithm_for<double>({by_3x3, in, filter}, Precision::fast) == Kind::panels);
}

TEST_CASE("precisions have names") {
  CHECK(precision_named("reference") == Precision::reference);
  CHECK(precision_named("exact") == Precision::exact);
  CHECK(precision_named("fast") == Precision::fast);
  CHECK(contains(error_of([] { precision_named("best"); }), "'best'"));
}
