#include "rfpp/nn/bilinear.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/resize.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// StyleGAN2's enlargement, with nothing folded: zeros inserted after every value, zeros around, then
/// [1,3,3,1] x [1,3,3,1] / 16.
Tensor<double> filtered_with_zeros(const Tensor<double>& x) {
  constexpr int before = 2, after = 1;
  const Extents e = x.extents();
  const int side_h = 2 * e.h + before + after, side_w = 2 * e.w + before + after;
  Tensor<double> wide(Extents{e.n, side_h, side_w, e.c}), out(Extents{e.n, side_h - 3, side_w - 3, e.c});
  const auto at = [](const Tensor<double>& t, int n, int h, int w, int c) -> double& {
    const Extents s = t.extents();
    return t.data()[((n * s.h + h) * s.w + w) * s.c + c];
  };
  for (int n = 0; n < e.n; ++n)
    for (int c = 0; c < e.c; ++c) {
      for (int h = 0; h < e.h; ++h)
        for (int w = 0; w < e.w; ++w) at(wide, n, before + 2 * h, before + 2 * w, c) = at(x, n, h, w, c);
      constexpr double line[] = {1, 3, 3, 1};
      for (int h = 0; h < side_h - 3; ++h)
        for (int w = 0; w < side_w - 3; ++w)
          for (int i = 0; i < 4; ++i)
            for (int j = 0; j < 4; ++j)
              at(out, n, h, w, c) += line[i] * line[j] / 16 * at(wide, n, h + i, w + j, c);
    }
  return out;
}

}  // namespace

TEST_CASE("bilinear enlargement by 2 is the resize with half-pixel centers and repeated edges") {
  Cpu ex(2);
  for (const Extents e : {Extents{2, 5, 7, 19}, Extents{1, 1, 3, 4}, Extents{1, 4, 1, 1}}) {
    const auto x = random_tensor<double>(e, 1);
    check_close(eval(ex, bilinear_upsample2(x)), eval(ex, resized(x, 2 * e.h, 2 * e.w)), 1e-14, to_string(e));
  }
  const auto x = random_tensor<float>({1, 6, 5, 40}, 2);
  check_close(eval(ex, bilinear_upsample2(x)), eval(ex, resized(x, 12, 10)), 1e-6, "float");
}

TEST_CASE("bilinear enlargement with zeros beyond the edges is what StyleGAN2's filter makes") {
  Cpu ex(2);
  for (const Extents e : {Extents{2, 5, 7, 3}, Extents{1, 1, 3, 4}}) {
    const auto x = random_tensor<double>(e, 1);
    check_close(eval(ex, bilinear_upsample2(x, Border::zero)), filtered_with_zeros(x), 1e-14, to_string(e));
  }
}

TEST_CASE("mean2 is the mean of each 2x2 pixels") {
  Cpu ex(1);
  const auto x = random_tensor<double>({2, 4, 6, 5}, 1);
  const auto y = eval(ex, mean2(x));
  REQUIRE((y.extents() == Extents{2, 2, 3, 5}));
  check_close(y, eval(ex, resized(x, 2, 3)), 1e-14, "mean2");
}
