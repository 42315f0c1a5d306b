#include "rfpp/expr/map.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// The element that a tensor broadcast to larger extents has at a place.
template <class T> double at(const Tensor<T>& t, int n, int h, int w, int c) {
  const Extents e = t.extents();
  auto place = [](int i, int extent) { return extent == 1 ? 0 : i; };
  const std::size_t pixel = (static_cast<std::size_t>(place(n, e.n)) * static_cast<std::size_t>(e.h) +
                             static_cast<std::size_t>(place(h, e.h))) *
                                static_cast<std::size_t>(e.w) +
                            static_cast<std::size_t>(place(w, e.w));
  return static_cast<double>(
      t.data()[pixel * static_cast<std::size_t>(e.c) + static_cast<std::size_t>(place(c, e.c))]);
}

template <class T> void check_broadcast(Cpu& ex, const Tensor<T>& a, const Tensor<T>& b, const Tensor<T>& c) {
  const Extents e = broadcast(broadcast(a.extents(), b.extents(), ""), c.extents(), "");
  auto expected = Tensor<double>::uninitialized(e);
  double* out = expected.data();
  for (int n = 0; n < e.n; ++n)
    for (int h = 0; h < e.h; ++h)
      for (int w = 0; w < e.w; ++w)
        for (int k = 0; k < e.c; ++k)
          *out++ = at(a, n, h, w, k) * at(b, n, h, w, k) + at(c, n, h, w, k) - 0.5 * at(b, n, h, w, k);
  const std::string what =
      to_string(a.extents()) + " * " + to_string(b.extents()) + " + " + to_string(c.extents());
  check_close(eval(ex, a * b + c - b * 0.5), expected, sizeof(T) == 4 ? 5e-7 : 1e-15, what);
}

}  // namespace

TEST_CASE("maps broadcast extents of 1, in every combination") {
  Cpu ex(2);
  for (int channels : {1, 3, 16, 33})
    for (int mask_a = 0; mask_a < 16; ++mask_a)
      for (int mask_b = 0; mask_b < 16; ++mask_b) {
        auto masked = [&](int mask) {
          return Extents{mask & 1 ? 2 : 1, mask & 2 ? 3 : 1, mask & 4 ? 5 : 1, mask & 8 ? channels : 1};
        };
        const auto seed = static_cast<std::uint64_t>(mask_a * 16 + mask_b);
        const Extents a = masked(mask_a), b = masked(mask_b), c = masked(15 - mask_b);
        check_broadcast(ex, random_tensor<float>(a, seed), random_tensor<float>(b, seed + 1),
                        random_tensor<float>(c, seed + 2));
        check_broadcast(ex, random_tensor<double>(a, seed), random_tensor<double>(b, seed + 1),
                        random_tensor<double>(c, seed + 2));
      }
}

TEST_CASE("maps are the same for one, two and three threads") {
  Cpu one(1), two(2), three(3);
  for (const Extents e : {Extents{1, 1, 1, 1}, {3, 7, 5, 33}, {2, 64, 65, 24}, {1, 1, 3, 70000}}) {
    INFO(to_string(e));
    const auto x = random_tensor<float>(e, 1, -5, 5), y = random_tensor<float>(e, 2);
    const auto expected = eval(one, silu(x) * y + exp(y));
    CHECK(same_bits(eval(two, silu(x) * y + exp(y)), expected));
    CHECK(same_bits(eval(three, silu(x) * y + exp(y)), expected));
  }
}

TEST_CASE("a deeper map equals its nodes, each evaluated") {
  Cpu ex(2);
  const auto x = random_tensor<double>({2, 5, 3, 19}, 1, -3, 3), y = random_tensor<double>({2, 1, 1, 19}, 2);
  auto a = eval(ex, silu(x));
  auto b = eval(ex, a * y);
  auto c = eval(ex, leaky_relu(b, 0.1));
  auto d = eval(ex, square(c));
  auto e = eval(ex, d - x);
  check_close(eval(ex, square(leaky_relu(silu(x) * y, 0.1)) - x), eval(ex, map(Scale{2.0}, e) * 0.5), 1e-15,
              "square(leaky_relu(silu(x) * y)) - x");
}

TEST_CASE("a factor may be of any arithmetic type") {
  Cpu ex(1);
  const auto x = random_tensor<double>({1, 2, 3, 5}, 1);
  const auto expected = eval(ex, x * 2.0);
  CHECK(same_bits(eval(ex, x * 2), expected));
  CHECK(same_bits(eval(ex, x * 2.0f), expected));
  CHECK(same_bits(eval(ex, x * std::size_t{2}), expected));
}

TEST_CASE("operands that do not broadcast are an error that names the operation and both shapes") {
  const Tensor<float> a({2, 3, 4, 5}), b({2, 3, 4, 6});
  Cpu ex(1);
  for (const std::string& message :
       {error_of([&] { eval(ex, a + b); }), error_of([&] { (void)(a + b).extents(); })}) {
    INFO(message);
    CHECK(contains(message, "add"));
    CHECK(contains(message, "[2,3,4,5]"));
    CHECK(contains(message, "[2,3,4,6]"));
  }
  CHECK(contains(error_of([&] { eval(ex, silu(a) * b); }), "multiply"));
  CHECK(contains(error_of([&] { eval(ex, map(Affine{}, a, a, b)); }), "affine"));
}

TEST_CASE("a tensor without storage throws when an expression reads it") {
  Cpu ex(1);
  const Tensor<float> x({1, 2, 2, 3});
  const auto declared = Tensor<float>::declared({1, 1, 1, 3});
  const std::string message = error_of([&] { eval(ex, x * declared); });
  INFO(message);
  CHECK(contains(message, "[1,1,1,3]"));
  CHECK(contains(message, "never loaded"));
}

TEST_CASE("channel tags pass through maps") {
  const Tensor<float> x({1, 2, 2, 3});
  auto tagged = tag<3>(x);
  CHECK(channels_of<decltype(silu(tagged))> == 3);
  CHECK(channels_of<decltype(tagged + x)> == 3);
  CHECK(channels_of<decltype(x + tagged)> == 3);
  CHECK(channels_of<decltype(tag<1>(x) * tagged)> == 3);
  CHECK(channels_of<decltype(x + x)> == 0);
  Cpu ex(1);
  CHECK(channels_of<decltype(eval(ex, tagged * 2.0))> == 3);
  CHECK(channels_of<decltype(eval(ex, tagged))> == 3);
}
