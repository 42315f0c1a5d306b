#include "rfpp/expr/jpeg.hpp"

#include <string>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a JPEG has the same bits for any thread count and batch, fused or not") {
  Cpu one(1), three(3);
  const auto x = random_tensor<float>({3, 37, 53, 3}, 1, 0, 1);
  const auto batch = eval(one, jpeg(x, 60));
  CHECK(same_bits(batch, eval(three, jpeg(x, 60))));
  for (int n = 0; n < 3; ++n) CHECK(same_bits(image_of(batch, n), eval(three, jpeg(image_of(x, n), 60))));
  CHECK(same_bits(eval(one, jpeg(x * 0.5, 60)), eval(one, jpeg(eval(one, x * 0.5), 60))));
  check_close(eval(one, jpeg(x, 60) * 2 + x), eval(one, batch * 2 + x), 1e-7, "epilogue");
}

TEST_CASE(
    "a JPEG of quality 100 changes little of an even image, and of one that is not in [0, 1] makes one that "
    "is") {
  Cpu ex(1);
  Tensor<float> even(Extents{1, 19, 23, 3});
  std::fill_n(even.data(), even.extents().size(), 100 / 255.0f);
  CHECK(relative_l2(eval(ex, jpeg(even, 100)), even) < 0.01);
  const auto wild = eval(ex, jpeg(random_tensor<float>({1, 20, 20, 3}, 1, -1e10, 1e10), 90));
  for (const float v : wild.elements()) CHECK((v >= 0 && v <= 1));
  Tensor<float> none(Extents{1, 8, 8, 3});
  std::fill_n(none.data(), none.extents().size(), std::nanf(""));
  CHECK(eval(ex, jpeg(none, 90)).data()[0] < 0.01f);
}

TEST_CASE("JPEG refuses other qualities and other images") {
  const Tensor<float> x(Extents{1, 8, 8, 3});
  for (const int quality : {0, -1, 101})
    CHECK(contains(error_of([&] { jpeg(x, quality); }), std::to_string(quality)));
  CHECK(contains(error_of([&] { jpeg(Tensor<float>(Extents{1, 8, 8, 1}), 90); }), "[1,8,8,1]"));
}
