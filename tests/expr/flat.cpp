#include "rfpp/expr/flat.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "rfpp/expr/remap.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("only what lies dense in every leaf is flat") {
  const Extents e{2, 4, 5, 3};
  const Tensor<float> x(e), bias(vector_extents(3)), mask(Extents{2, 4, 5, 1});
  CHECK(is_flat(x, e));
  CHECK(is_flat(silu(x) * 0.5 + x, e));
  CHECK(is_flat(x + Constant<float>{1, {}}, e));
  CHECK(is_flat(x + Normal<float>{{}, e}, e));
  CHECK(is_flat(detach(x), e));
  CHECK_FALSE(is_flat(mask, mask.extents()));
  CHECK_FALSE(is_flat(x + bias, e));
  CHECK_FALSE(is_flat(x * mask, e));
  CHECK_FALSE(is_flat(upsample2(x), {2, 8, 10, 3}));
  CHECK_FALSE(is_flat(x + Normal<float>{{}, {1, 4, 5, 3}}, e));
}

TEST_CASE("flat expressions have the value of those that are not") {
  Cpu ex(2);
  for (const Extents e : {Extents{1, 1, 1, 1}, {2, 7, 5, 3}, {1, 2, 9, 1}, {1, 3, 200, 3}, {1, 2, 33, 64}}) {
    const auto x = random_tensor<float>(e, 1), y = random_tensor<float>(e, 2);
    Extents one = e;
    one.n = one.h = one.w = 1;
    const Tensor<float> zero(one);  // broadcast over pixels: not flat
    check_close(eval(ex, x * y + silu(x)), eval(ex, x * y + silu(x) + zero), 1e-7, to_string(e));
  }
}
