#ifndef RFPP_PROGRAMS_LEARNER_HPP
#define RFPP_PROGRAMS_LEARNER_HPP

#include "rfpp/restorer/device.hpp"
#include "rfpp/train/learner.hpp"

/// How training comes to a device, see rfpp::on_device.
template <class N> struct LearnerService {
  using Interface = rfpp::Learner<N>;
  template <class Ex> struct On final : rfpp::LearnerOn<N, Ex> {
    On(int place, const rfpp::TrainSettings& settings) : rfpp::LearnerOn<N, Ex>(settings, place) {}
  };
};

#endif
