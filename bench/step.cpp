// Times a training step of a small network in a process of its own, and prints a line of JSON: forward, the
// squared error against the input, and the gradients of all parameters; without the optimiser.
#include "program.hpp"
#include "rfpp/train/tape.hpp"

using namespace rfpp;

namespace {

/// The composition of RestoreFormer++ for faces of 256x256, 16 M parameters.
struct Small {
  static constexpr const char* name = "small";
  static constexpr NetworkSpec spec{.resolution = 256,
                                    .channels = 32,
                                    .levels = 5,
                                    .multipliers = {1, 2, 2, 4, 8},
                                    .decoder_attention = 16 | 32};
};

void step(Cpu& ex, const Network<Small>& model, const Tensor<float>& image, Activations activations) {
  Tape<Cpu> tape(ex, activations);
  tape.watch_parameters(model);
  const auto restored = model(tape, image).image;
  tape.backward(eval(tape, reduce<Sum>(square(restored - image), Over::all)));
}

}  // namespace

int main(int argc, char** argv) {
  int batch = 4, repeats = 3, threads = 0;
  bool recomputes = false;
  CLI::App app("Times a training step of a small network", "bench_step");
  app.add_option("--batch", batch, "faces in a step")->capture_default_str();
  app.add_option("--repeats", repeats, "steps timed, after the first")->capture_default_str();
  app.add_option("--threads", threads, "0: as many as the machine has")->capture_default_str();
  app.add_flag("--recompute", recomputes, "keep only what goes into blocks");
  return run_program(app, argc, argv, [&] {
    Cpu ex(threads);
    Network<Small> model;
    fill_hashed(model);
    const auto image =
        hashed_tensor<float>("input", {batch, Small::spec.resolution, Small::spec.resolution, 3});
    const auto activations = recomputes ? Activations::recompute : Activations::keep;
    step(ex, model, image, activations);
    std::printf("{\"parameters\": %zu, \"seconds\": [", count_parameters(model).elements);
    for (int i = 0; i < repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      step(ex, model, image, activations);
      std::printf("%s%.4f", i == 0 ? "" : ", ", seconds_since(start));
    }
    std::printf("], \"workspace_bytes\": %zu}\n", ex.workspace().allocated_bytes());
  });
}
