#include "rfpp/nn/transformer.hpp"

#include "cpu/fusion.hpp"
#include "rfpp/model/hashed.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

constexpr TransformerSpec spec{12, 3, 20, 5};  // 3 heads of 4
constexpr Extents rows{1, 1, 10, 12};          // two images

using Matrix = std::vector<std::vector<double>>;

Matrix as_matrix(const Tensor<double>& t, int columns) {
  const auto elements = t.elements();
  Matrix m;
  for (std::size_t i = 0; i < elements.size(); i += static_cast<std::size_t>(columns))
    m.emplace_back(elements.begin() + static_cast<std::ptrdiff_t>(i),
                   elements.begin() + static_cast<std::ptrdiff_t>(i) + columns);
  return m;
}
std::vector<double> product(const Matrix& weight, const Tensor<double>& bias, const std::vector<double>& x) {
  std::vector<double> y;
  for (std::size_t o = 0; o < weight.size(); ++o) {
    double sum = bias.data()[o];
    for (std::size_t i = 0; i < x.size(); ++i) sum += weight[o][i] * x[i];
    y.push_back(sum);
  }
  return y;
}

/// Attention of the tokens of one image, textbook loops.
Matrix naive_attention(const TokenAttention<spec, double>& layer, const Matrix& x, const Matrix& places) {
  const Matrix in = as_matrix(layer.in_proj_weight, spec.width);
  const std::size_t width = 4, tokens = x.size();
  Matrix with_place, without, attended(tokens, std::vector<double>(12)), y;
  for (std::size_t t = 0; t < tokens; ++t) {
    std::vector<double> sum = x[t];
    for (std::size_t c = 0; c < sum.size(); ++c) sum[c] += places[t][c];
    with_place.push_back(product(in, layer.in_proj_bias, sum));  // queries, keys, (values)
    without.push_back(product(in, layer.in_proj_bias, x[t]));
  }
  for (std::size_t head = 0; head < 3; ++head)
    for (std::size_t t = 0; t < tokens; ++t) {
      std::vector<double> weights;
      double total = 0;
      for (std::size_t s = 0; s < tokens; ++s) {
        double logit = 0;
        for (std::size_t c = head * width; c < (head + 1) * width; ++c)
          logit += with_place[t][c] * with_place[s][12 + c];
        weights.push_back(std::exp(logit / 2));
        total += weights.back();
      }
      for (std::size_t s = 0; s < tokens; ++s)
        for (std::size_t c = head * width; c < (head + 1) * width; ++c)
          attended[t][c] += weights[s] / total * without[s][24 + c];
    }
  for (const auto& token : attended)
    y.push_back(product(as_matrix(layer.out_proj.weight, 12), layer.out_proj.bias, token));
  return y;
}

}  // namespace

TEST_CASE("attention of tokens gives what the textbook's loops give") {
  TokenAttention<spec, double> layer;
  fill_hashed(layer);
  const auto x = random_tensor<double>(rows, 1, -2, 2);
  const auto places = random_tensor<double>(matrix_extents(5, 12), 2);
  Cpu ex(2);
  const auto found = eval(ex, layer(ex, x, places));
  const Matrix tokens = as_matrix(x, 12);
  Tensor<double> expected(rows);
  double* out = expected.data();
  for (const std::ptrdiff_t image : {0, 5})
    for (const auto& token : naive_attention(
             layer, Matrix(tokens.begin() + image, tokens.begin() + image + 5), as_matrix(places, 12)))
      out = std::copy(token.begin(), token.end(), out);
  check_close(found, expected, 1e-13, "attention");
}

TEST_CASE("a transformer layer adds attention, then a network of two layers") {
  TransformerLayer<spec, double> layer;
  fill_hashed(layer);
  const auto x = random_tensor<double>(rows, 1), places = random_tensor<double>(matrix_extents(5, 12), 2);
  Cpu ex(2);
  const auto normalized = eval(ex, layer.norm1(ex, x));
  const auto h = eval(ex, eval(ex, layer.self_attn(ex, normalized, places)) + x);
  const auto hidden = eval(ex, gelu(eval(ex, layer.linear1(eval(ex, layer.norm2(ex, h))))));
  const auto expected = eval(ex, eval(ex, layer.linear2(hidden)) + h);
  check_close(layer(ex, copy_of(x), places), expected, 1e-14, "layer");
}

TEST_CASE("a transformer's fused products give what they give node by node") {
  TransformerLayer<spec, double> layer;
  fill_hashed(layer);
  const auto x = random_tensor<double>(rows, 1), places = random_tensor<double>(matrix_extents(5, 12), 2);
  Cpu ex(3);
  const Unfused<double> plain{ex};
  const auto check = [&](const std::string& name, const auto& e) {
    check_close(eval(ex, e), Unfused<double>(plain)(e), 1e-14, name);
  };
  check("norm, linear, GELU", gelu(layer.linear1(layer.norm2(ex, x))));
  const Remap<QueryAndKeyPositions, Tensor<double>> added{{5, 10}, places};
  check("positions", x + added);
  const auto weight = reshaped(layer.self_attn.in_proj_weight, {3, 1, 12, 12});
  const auto bias = reshaped(layer.self_attn.in_proj_bias, {3, 1, 1, 12});
  check("queries, keys and values", matmul(x + added, weight, false, true) + bias);
  const auto parts = random_tensor<double>({3, 1, 10, 12}, 3);
  const auto part = [&](int i) { return Remap<HeadsOfPart, Tensor<double>>{{i, 3, 5, 4}, parts}; };
  check("scores", matmul(part(0) * 0.5, part(1), false, true));
  check("values", matmul(eval(ex, matmul(part(0), part(1), false, true)), part(2)));
}

TEST_CASE("a transformer layer has the same bits for any threads, and for an image alone") {
  TransformerLayer<TransformerSpec{32, 4, 48, 40}> layer;
  fill_hashed(layer);
  const auto x = random_tensor<float>({1, 1, 120, 32}, 1), places = random_tensor<float>({40, 1, 1, 32}, 2);
  Cpu one(1), three(3);
  const auto expected = layer(one, copy_of(x), places);
  CHECK(same_bits(layer(three, copy_of(x), places), expected));
  const auto images = reshaped(expected, {3, 1, 40, 32});
  for (int n = 0; n < 3; ++n)
    CHECK(same_bits(layer(one, copy_of(image_of(reshaped(x, {3, 1, 40, 32}), n)), places),
                    image_of(images, n)));
}

TEST_CASE("rows that are not whole images are an error") {
  TokenAttention<spec, double> layer;
  fill_hashed(layer);
  Cpu ex(1);
  CHECK(error_of([&] {
          layer(ex, Tensor<double>({1, 1, 11, 12}), Tensor<double>({5, 1, 1, 12}));
        }) == "transformer: 11 rows are not images of 5 tokens");
}

TEST_CASE("a transformer layer's fields are the checkpoint's keys") {
  const TransformerLayer<spec> layer;
  std::vector<std::string> names;
  walk([&](const std::string& name, const auto&) { names.push_back(name); }, layer);
  CHECK(names == std::vector<std::string>{"self_attn.in_proj_weight", "self_attn.in_proj_bias",
                                          "self_attn.out_proj.weight", "self_attn.out_proj.bias",
                                          "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
                                          "norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias"});
}
