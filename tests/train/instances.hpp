#ifndef RFPP_TESTS_TRAIN_INSTANCES_HPP
#define RFPP_TESTS_TRAIN_INSTANCES_HPP

#include "model/tiny_networks.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/train/objective.hpp"

// What several tests of training compute with, instantiated once, in instances_*.cpp: it takes the compiler longer than all the rest.

#define RFPP_GENERATOR(declare, N, T, width)                           \
  declare rfpp::GeneratorStep<T> rfpp::Objective<T, width>::generator( \
      rfpp::Cpu&, const rfpp::Network<rfpp::test::N, T>&, const rfpp::TrainingBatch<T>&, long) const;

#define RFPP_NETWORK(declare, N, T)                                                                       \
  RFPP_GENERATOR(declare, N, T, 64)                                                                       \
  declare rfpp::Network<rfpp::test::N, T>::Encoded rfpp::Network<rfpp::test::N, T>::encode(               \
      rfpp::Tape<rfpp::Cpu>&, const rfpp::Tensor<T>&, rfpp::Keep) const;                                  \
  declare rfpp::Tensor<T> rfpp::Network<rfpp::test::N, T>::decode(rfpp::Tape<rfpp::Cpu>&, const Encoded&) \
      const;

#define RFPP_INSTANCES(declare, T)                                                 \
  RFPP_NETWORK(declare, RestoreFormerPlusPlusTiny, T)                              \
  RFPP_NETWORK(declare, RohqdTiny, T)                                              \
  declare rfpp::DiscriminatorStep rfpp::Objective<T>::image_discriminator(         \
      rfpp::Cpu&, const rfpp::Tensor<T>&, const rfpp::Tensor<T>&, long) const;     \
  declare rfpp::DiscriminatorStep rfpp::Objective<T>::component_discriminator(     \
      rfpp::Cpu&, rfpp::Component, const rfpp::Tensor<T>&, const rfpp::Tensor<T>&, \
      const std::vector<rfpp::Region>&, long) const;

// With the image discriminator that LearnerOn takes for tiny networks.
#define RFPP_NARROW_INSTANCES(declare)                          \
  RFPP_GENERATOR(declare, RestoreFormerPlusPlusTiny, float, 32) \
  RFPP_GENERATOR(declare, RohqdTiny, float, 32)

RFPP_INSTANCES(extern template, float)
RFPP_INSTANCES(extern template, double)
RFPP_NARROW_INSTANCES(extern template)

#endif
