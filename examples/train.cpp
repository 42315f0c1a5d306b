// Trains a network on a folder of aligned faces.
#include <csignal>
#include <fstream>

#include "program.hpp"
#include "rfpp/train/trainer.hpp"

using namespace rfpp;

namespace {

volatile std::sig_atomic_t interrupted = 0;

using TrainableNetworks = NetworkList<RohqdSmall>;

}  // namespace

int main(int argc, char** argv) {
  TrainSettings s;
  std::string run, config;
  int threads = 0;
  bool resume = false;
  CLI::App app("Trains a network on a folder of aligned faces", "train");
  app.add_option("run", run, "the run's folder")->required();
  app.add_option("--config", config);
  app.add_option("--data", s.data);
  app.add_option("--threads", threads, "0: as many as the machine has")->capture_default_str();
  app.add_flag("--resume", resume);
  return run_program(app, argc, argv, [&] {
    namespace fs = std::filesystem;
    if (resume)
      s = read_settings(fs::path(run) / "config.json");
    else if (!config.empty())
      s = read_settings(config);
    if (!resume) {
      fs::create_directories(run);
      std::ofstream(fs::path(run) / "config.json") << nlohmann::json(s).dump(2) << "\n";
    }
    std::signal(SIGINT, [](int) { interrupted = 1; });
    TrainableNetworks::visit(s.network, [&](auto n) {
      Trainer<decltype(n)> trainer(s, run, resume, threads);
      trainer.run([] { return interrupted != 0; });
    });
  });
}
