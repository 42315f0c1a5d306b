#ifndef RFPP_TRAIN_RECONSTRUCTION_HPP
#define RFPP_TRAIN_RECONSTRUCTION_HPP

#include "rfpp/model/codebook.hpp"
#include "rfpp/train/optimiser.hpp"
#include "rfpp/train/tape.hpp"

namespace rfpp::inline v0 {

struct AbsoluteDifference {
  static constexpr const char* name = "absolute_difference";
  static constexpr bool linear = false;
  template <int I> static constexpr bool passes = false;
  template <class T> RFPP_HD T operator()(T a, T b) const { return a > b ? a - b : b - a; }
  template <int I, class T> RFPP_HD T adjoint(T g, T a, T b) const {
    const T zero = splat<T>(0);
    const T s = a > b ? g : (a < b ? zero - g : zero);
    return I == 0 ? s : zero - s;
  }
};

template <class T = float> struct TrainingBatch { Tensor<T> degraded, truth; };
struct LossTerm {
  const char* name;
  double value;
};
template <class T> struct GeneratorStep {
  Gradients gradients;
  std::vector<LossTerm> terms;
  Tensor<T> image;
  Tensor<int> indices;
};

template <class T = float> struct Reconstruction {
  GeneratorStep<T> generator(auto& ex, const auto& network, const TrainingBatch<T>& batch, long) const {
    Tape tape(ex);
    watch(tape, network);
    auto out = network(tape, batch.degraded);
    const double mean = 1.0 / static_cast<double>(batch.truth.extents().size());
    auto pixel = eval(tape, reduce<Sum>(map(AbsoluteDifference{}, out.image, batch.truth), Over::all) * mean);
    auto codebook = codebook_loss(tape, out.encoded.latent, network.quantize.lookup(out.encoded.indices));
    auto total = eval(tape, pixel + codebook);
    const double p = static_cast<double>(pixel.data()[0]), c = static_cast<double>(codebook.data()[0]);
    return {tape.backward(total),
            {{"total", p + c}, {"pixel", p}, {"codebook", c}},
            out.image,
            out.encoded.indices};
  }
};

}  // namespace rfpp::inline v0

#endif
