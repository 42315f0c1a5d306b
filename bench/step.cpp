// Times a training step of restoreformer++-small in a process of its own, and prints a line of JSON: degraded
// faces forward, the pixel and codebook terms, the gradients of all parameters, and Adam.
#include "program.hpp"
#include "rfpp/train/initialise.hpp"
#include "rfpp/train/objective.hpp"
#include "rfpp/train/optimiser.hpp"

using namespace rfpp;
using Small = RestoreFormerPlusPlusSmall;

int main(int argc, char** argv) {
  int batch = 4, repeats = 3, threads = 0;
  bool recomputes = false;
  CLI::App app("Times a training step of restoreformer++-small", "bench_step");
  app.add_option("--batch", batch, "faces in a step")->capture_default_str();
  app.add_option("--repeats", repeats, "steps timed, after the first")->capture_default_str();
  app.add_option("--threads", threads, "0: as many as the machine has")->capture_default_str();
  app.add_flag("--recompute", recomputes, "keep only what goes into blocks");
  return run_program(app, argc, argv, [&] {
    Cpu ex(threads);
    Network<Small> model;
    initialise(model, 1);
    Adam<Network<Small>> adam(ex, model, {0.9, 0.99, 1e-8});
    Objective<float, Small::spec.channels> objective;
    objective.preset = objective_named("restoreformer++");
    objective.activations = recomputes ? Activations::recompute : Activations::keep;
    const Extents faces{batch, Small::spec.resolution, Small::spec.resolution, 3};
    const TrainingBatch<float> images{
        hashed_tensor<float>("degraded", faces), hashed_tensor<float>("truth", faces), {}};
    const auto step = [&] {
      Network<Small> gradients;
      const auto found = objective.generator(ex, model, images, 0);
      add_gradients(ex, model, found.gradients, gradients);
      adam.step(ex, model, gradients, 1, 1e-4);
    };
    step();
    std::printf("{\"parameters\": %zu, \"seconds\": [", count_parameters(model).elements);
    for (int i = 0; i < repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      step();
      std::printf("%s%.4f", i == 0 ? "" : ", ", seconds_since(start));
    }
    std::printf("], \"workspace_bytes\": %zu}\n", ex.workspace().allocated_bytes());
  });
}
