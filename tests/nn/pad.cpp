#include "rfpp/nn/pad.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("reflection padding mirrors about the outermost pixels") {
  Cpu ex(1);
  const auto x = tensor_of<float>({1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  const auto y = eval(ex, reflect_padded(x));
  CHECK((y.extents() == Extents{1, 4, 5, 1}));
  const std::vector<float> expected{5, 4, 5, 6, 5, 2, 1, 2, 3, 2, 5, 4, 5, 6, 5, 2, 1, 2, 3, 2};
  CHECK(std::equal(expected.begin(), expected.end(), y.data()));
  CHECK(error_of([&] {
          reflect_padded(Tensor<float>({1, 1, 5, 2}));
        }) == "reflect_padded: expected sides of at least 2, found [1,1,5,2]");
}
