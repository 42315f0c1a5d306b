// Times Real-ESRGAN's x2plus on one tile in a process of its own, and prints a line of JSON: upscale.py's
// view of this library.
#include <sys/resource.h>

#include <ctime>
#include <nlohmann/json.hpp>

#include "program.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/photo/upscaler.hpp"

using namespace rfpp;

int main(int argc, char** argv) {
  int size = 256, repeats = 3;
  RunOptions run;
  CLI::App app("Times RealESRGAN_x2plus on one tile", "bench_upscale");
  app.add_option("--size", size, "side of the tile, even")->capture_default_str();
  app.add_option("--repeats", repeats, "tiles timed, after the first")->capture_default_str();
  run.add_to(app);
  return run_program(app, argc, argv, [&] {
    const Extents input{1, size, size, 3};
    const RestorerOptions options = run.options("bench_upscale");
    Cpu ex(options.threads);
    RrdbNet<RealEsrganX2Plus> model;
    fill_hashed(model);
    prepare(ex, model, input, PackingPolicy(options.precision, options.low_memory), RawWeights::drop);
    ex.workspace().reserve(photo::tile_bytes(model, ex.threads(), size, size));
    const auto image = hashed_tensor<float>("upscaler.input", input, 0.5, 0.5);
    model(ex, image);
    std::vector<double> seconds, processor_seconds;
    for (int i = 0; i < repeats; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      const std::clock_t before = std::clock();
      model(ex, image);
      seconds.push_back(seconds_since(begin));
      processor_seconds.push_back(static_cast<double>(std::clock() - before) / CLOCKS_PER_SEC);
    }
    struct rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    const nlohmann::json result{{"seconds", seconds},
                                {"processor_seconds", processor_seconds},
                                {"peak_bytes", static_cast<std::int64_t>(usage.ru_maxrss) * 1024}};
    std::printf("%s\n", result.dump().c_str());
  });
}
