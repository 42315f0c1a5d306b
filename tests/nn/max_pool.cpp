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
