#include "rfpp/cpu/matmul.hpp"

#include "cpu/naive.hpp"
#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Over positive elements: a sum that cancels has no relative accuracy.
template <class T> void check_matmul(Cpu& ex, int n, int rows, int depth, int columns) {
  for (bool ta : {false, true})
    for (bool tb : {false, true}) {
      const auto a = random_tensor<T>(ta ? Extents{n, 1, depth, rows} : Extents{n, 1, rows, depth}, 1, 0, 1);
      const auto b =
          random_tensor<T>(tb ? Extents{n, 1, columns, depth} : Extents{n, 1, depth, columns}, 2, 0, 1);
      check_close(eval(ex, matmul(a, b, ta, tb)), naive_matmul(a, b, ta, tb), sizeof(T) == 4 ? 1e-6 : 1e-14,
                  "matmul of " + to_string(a.extents()) + (ta ? " transposed" : "") + " with " +
                      to_string(b.extents()) + (tb ? " transposed, " : ", ") + std::to_string(ex.threads()) +
                      " threads");
    }
}

}  // namespace

TEST_CASE("matrix product is the naive loop's, with all four transposes") {
  std::array<Cpu, 3> executors{Cpu(1), Cpu(2), Cpu(3)};
  std::size_t turn = 0;
  for (int rows : {1, 2, 13, 14, 48, 113})
    for (int depth : {1, 3, 4, 17, 64})
      for (int columns : {1, 5, 16, 31, 33, 70})
        for (int n : {1, 3}) {
          check_matmul<float>(executors[turn++ % 3], n, rows, depth, columns);
          if (turn % 4 == 0) check_matmul<double>(executors[turn % 3], n, rows, depth, columns);
        }
}

TEST_CASE("matrix product of several tasks and deep sums") {
  Cpu ex(3);
  check_matmul<float>(ex, 2, 300, 20, 90);
  check_matmul<float>(ex, 1, 9, 1500, 10);
  check_matmul<double>(ex, 1, 200, 513, 33);
}

TEST_CASE("products of a batch do not depend on one another") {
  Cpu ex(2);
  const auto a = random_tensor<float>({3, 1, 120, 20}, 1), b = random_tensor<float>({3, 1, 20, 50}, 2);
  const auto expected = copy_of(eval(ex, matmul(a, b)));
  a.data()[120 * 20 + 5] = std::nanf("");
  const auto y = eval(ex, matmul(a, b));
  CHECK(same_bits(image_of(y, 0), image_of(expected, 0)));
  CHECK_FALSE(same_bits(image_of(y, 1), image_of(expected, 1)));
  CHECK(same_bits(image_of(y, 2), image_of(expected, 2)));
}
