// Times a network on one face in a process of its own, and prints a line of JSON: compare.py's view of
// this library.
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include "program.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/restorer/networks.hpp"

using namespace rfpp;

int main(int argc, char** argv) {
  std::string weights, name = "restoreformer++";
  int size = 512, repeats = 7;
  RunOptions run;
  CLI::App app("Times a network on one face", "bench_face");
  app.add_option("--model", name, "network: " + network_names())->capture_default_str();
  app.add_option("--weights", weights, "checkpoint (default: deterministic, untrained weights)");
  app.add_option("--size", size, "side of the face, where the network takes several")->capture_default_str();
  app.add_option("--repeats", repeats, "faces timed, after the first")->capture_default_str();
  run.add_to(app);
  app.add_flag("--cache", run.restorer.cache, "keep packed weights beside the checkpoint");
  return run_program(app, argc, argv, [&] {
    const auto start = std::chrono::steady_clock::now();
    const Extents input{1, size, size, 3};
    const RestorerOptions options = run.options("bench_face");
    const NetworkEntry& entry = network_named(name);
    const NetworkSettings settings = entry.settings({});
    const auto network = entry.open({options, {weights}, input});
    const double prepare_seconds = seconds_since(start);
    const auto image = hashed_tensor<float>("input", input);
    network->run(image, settings);
    const double first_seconds = seconds_since(start);
    std::vector<double> seconds;
    for (int i = 0; i < repeats; ++i) {
      const auto begin = std::chrono::steady_clock::now();
      network->run(image, settings);
      seconds.push_back(seconds_since(begin));
    }
    struct rusage usage {};
    getrusage(RUSAGE_SELF, &usage);
    const nlohmann::json result{{"seconds", seconds},
                                {"prepare_seconds", prepare_seconds},
                                {"first_seconds", first_seconds},
                                {"peak_bytes", static_cast<std::int64_t>(usage.ru_maxrss) * 1024}};
    std::printf("%s\n", result.dump().c_str());
  });
}
