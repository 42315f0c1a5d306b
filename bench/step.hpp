#ifndef RFPP_BENCH_STEP_HPP
#define RFPP_BENCH_STEP_HPP

#include <chrono>
#include <vector>

#include "rfpp/expr/transfer.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/registry.hpp"
#include "rfpp/restorer/device.hpp"
#include "rfpp/train/initialize.hpp"
#include "rfpp/train/objective.hpp"
#include "rfpp/train/optimizer.hpp"

/// The network whose steps are timed, whatever the shipped ones are: figures stay comparable.
struct TimedNetwork {
  static constexpr const char* name = "timed";
  static constexpr rfpp::NetworkSpec spec{.resolution = 256,
                                          .channels = 16,
                                          .levels = 4,
                                          .multipliers = {1, 1, 3, 6},
                                          .encoder_blocks = 1,
                                          .decoder_blocks = 1,
                                          .encoder_attention = 32,
                                          .decoder_attention = 32,
                                          .latent = 64,
                                          .groups = 8};
};

struct StepSettings {
  int batch = 4, repeats = 3;
  bool recomputes = false;
};
struct StepTimes {
  std::size_t parameters;
  std::vector<double> seconds;
  std::size_t workspace_bytes;
};

/// Times training steps of TimedNetwork, after a first one: degraded faces forward, the pixel and
/// codebook terms, the gradients of all parameters, and Adam. finish() waits for what was asked of ex.
template <class Ex> StepTimes time_steps(Ex& ex, const StepSettings& s, auto&& finish) {
  using namespace rfpp;
  Network<TimedNetwork> model;
  initialize(model, 1);
  constexpr bool on_host = requires { Ex::runs_on_host; };
  if constexpr (!on_host) upload_parameters(ex, model);
  Adam<Network<TimedNetwork>> adam(ex, model, {0.9, 0.99, 1e-8});
  Objective<float, TimedNetwork::spec.channels> objective;
  objective.preset = objective_named("restoreformer++");
  objective.activations = s.recomputes ? Activations::recompute : Activations::keep;
  const Extents faces{s.batch, TimedNetwork::spec.resolution, TimedNetwork::spec.resolution, 3};
  const auto given = [&](const char* name) {
    auto images = hashed_tensor<float>(name, faces);
    if constexpr (!on_host) images = ex.upload(images);
    return images;
  };
  const TrainingBatch<float> images{given("degraded"), given("truth"), {}};
  StepTimes times{count_parameters(model).elements, {}, 0};
  for (int i = 0; i <= s.repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    {
      Network<TimedNetwork> gradients;
      const auto found = objective.generator(ex, model, images, 0);
      add_gradients(ex, model, found.gradients, gradients);
      adam.step(ex, model, gradients, 1, 1e-4);
    }
    finish();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (i > 0) times.seconds.push_back(taken.count());
  }
  times.workspace_bytes = ex.workspace().allocated_bytes();
  return times;
}

/// The same on a GPU. Throws Error where there is none.
StepTimes time_steps_on_gpu(int device, const StepSettings& settings);
#if !defined(RFPP_CUDA)
inline StepTimes time_steps_on_gpu(int, const StepSettings&) {
  throw rfpp::Error("built without CUDA; configure with -DRFPP_CUDA=ON");
}
#endif

#endif
