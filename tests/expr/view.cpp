#include "rfpp/expr/view.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a tensor's plan has stride 0 where its extent is 1") {
  const auto plan = plan_of(Tensor<float>({2, 3, 1, 5}));
  CHECK(plan.stride_n == 15);
  CHECK(plan.stride_h == 5);
  CHECK(plan.stride_w == 0);
  CHECK(plan.step == 1);
  CHECK(plan_of(Tensor<float>({1, 2, 2, 1})).step == 0);
}

TEST_CASE("a tensor without storage has no plan") {
  const std::string message = error_of([] { plan_of(Tensor<float>::declared({4, 3, 3, 2})); });
  INFO(message);
  CHECK(contains(message, "[4,3,3,2]"));
}

TEST_CASE("gather picks rows of a table") {
  Cpu ex(2);
  for (int width : {1, 3, 16, 33}) {
    const auto table = random_tensor<float>(matrix_extents(6, width), 1);
    const auto index = tensor_of<int>({2, 2, 2, 1}, {5, 0, 3, 3, 1, 2, 4, 5});
    const auto y = eval(ex, Gather<float>{table, index});
    REQUIRE((y.extents() == Extents{2, 2, 2, width}));
    for (int i = 0; i < 8; ++i)
      for (int c = 0; c < width; ++c)
        CHECK(y.data()[i * width + c] == table.data()[index.data()[i] * width + c]);
    check_close(eval(ex, Gather<float>{table, index} * 2.0), eval(ex, y * 2.0), 0, "gather in a map");
  }
}

TEST_CASE("gather broadcasts in a map as the tensor does that it stands for") {
  Cpu ex(1);
  const auto wide = random_tensor<float>({2, 3, 4, 5}, 1);
  auto check = [&](int width, const Tensor<int>& index) {
    const Gather<float> gather{random_tensor<float>(matrix_extents(3, width), 2), index};
    check_close(eval(ex, wide + gather), eval(ex, wide + eval(ex, gather)), 0,
                "gather " + to_string(gather.extents()) + " over [2,3,4,5]");
  };
  check(5, tensor_of<int>({1, 1, 1, 1}, {2}));
  check(5, tensor_of<int>({2, 1, 1, 1}, {1, 2}));
  check(5, tensor_of<int>({1, 3, 1, 1}, {2, 1, 0}));
  check(5, tensor_of<int>({1, 1, 4, 1}, {2, 1, 0, 2}));
  check(1, tensor_of<int>({1, 1, 4, 1}, {2, 1, 0, 2}));
}

TEST_CASE("a constant is the same everywhere") {
  Cpu ex(1);
  const auto x = random_tensor<double>({2, 3, 2, 19}, 1);
  const auto y = eval(ex, x - Constant<double>{0.5, {1, 1, 1, 1}});
  for (std::size_t i = 0; i < x.extents().size(); ++i) CHECK(y.data()[i] == x.data()[i] - 0.5);
  const auto filled = eval(ex, Constant<float>{7, {1, 2, 3, 17}});
  REQUIRE((filled.extents() == Extents{1, 2, 3, 17}));
  for (float v : filled.elements()) CHECK(v == 7);
}

TEST_CASE("detach changes no value") {
  Cpu ex(1);
  const auto x = random_tensor<float>({2, 3, 2, 19}, 1);
  CHECK(same_bits(eval(ex, detach(x)), x));
  CHECK(same_bits(eval(ex, detach(silu(x)) + x), eval(ex, silu(x) + x)));
}
