#include "rfpp/cuda/products.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/io/dtype.hpp"
#include "rfpp/model/hashed.hpp"

// What blocks of threads do, one thread after the other and with the multiplication written out: the tiles,
// the staging and the epilogue are those of the GPU's kernel.

using namespace rfpp;

namespace {

template <class Numbers> double second_part(int parts) {
  if constexpr (Numbers::parts == 2) return parts == 0 ? 1.0 : static_cast<double>(Numbers::second);
  return 1;
}

template <class Numbers, class T> void multiply_staged(const auto& s, std::vector<double>& sums) {
  for (int i = 0; i < T::rows; ++i)
    for (int j = 0; j < T::columns; ++j)
      for (int k = 0; k < cuda::step_depth<Numbers>; ++k)
        for (int a = 0; a < Numbers::parts; ++a)
          for (int b = 0; a + b < Numbers::parts; ++b)
            sums[static_cast<std::size_t>(i * T::columns + j)] += static_cast<double>(*s.left.at(a, i, k)) *
                                                                  static_cast<double>(*s.right.at(b, j, k)) *
                                                                  second_part<Numbers>(a + b);
}

void copy(void* to, const void* from, bool there) {
  if (there)
    std::memcpy(to, from, 16);
  else
    std::memset(to, 0, 16);
}

template <class Numbers, class T, class... Rest>
void multiply(const cuda::Product<Numbers, T, Rest...>& product) {
  using P = cuda::Product<Numbers, T, Rest...>;
  const auto stage = std::make_unique<typename P::Stage>();
  const auto finished = std::make_unique<cuda::TileSums<T>>();
  const auto for_each_thread = [](auto&& f) {
    for (int thread = 0; thread < cuda::tile_threads; ++thread) f(thread);
  };
  for (int z = 0; z < product.products * product.splits; ++z)
    for (int row = 0; row < product.row_tiles(); ++row)
      for (int column = 0; column < product.column_tiles(); ++column) {
        const typename P::Place tile{z / product.splits, z % product.splits, row, column};
        std::vector<double> sums(T::rows * T::columns);
        for (int step = product.begin_of(tile.split); step < product.begin_of(tile.split + 1); ++step) {
          for_each_thread(
              [&](int thread) { product.stage(*stage, product.lines_of(tile, thread), thread, step, copy); });
          multiply_staged<Numbers, T>(*stage, sums);
        }
        for (int i = 0; i < T::rows; ++i)
          for (int j = 0; j < T::columns; ++j)
            *finished->at(i, j) = static_cast<float>(sums[static_cast<std::size_t>(i * T::columns + j)]);
        for_each_thread([&](int thread) { product.write(*finished, tile, thread); });
      }
}

/// The rounded elements of x.
template <class Numbers, class X> std::vector<typename Numbers::Element> rounded(const X& x, Extents e) {
  cuda::RoundKernel<Numbers, X> kernel{x, e, nullptr};
  const std::size_t count = kernel.chunks().size();
  std::vector<typename Numbers::Element> elements(Numbers::parts * count * cuda::chunk<Numbers>);
  kernel.to = elements.data();
  for (std::size_t i = 0; i < count; ++i) kernel(i);
  return elements;
}

/// In both tiles, and with the depth whole and in three parts: check(elements).
template <class Numbers, class Left, class Right, class P>
void multiply_every_way(const Left& left, const Right& right, int products, const cuda::Emit<float, P>& emit,
                        auto&& check) {
  const auto in_tile = [&](auto tile) {
    using T = decltype(tile);
    multiply(cuda::Product<Numbers, T, Left, Right, cuda::EmitSums<P>>{left, right, products, 1, {emit}});
    check();
    const std::size_t count = emit.extents.size();
    std::vector<float> sums(3 * count);
    multiply(cuda::Product<Numbers, T, Left, Right, cuda::KeepSums>{
        left, right, products, 3, {sums.data(), count, emit.by_eights}});
    for (std::size_t i = 0; i < emit.count(); ++i) cuda::EmitSplitsKernel<P>{sums.data(), 3, emit}(i);
    check();
  };
  in_tile(cuda::WideTile{});
  in_tile(cuda::NarrowTile{});
}

template <class Epilogue>
cuda::Emit<float, Epilogue> emit_to(const Tensor<float>& out, const Epilogue& plan) {
  return {plan, out.data(), out.extents(), false};
}

template <class Numbers, bool Spread = false>
cuda::Patches<Numbers, Spread> patches(const std::vector<typename Numbers::Element>& images, Extents e,
                                       Extents out, ConvolutionGeometry g) {
  e.c = cuda::padded<Numbers>(e.c);
  return {images.data(), e, out, g, static_cast<int>(out.pixels())};
}
template <class Numbers>
cuda::Lines<Numbers> lines(const std::vector<typename Numbers::Element>& filter, Extents f) {
  return {filter.data(), 1, f.n, f.h * f.w * cuda::padded<Numbers>(f.c)};
}

/// Of the relative error.
template <class Numbers> constexpr double bar = Numbers::parts == 2 ? 1e-6 : 1e-3;
double relative_error(const Tensor<float>& found, const Tensor<float>& expected) {
  double difference = 0, whole = 0;
  for (std::size_t i = 0; i < found.elements().size(); ++i) {
    const double e = static_cast<double>(expected.elements()[i]);
    difference += std::pow(static_cast<double>(found.elements()[i]) - e, 2);
    whole += e * e;
  }
  return std::sqrt(difference / whole);
}

}  // namespace

