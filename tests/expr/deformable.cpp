#include "rfpp/expr/deformable.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// The masked sample that tap `tap` of pixel (h, w) has of channel c.
double naive_sample(const Tensor<double>& x, const Tensor<double>& offsets, int groups, Pixel q, int tap,
                    int c) {
  const Extents e = x.extents();
  const int group = c / (e.c / groups);
  const auto pixel = (static_cast<std::ptrdiff_t>(q.n) * e.h + q.h) * e.w + q.w;
  const double* o = offsets.data() + pixel * offsets.extents().c;
  const double y = q.h - 1 + tap / 3 + o[2 * (9 * group + tap)],
               at = q.w - 1 + tap % 3 + o[2 * (9 * group + tap) + 1];
  double sum = 0;
  for (int h = 0; h < e.h; ++h)
    for (int w = 0; w < e.w; ++w) {
      const double weight = std::max(0.0, 1 - std::abs(y - h)) * std::max(0.0, 1 - std::abs(at - w));
      sum += weight * x.data()[((static_cast<std::ptrdiff_t>(q.n) * e.h + h) * e.w + w) * e.c + c];
    }
  return sum / (1 + std::exp(-o[18 * groups + 9 * group + tap]));
}

template <class T> void check_against_naive(Extents e, int groups) {
  INFO(to_string(e) << " in " << groups << " groups");
  const auto wide = random_tensor<double>(e, 1);
  const auto offsets = random_tensor<double>({e.n, e.h, e.w, 27 * groups}, 2, -3, 3);
  const auto narrow = [](const Tensor<double>& t) {
    auto copy = Tensor<T>::uninitialized(t.extents());
    std::transform(t.data(), t.data() + t.extents().size(), copy.data(),
                   [](double v) { return static_cast<T>(v); });
    return copy;
  };
  Cpu ex(2);
  const auto found = eval(ex, deformed(narrow(wide), narrow(offsets), groups));
  Tensor<double> expected({e.n, e.h, e.w, 9 * e.c});
  double* out = expected.data();
  for (int n = 0; n < e.n; ++n)
    for (int h = 0; h < e.h; ++h)
      for (int w = 0; w < e.w; ++w)
        for (int k = 0; k < 9 * e.c; ++k)
          *out++ = naive_sample(wide, offsets, groups, {n, h, w}, k / e.c, k % e.c);
  check_close(found, expected, sizeof(T) == 8 ? 1e-14 : 3e-7, "samples");
}

}  // namespace

TEST_CASE("deformable samples are bilinear, masked, and zero outside") {
  for (const int channels : {1, 3, 6, 16, 32, 64, 96})
    for (const int groups : {1, channels % 2 == 0 ? 2 : 1, channels % 4 == 0 ? 4 : 1}) {
      check_against_naive<float>({2, 5, 4, channels}, groups);
      check_against_naive<double>({1, 3, 6, channels}, groups);
    }
}

TEST_CASE("offsets that lead far away or nowhere read zero") {
  Cpu ex(1);
  const auto x = random_tensor<float>({1, 4, 5, 16}, 1, 1, 2);
  for (const float offset : {100.0f, -100.0f, 3e38f, -3e38f, std::nanf(""), -std::nanf("")}) {
    Tensor<float> offsets({1, 4, 5, 27});
    std::fill_n(offsets.data(), offsets.extents().size(), offset);
    for (std::size_t i = 0; i < offsets.extents().size(); ++i)
      if (i % 27 >= 18) offsets.data()[i] = 0;  // masks
    const auto found = eval(ex, deformed(x, offsets, 1));
    for (const float v : found.elements()) REQUIRE(v == 0);
  }
}

TEST_CASE("offsets that do not fit are an error that says what would") {
  const Tensor<float> x({1, 4, 5, 6});
  CHECK(error_of([&] {
          deformed(x, Tensor<float>({1, 4, 5, 54}), 4);
        }) == "deformed: 4 groups do not divide the channels of [1,4,5,6]");
  CHECK(error_of([&] {
          deformed(x, Tensor<float>({1, 4, 4, 54}), 2);
        }) == "deformed: offsets [1,4,4,54] for [1,4,5,6], expected [1,4,5,54]");
}
