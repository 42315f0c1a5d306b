#ifndef RFPP_EXAMPLES_PROGRAM_HPP
#define RFPP_EXAMPLES_PROGRAM_HPP

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gpu/network.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/load_prepared.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/model/registry.hpp"

// What the example programs share: errors, progress, and where a network's weights come from.

/// The folder of the weights that come with the library. The build says where it is.
#ifndef RFPP_WEIGHTS
#define RFPP_WEIGHTS "weights"
#endif

/// Parses the command line and runs `body`. Whatever goes wrong is one line on stderr and a non-zero exit
/// code.
template <class Body> int run_program(CLI::App& app, int argc, char** argv, Body&& body) {
  CLI11_PARSE(app, argc, argv);
  try {
    body();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: error: %s\n", app.get_name().c_str(), error.what());
    return 1;
  }
}

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// The image files among `paths`, and those in the folders among them, sorted by name.
inline std::vector<std::filesystem::path> list_images(const std::vector<std::string>& paths) {
  namespace fs = std::filesystem;
  std::vector<fs::path> images;
  for (const fs::path path : paths) {
    if (!fs::is_directory(path)) {
      images.push_back(path);
      continue;
    }
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path)) {
      std::string extension = entry.path().extension().string();
      std::ranges::transform(extension, extension.begin(), [](unsigned char c) { return std::tolower(c); });
      for (const char* known : {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", ".pnm"})
        if (extension == known) found.push_back(entry.path());
    }
    if (found.empty()) throw rfpp::Error(path.string() + ": the folder holds no image");
    std::ranges::sort(found);
    images.insert(images.end(), found.begin(), found.end());
  }
  return images;
}

/// Throws Error for a file that could not be written after the work is done; "" is no file.
inline void check_writable(const std::string& path) {
  if (!path.empty()) const rfpp::io::AtomicFile probe(path);
}
inline void write_text(const std::string& path, std::string_view text) {
  rfpp::io::AtomicFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.commit();
}

/// The option --device; gpu_index() refuses what it cannot be.
inline void add_device(CLI::App& app, std::string& device) {
  app.add_option("--device", device, "cpu, cuda or cuda:N")->capture_default_str();
}

/// How a program that runs a network weighs speed, rounding, memory and start-up.
struct RunOptions {
  std::string precision = "exact", device = "cpu";
  bool low_memory = false, cache = false;
  int threads = 0;

  rfpp::PackingPolicy policy() const { return {rfpp::precision_named(precision), low_memory}; }
  rfpp::CudaPrecision cuda_precision() const {
    using Kind = rfpp::Packing::Kind;
    switch (rfpp::precision_named(precision)) {
      case rfpp::Precision::reference:
        return {Kind::split_tf32, Kind::split_tf32};
      case rfpp::Precision::fast:
        return {Kind::tf32, Kind::float16};
      default:
        return {};
    }
  }

  void add_to(CLI::App& app) {
    add_device(app, device);
    app.add_option("--precision", precision,
                   "reference: as close to the published network as float gets; exact: the same codebook "
                   "indices; fast")
        ->capture_default_str();
    app.add_flag("--low-memory", low_memory,
                 "smaller packed weights, for algorithms that are somewhat slower");
    app.add_option("--threads", threads, "0: as many as the machine has")
        ->check(CLI::Range(0, 256))
        ->capture_default_str();
  }
};

/// The file of weights that come with the library for a network; "" where there are none.
inline std::string shipped_weights(const std::string& network) {
  const auto file = std::filesystem::path(RFPP_WEIGHTS) / (network + ".safetensors");
  return std::filesystem::exists(file) ? file.string() : "";
}

/// The network that a checkpoint names, or else the first whose parameters it has; "" where none fits.
template <class Networks = rfpp::PublishedNetworks>
std::string fitting_network(const rfpp::io::Checkpoint& checkpoint) {
  const auto named = checkpoint.metadata().find("network");
  std::string name;
  Networks::for_each([&](auto n) {
    const bool other = named != checkpoint.metadata().end() && named->second != decltype(n)::name;
    if (name.empty() && !other &&
        rfpp::io::compare_parameters(rfpp::Network<decltype(n)>{}, checkpoint).empty())
      name = decltype(n)::name;
  });
  return name;
}

/// The network whose parameters differ from a checkpoint's in the fewest names and shapes.
template <class Networks = rfpp::PublishedNetworks>
std::string nearest_network(const rfpp::io::Checkpoint& checkpoint) {
  std::string name;
  std::size_t fewest = 0;
  Networks::for_each([&](auto n) {
    const auto differences = rfpp::io::compare_parameters(rfpp::Network<decltype(n)>{}, checkpoint).size();
    if (name.empty() || differences < fewest) {
      name = decltype(n)::name;
      fewest = differences;
    }
  });
  return name;
}

/// Raw weights from a file, or the deterministic ones where there is no file.
template <class N> void load_raw(rfpp::Network<N>& model, const std::string& weights) {
  if (weights.empty())
    rfpp::fill_hashed(model);
  else
    rfpp::io::load_parameters(model, weights);
}

/// Fills a network with packed weights from the cache beside the checkpoint, which is made where there is
/// none for this checkpoint and this program.
inline void load_cached(rfpp::Cpu& ex, const rfpp::Parameters& model, const std::string& weights,
                        const rfpp::PackingPlan& plan) {
  const std::string cache = weights + "." + std::to_string(rfpp::cpu::vector_bytes * 8) + "bit.packed";
  const std::string key = rfpp::packed_weights_key(ex, weights, plan);
  if (rfpp::load_packed_weights(model, cache, key, plan)) return;
  rfpp::load_prepared(ex, model, weights, plan);
  try {
    rfpp::save_packed_weights(model, cache, key);
    std::fprintf(stderr, "packed weights are kept in %s\n", cache.c_str());
  } catch (const rfpp::Error& error) {  // the face can be restored all the same
    std::fprintf(stderr, "packed weights are not kept: %s\n", error.what());
  }
}

/// Makes a network ready to run for inputs of `input` extents: weights from a file, or the deterministic ones
/// where there is no file; packed, and with its whole workspace reserved.
template <class N>
void make_ready(rfpp::Cpu& ex, rfpp::Network<N>& model, const std::string& weights, rfpp::Extents input,
                const RunOptions& options = {}) {
  const rfpp::PackingPlan plan = rfpp::plan_packing(model, input, options.policy());
  if (weights.empty()) {
    rfpp::fill_hashed(model);
    rfpp::prepare(ex, model, plan, rfpp::RawWeights::drop);
  } else if (options.cache) {
    load_cached(ex, model, weights, plan);
  } else {
    rfpp::load_prepared(ex, model, weights, plan);
  }
  rfpp::DryRun dry(ex.threads());
  model(dry, rfpp::Tensor<float>::declared(input));
  ex.workspace().reserve(dry.peak_bytes());
}

/// Shows on a terminal how far the network has come with the face in hand.
template <class Model> void show_progress(rfpp::Cpu& ex, const Model& model, rfpp::Extents input) {
  if (isatty(STDERR_FILENO) == 0) return;
  rfpp::DryRun dry;
  model(dry, rfpp::Tensor<float>::declared(input));
  ex.on_progress([total = dry.multiply_adds()](double done) {
    const int percent = static_cast<int>(100 * std::fmod(done, total) / total);
    std::fprintf(stderr, "\r%3d %%\r", percent);
    return true;
  });
}

#endif
