#include "rfpp/expr/separable_filter.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Taps at places that move over the whole input and beyond both ends.
template <class T> FilterTaps<T> random_taps(int in, int out, int count, std::uint64_t seed) {
  const auto weights = random_tensor<T>({1, 1, out, count}, seed);
  FilterTaps<T> taps{count, {}, {weights.elements().begin(), weights.elements().end()}};
  for (int i = 0; i < out; ++i) taps.first.push_back(i * (in + 2) / out - count / 2 - 1);
  return taps;
}

/// The filter as its definition has it.
template <class T> Tensor<T> naive_filtered(const Tensor<T>& x, const SeparableFilter<T>& filter) {
  const Extents e = x.extents();
  Tensor<T> out(Extents{e.n, filter.height(), filter.width(), e.c});
  T* to = out.data();
  const T* from = x.data();
  for (int n = 0; n < e.n; ++n)
    for (int h = 0; h < filter.height(); ++h)
      for (int w = 0; w < filter.width(); ++w)
        for (int c = 0; c < e.c; ++c) {
          double sum = 0;
          for (const auto& [rows, columns] : filter.terms)
            for (int i = 0; i < rows.count; ++i) {
              const int y = reflected(rows.first[static_cast<std::size_t>(h)] + i, e.h);
              const int left = columns.first[static_cast<std::size_t>(w)];
              const T* line = from + (static_cast<std::ptrdiff_t>(n) * e.h + y) * e.w * e.c + c;
              const T* weights = columns.weights.data() + static_cast<std::ptrdiff_t>(w) * columns.count;
              const auto row_weight =
                  static_cast<double>(rows.weights.data()[static_cast<std::ptrdiff_t>(h) * rows.count + i]);
              for (int j = 0; j < columns.count; ++j)
                sum += row_weight * static_cast<double>(weights[j]) *
                       static_cast<double>(line[static_cast<std::ptrdiff_t>(reflected(left + j, e.w)) * e.c]);
            }
          *to++ = static_cast<T>(sum);
        }
  return out;
}

struct FilterCase {
  Extents in;
  int height, width, row_taps, column_taps, terms;
};
const FilterCase filter_cases[] = {
    {{1, 1, 1, 1}, 1, 1, 1, 1, 1},     {{1, 1, 1, 3}, 5, 4, 3, 2, 2},    {{2, 5, 7, 3}, 3, 9, 4, 5, 1},
    {{1, 33, 40, 3}, 17, 50, 7, 6, 3}, {{3, 20, 9, 1}, 35, 4, 2, 9, 2},  {{1, 18, 12, 5}, 16, 33, 3, 4, 2},
    {{1, 6, 70, 4}, 6, 70, 13, 1, 1},  {{2, 9, 11, 16}, 7, 12, 3, 4, 1}, {{1, 5, 6, 80}, 8, 3, 2, 3, 2}};

template <class T> SeparableFilter<T> filter_of(const FilterCase& c) {
  SeparableFilter<T> filter;
  for (int i = 0; i < c.terms; ++i)
    filter.terms.push_back(
        {random_taps<T>(c.in.h, c.height, c.row_taps + i, 10 + static_cast<std::uint64_t>(i)),
         random_taps<T>(c.in.w, c.width, c.column_taps, 20 + static_cast<std::uint64_t>(i))});
  return filter;
}

template <class T> void check_filters(double tolerance) {
  Cpu ex(2);
  for (const FilterCase& c : filter_cases) {
    const auto x = random_tensor<T>(c.in, 1);
    const auto filter = filter_of<T>(c);
    const std::string what =
        to_string(c.in) + " to " + std::to_string(c.height) + "x" + std::to_string(c.width);
    check_close(eval(ex, filtered(x, filter)), naive_filtered(x, filter), tolerance, what);
    const auto squared = eval(ex, square(x));
    check_close(eval(ex, filtered(square(x), filter)), naive_filtered(squared, filter), tolerance,
                what + ", prologue");
    const auto bias = random_tensor<T>(vector_extents(c.in.c), 3);
    check_close(eval(ex, filtered(x, filter) * 2 + bias), eval(ex, naive_filtered(x, filter) * 2 + bias),
                tolerance, what + ", epilogue");
    check_close(eval(ex, filtered(x + bias, filter)), naive_filtered(eval(ex, x + bias), filter), tolerance,
                what + ", prologue that is not flat");
  }
}

}  // namespace

TEST_CASE("a separable filter is what its definition says, float") { check_filters<float>(2e-6); }
TEST_CASE("a separable filter is what its definition says, double") { check_filters<double>(1e-14); }

TEST_CASE("a separable filter has the same bits for any thread count and batch") {
  Cpu one(1), three(3);
  const FilterCase c{{3, 45, 38, 3}, 70, 61, 5, 4, 3};
  const auto x = random_tensor<float>(c.in, 1);
  const auto filter = filter_of<float>(c);
  const auto batch = eval(one, filtered(x, filter));
  CHECK(same_bits(batch, eval(three, filtered(x, filter))));
  for (int n = 0; n < 3; ++n)
    CHECK(same_bits(image_of(batch, n), eval(three, filtered(image_of(x, n), filter))));
}

TEST_CASE("an axis is mirrored about its outermost elements") {
  const int expected[] = {2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1};
  for (int i = -4; i < 8; ++i) CHECK(reflected(i, 4) == expected[i + 4]);
  CHECK(reflected(-7, 1) == 0);
  CHECK(reflected(3, 2) == 1);
}

TEST_CASE("a filter that does not make images of one size is refused") {
  const Tensor<float> x(Extents{1, 4, 4, 3});
  const auto message = [&](const SeparableFilter<float>& filter) {
    return error_of([&] { filtered(x, filter); });
  };
  const FilterTaps<float> one{1, {0}, {1}}, two{1, {0, 1}, {1, 1}}, short_of_weights{2, {0}, {1}};
  CHECK(contains(message({}), "[1,4,4,3]"));
  CHECK(contains(message({{{one, {}}}}), "of one size"));
  CHECK(contains(message({{{one, short_of_weights}}}), "of one size"));
  CHECK(contains(message({{{one, one}, {one, two}}}), "of one size"));
  CHECK(message({{{one, two}, {one, two}}}).empty());
}
