#ifndef RFPP_EXAMPLES_LEARNER_ON_GPU_HPP
#define RFPP_EXAMPLES_LEARNER_ON_GPU_HPP

#include "learner.hpp"
#include "rfpp/cuda/cuda.hpp"

template <class N>
std::unique_ptr<rfpp::Learner<N>> learner_on_gpu(int device, const rfpp::TrainSettings& settings) {
  return std::make_unique<rfpp::LearnerOn<N, rfpp::Cuda>>(settings, device);
}

#endif
