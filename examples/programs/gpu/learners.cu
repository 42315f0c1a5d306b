#include "learner.hpp"
#include "rfpp/cuda/cuda.hpp"

using namespace rfpp;

template <class N> std::unique_ptr<Learner<N>> learner_on_gpu(int device, const TrainSettings& settings) {
  return std::make_unique<LearnerOn<N, Cuda>>(settings, device);
}

template std::unique_ptr<Learner<RestoreFormerPlusPlusSmall>> learner_on_gpu(int, const TrainSettings&);
template std::unique_ptr<Learner<RohqdSmall>> learner_on_gpu(int, const TrainSettings&);
