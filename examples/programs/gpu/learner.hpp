#ifndef RFPP_EXAMPLES_GPU_LEARNER_HPP
#define RFPP_EXAMPLES_GPU_LEARNER_HPP

#include <memory>

#include "gpu.hpp"
#include "rfpp/train/learner.hpp"

/// Training on a GPU, compiled apart as networks are. Throws Error where there is no such device.
template <class N>
std::unique_ptr<rfpp::Learner<N>> learner_on_gpu(int device, const rfpp::TrainSettings& settings);
#if !defined(RFPP_CUDA)
template <class N> std::unique_ptr<rfpp::Learner<N>> learner_on_gpu(int, const rfpp::TrainSettings&) {
  refuse_gpu();
}
#endif

#endif
