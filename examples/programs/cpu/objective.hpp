#ifndef RFPP_PROGRAMS_CPU_OBJECTIVE_HPP
#define RFPP_PROGRAMS_CPU_OBJECTIVE_HPP

#include "../learner.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/model/registry.hpp"

// The way through a network and back, compiled apart from the rest of training and from the other network: together
// they take the compiler more than two gigabytes of memory.
#define RFPP_GENERATOR(declare, N)                                                     \
  declare rfpp::GeneratorStep<float>                                                   \
  rfpp::Objective<float, rfpp::LearnerOn<rfpp::N, rfpp::Cpu>::judge_width>::generator( \
      rfpp::Cpu&, const rfpp::Network<rfpp::N>&, const rfpp::TrainingBatch<float>&, long) const;
RFPP_GENERATOR(extern template, RestoreFormerPlusPlusMedium)
RFPP_GENERATOR(extern template, RohqdMedium)

#endif
