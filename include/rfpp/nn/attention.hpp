#ifndef RFPP_NN_ATTENTION_HPP
#define RFPP_NN_ATTENTION_HPP

#include <cmath>

#include "rfpp/nn/conv2d.hpp"
#include "rfpp/nn/group_norm.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Softmax over the channels: evaluates every pixel's maximum and sum, and returns the rest lazily.
template <Expression X> auto softmax(auto& ex, const X& x) {
  auto maximum = eval(ex, reduce<Maximum>(detach(x), Over::channels));
  auto sum = eval(ex, reduce<Sum>(exp(detach(x) - maximum), Over::channels));
  return tag<channels_of<X>>(Softmax<operand_t<X>>{operand(x), maximum, sum});
}

namespace detail {
struct AttendHeads {
  /// Queries, keys and values {n,1,pixels,width}.
  auto operator()(auto& ex, const auto& queries, const auto& keys, const auto& values) const {
    auto scores = eval(ex, matmul(queries, keys, false, true));
    return eval(ex, matmul(softmax(ex, scores), values));
  }
};
// Compiled once per bare operands, not again for every number of channels. {n*heads,1,h*w,C/heads}.
template <class From, class To, class T>
[[gnu::noinline]] auto attend(auto& ex, const From& from, const To& to, int heads, const BareConv2d<T>& q,
                              const BareConv2d<T>& k, const BareConv2d<T>& v) {
  const int width = from.extents().c / heads;
  const double scale = 1.0 / std::sqrt(static_cast<double>(width));
  auto queries = eval(ex, q(from) * scale), keys = eval(ex, k(to)), values = eval(ex, v(to));
  return recompute_images(ex, AttendHeads{}, split_heads(queries, heads), split_heads(keys, heads),
                          split_heads(values, heads));
}
}  // namespace detail

/// Which of a cross-attention's two streams the result is added to.
enum class Residual { prior, degraded };

struct AttentionSpec {
  int channels, heads, groups = 32;
  Residual residual = Residual::prior;
};

/// Multi-head attention between the pixels of feature maps {n,h,w,channels} (arXiv 2308.07228, section 3.2),
/// residual included. Head i owns channels [i * channels / heads, (i + 1) * channels / heads).
template <AttentionSpec S, class T = float> struct MultiHeadAttnBlock {
  static constexpr bool heads_divide_channels = S.heads > 0 && S.channels % S.heads == 0;
  static_assert(heads_divide_channels, "MultiHeadAttnBlock: the number of heads must divide the channels");
  static constexpr int C = S.channels;

  GroupNorm<C, S.groups, T> norm1, norm2;
  Conv2d<conv1x1(C, C), T> q, k, v, proj_out;

  /// Self-attention of x; norm2 is unused.
  auto operator()(auto& ex, auto x) const {
    auto o = [&] {
      auto z = norm1(ex, x);
      return attend(ex, z, z);
    }();
    return eval(ex, proj_out(merged(o, x)) + x);
  }
  /// Cross-attention: queries from the degraded features, keys and values from the prior stream.
  auto operator()(auto& ex, auto prior, const auto& degraded) const {
    if (!(prior.extents() == degraded.extents()))
      throw Error("cross-attention: prior " + to_string(prior.extents()) + " and degraded features " +
                  to_string(degraded.extents()) + " differ");
    auto o = attend(ex, norm2(ex, degraded), norm1(ex, prior));
    if constexpr (S.residual == Residual::prior)
      return eval(ex, proj_out(merged(o, prior)) + prior);
    else
      return eval(ex, proj_out(merged(o, prior)) + tag<C>(bare(degraded)));
  }

  static void fields(auto&& f, auto&... models) {
    f("norm1", models.norm1...);
    f("norm2", models.norm2...);
    f("q", models.q...);
    f("k", models.k...);
    f("v", models.v...);
    f("proj_out", models.proj_out...);
  }

 private:
  auto attend(auto& ex, const auto& from, const auto& to) const {
    return detail::attend(ex, bare(from), bare(to), S.heads, q.bare(), k.bare(), v.bare());
  }
  static auto merged(const auto& o, const auto& like) {
    const Extents e = like.extents();
    return tag<C>(merge_heads(o, S.heads, e.h, e.w));
  }
};

/// Self-attention with one head between the pixels of {n,h,w,C}, residual included, as VQGAN has it (Esser et
/// al. 2021).
template <int C, int Groups, class T = float> struct SelfAttnBlock {
  GroupNorm<C, Groups, T> norm;
  Conv2d<conv1x1(C, C), T> q, k, v, proj_out;

  auto operator()(auto& ex, auto x) const {
    const Extents e = x.extents();
    auto o = [&] {
      const auto z = norm.bare()(ex, bare(x));
      return detail::attend(ex, z, z, 1, q.bare(), k.bare(), v.bare());
    }();
    return eval(ex, proj_out(tag<C>(merge_heads(o, 1, e.h, e.w))) + x);
  }

  static void fields(auto&& f, auto&... models) {
    f("norm", models.norm...);
    f("q", models.q...);
    f("k", models.k...);
    f("v", models.v...);
    f("proj_out", models.proj_out...);
  }
};

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
