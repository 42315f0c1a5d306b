#include "rfpp/cpu/convolution.hpp"

#include "cpu/naive.hpp"
#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

std::string describe(const ConvolutionGeometry& g, Extents x, Extents filter, int threads) {
  return "convolution of " + to_string(x) + " with " + to_string(filter) + ", stride " +
         std::to_string(g.stride) + ", padding " + std::to_string(g.pad_before) + "+" +
         std::to_string(g.pad_after) + ", " + std::to_string(threads) + " threads";
}

template <class T> auto convolution(const ConvolutionGeometry& g, const auto& x, const Tensor<T>& raw) {
  Filter<T> filter(raw.extents());
  filter.assign(raw);
  return anchor(ConvolutionCore<std::remove_cvref_t<decltype(x)>>{g, x, filter});
}

/// Over positive elements: a sum that cancels has no relative accuracy.
template <class T> void check_convolution(Cpu& ex, const ConvolutionGeometry& g, Extents e, int out) {
  const auto x = random_tensor<T>(e, 1, 0, 1);
  const auto filter = random_tensor<T>({out, g.kernel, g.kernel, e.c}, 2, 0, 1);
  check_close(eval(ex, convolution(g, x, filter)), naive_convolution(g, x, filter),
              sizeof(T) == 4 ? 1e-6 : 1e-14, describe(g, e, filter.extents(), ex.threads()));
}

constexpr ConvolutionGeometry geometries[] = {{3, 1, 1, 1}, {1, 1, 0, 0}, {3, 2, 0, 1}, {4, 2, 1, 1}};

bool fits(const ConvolutionGeometry& g, int h, int w) {
  return std::min(h, w) + g.pad_before + g.pad_after >= g.kernel;
}

}  // namespace

TEST_CASE("convolution is the naive loop's, over channels, sizes, batches and threads") {
  std::array<Cpu, 3> executors{Cpu(1), Cpu(2), Cpu(3)};
  std::size_t turn = 0;
  for (const auto& g : geometries)
    for (int in : {1, 3, 5, 16, 33, 64})
      for (int out : {1, 3, 5, 16, 33, 64})
        for (const auto& [h, w] : {std::pair{1, 1}, {2, 3}, {7, 5}, {17, 13}})
          for (int batch = 1; batch <= (h < 17 ? 3 : 1); ++batch) {
            if (!fits(g, h, w)) continue;
            Cpu& ex = executors[turn++ % 3];
            check_convolution<float>(ex, g, {batch, h, w, in}, out);
            if (turn % 4 == 0) check_convolution<double>(ex, g, {batch, h, w, in}, out);
          }
}

TEST_CASE("convolution with other kernels, strides and paddings") {
  Cpu ex(2);
  for (const ConvolutionGeometry g : {ConvolutionGeometry{3, 1, 0, 0},
                                      {2, 2, 0, 0},
                                      {5, 3, 2, 1},
                                      {7, 1, 3, 3},
                                      {1, 2, 0, 0},
                                      {3, 1, 2, 0},
                                      {3, 1, 5, 5},
                                      {5, 1, 0, 4}})
    for (const auto& [h, w] : {std::pair{5, 7}, {8, 9}, {23, 6}})
      if (fits(g, h, w)) {
        check_convolution<float>(ex, g, {2, h, w, 5}, 19);
        check_convolution<double>(ex, g, {1, h, w, 17}, 3);
      }
}

TEST_CASE("convolution over sizes of many tasks, long rows and deep sums") {
  Cpu ex(3);
  check_convolution<float>(ex, {3, 1, 1, 1}, {1, 40, 400, 64}, 3);  // rows per task limited by the cache
  check_convolution<float>(ex, {3, 1, 1, 1}, {1, 3, 4200, 64}, 1);  // one row is more than the cache
  check_convolution<float>(ex, {3, 2, 0, 1}, {2, 70, 30, 8}, 8);    // many tasks, two images
  check_convolution<float>(ex, {1, 1, 0, 0}, {1, 5, 6, 1111}, 7);   // sums of several chains
  check_convolution<float>(ex, {3, 1, 1, 1}, {1, 5, 6, 200}, 20);
  check_convolution<double>(ex, {1, 1, 0, 0}, {1, 3, 50, 300}, 100);  // several panels
}

TEST_CASE("padding is zero and applies after the prologue") {
  Cpu ex(2);
  for (const auto& g : geometries) {
    if (g.pad_before + g.pad_after == 0) continue;
    const auto x = random_tensor<double>({2, 5, 6, 7}, 1);
    const auto filter = random_tensor<double>({4, g.kernel, g.kernel, 7}, 2);
    const auto bias = random_tensor<double>(vector_extents(7), 3, 1, 2);
    const std::string what = describe(g, x.extents(), filter.extents(), 2);
    auto check_prologue = [&](const auto& prologue, double at_zero, const char* name) {
      const auto staged = copy_of(eval(ex, prologue));
      const auto expected = naive_convolution(g, staged, filter);
      check_close(eval(ex, convolution(g, prologue, filter)), expected, 1e-14, name + what);
      // Padded before the prologue, the result would be another one.
      CHECK(relative_l2(naive_convolution(g, staged, filter, at_zero), expected) > 0.1);
    };
    check_prologue(exp(x), 1, "exp, ");
    check_prologue(x + Constant<double>{2.5, {}}, 2.5, "x + 2.5, ");
    const auto a = random_tensor<double>({2, 1, 1, 7}, 4);
    const Normalized<Tensor<double>> normalized{x, {}, a, bias, {}, {}};
    const auto staged = copy_of(eval(ex, normalized));
    check_close(eval(ex, convolution(g, normalized, filter)), naive_convolution(g, staged, filter), 1e-14,
                "norm, " + what);
    const auto upsampled = copy_of(eval(ex, upsample2(exp(x))));
    check_close(eval(ex, convolution(g, upsample2(exp(x)), filter)), naive_convolution(g, upsampled, filter),
                1e-14, "upsample2(exp), " + what);
  }
}

TEST_CASE("a NaN of one image stays in that image and in the reach of the kernel") {
  Cpu ex(2);
  const auto x = random_tensor<float>({3, 9, 9, 5}, 1), filter = random_tensor<float>({20, 3, 3, 5}, 2);
  x.data()[((9 + 4) * 9 + 4) * 5 + 2] = std::nanf("");
  const auto y = eval(ex, convolution({3, 1, 1, 1}, x, filter));
  int wrong = 0;
  for (int n = 0; n < 3; ++n)
    for (int h = 0; h < 9; ++h)
      for (int w = 0; w < 9; ++w)
        for (int c = 0; c < 20; ++c) {
          const bool reached = n == 1 && std::abs(h - 4) <= 1 && std::abs(w - 4) <= 1;
          wrong += std::isnan(element(y, n, h, w, c)) != reached;
        }
  CHECK(wrong == 0);
}

TEST_CASE("a convolution without its filter throws") {
  Cpu ex(1);
  const Tensor<float> x({1, 4, 4, 3});
  const Filter<float> filter({2, 3, 3, 3});
  const std::string message = error_of([&] {
    eval(ex, anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, x, filter}));
  });
  INFO(message);
  CHECK(contains(message, "[2,3,3,3]"));
  Filter<float> loaded({2, 3, 3, 3});
  loaded.assign(Tensor<float>({2, 3, 3, 3}));
  const auto declared = Tensor<float>::declared({1, 4, 4, 3});
  CHECK_THROWS_AS(eval(ex, anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, declared, loaded})), Error);
}
