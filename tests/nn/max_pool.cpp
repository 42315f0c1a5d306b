#include "rfpp/nn/max_pool.hpp"

#include <algorithm>

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("max pooling keeps the largest of each 2x2 pixels; what is left over does not count") {
  Cpu ex(2);
  for (const Extents e : {Extents{1, 2, 2, 1}, {2, 6, 8, 3}, {1, 7, 5, 20}}) {
    const auto x = random_tensor<float>(e, 1);
    const auto y = eval(ex, max_pool2(x));
    REQUIRE((y.extents() == Extents{e.n, e.h / 2, e.w / 2, e.c}));
    const float* found = y.data();
    int differ = 0;
    for (int n = 0; n < e.n; ++n)
      for (int h = 0; h < e.h / 2; ++h)
        for (int w = 0; w < e.w / 2; ++w)
          for (int c = 0; c < e.c; ++c) {
            const auto at = [&](int i, int j) {
              return x
                  .data()[((static_cast<std::ptrdiff_t>(n) * e.h + 2 * h + i) * e.w + 2 * w + j) * e.c + c];
            };
            differ += *found++ != std::max({at(0, 0), at(0, 1), at(1, 0), at(1, 1)});
          }
    INFO(to_string(e));
    CHECK(differ == 0);
  }
}

TEST_CASE("max pooling of 3x3 pixels with stride 2 sees no pixel beyond the edges") {
  Cpu ex(2);
  for (const Extents e : {Extents{1, 1, 1, 1}, Extents{2, 6, 8, 3}, {1, 7, 5, 20}}) {
    const auto x = random_tensor<float>(e, 1, 0, 1);
    const auto y = eval(ex, max_pool3(x));
    REQUIRE((y.extents() == Extents{e.n, (e.h + 1) / 2, (e.w + 1) / 2, e.c}));
    const float* found = y.data();
    int differ = 0;
    for (int n = 0; n < e.n; ++n)
      for (int h = 0; h < e.h; h += 2)
        for (int w = 0; w < e.w; w += 2)
          for (int c = 0; c < e.c; ++c) {
            float most = 0;
            for (int i = std::max(0, h - 1); i <= std::min(e.h - 1, h + 1); ++i)
              for (int j = std::max(0, w - 1); j <= std::min(e.w - 1, w + 1); ++j)
                most = std::max(most,
                                x.data()[((static_cast<std::ptrdiff_t>(n) * e.h + i) * e.w + j) * e.c + c]);
            differ += *found++ != most;
          }
    INFO(to_string(e));
    CHECK(differ == 0);
  }
}
