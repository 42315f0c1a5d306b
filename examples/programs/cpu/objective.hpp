#ifndef RFPP_PROGRAMS_CPU_OBJECTIVE_HPP
#define RFPP_PROGRAMS_CPU_OBJECTIVE_HPP

#include "../learner.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/model/registry.hpp"

// The way through a network and back, compiled apart from the rest of training: together they take the compiler more
// than two gigabytes of memory.
#define RFPP_GENERATOR(declare, N)                                                     \
  declare rfpp::GeneratorStep<float>                                                   \
  rfpp::Objective<float, rfpp::LearnerOn<rfpp::N, rfpp::Cpu>::judge_width>::generator( \
      rfpp::Cpu&, const rfpp::Network<rfpp::N>&, const rfpp::TrainingBatch<float>&, long) const;
#define RFPP_GENERATORS(declare)                       \
  RFPP_GENERATOR(declare, RestoreFormerPlusPlusMedium) \
  RFPP_GENERATOR(declare, RohqdMedium)

RFPP_GENERATORS(extern template)

#endif
