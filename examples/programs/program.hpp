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

#include "batch.hpp"
#include "gpu/network.hpp"
#include "rfpp/cpu/load_prepared.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/io/image_files.hpp"
#include "rfpp/io/shipped_files.hpp"
#include "rfpp/model/hashed.hpp"
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

/// An image to work on.
struct InputImage {
  std::filesystem::path file;
  std::filesystem::path name;  ///< of its result: below the folder that was given, or the file's own name
};

/// The files among `paths`, and the images in the folders among them, sorted by name; what folders hold
/// beside is said on stderr. See images_in.
inline std::vector<InputImage> list_inputs(const std::vector<std::string>& paths, bool recursive = false,
                                           const std::filesystem::path& except = {}) {
  std::vector<InputImage> inputs;
  for (const std::filesystem::path path : paths) {
    if (!std::filesystem::is_directory(path)) {
      inputs.push_back({path, path.filename()});
      continue;
    }
    const auto found = rfpp::io::images_in(path, recursive, except);
    const std::string left_out = text_of_left_out(found, path);
    if (found.images.empty())
      throw rfpp::Error(path.string() + ": the folder holds no image" +
                        (left_out.empty() ? "" : "; it holds " + left_out));
    if (!left_out.empty()) std::fprintf(stderr, "%s: left out %s\n", path.c_str(), left_out.c_str());
    for (const std::filesystem::path& image : found.images)
      inputs.push_back({image, image.lexically_relative(path)});
  }
  return inputs;
}

/// The files of list_inputs.
inline std::vector<std::filesystem::path> list_images(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> images;
  for (const InputImage& input : list_inputs(paths)) images.push_back(input.file);
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

/// The file of weights that come with the library for a network; "" where none is found.
inline std::string shipped_weights(const std::string& network) {
  return rfpp::io::find_file(network + ".safetensors", rfpp::io::shipped_folders(RFPP_WEIGHTS)).string();
}

/// The weights given, or else those that come with the library; "" where deterministic ones are asked for by
/// name. Throws Error, saying where it looked, where there are none: a network must never run on noise.
inline std::string weights_for(const std::string& network, const std::string& given, bool hashed) {
  if (hashed || !given.empty()) return given;
  if (std::string shipped = shipped_weights(network); !shipped.empty()) return shipped;
  throw rfpp::Error("no weights for " + network + ": expected --weights, or " + network +
                    ".safetensors in one of " + rfpp::io::list_of(rfpp::io::shipped_folders(RFPP_WEIGHTS)) +
                    "; --hashed runs it with deterministic, untrained ones");
}

/// The options --weights and --hashed; returns the first.
inline CLI::Option* add_weights(CLI::App& app, std::string& weights, bool& hashed) {
  auto* file = app.add_option("--weights", weights,
                              "checkpoint: .ckpt, .pth or .safetensors (default: those that come with rfpp)");
  app.add_flag("--hashed", hashed,
               "deterministic, untrained weights, a hash of each parameter's name and place: to test with")
      ->excludes(file);
  return file;
}

/// The network that a checkpoint names, or else the first whose parameters it has; "" where none fits.
template <class Networks = rfpp::PublishedNetworks>
std::string fitting_network(const rfpp::io::Checkpoint& checkpoint) {
  const auto named = checkpoint.metadata().find("network");
  std::string name;
  Networks::for_each([&](auto n) {
    const bool other =
        named != checkpoint.metadata().end() && !rfpp::same_name(named->second, decltype(n)::name);
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
  model(static_cast<rfpp::Cpu&>(dry), rfpp::Tensor<float>::declared(input));
  ex.workspace().reserve(dry.peak_bytes());
}

/// Shows on a terminal how far the network has come with the face in hand.
template <class Model> void show_progress(rfpp::Cpu& ex, const Model& model, rfpp::Extents input) {
  if (isatty(STDERR_FILENO) == 0) return;
  rfpp::DryRun dry;
  model(static_cast<rfpp::Cpu&>(dry), rfpp::Tensor<float>::declared(input));
  ex.on_progress([total = dry.multiply_adds()](double done) {
    const int percent = static_cast<int>(100 * std::fmod(done, total) / total);
    std::fprintf(stderr, "\r%3d %%\r", percent);
    return true;
  });
}

#endif
