#include "rfpp/expr/eval.hpp"

#include "rfpp/cpu/cpu.hpp"
#include "rfpp/nn/attention.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

template <class E> void check_refused(Cpu& ex, const Tensor<float>& out, const E& e, const char* what) {
  const auto before = copy_of(out);
  const std::string message = error_of([&] { eval_into(ex, out, e); });
  INFO(what << ": " << message);
  CHECK(contains(message, "destination"));
  CHECK(contains(message, to_string(out.extents())));
  CHECK(same_bits(out, before));
}

template <class E> void check_in_place(Cpu& ex, const Tensor<float>& out, const E& e, const char* what) {
  const auto expected = copy_of(bare(eval(ex, e)));
  INFO(what);
  CHECK_NOTHROW(eval_into(ex, out, e));
  CHECK(same_bits(out, expected));
}

Filter<float> random_filter(Extents e) {
  Filter<float> filter(e);
  filter.assign(random_tensor<float>(e, 9));
  return filter;
}

}  // namespace

TEST_CASE("a tensor is its own value: no copy") {
  Cpu ex(1);
  const Tensor<float> x({1, 2, 3, 4});
  CHECK(eval(ex, x).id() == x.id());
  CHECK(bare(eval(ex, tag<4>(x))).id() == x.id());
}

TEST_CASE("eval_into checks the extents") {
  Cpu ex(1);
  const Tensor<float> x({1, 2, 3, 4}), out({1, 2, 3, 5});
  const std::string message = error_of([&] { eval_into(ex, out, silu(x)); });
  INFO(message);
  CHECK(contains(message, "eval"));
  CHECK(contains(message, "[1,2,3,4]"));
  CHECK(contains(message, "[1,2,3,5]"));
}

TEST_CASE("a destination without storage is an error") {
  Cpu ex(1);
  const Tensor<float> x({1, 2, 3, 4});
  const auto out = Tensor<float>::declared({1, 2, 3, 4});
  CHECK(contains(error_of([&] { eval_into(ex, out, silu(x)); }), "[1,2,3,4]"));
  CHECK_THROWS_AS(eval_into(ex, out, x), Error);
}

TEST_CASE("pointwise in-place evaluation is fine") {
  Cpu ex(3);
  const Extents e{2, 40, 41, 24};
  const auto x = random_tensor<float>(e, 1), y = random_tensor<float>(e, 2);
  const auto bias = random_tensor<float>(vector_extents(24), 3);
  check_in_place(ex, x, silu(x), "silu");
  check_in_place(ex, x, x * y + bias - x, "read twice");
  check_in_place(ex, x, map(StraightThrough{}, y, x), "straight through");
  check_in_place(ex, x, detach(x) * 0.5, "detached");
  check_in_place(ex, x, softmax(ex, x), "softmax over saved statistics");
  check_in_place(ex, x, x, "itself");
  const auto z = random_tensor<float>({2, 40, 41, 5}, 4);
  const auto convolution =
      anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, z, random_filter({24, 3, 3, 5})});
  check_in_place(ex, x, convolution + x, "the residual of a convolution");
}

