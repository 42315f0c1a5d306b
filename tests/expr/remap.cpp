#include "rfpp/expr/remap.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class T> T element(const Tensor<T>& t, int n, int h, int w, int c) {
  const Extents e = t.extents();
  return t.data()[((static_cast<std::ptrdiff_t>(n) * e.h + h) * e.w + w) * e.c + c];
}

double dot(const Tensor<double>& a, const Tensor<double>& b) {
  REQUIRE((a.extents() == b.extents()));
  double sum = 0;
  for (std::size_t i = 0; i < a.extents().size(); ++i) sum += a.data()[i] * b.data()[i];
  return sum;
}

/// <remap(x), g> = <x, adjoint(g)> for all x and g.
template <class Rule> void check_adjoint(Cpu& ex, Rule rule, Extents e, const std::string& what) {
  const auto x = random_tensor<double>(e, 3);
  const auto y = eval(ex, Remap<Rule, Tensor<double>>{rule, x});
  const auto g = random_tensor<double>(y.extents(), 4);
  const auto back = eval(ex, RemapAdjoint<Rule, Tensor<double>>{rule, g, e});
  INFO(what << " of " << to_string(e));
  CHECK(dot(y, g) == Approx(dot(x, back)).epsilon(1e-12));
}

const Extents shapes[] = {{1, 1, 1, 1}, {1, 2, 3, 4}, {3, 7, 5, 16}, {2, 5, 1, 33}, {2, 1, 9, 6}};

}  // namespace

TEST_CASE("upsample2 repeats every pixel") {
  Cpu ex(2);
  for (const Extents e : shapes) {
    const auto x = random_tensor<float>(e, 1);
    const auto y = eval(ex, upsample2(x));
    INFO(to_string(e));
    REQUIRE((y.extents() == Extents{e.n, 2 * e.h, 2 * e.w, e.c}));
    int differ = 0;
    for (int n = 0; n < e.n; ++n)
      for (int h = 0; h < 2 * e.h; ++h)
        for (int w = 0; w < 2 * e.w; ++w)
          for (int c = 0; c < e.c; ++c) differ += element(y, n, h, w, c) != element(x, n, h / 2, w / 2, c);
    CHECK(differ == 0);
  }
}

TEST_CASE("zero_inserted2 puts zeros between pixels") {
  Cpu ex(2);
  for (const Extents e : shapes) {
    const auto x = random_tensor<float>(e, 1);
    const auto y = eval(ex, zero_inserted2(x));
    INFO(to_string(e));
    REQUIRE((y.extents() == Extents{e.n, 2 * e.h - 1, 2 * e.w - 1, e.c}));
    int differ = 0;
    for (int n = 0; n < e.n; ++n)
      for (int h = 0; h < 2 * e.h - 1; ++h)
        for (int w = 0; w < 2 * e.w - 1; ++w)
          for (int c = 0; c < e.c; ++c) {
            const bool between = h % 2 == 1 || w % 2 == 1;
            differ += element(y, n, h, w, c) != (between ? 0 : element(x, n, h / 2, w / 2, c));
          }
    CHECK(differ == 0);
  }
}

TEST_CASE("split_heads makes a batch of heads of the channels, merge_heads undoes it") {
  Cpu ex(2);
  for (const Extents e : shapes)
    for (int heads : {1, 2, 3, 4, e.c}) {
      if (e.c % heads != 0) continue;
      const auto x = random_tensor<float>(e, 1);
      const auto y = eval(ex, split_heads(x, heads));
      const int width = e.c / heads;
      INFO(to_string(e) << ", " << heads << " heads");
      REQUIRE((y.extents() == Extents{e.n * heads, 1, e.h * e.w, width}));
      int differ = 0;
      for (int n = 0; n < e.n; ++n)
        for (int h = 0; h < e.h; ++h)
          for (int w = 0; w < e.w; ++w)
            for (int c = 0; c < e.c; ++c)
              differ +=
                  element(y, n * heads + c / width, 0, h * e.w + w, c % width) != element(x, n, h, w, c);
      CHECK(differ == 0);
      CHECK(same_bits(eval(ex, merge_heads(y, heads, e.h, e.w)), x));
      CHECK(same_bits(eval(ex, merge_heads(split_heads(x, heads), heads, e.h, e.w)), x));
    }
}

TEST_CASE("group_row repeats one row of statistics over each group's channels") {
  Cpu ex(1);
  const auto statistics = random_tensor<float>({3, 2, 1, 5}, 1);
  for (int row : {0, 1}) {
    const auto y = eval(ex, group_row(statistics, row, 4));
    REQUIRE((y.extents() == Extents{3, 1, 1, 20}));
    for (int n = 0; n < 3; ++n)
      for (int c = 0; c < 20; ++c) CHECK(element(y, n, 0, 0, c) == element(statistics, n, row, 0, c / 4));
  }
}

