#ifndef RFPP_TESTS_CUDA_LEARNER_HPP
#define RFPP_TESTS_CUDA_LEARNER_HPP

#include <memory>

#include "little_networks.hpp"
#include "rfpp/train/learner.hpp"

/// On the executor that the tests of kernels run on.
std::unique_ptr<rfpp::Learner<rfpp::test::LittleRestorer>> device_learner(
    const rfpp::TrainSettings& settings);
/// Degraded there; in host memory.
rfpp::degrade::DegradedPair degraded_on_device(const rfpp::FaceBatch& batch);

#endif