TEST_CASE("numbers are rounded to TF32, and split without loss that counts") {
  CHECK(cuda::round_to_tf32(1.0F + 1.0F / 2048) == 1.0F + 1.0F / 1024);
  CHECK(cuda::round_to_tf32(1.0F + 1.0F / 4096) == 1.0F);
  CHECK(std::isinf(cuda::round_to_tf32(INFINITY)));
  CHECK(std::isnan(cuda::round_to_tf32(NAN)));
  for (const float v : {0.1F, -3.7e5F, 2.3e-20F}) {
    float parts[2];
    cuda::SplitTf32::split(v, parts);
    CHECK(std::abs(v - parts[0] - parts[1]) <= std::abs(v) * 0x1p-21F);
  }
}

TEST_CASE("numbers are split into float16 without loss that counts") {
  using Split = cuda::SplitHalf<io::Float16>;
  io::Float16 parts[2];
  for (const float v : {0.1F, -3.7e4F, 2.3e-4F}) {
    Split::split(v, parts);
    CHECK(std::abs(v - float{parts[0]} - float{parts[1]} * Split::second) <= std::abs(v) * 0x1p-21F);
  }
  Split::split(1e-6F, parts);  // below what float16 holds in full
  CHECK(std::abs(1e-6F - float{parts[0]} - float{parts[1]} * Split::second) <= 0x1p-35F);
  Split::split(7e4F, parts);
  CHECK(std::isnan(float{parts[0]} + float{parts[1]} * Split::second));
}

TEMPLATE_TEST_CASE("tiles of convolutions and their gradients agree with the CPU executor", "",
                   cuda::SplitHalf<io::Float16>, cuda::SplitTf32, cuda::Tf32) {
  Cpu cpu(1);
  const Extents e{2, 9, 11, 11};
  const auto x = hashed_tensor<float>("x", e);
  for (const ConvolutionGeometry g :
       {ConvolutionGeometry{3, 1, 1, 1}, ConvolutionGeometry{3, 2, 0, 1}, ConvolutionGeometry{1, 1, 0, 0},
        ConvolutionGeometry{4, 2, 1, 1}, ConvolutionGeometry{4, 1, 1, 1}}) {
    INFO("kernel " << g.kernel << ", stride " << g.stride);
    Filter<float> filter({70, g.kernel, g.kernel, 11});
    filter.assign(hashed_tensor<float>("filter", filter.extents()));
    const Extents f = filter.extents(), out{2, g.output(9), g.output(11), 70};
    const auto activated = operand(silu(x));
    using X = std::remove_cvref_t<decltype(activated)>;
    const auto y = hashed_tensor<float>("y", out);
    const auto images = rounded<TestType>(plan_of(activated), e);
    const auto gradient = rounded<TestType>(plan_of(y), out);
    const auto weights = rounded<TestType>(plan_of(filter.raw()), f);
    const Extents flipped{11, g.kernel, g.kernel, 70};
    const auto flipped_weights =
        rounded<TestType>(cuda::FlippedFilterPlan{filter.raw().data(), flipped}, flipped);

    const auto compare = [&](const auto& a, const auto& left, const auto& right) {
      const auto expected = eval(cpu, a);
      const auto found = cpu.tensor<float>(expected.extents());
      multiply_every_way<TestType>(left, right, 1, emit_to(found, plan_of(a.epilogue)),
                                   [&] { CHECK(relative_error(found, expected) < bar<TestType>); });
    };
    compare(anchor(ConvolutionCore<X>{g, activated, filter}) + y, patches<TestType>(images, e, out, g),
            lines<TestType>(weights, f));
    auto spread = patches<TestType, true>(gradient, out, e, {g.kernel, 1, g.kernel - 1 - g.pad_before, 0});
    spread.spread = g.stride;
    compare(anchor(ConvolutionDataGradientCore<Tensor<float>>{g, y, filter, e}) * 0.5, spread,
            lines<TestType>(flipped_weights, flipped));
    using Across = cuda::PatchesAcross<TestType>;
    compare(anchor(ConvolutionFilterGradientCore<X, Tensor<float>>{g, activated, y, f}) * 0.5,
            Across{patches<TestType>(gradient, out, out, {1, 1, 0, 0}), 70},
            Across{patches<TestType>(images, e, out, g), 11});
  }
}