TEST_CASE("remaps broadcast in maps as tensors do") {
  Cpu ex(1);
  const auto wide = random_tensor<float>({2, 4, 6, 8}, 1);
  auto check = [&](const auto& remap, const std::string& what) {
    check_close(eval(ex, wide + remap), eval(ex, wide + eval(ex, remap)), 0, what);
    check_close(eval(ex, remap * wide), eval(ex, eval(ex, remap) * wide), 0, what);
  };
  check(upsample2(random_tensor<float>({1, 2, 3, 8}, 2)), "upsample2 over images");
  check(upsample2(random_tensor<float>({2, 2, 3, 1}, 2)), "upsample2 over channels");
  check(group_row(random_tensor<float>({2, 2, 1, 4}, 2), 1, 2), "group_row over pixels");
  check(group_row(random_tensor<float>({1, 2, 1, 8}, 2), 0, 1), "group_row over pixels and images");
  check(merge_heads(random_tensor<float>({2, 1, 24, 4}, 2), 2, 4, 6), "merge_heads over images");
  check(merge_heads(random_tensor<float>({2, 1, 24, 1}, 2), 1, 4, 6), "merge_heads over channels");
  const auto tokens = random_tensor<float>({4, 1, 6, 8}, 3);
  auto check_tokens = [&](const auto& remap, const std::string& what) {
    check_close(eval(ex, tokens + remap), eval(ex, tokens + eval(ex, remap)), 0, what);
  };
  check_tokens(split_heads(random_tensor<float>({2, 2, 3, 2}, 2), 2), "split_heads over channels");
  check_tokens(split_heads(random_tensor<float>({2, 1, 1, 16}, 2), 2), "split_heads over tokens");
  check_tokens(split_heads(random_tensor<float>({1, 2, 3, 8}, 2), 1), "split_heads over images");
}

TEST_CASE("pixel_shuffle makes pixels of channels, pixel_unshuffle undoes it") {
  Cpu ex(2);
  const Extents e{2, 3, 5, 18};
  const auto x = random_tensor<float>(e, 1);
  const auto y = eval(ex, pixel_shuffle<3>(x));
  REQUIRE((y.extents() == Extents{2, 9, 15, 2}));
  int differ = 0;
  for (int n = 0; n < 2; ++n)
    for (int h = 0; h < 9; ++h)
      for (int w = 0; w < 15; ++w)
        for (int c = 0; c < 2; ++c)
          differ += element(y, n, h, w, c) != element(x, n, h / 3, w / 3, 9 * c + 3 * (h % 3) + w % 3);
  CHECK(differ == 0);
  CHECK(same_bits(eval(ex, pixel_unshuffle<3>(y)), x));
  CHECK(same_bits(eval(ex, pixel_unshuffle<3>(pixel_shuffle<3>(x))), x));
  CHECK(error_of([&] { pixel_shuffle<2>(x); }) ==
        "pixel_shuffle: 4 does not divide the channels of [2,3,5,18]");
  CHECK(error_of([&] { pixel_unshuffle<3>(x); }) ==
        "pixel_unshuffle: 3 does not divide the sides of [2,3,5,18]");
}

TEST_CASE("the adjoint of a remap sums over the places that read an element") {
  Cpu ex(2);
  for (const Extents e : shapes) {
    check_adjoint(ex, Upsample2{}, e, "upsample2");
    check_adjoint(ex, ZeroInsert2{}, e, "zero_inserted2");
    check_adjoint(ex, ChannelSlice{e.c / 2, (e.c + 1) / 2}, e, "channel_slice");
    check_adjoint(ex, PixelShuffle{2}, {e.n, e.h, e.w, 4 * e.c}, "pixel_shuffle");
    check_adjoint(ex, PixelUnshuffle{{2}}, {e.n, 2 * e.h, 2 * e.w, e.c}, "pixel_unshuffle");
    if (e.c % 2 == 0) {
      check_adjoint(ex, SplitHeads{2, e.h, e.w, e.c / 2}, e, "split_heads");
      check_adjoint(ex, MergeHeads{{2, e.h, e.w, e.c / 2}}, {e.n * 2, 1, e.h * e.w, e.c / 2}, "merge_heads");
    }
  }
  for (int row : {0, 1})
    for (int per_group : {1, 4}) check_adjoint(ex, GroupRow{row, per_group}, {3, 2, 1, 5}, "group_row");
}

TEST_CASE("heads that do not fit are an error that names the operation and the shape") {
  Cpu ex(1);
  const Tensor<float> x({2, 2, 3, 10});
  for (int heads : {3, 0, -2}) {
    const std::string message = error_of([&] { eval(ex, split_heads(x, heads)); });
    INFO(message);
    CHECK(contains(message, "split_heads"));
    CHECK(contains(message, "[2,2,3,10]"));
  }
  const Tensor<float> tokens({4, 1, 6, 5});
  struct {
    int heads, h, w;
  } wrong[] = {{3, 2, 3}, {2, 3, 3}, {2, 2, 2}, {0, 2, 3}, {2, -2, -3}};
  for (auto [heads, h, w] : wrong) {
    const std::string message =
        error_of([&, heads = heads, h = h, w = w] { eval(ex, merge_heads(tokens, heads, h, w)); });
    INFO(message);
    CHECK(contains(message, "merge_heads"));
    CHECK(contains(message, "[4,1,6,5]"));
  }
}
