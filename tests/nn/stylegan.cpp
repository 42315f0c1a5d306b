#include "rfpp/nn/stylegan.hpp"

#include "cpu/fusion.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a generator's noise is what is asked for, in planes of its layers' sides") {
  Cpu ex(2);
  StyleNoises<4> noises;
  fill_hashed(noises);
  const int sides[] = {4, 8, 8, 16};
  for (int layer = 0; layer < 4; ++layer) {
    const Extents plane{1, sides[layer], sides[layer], 1};
    const auto noise = [&](const StyleNoise& choice) { return copy_of(noises(ex, choice, layer)); };
    CHECK(same_bits(noise({StyleNoise::Kind::stored}), noises.planes[static_cast<std::size_t>(layer)]));
    CHECK(same_bits(noise({StyleNoise::Kind::none}), Tensor<float>(plane)));
    const auto drawn = noise({StyleNoise::Kind::seeded, 5});
    CHECK((drawn.extents() == plane));
    CHECK(same_bits(noise({StyleNoise::Kind::seeded, 5}), drawn));
    CHECK_FALSE(same_bits(noise({StyleNoise::Kind::seeded, 6}), drawn));
  }
  CHECK_FALSE(same_bits(noises(ex, {}, 1), noises(ex, {}, 2)));
}

TEST_CASE("a layer to an image adds the enlarged one of the level below, fused or not") {
  Cpu ex(2);
  const auto check = [&]<Border border>() {
    ToRgb<ToRgbSpec{.style = 3, .in = 8, .border = border}, double> layer;
    fill_hashed(layer);
    const auto x = random_tensor<double>({2, 4, 6, 8}, 1), style = random_tensor<double>({1, 1, 2, 3}, 2),
               below = random_tensor<double>({2, 2, 3, 3}, 3);
    const auto found = eval(ex, layer(ex, x, style, below));
    const Tensor<double> own = eval(ex, layer(ex, x, style)),
                         enlarged = eval(ex, bilinear_upsample2(below, border));
    check_close(found, Tensor<double>(eval(ex, own + enlarged)), 1e-14, "sum");
    const auto fused = layer(ex, x, style, below);
    check_close(found, Unfused<double>{ex}(fused), 1e-14, "fused");
  };
  check.operator()<Border::repeated>();
  check.operator()<Border::zero>();
}

TEST_CASE("a learned input is there once for each image") {
  Cpu ex(2);
  const auto input = random_tensor<float>({1, 4, 4, 6}, 1);
  const auto images = repeated(ex, input, 3);
  for (int n = 0; n < 3; ++n) CHECK(same_bits(image_of(images, n), input));
}