TEMPLATE_TEST_CASE("tiles of matrix products agree with the CPU executor", "", cuda::SplitHalf<io::Float16>,
                   cuda::SplitTf32, cuda::Tf32) {
  Cpu cpu(1);
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      const auto a = hashed_tensor<float>("a", ta ? Extents{3, 1, 45, 131} : Extents{3, 1, 131, 45});
      const auto b = hashed_tensor<float>("b", tb ? Extents{3, 1, 67, 45} : Extents{3, 1, 45, 67});
      const auto product = matmul(a, b, ta, tb) * 0.5;
      const auto expected = eval(cpu, product);
      const auto found = cpu.tensor<float>(expected.extents());
      const auto matrix = [](const Tensor<float>& t, Extents e, bool transposed) {
        return transposed ? rounded<TestType>(cuda::TransposedPlan<ViewPlan<float>>{plan_of(t)}, e)
                          : rounded<TestType>(plan_of(t), e);
      };
      const auto left = matrix(a, {3, 1, 131, 45}, ta), right = matrix(b, {3, 1, 67, 45}, !tb);
      const int depth = cuda::padded<TestType>(45);
      using Lines = cuda::Lines<TestType>;
      INFO("transposed " << ta << tb);
      multiply_every_way<TestType>(Lines{left.data(), 3, 131, depth}, Lines{right.data(), 3, 67, depth}, 3,
                                   emit_to(found, plan_of(product.epilogue)),
                                   [&] { CHECK(relative_error(found, expected) < bar<TestType>); });
    }
}

TEST_CASE("a block has the stages that fit into its shared memory") {
  using Lines = cuda::Lines<cuda::SplitTf32>;
  using Across = cuda::PatchesAcross<cuda::SplitTf32>;
  constexpr std::size_t a100 = std::size_t{163} * 1024, consumer = std::size_t{99} * 1024;
  using Wide = cuda::Product<cuda::SplitTf32, cuda::WideTile, Lines, Lines, cuda::KeepSums>;
  using Narrow = cuda::Product<cuda::SplitTf32, cuda::NarrowTile, Lines, Lines, cuda::KeepSums>;
  using Gradient = cuda::Product<cuda::SplitTf32, cuda::WideTile, Across, Across, cuda::KeepSums>;
  CHECK(cuda::stages_for<Wide>(a100) == 4);
  CHECK(cuda::stages_for<Narrow>(a100) == 4);
  CHECK(cuda::stages_for<Wide>(consumer) == 3);
  CHECK(cuda::stages_for<Narrow>(consumer) == 2);
  CHECK(cuda::stages_for<Gradient>(consumer) == 3);
  CHECK(cuda::shared_bytes<Wide>(3) == 96 * 1024);
  CHECK(cuda::shared_bytes<Narrow>(2) == 80 * 1024);
  CHECK(cuda::shared_bytes<Narrow>(1) == 64 * 1024);  // of the finished tile
}

TEST_CASE("the depth of few tiles is shared, by no more blocks than pay") {
  CHECK(cuda::splits_for(1, 4) == 1);
  CHECK(cuda::splits_for(8, 288) == 16);
  CHECK(cuda::splits_for(8, 40) == 5);
  CHECK(cuda::splits_for(2048, 36) == 1);
}
