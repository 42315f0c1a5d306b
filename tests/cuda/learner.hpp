#ifndef RFPP_TESTS_CUDA_LEARNER_HPP
#define RFPP_TESTS_CUDA_LEARNER_HPP

#include <memory>

#include "little_networks.hpp"
#include "rfpp/train/learner.hpp"

// Training on an executor is compiled in three parts: together they take the compiler gigabytes of memory.
// These are the way through the network and back, and the terms that look through networks.
#define RFPP_GENERATOR(declare, Ex)                                                                \
  declare rfpp::GeneratorStep<float>                                                               \
  rfpp::Objective<float, rfpp::LearnerOn<rfpp::test::LittleRestorer, Ex>::judge_width>::generator( \
      Ex&, const rfpp::Network<rfpp::test::LittleRestorer>&, const rfpp::TrainingBatch<float>&, long) const;
#define RFPP_JUDGEMENTS(declare, Ex)                                                                       \
  declare rfpp::Tensor<float> rfpp::losses::identity(rfpp::Tape<Ex>&, const rfpp::ArcFaceResnet18<float>&, \
                                                     const rfpp::Tensor<float>&,                           \
                                                     const rfpp::Tensor<float>&);                          \
  declare rfpp::Tensor<float> rfpp::losses::detector(rfpp::Tape<Ex>&, const rfpp::CenterFace<float>&,      \
                                                     const rfpp::Tensor<float>&,                           \
                                                     const rfpp::Tensor<float>&);                          \
  declare rfpp::Lpips<float>::Comparison rfpp::Lpips<float>::compare(                                      \
      rfpp::Tape<Ex>&, const rfpp::Tensor<float>&, const rfpp::Tensor<float>&, bool) const;

/// On the executor that the tests of kernels run on.
std::unique_ptr<rfpp::Learner<rfpp::test::LittleRestorer>> device_learner(
    const rfpp::TrainSettings& settings);
/// Degraded there; in host memory.
rfpp::degrade::DegradedPair degraded_on_device(const rfpp::FaceBatch& batch);

/// What they are compared with.
std::unique_ptr<rfpp::Learner<rfpp::test::LittleRestorer>> cpu_learner(const rfpp::TrainSettings& settings);
rfpp::degrade::DegradedPair degraded_on_cpu(const rfpp::FaceBatch& batch);

#endif
