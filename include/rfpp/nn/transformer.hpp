#ifndef RFPP_NN_TRANSFORMER_HPP
#define RFPP_NN_TRANSFORMER_HPP

#include <cmath>

#include "rfpp/nn/attention.hpp"
#include "rfpp/nn/layer_norm.hpp"
#include "rfpp/nn/linear.hpp"

// Transformers over the tokens of images, which are rows: {1,1,images * tokens,width}, image by image.

namespace rfpp {
inline namespace RFPP_ABI {

struct TransformerSpec {
  int width, heads, hidden, tokens;
};

/// A vector for every token's place {tokens,1,1,width} as what is added to the rows that queries (0), keys
/// (1) and values (2) are made of, {3,1,rows,width}: nothing to values.
struct QueryAndKeyPositions {
  static constexpr bool keeps_channels = true;
  int tokens, rows;
  Extents extents(Extents e) const { return {3, 1, rows, e.c}; }
  RFPP_HD bool map(Pixel& q, int&) const {
    const bool inside = q.n < 2;
    q = {q.w % tokens, 0, 0};
    return inside;
  }
  RFPP_HD int fan() const { return 2 * (rows / tokens); }
  RFPP_HD bool preimage(int k, Pixel& q, int&) const {
    q = {k % 2, 0, k / 2 * tokens + q.n};
    return true;
  }
};

/// The heads of queries (part 0), keys (1) or values (2): {3,1,images * tokens,heads * width} to
/// {images * heads,1,tokens,width}.
struct HeadsOfPart {
  static constexpr bool keeps_channels = false, shifts_channels = true;
  int part, heads, tokens, width;
  Extents extents(Extents e) const { return {e.w / tokens * heads, 1, tokens, width}; }
  RFPP_HD bool map(Pixel& q, int& c) const {
    c += q.n % heads * width;
    q = {part, 0, q.n / heads * tokens + q.w};
    return true;
  }
  RFPP_HD int fan() const { return 1; }
  RFPP_HD bool preimage(int, Pixel& q, int& c) const {
    if (q.n != part) return false;
    q = {q.w / tokens * heads + c / width, 0, q.w % tokens};
    c %= width;
    return true;
  }
};

namespace detail {
/// in_weight {3,1,width,width} and in_bias {3,1,1,width}: of queries, keys and values.
template <class T>
[[gnu::noinline]] Tensor<T> attend_tokens(auto& ex, const Tensor<T>& rows, const Tensor<T>& positions,
                                          int heads, const Tensor<T>& in_weight, const Tensor<T>& in_bias) {
  const Extents e = rows.extents();
  const int tokens = positions.extents().n, width = e.c / heads;
  if (e.w % tokens != 0)
    throw Error("transformer: " + std::to_string(e.w) + " rows are not images of " + std::to_string(tokens) +
                " tokens");
  const Remap<QueryAndKeyPositions, Tensor<T>> added{{tokens, e.w}, positions};
  const Tensor<T> parts = eval(ex, matmul(rows + added, in_weight, false, true) + in_bias);
  const auto part = [&](int i) { return Remap<HeadsOfPart, Tensor<T>>{{i, heads, tokens, width}, parts}; };
  const double scale = 1.0 / std::sqrt(static_cast<double>(width));
  const auto attended = recompute_images(ex, AttendHeads{}, part(0) * scale, part(1), part(2));
  return reshaped(eval(ex, merge_heads(attended, heads, 1, tokens)), e);
}
}  // namespace detail

/// Multi-head self-attention of tokens: rows to rows, lazily. Queries and keys know the tokens' places
/// {tokens,1,1,width}, values do not. One matrix and one bias hold those of queries, keys and values.
template <TransformerSpec S, class T = float> struct TokenAttention {
  static constexpr bool heads_divide_width = S.heads > 0 && S.width % S.heads == 0;
  static_assert(heads_divide_width, "TokenAttention: the number of heads must divide the width");
  static constexpr int C = S.width;

  Tensor<T> in_proj_weight = Tensor<T>::declared(matrix_extents(3 * C, C));
  Tensor<T> in_proj_bias = Tensor<T>::declared(vector_extents(3 * C));
  Linear<C, C, T> out_proj;

  auto operator()(auto& ex, const Tensor<T>& rows, const Tensor<T>& positions) const {
    return out_proj(detail::attend_tokens(ex, rows, positions, S.heads,
                                          reshaped(in_proj_weight, {3, 1, C, C}),
                                          reshaped(in_proj_bias, {3, 1, 1, C})));
  }
  static void fields(auto&& f, auto&... models) {
    f("in_proj_weight", models.in_proj_weight...);
    f("in_proj_bias", models.in_proj_bias...);
    f("out_proj", models.out_proj...);
  }
};

/// A transformer's encoder layer that normalizes first (Vaswani et al. 2017; Xiong et al. 2020): attention,
/// then a network of two linear layers with GELU between them, each plus what went in. Rows to rows.
template <TransformerSpec S, class T = float> struct TransformerLayer {
  TokenAttention<S, T> self_attn;
  Linear<S.width, S.hidden, T> linear1;
  Linear<S.hidden, S.width, T> linear2;
  LayerNorm<S.width, T> norm1, norm2;

  Tensor<T> operator()(auto& ex, Tensor<T> x, const Tensor<T>& positions) const {
    auto attended = self_attn(ex, eval(ex, norm1(ex, x)), positions) + x;
    x = eval_over(ex, std::move(x), attended);
    const Tensor<T> h = eval(ex, gelu(linear1(norm2(ex, x))));
    auto sum = linear2(h) + x;
    return eval_over(ex, std::move(x), sum);
  }
  static void fields(auto&& f, auto&... models) {
    f("self_attn", models.self_attn...);
    f("linear1", models.linear1...);
    f("linear2", models.linear2...);
    f("norm1", models.norm1...);
    f("norm2", models.norm2...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
