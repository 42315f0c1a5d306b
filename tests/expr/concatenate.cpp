#include "rfpp/expr/concatenate.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/expr/functors.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Copied loop by loop.
Tensor<float> copied(const std::vector<Tensor<float>>& parts) {
  Extents e = parts[0].extents();
  e.c = 0;
  for (const auto& t : parts) e.c += t.extents().c;
  Tensor<float> all(e);
  float* out = all.data();
  for (std::ptrdiff_t pixel = 0; pixel < static_cast<std::ptrdiff_t>(e.pixels()); ++pixel)
    for (const auto& t : parts) out = std::copy_n(t.data() + pixel * t.extents().c, t.extents().c, out);
  return all;
}

}  // namespace

TEST_CASE("concatenate puts the channels of its operands one after the other") {
  Cpu one(1), two(2);
  for (const int a : {1, 3, 16, 64})
    for (const int b : {1, 5, 32})
      for (const int c : {2, 16, 33}) {
        const Tensor<float> x = random_tensor<float>({2, 3, 5, a}, 1),
                            y = random_tensor<float>({2, 3, 5, b}, 2),
                            z = random_tensor<float>({2, 3, 5, c}, 3);
        INFO(a << " + " << b << " + " << c);
        const auto expected = copied({x, y, z});
        CHECK(same_bits(eval(one, concatenate(x, y, z)), expected));
        CHECK(same_bits(eval(two, concatenate(x, y, z)), expected));
        CHECK(same_bits(eval(two, concatenate(concatenate(x, y), z)), expected));
        CHECK(same_bits(eval(two, silu(concatenate(x, y, z)) * 2.0), eval(two, silu(expected) * 2.0)));
        CHECK(same_bits(eval(two, concatenate(silu(x), y, z * 0.5)),
                        copied({eval(two, silu(x)), y, eval(two, z * 0.5)})));
      }
}

TEST_CASE("channel_slice reads some of the channels, and broadcasts where that is one") {
  Cpu ex(2);
  const auto x = random_tensor<float>({2, 3, 5, 40}, 1);
  for (const auto& [first, count] : {std::pair{0, 40}, {0, 1}, {39, 1}, {7, 16}, {8, 32}, {5, 35}}) {
    INFO(first << ", " << count);
    const auto y = eval(ex, channel_slice(x, first, count));
    REQUIRE((y.extents() == Extents{2, 3, 5, count}));
    int differ = 0;
    for (std::ptrdiff_t pixel = 0; pixel < 30; ++pixel)
      for (int c = 0; c < count; ++c)
        differ += y.data()[pixel * count + c] != x.data()[pixel * 40 + first + c];
    CHECK(differ == 0);
    const auto wide = random_tensor<float>({2, 3, 5, count == 1 ? 24 : count}, 2);
    CHECK(same_bits(eval(ex, wide * channel_slice(x, first, count)), eval(ex, wide * y)));
    CHECK(same_bits(eval(ex, channel_slice(x, first, count) * wide), eval(ex, y * wide)));
  }
  const auto front = random_tensor<float>({2, 3, 5, 7}, 3), back = random_tensor<float>({2, 3, 5, 20}, 4);
  CHECK(same_bits(bare(eval(ex, channel_slice<0, 7>(concatenate(front, back)))), eval(ex, front * 1.0)));
  CHECK(same_bits(bare(eval(ex, channel_slice<7, 20>(concatenate(front, back)))), eval(ex, back * 1.0)));
}

TEST_CASE("a concatenation broadcasts in maps as a tensor does") {
  Cpu ex(1);
  const auto wide = random_tensor<float>({2, 4, 6, 24}, 1);
  for (const Extents e :
       {Extents{1, 4, 6, 0}, Extents{2, 1, 6, 0}, Extents{2, 4, 1, 0}, Extents{1, 1, 1, 0}}) {
    const auto a = random_tensor<float>({e.n, e.h, e.w, 8}, 2),
               b = random_tensor<float>({e.n, e.h, e.w, 16}, 3);
    CHECK(same_bits(eval(ex, wide + concatenate(a, b)), eval(ex, wide + copied({a, b}))));
  }
}

TEST_CASE("channels that cannot be concatenated or sliced are an error with the extents") {
  Cpu ex(1);
  const Tensor<float> x({1, 4, 4, 8}), y({1, 4, 5, 8});
  CHECK(error_of([&] { eval(ex, concatenate(x, y)); }) ==
        "concatenate: extents [1,4,4,8] and [1,4,5,8] differ in more than their channels");
  for (const auto& [first, count] : {std::pair{-1, 2}, {0, 0}, {7, 2}, {0, 9}, {2147483647, 2}})
    CHECK(error_of([&, first = first, count = count] { channel_slice(x, first, count); }) ==
          "channel_slice: " + std::to_string(count) + " channels from channel " + std::to_string(first) +
              " on, of [1,4,4,8]");
  CHECK(contains(error_of([&] { eval_into(ex, x, channel_slice(concatenate(x, x), 4, 8)); }), "destination"));
}
