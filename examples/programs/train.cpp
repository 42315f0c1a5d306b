// Trains a network on a folder of aligned faces: ROHQD, the autoencoder, first, then the restorer from it.
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "learner.hpp"
#include "program.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/model/registry.hpp"
#include "rfpp/train/trainer.hpp"

namespace fs = std::filesystem;
using namespace rfpp;

namespace {

// Each is instantiated in cpu/ and gpu/, and takes most of a minute to compile.
using TrainableNetworks = NetworkList<RestoreFormerPlusPlusMedium, RohqdMedium>;

volatile std::sig_atomic_t interrupted = 0;

struct Options {
  std::string run, stage = "rohqd", preset = "small", config, device = "cpu";
  bool resume = false;
  int threads = 0;
};

/// A new run's settings: those of a preset or of a file, with what the command line says beside.
TrainSettings new_settings(const Options& o, const CLI::App& app, const TrainSettings& given) {
  TrainSettings s = o.config.empty() ? settings_named(o.preset, o.stage) : read_settings(o.config);
  const auto take = [&](const char* option, auto& to, const auto& value) {
    if (app.count(option) > 0) to = value;
  };
  take("--network", s.network, given.network);
  take("--data", s.data, given.data);
  take("--recursive", s.recursive, given.recursive);
  take("--start", s.start, given.start);
  take("--lpips", s.lpips, given.lpips);
  take("--arcface", s.arcface, given.arcface);
  take("--centerface", s.centerface, given.centerface);
  take("--seed", s.seed, given.seed);
  take("--batch", s.batch, given.batch);
  take("--steps", s.steps, given.steps);
  if (s.data.empty()) throw Error("a new run needs --data, a folder of aligned faces");
  return s;
}

TrainSettings settings_of(const Options& o, const CLI::App& app, const TrainSettings& given) {
  const fs::path file = RunFolder::config_of(o.run);
  if (o.resume) return read_settings(file);
  if (fs::exists(file)) throw Error(o.run + ": holds a run already; continue it with --resume");
  TrainSettings s = new_settings(o, app, given);
  check(s);
  fs::create_directories(o.run);
  io::AtomicFile config(file);
  const std::string text = nlohmann::json(s).dump(2) + "\n";
  config.write(std::as_bytes(std::span(text)));
  config.commit();
  return s;
}

/// Names what a folder of faces holds beside its images, where no faces.csv lists them.
void say_what_is_left_out(const TrainSettings& s, const fs::path& run) {
  const fs::path folder = s.data;
  if (!fs::is_directory(folder) || fs::exists(folder / "faces.csv")) return;
  const std::string left_out = io::text_of_left_out(io::images_in(folder, s.recursive, run), folder);
  if (!left_out.empty()) std::fprintf(stderr, "%s: left out %s\n", folder.c_str(), left_out.c_str());
}

template <class N> void train(const Options& o, const TrainSettings& s) {
  // A run that was killed before its first checkpoint starts anew.
  const bool resumes = o.resume && fs::exists(RunFolder(o.run).checkpoint());
  Trainer<N> trainer(on_device<LearnerService<N>>(o.device, o.threads, s), o.run, resumes, o.threads);
  say_what_is_left_out(s, o.run);
  for (const std::string& warning : trainer.warnings()) std::fprintf(stderr, "%s\n", warning.c_str());
  for (const std::string& failure : trainer.failures())
    std::fprintf(stderr, "rfpp-train: error: %s; left out\n", failure.c_str());
  trainer.run([] { return interrupted != 0; });
  std::printf("%s: checkpoint of step %ld\n", o.run.c_str(), trainer.step());
  if (const std::size_t count = trainer.failures().size(); count > 0)
    throw Error(std::to_string(count) + " of the faces in " + s.data +
                " could not be read; trained without them");
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  TrainSettings given;
  CLI::App app("Trains a network on a folder of aligned faces", "rfpp-train");
  app.add_option("run", o.run, "folder of the run: settings, checkpoint, log, curves, samples, weights")
      ->required();
  app.add_flag("--resume", o.resume, "continue the run in the folder, by the settings in its config.json");
  app.add_option("--data", given.data,
                 "folder of aligned faces; a faces.csv in it says which to validate on");
  app.add_flag("--recursive", given.recursive,
               "also use images in subfolders, unless a faces.csv lists the faces");
  app.add_option("--stage", o.stage, "rohqd: reproduce clean faces; restorer: restore degraded ones")
      ->check(CLI::IsMember({"rohqd", "restorer"}))
      ->capture_default_str();
  app.add_option("--start", given.start, "weights to start from: for the restorer, those of ROHQD");
  app.add_option("--preset", o.preset, "small, rohqd, restoreformer++, restoreformer or paper")
      ->capture_default_str();
  app.add_option("--config", o.config, "settings instead of a preset's: an edited config.json");
  app.add_option("--network", given.network, TrainableNetworks::names());
  app.add_option("--lpips", given.lpips, "weights for the perceptual and style terms, which else are off");
  app.add_option("--arcface", given.arcface, "weights for the identity term, which else is off");
  app.add_option("--centerface", given.centerface,
                 "weights of the detector, for its term and for landmarks' errors");
  app.add_option("--seed", given.seed, "the same seed gives the same weights to the bit");
  app.add_option("--batch", given.batch, "faces in a pass");
  app.add_option("--steps", given.steps, "steps in all");
  add_device(app, o.device);
  add_threads(app, o.threads);
  return run_program(app, argc, argv, [&] {
    gpu_index(o.device);
    const TrainSettings s = settings_of(o, app, given);
    std::signal(SIGINT, [](int) { interrupted = 1; });
    try {
      TrainableNetworks::visit(s.network, [&](auto n) { train<decltype(n)>(o, s); });
    } catch (...) {
      // A run that has never been good for a checkpoint is none.
      if (!o.resume && !fs::exists(fs::path(o.run) / "checkpoint.safetensors"))
        fs::remove(RunFolder::config_of(o.run));
      throw;
    }
  });
}
