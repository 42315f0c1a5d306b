#include "rfpp/expr/random.hpp"

#include <algorithm>
#include <cmath>

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("normal noise has the moments and the tails of its distribution") {
  Cpu ex(2);
  const Extents e{1, 500, 400, 3};
  const auto noise = eval(ex, Normal<float>{{3, 0, 1}, e});
  const auto count = static_cast<double>(e.size());
  double moment[5] = {};
  double beyond_3 = 0;
  for (const float v : noise.elements()) {
    double power = 1;
    for (double& m : moment) m += power / count, power *= static_cast<double>(v);
    beyond_3 += std::abs(v) > 3 ? 1 / count : 0;
  }
  CHECK(std::abs(moment[1]) < 4.5 / std::sqrt(count));
  CHECK(std::abs(moment[2] - 1) < 4.5 * std::sqrt(2 / count));
  CHECK(std::abs(moment[3]) < 4.5 * std::sqrt(15 / count));
  CHECK(std::abs(moment[4] - 3) < 4.5 * std::sqrt(96 / count));
  CHECK(std::abs(beyond_3 - 0.0026998) < 4.5 * std::sqrt(0.0027 / count));
}

TEST_CASE("neighboring elements of normal noise are not correlated") {
  Cpu ex(1);
  const auto noise = eval(ex, Normal<float>{{4, 0, 1}, {1, 1, 1, 400000}});
  for (const std::size_t distance : {1u, 2u, 3u, 4u, 16u}) {
    double sum = 0, squares = 0;
    const std::size_t count = noise.extents().size() - distance;
    for (std::size_t i = 0; i < count; ++i) {
      const double a = static_cast<double>(noise.data()[i]),
                   b = static_cast<double>(noise.data()[i + distance]);
      sum += a * b;
      squares += a * a * b * b;
    }
    INFO("distance " << distance);
    CHECK(std::abs(sum) < 4.5 * std::sqrt(static_cast<double>(count)));
    CHECK(squares / static_cast<double>(count) == Approx(1).margin(0.02));
  }
}

TEST_CASE("normal noise is the same for any thread count, batch and division into channels") {
  Cpu one(1), three(3);
  const RandomStream stream{8, 100, 2};
  const auto batch = eval(one, Normal<float>{stream, {3, 37, 41, 3}});
  CHECK(same_bits(batch, eval(three, Normal<float>{stream, {3, 37, 41, 3}})));
  for (int n = 0; n < 3; ++n) {
    RandomStream own = stream;
    own.image += static_cast<std::uint64_t>(n);
    CHECK(same_bits(image_of(batch, n), eval(one, Normal<float>{own, {1, 37, 41, 3}})));
  }
  const auto row = eval(one, Normal<float>{stream, {1, 1, 1, 37 * 41 * 3}});
  float most = 0;
  for (std::size_t i = 0; i < row.extents().size(); ++i)
    most = std::max(most, std::abs(row.data()[i] - batch.data()[i]));
  CHECK(most <= 1e-6f);
}

TEST_CASE("normal noise fuses into maps") {
  Cpu ex(2);
  const Extents e{1, 9, 7, 3};
  const auto x = random_tensor<float>(e, 1);
  const Normal<float> noise{{1, 2, 3}, e};
  check_close(eval(ex, x + noise * 0.5), eval(ex, x + eval(ex, noise) * 0.5), 1e-7, "noise in a map");
  const auto wide = eval(ex, Normal<double>{{1, 2, 3}, e});
  check_close(wide, eval(ex, noise), 1e-6, "noise of double");
}

TEST_CASE("the parts of normal noise are as good as float gets") {
  double logarithm = 0, root = 0, cosine = 0;
  for (int i = 1; i <= 100000; ++i) {
    const float x = static_cast<float>(i) * 1e-5f;
    const double expected = std::log(static_cast<double>(x));
    logarithm = std::max(logarithm, std::abs(static_cast<double>(detail::logarithm_float(x)) - expected) /
                                        std::max(std::abs(expected), 0.1));
    root = std::max(
        root,
        std::abs(static_cast<double>(detail::square_root_float(x)) / std::sqrt(static_cast<double>(x)) - 1));
    const double turns = static_cast<double>(x) * 1.49 - 0.5;
    cosine =
        std::max(cosine, std::abs(static_cast<double>(detail::cosine_of_turns(static_cast<float>(turns))) -
                                  std::cos(2 * 3.14159265358979323846 * turns)));
  }
  CHECK(logarithm < 5e-7);
  CHECK(root < 5e-7);
  CHECK(cosine < 5e-7);
}
