// Times a training step of a small RestoreFormer++ in a process of its own, and prints a line of JSON.
#include "step.hpp"

#include "program.hpp"
#include "rfpp/cpu/cpu.hpp"

using namespace rfpp;

int main(int argc, char** argv) {
  StepSettings settings;
  std::string device = "cpu";
  int threads = 0;
  CLI::App app("Times a training step of a small RestoreFormer++", "bench_step");
  app.add_option("--batch", settings.batch, "faces in a step")->capture_default_str();
  app.add_option("--repeats", settings.repeats, "steps timed, after the first")->capture_default_str();
  add_device(app, device);
  app.add_option("--threads", threads, "0: as many as the machine has")->capture_default_str();
  app.add_flag("--recompute", settings.recomputes, "keep only what goes into blocks");
  return run_program(app, argc, argv, [&] {
    const auto time_on_cpu = [&] {
      Cpu ex(threads);
      return time_steps(ex, settings, [] {});
    };
    const int gpu = gpu_index(device);
    const StepTimes times = gpu >= 0 ? time_steps_on_gpu(gpu, settings) : time_on_cpu();
    std::printf("{\"parameters\": %zu, \"seconds\": [", times.parameters);
    for (std::size_t i = 0; i < times.seconds.size(); ++i)
      std::printf("%s%.5f", i == 0 ? "" : ", ", times.seconds[i]);
    std::printf("], \"workspace_bytes\": %zu}\n", times.workspace_bytes);
  });
}
