#ifndef RFPP_TESTS_CUDA_MAP_CASES_HPP
#define RFPP_TESTS_CUDA_MAP_CASES_HPP

#include <string>
#include <vector>

#include "rfpp/degrade/pointwise.hpp"
#include "rfpp/expr/eval.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/group_norm.hpp"

namespace rfpp::test {

struct CaseResult {
  std::string name;
  std::vector<double> elements;
};

/// Evaluates one expression of every kind that needs no convolution or matrix product.
template <class Ex> std::vector<CaseResult> run_map_cases(Ex& ex) {
  using D = double;
  std::vector<CaseResult> results;
  auto add = [&](const char* name, const auto& e) {
    const auto t = bare(eval(ex, e));
    results.push_back({name, std::vector<double>(t.elements().begin(), t.elements().end())});
  };
  const auto x = hashed_tensor<D>("x", {2, 6, 5, 8}), y = hashed_tensor<D>("y", {2, 6, 5, 8});
  const auto bias = hashed_tensor<D>("bias", vector_extents(8)),
             per_image = hashed_tensor<D>("scale", {2, 1, 1, 8});
  add("map with broadcast", silu(x * per_image + bias) * y - exp(y * 0.3));
  add("leaky relu and square", leaky_relu(x, 0.2) + square(y));
  add("upsample", upsample2(silu(x)));
  add("split heads", split_heads(x, 4) * 2.0);
  add("merge heads", merge_heads(eval(ex, split_heads(x, 4)), 4, 6, 5) + y);
  add("normal noise", x + Normal<D>{{1, 2, 3}, {2, 6, 5, 8}});
  add("Poisson noise", degrade::Poisson<Tensor<D>>{eval(ex, square(x)), {4, 5, 6}, 40.0});
  const auto face = hashed_tensor<D>("face", {1, 6, 5, 3});
  add("haze, rounded", degrade::round_to_byte(map(degrade::Haze{0.8}, face)));
  add("gray of a shifted mirror image", degrade::gray(degrade::shifted({3, 1, 5}, degrade::mirrored(face))));
  add("constant", Constant<D>{0.5, {1, 1, 1, 8}} * x);
  GroupNorm<8, 4, D> norm;
  fill_hashed(norm);
  add("moments", moments(x, 4, 1e-6));
  add("group norm", silu(norm(ex, x)));
  add("softmax", softmax(ex, x));
  add("sum over channels, epilogue", reduce<Sum>(square(x), Over::channels) * 0.5);
  add("maximum over channels", reduce<Maximum>(x, Over::channels));
  add("sum over all, epilogue", reduce<Sum>(x * y, Over::all) * 0.25);
  const auto table = hashed_tensor<D>("table", matrix_extents(5, 8));
  Tensor<int> index(Extents{2, 6, 5, 1});
  for (std::size_t i = 0; i < index.elements().size(); ++i) index.data()[i] = static_cast<int>(i * 7 % 5);
  add("gather", map(StraightThrough{}, x, detach(Gather<D>{table, index})));
  return results;
}

}  // namespace rfpp::test

#endif