TEST_CASE("evaluating into what the expression reads at other places is refused") {
  Cpu ex(2);
  const auto x = random_tensor<float>({1, 1, 6, 6}, 1), y = random_tensor<float>({1, 1, 6, 6}, 2);
  check_refused(ex, x, split_heads(x, 1), "remap");
  check_refused(ex, x, y + split_heads(silu(x), 1), "remap in a map");
  check_refused(ex, x, detach(split_heads(x, 1)), "remap, detached");
  const auto filter = random_filter({6, 1, 1, 6});
  check_refused(ex, x, anchor(ConvolutionCore<Tensor<float>>{{1, 1, 0, 0}, x, filter}), "convolution");
  check_refused(ex, x, silu(anchor(ConvolutionCore<Tensor<float>>{{1, 1, 0, 0}, x, filter})) + y,
                "convolution with an epilogue");
  check_refused(ex, x, anchor(ConvolutionCore<Tensor<float>>{{1, 1, 0, 0}, y, filter}) + split_heads(x, 1),
                "remap in an epilogue");
  check_refused(ex, x, matmul(x, y), "left operand of a matrix product");
  check_refused(ex, x, matmul(y, silu(x)), "right operand of a matrix product");
  check_refused(ex, x, map(Affine{}, y, y, Tensor<float>(x.storage, {1, 1, 1, 6})), "broadcast");
  const auto index = tensor_of<int>({1, 1, 6, 1}, {0, 1, 2, 3, 4, 5});
  check_refused(ex, x, Gather<float>{Tensor<float>(x.storage, matrix_extents(6, 6)), index}, "table");

  const auto square_filter = Tensor<float>(filter.raw().storage, {1, 1, 6, 6});
  check_refused(ex, square_filter, anchor(ConvolutionCore<Tensor<float>>{{1, 1, 0, 0}, x, filter}), "filter");

  const auto one = random_tensor<float>({}, 3), column = random_tensor<float>({1, 1, 6, 1}, 4);
  check_refused(ex, one, reduce<Sum>(one, Over::all), "sum");
  check_refused(ex, column, reduce<Maximum>(column * 2.0, Over::channels), "maximum");
  const auto statistics = random_tensor<float>({1, 2, 1, 3}, 5);
  check_refused(ex, statistics, moments(statistics, 3, 1e-6), "moments");
  CHECK_THROWS_AS(eval_into(ex, index, nearest(x, Tensor<float>(matrix_extents(6, 6))) + upsample2(index)),
                  Error);

  const auto softmax_of_y = softmax(ex, y);
  check_refused(ex, column, split_heads(column, 1), "one column");
  check_refused(ex, bare(softmax_of_y).maximum, reduce<Sum>(softmax_of_y, Over::channels),
                "softmax's maximum");
}

TEST_CASE("leaves names every tensor that an expression reads, and how") {
  const Tensor<float> x({1, 2, 2, 4}), y({1, 2, 2, 4});
  std::vector<std::pair<const Block*, bool>> seen;
  auto visit = [&](const auto& t, bool pointwise) { seen.emplace_back(t.id(), pointwise); };
  leaves(silu(x) + upsample2(y), visit);
  REQUIRE(seen.size() == 2);
  CHECK((seen[0] == std::pair<const Block*, bool>{x.id(), true}));
  CHECK((seen[1] == std::pair<const Block*, bool>{y.id(), false}));
  seen.clear();
  const auto filter = random_filter({4, 3, 3, 4});
  leaves(anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, x, filter}) * 2.0 + y, visit);
  REQUIRE(seen.size() == 3);
  CHECK((seen[0] == std::pair<const Block*, bool>{x.id(), false}));
  CHECK((seen[1] == std::pair<const Block*, bool>{filter.raw().id(), false}));
  CHECK((seen[2] == std::pair<const Block*, bool>{y.id(), true}));
}

TEST_CASE("eval_over writes over a tensor that nobody else holds, and over no other") {
  Cpu ex(2);
  const auto filter = random_filter({4, 3, 3, 4});
  const auto x = random_tensor<float>({1, 6, 5, 4}, 1), y = random_tensor<float>({1, 6, 5, 4}, 2);
  auto sum = [&](const Tensor<float>& residual) {
    return anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, x, filter}) + residual;
  };
  const auto expected = copy_of(eval(ex, sum(y)));
  auto over = [&](Tensor<float> old, const auto& e) { return eval_over(ex, std::move(old), e); };

  auto alone = copy_of(y);
  const Block* place = alone.id();
  const auto e = sum(alone);
  auto found = over(std::move(alone), e);
  CHECK(found.id() == place);
  CHECK(same_bits(found, expected));

  const auto held = over(y, sum(y));  // y is still held here
  CHECK(held.id() != y.id());
  CHECK(same_bits(held, expected));

  auto convolved = copy_of(x);  // read at other places
  const auto at_other_places =
      anchor(ConvolutionCore<Tensor<float>>{{3, 1, 1, 1}, convolved, filter}) + convolved;
  place = convolved.id();
  CHECK(over(std::move(convolved), at_other_places).id() != place);

  auto row = random_tensor<float>(vector_extents(4), 3);  // of other extents
  const auto wider = sum(row);
  place = row.id();
  CHECK(over(std::move(row), wider).id() != place);
}
