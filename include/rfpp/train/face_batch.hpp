#ifndef RFPP_TRAIN_FACE_BATCH_HPP
#define RFPP_TRAIN_FACE_BATCH_HPP

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "rfpp/degrade/components.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// A face {1,side,side,3}, RGB in [0, 1], what is to be done to it, and where its components are then.
struct Sample {
  Tensor<float> face;
  degrade::Degradation degradation;
  std::optional<degrade::Components> components;
};

/// Faces in host memory that are to be degraded; or have been: then the samples hold none any more, and the
/// pairs {n,side,side,3} in [-1, 1] have elements.
struct FaceBatch {
  std::vector<Sample> samples;
  Tensor<float> degraded, truth;
};

/// Image i of a batch, as a tensor that shares its elements.
template <class T> Tensor<T> image_of(const Tensor<T>& batch, std::size_t i) {
  Extents e = batch.extents();
  e.n = 1;
  return {Storage(batch.data() + i * e.size(), Tensor<T>::bytes(e), std::make_shared<Tensor<T>>(batch)), e};
}

/// The batch's pairs in the executor's memory; degraded there, where they have not been.
template <class Ex> degrade::DegradedPair degraded_pairs(Ex& ex, const FaceBatch& batch) {
  if (batch.truth.has_storage()) return {ex.upload(batch.truth), ex.upload(batch.degraded)};
  Extents e = batch.samples.front().face.extents();
  e.n = static_cast<int>(batch.samples.size());
  degrade::DegradedPair pairs{ex.template tensor<float>(e), ex.template tensor<float>(e)};
  for (std::size_t i = 0; i < batch.samples.size(); ++i) {
    const Sample& sample = batch.samples[i];
    const auto pair = degrade::degrade(ex, sample.degradation, ex.upload(sample.face));
    ex.run(image_of(pairs.clean, i), pair.clean);
    ex.run(image_of(pairs.degraded, i), pair.degraded);
  }
  return pairs;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
