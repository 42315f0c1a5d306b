#ifndef RFPP_MODEL_CODEBOOK_HPP
#define RFPP_MODEL_CODEBOOK_HPP

#include <cmath>
#include <vector>

#include "rfpp/expr/eval.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// The dictionary of high-quality face features: `Entries` vectors of width C.
template <int Entries, int C, class T = float> struct Codebook {
  static constexpr int entries = Entries;
  Tensor<T> weight = Tensor<T>::declared(matrix_extents(Entries, C));

  /// The nearest entry of every latent cell: {n,h,w,C} to {n,h,w,1}. Throws Error over NaN.
  Tensor<int> indices(auto& ex, const Tensor<T>& latent) const { return eval(ex, nearest(latent, weight)); }
  /// The entries at the indices, lazily: {n,h,w,1} to {n,h,w,C}.
  Gather<T> lookup(const Tensor<int>& index) const { return {weight, index}; }

  static void fields(auto&& f, auto&... models) { f("embedding.weight", models.weight...); }
};

/// What moves latents towards their entries, and entries towards their latents; by default as the released
/// networks were trained.
struct CodebookWeights {
  double commitment = 1, codebook = 0.25;
};
/// commitment * mean((sg[entry] - latent)^2) + codebook * mean((entry - sg[latent])^2), over all elements:
/// one element.
template <class T>
Tensor<T> codebook_loss(auto& ex, const Tensor<T>& latent, const Gather<T>& entry,
                        CodebookWeights weights = {}) {
  const double mean = 1.0 / static_cast<double>(latent.extents().size());
  auto of_latent =
      eval(ex, reduce<Sum>(square(detach(entry) - latent), Over::all) * (weights.commitment * mean));
  return eval(ex,
              reduce<Sum>(square(entry - detach(latent)), Over::all) * (weights.codebook * mean) + of_latent);
}

/// exp(-sum p log(p + 1e-10)) over the frequencies p of the entries: how many entries are in use, in effect.
inline double perplexity(std::span<const int> indices, int entries) {
  std::vector<double> count(static_cast<std::size_t>(entries), 0.0);
  for (int index : indices) count.at(static_cast<std::size_t>(index)) += 1.0;
  double entropy = 0;
  for (double c : count) {
    const double p = c / static_cast<double>(indices.size());
    entropy -= p * std::log(p + 1e-10);
  }
  return std::exp(entropy);
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
