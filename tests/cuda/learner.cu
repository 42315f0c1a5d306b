#include "cuda/learner.hpp"

#include "cuda/executor.hpp"

using namespace rfpp;

RFPP_GENERATOR(extern template, test::Executor)

std::unique_ptr<Learner<test::LittleRestorer>> device_learner(const TrainSettings& settings) {
  return std::make_unique<LearnerOn<test::LittleRestorer, test::Executor>>(settings);
}

degrade::DegradedPair degraded_on_device(const FaceBatch& batch) {
  test::Executor ex;
  const auto pairs = degraded_pairs(ex, batch);
  return {ex.download(pairs.clean), ex.download(pairs.degraded)};
}
