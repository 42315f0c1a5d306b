#include "rfpp/cuda/products.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "catch.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/model/hashed.hpp"

// What blocks of threads do, one thread after the other and with the multiplication written out: the tiles,
// the staging and the epilogue are those of the GPU's kernel.

using namespace rfpp;

namespace {

template <class Numbers> void multiply_staged(cuda::Stage<Numbers>& s, std::vector<double>& sums) {
  const auto value = [](const auto& operand, int line, int k, int part) {
    return static_cast<double>(operand[part][line][k]);
  };
  for (int i = 0; i < cuda::Tile::rows; ++i)
    for (int j = 0; j < cuda::Tile::columns; ++j)
      for (int k = 0; k < Numbers::depth; ++k)
        for (int a = 0; a < Numbers::parts; ++a)
          for (int b = 0; a + b < Numbers::parts; ++b)
            sums[static_cast<std::size_t>(i * cuda::Tile::columns + j)] +=
                value(s.operands.left, i, k, a) * value(s.operands.right, j, k, b);
}

template <class Numbers, class Left, class Right, class Epilogue>
void multiply(const Left& left, const Right& right, int products, int columns,
              const cuda::Emit<float, Epilogue>& emit) {
  using P = cuda::Product<Numbers, Left, Right, Epilogue>;
  const P product{left, right, columns, emit};
  const auto s = std::make_unique<cuda::Stage<Numbers>>();
  for (int n = 0; n < products; ++n)
    for (int row = 0; row < product.row_tiles(); ++row)
      for (int column = 0; column < product.column_tiles(); ++column) {
        const typename P::Place tile{n, row, column};
        std::vector<double> sums(cuda::Tile::rows * cuda::Tile::columns);
        for (int k = 0; k < left.depth(); k += Numbers::depth) {
          for (int thread = 0; thread < cuda::Tile::threads; ++thread)
            product.stage(*s, tile, product.rows_of(tile, thread), thread, k);
          multiply_staged(*s, sums);
        }
        for (int i = 0; i < cuda::Tile::rows; ++i)
          for (int j = 0; j < cuda::Tile::columns; ++j)
            s->sums[i][j] = static_cast<float>(sums[static_cast<std::size_t>(i * cuda::Tile::columns + j)]);
        for (int thread = 0; thread < cuda::Tile::threads; ++thread) product.write(*s, tile, thread);
      }
}

template <class Epilogue>
cuda::Emit<float, Epilogue> emit_to(const Tensor<float>& out, const Epilogue& plan) {
  return {plan, out.data(), out.extents(), false};
}

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

TEMPLATE_TEST_CASE("tiles of convolutions and matrix products agree with the CPU executor", "",
                   cuda::SplitTf32, cuda::Tf32) {
  const double bar = TestType::parts == 2 ? 1e-6 : 1e-3;
  Cpu cpu(1);
  for (const ConvolutionGeometry g : {ConvolutionGeometry{3, 1, 1, 1}, ConvolutionGeometry{3, 2, 0, 1},
                                      ConvolutionGeometry{1, 1, 0, 0}, ConvolutionGeometry{4, 2, 1, 1}}) {
    const auto x = hashed_tensor<float>("x", {2, 13, 18, 11});
    Filter<float> filter({70, g.kernel, g.kernel, 11});
    filter.assign(hashed_tensor<float>("filter", filter.extents()));
    const auto activated = operand(silu(x));
    using X = std::remove_cvref_t<decltype(activated)>;
    const auto residual = hashed_tensor<float>("residual", {2, g.output(13), g.output(18), 70});
    const auto a = anchor(ConvolutionCore<X>{g, activated, filter}) + residual;
    const auto expected = eval(cpu, a);
    const auto found = cpu.tensor<float>(expected.extents());
    const cuda::ConvolutionLeft<plan_t<X>> left{plan_of(activated), x.extents(), found.extents(), g};
    multiply<TestType>(left, cuda::FilterRight{filter.raw().data(), 70, left.depth()}, 1, 70,
                       emit_to(found, plan_of(a.epilogue)));
    INFO("kernel " << g.kernel << ", stride " << g.stride);
    CHECK(relative_error(found, expected) < bar);
  }
  for (const bool ta : {false, true})
    for (const bool tb : {false, true}) {
      const auto a = hashed_tensor<float>("a", ta ? Extents{3, 1, 45, 131} : Extents{3, 1, 131, 45});
      const auto b = hashed_tensor<float>("b", tb ? Extents{3, 1, 67, 45} : Extents{3, 1, 45, 67});
      const auto product = matmul(a, b, ta, tb) * 0.5;
      const auto expected = eval(cpu, product);
      const auto found = cpu.tensor<float>(expected.extents());
      using P = ViewPlan<float>;
      multiply<TestType>(cuda::MatmulLeft<P>{plan_of(a), 131, 45, ta},
                         cuda::MatmulRight<P>{plan_of(b), 67, 45, tb}, 3, 67,
                         emit_to(found, plan_of(product.epilogue)));
      INFO("transposed " << ta << tb);
      CHECK(relative_error(found, expected) < bar);
    }
}
