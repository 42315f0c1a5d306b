#ifndef RFPP_EXAMPLES_PROGRAM_HPP
#define RFPP_EXAMPLES_PROGRAM_HPP

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "rfpp/cpu/dry_run.hpp"
#include "rfpp/cpu/prepare.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/model/registry.hpp"

// What the example programs share: errors, progress, and where a network's weights come from.

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

/// --precision: of a program that runs a network.
inline void add_precision(CLI::App& app, std::string& name) {
  name = "exact";
  app.add_option("--precision", name,
                 "reference: as close to the published network as float gets; exact: the same codebook "
                 "indices; fast")
      ->capture_default_str();
}

/// The first published network whose parameters a checkpoint has; "" where none fits.
inline std::string fitting_network(const rfpp::io::Checkpoint& checkpoint) {
  std::string name;
  rfpp::PublishedNetworks::for_each([&](auto n) {
    if (name.empty() && rfpp::io::compare_parameters(rfpp::Network<decltype(n)>{}, checkpoint).empty())
      name = decltype(n)::name;
  });
  return name;
}

/// A network ready to run for inputs of `input` extents: weights from a file, or the deterministic ones where
/// there is no file; packed, and with its whole workspace reserved.
template <class N>
rfpp::Network<N> ready_network(rfpp::Cpu& ex, const std::string& weights, rfpp::Extents input,
                               rfpp::Precision precision = rfpp::Precision::exact) {
  rfpp::Network<N> model;
  if (weights.empty())
    rfpp::fill_hashed(model);
  else
    rfpp::io::load_parameters(model, weights);
  rfpp::prepare(ex, model, input, precision, rfpp::RawWeights::drop);
  rfpp::DryRun dry(ex.threads());
  model(dry, rfpp::Tensor<float>::declared(input));
  ex.workspace().reserve(dry.peak_bytes());
  return model;
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
