#include "rfpp/expr/anchor.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

void check_message(const std::string& message, std::initializer_list<const char*> parts) {
  INFO(message);
  CHECK_FALSE(message.empty());
  for (const char* part : parts) CHECK(contains(message, part));
}

auto convolution(const Tensor<float>& x, Extents filter, ConvolutionGeometry geometry) {
  Filter<float> f(filter);
  f.assign(Tensor<float>(filter));
  return anchor(ConvolutionCore<Tensor<float>>{geometry, x, f});
}

}  // namespace

TEST_CASE("a convolution's output extents") {
  const Tensor<float> x({2, 17, 12, 3});
  CHECK((convolution(x, {5, 3, 3, 3}, {3, 1, 1, 1}).extents() == Extents{2, 17, 12, 5}));
  CHECK((convolution(x, {5, 1, 1, 3}, {1, 1, 0, 0}).extents() == Extents{2, 17, 12, 5}));
  CHECK((convolution(x, {5, 3, 3, 3}, {3, 2, 0, 1}).extents() == Extents{2, 8, 6, 5}));
  CHECK((convolution(x, {5, 4, 4, 3}, {4, 2, 1, 1}).extents() == Extents{2, 8, 6, 5}));
}

TEST_CASE("shapes that do not fit are errors that name the operation and the shapes") {
  const Tensor<float> x({2, 4, 5, 3});
  check_message(error_of([&] {
                  (void)convolution(x, {5, 3, 3, 4}, {3, 1, 1, 1}).extents();
                }),
                {"convolution", "[2,4,5,3]", "[5,3,3,4]"});
  check_message(error_of([&] {
                  (void)convolution(x, {5, 7, 7, 3}, {7, 1, 1, 1}).extents();
                }),
                {"convolution", "[2,4,5,3]", "7"});

  const Tensor<float> a({2, 1, 4, 5}), b({2, 1, 5, 6}), other({3, 1, 5, 6}), image({2, 5, 1, 6});
  CHECK((matmul(a, b).extents() == Extents{2, 1, 4, 6}));
  check_message(error_of([&] { (void)matmul(a, b, true).extents(); }), {"matmul", "[2,1,4,5]", "[2,1,5,6]"});
  check_message(error_of([&] { (void)matmul(a, b, false, true).extents(); }), {"matmul", "transposed"});
  check_message(error_of([&] { (void)matmul(a, other).extents(); }), {"matmul", "[2,1,4,5]", "[3,1,5,6]"});
  check_message(error_of([&] { (void)matmul(a, image).extents(); }), {"matmul", "[2,5,1,6]"});

  for (int groups : {2, 0, -3})
    check_message(error_of([&] { (void)moments(x, groups, 1e-6).extents(); }), {"moments", "[2,4,5,3]"});
  CHECK((moments(x, 3, 1e-6).extents() == Extents{2, 2, 1, 3}));

  const Tensor<float> table(matrix_extents(7, 4)), empty(matrix_extents(0, 3));
  check_message(error_of([&] { (void)nearest(x, table).extents(); }), {"nearest", "[2,4,5,3]", "[7,1,1,4]"});
  check_message(error_of([&] { (void)nearest(x, empty).extents(); }), {"nearest", "[0,1,1,3]"});

  CHECK((reduce<Sum>(x, Over::channels).extents() == Extents{2, 4, 5, 1}));
  CHECK((reduce<Sum>(x, Over::all).extents() == Extents{}));
}

TEST_CASE("an epilogue that does not fit its anchor is an error") {
  const Tensor<float> x({2, 4, 5, 3});
  const auto convolved = convolution(x, {6, 3, 3, 3}, {3, 1, 1, 1});
  CHECK(((convolved + Tensor<float>({2, 1, 5, 6})).extents() == Extents{2, 4, 5, 6}));
  check_message(error_of([&] { (void)(convolved + x).extents(); }), {"epilogue", "[2,4,5,6]", "[2,4,5,3]"});
  const auto narrow = convolution(x, {1, 3, 3, 3}, {3, 1, 1, 1});
  check_message(error_of([&] { (void)(narrow + x).extents(); }), {"[2,4,5,1]", "[2,4,5,3]"});
  Cpu ex(1);
  CHECK_THROWS_AS(eval(ex, convolved + x), Error);
}

TEST_CASE("maps of an anchor become its epilogue, on either side") {
  const Tensor<float> x({1, 4, 5, 3}), y({1, 4, 5, 6});
  const auto convolved = convolution(x, {6, 3, 3, 3}, {3, 1, 1, 1});
  CHECK(is_anchor<decltype(convolved + y)>);
  CHECK(is_anchor<decltype(y - convolved)>);
  CHECK(is_anchor<decltype(silu(convolved * 2.0))>);
  CHECK_FALSE(is_anchor<decltype(silu(y))>);
}
