#ifndef RFPP_EXAMPLES_PROGRAM_HPP
#define RFPP_EXAMPLES_PROGRAM_HPP

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batch.hpp"
#include "rfpp/io/atomic_file.hpp"
#include "rfpp/io/codecs/linked.hpp"
#include "rfpp/io/image_files.hpp"
#include "rfpp/restorer/device.hpp"
#include "rfpp/restorer/options.hpp"
#include "rfpp/restorer/restorer.hpp"

// What the programs share: command lines, errors, inputs and progress.

/// Parses the command line and runs `body`. Whatever goes wrong is one line on stderr and a non-zero exit
/// code.
template <class Body> int run_program(CLI::App& app, int argc, char** argv, Body&& body) {
  CLI11_PARSE(app, argc, argv);
  add_linked_codecs();
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
inline std::vector<std::filesystem::path> list_images(const std::vector<std::string>& paths, bool recursive) {
  std::vector<std::filesystem::path> images;
  for (const InputImage& input : list_inputs(paths, recursive)) images.push_back(input.file);
  return images;
}

/// load_image, with what is wrong with the file on stderr.
inline rfpp::io::Image load_input(const std::filesystem::path& file) {
  rfpp::io::Image image = rfpp::load_image(file);
  for (const std::string& warning : image.warnings)
    std::fprintf(stderr, "%s: warning: %s\n", file.c_str(), warning.c_str());
  return image;
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

/// The options --threads; the processor's.
inline void add_threads(CLI::App& app, int& threads) {
  app.add_option("--threads", threads, "0: as many as the machine has")
      ->check(CLI::Range(0, 256))
      ->capture_default_str();
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

/// The options of a program that runs a network.
struct RunOptions {
  std::string precision = "exact";
  rfpp::RestorerOptions restorer{};

  void add_to(CLI::App& app) {
    add_device(app, restorer.device);
    app.add_option("--precision", precision,
                   "reference: as close to the published network as float gets; exact: the same codebook "
                   "indices; fast")
        ->capture_default_str();
    app.add_flag("--low-memory", restorer.low_memory,
                 "smaller packed weights, for algorithms that are somewhat slower");
    add_threads(app, restorer.threads);
  }
  /// What they say; what a user may want to know goes to stderr, and progress where that is a terminal.
  rfpp::RestorerOptions options(const std::string& program) const {
    rfpp::RestorerOptions options = restorer;
    options.precision = rfpp::precision_named(precision);
    options.on_message = [program](const std::string& message) {
      std::fprintf(stderr, "%s: %s\n", program.c_str(), message.c_str());
    };
    if (isatty(STDERR_FILENO) != 0)
      options.on_progress = [](const rfpp::Progress& progress) {
        std::fprintf(stderr, "\r%3d %%\r", static_cast<int>(100 * progress.done));
        return true;
      };
    return options;
  }
};

/// The options --fidelity and --seed, of networks that have such choices.
inline void add_choices(CLI::App& app, rfpp::FaceOptions& face) {
  app.add_option("--fidelity", face.fidelity,
                 "0: quality, 1: closeness to the input; of networks with that choice")
      ->check(CLI::Range(0.0, 1.0));
  app.add_option("--seed", face.seed, "of the noise that some networks add");
}

#endif
