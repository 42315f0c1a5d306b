#include "rfpp/eigen/views.hpp"

#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

TEST_CASE("a tensor is a matrix of its pixels, in the same memory") {
  const auto t = random_tensor<float>({2, 3, 4, 5}, 1);
  auto matrix = matrix_of(t);
  REQUIRE(matrix.rows() == 24);
  REQUIRE(matrix.cols() == 5);
  CHECK(matrix(7, 3) == t.data()[7 * 5 + 3]);
  matrix(7, 3) = 42;
  CHECK(t.data()[7 * 5 + 3] == 42);
}

TEST_CASE("a matrix is a tensor that keeps it, in the same memory") {
  RowMajorMatrix<double> matrix = RowMajorMatrix<double>::Random(6, 4);
  const double* data = matrix.data();
  const double element = matrix(2, 3);
  const Tensor<double> t = tensor_of<double>(std::move(matrix));
  CHECK(t.data() == data);
  CHECK((t.extents() == Extents{1, 1, 6, 4}));
  CHECK(t.data()[2 * 4 + 3] == element);
  const Tensor<double> image = tensor_of<double>(RowMajorMatrix<double>::Ones(6, 4), {1, 2, 3, 4});
  CHECK((image.extents() == Extents{1, 2, 3, 4}));
  CHECK(contains(error_of([] {
                   tensor_of<double>(RowMajorMatrix<double>::Ones(6, 4), {1, 2, 3, 5});
                 }),
                 "a matrix of 6 x 4 as [1,2,3,5]"));
}
