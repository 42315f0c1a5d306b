#include "cuda/learner.hpp"
#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;

RFPP_GENERATOR(extern template, Cpu)

std::unique_ptr<Learner<test::LittleRestorer>> cpu_learner(const TrainSettings& settings) {
  return std::make_unique<LearnerOn<test::LittleRestorer, Cpu>>(settings);
}

degrade::DegradedPair degraded_on_cpu(const FaceBatch& batch) {
  Cpu ex;
  return degraded_pairs(ex, batch);
}
