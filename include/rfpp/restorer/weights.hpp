#ifndef RFPP_RESTORER_WEIGHTS_HPP
#define RFPP_RESTORER_WEIGHTS_HPP

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "rfpp/core/error.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/embedded_files.hpp"
#include "rfpp/io/shipped_files.hpp"

namespace rfpp {
inline namespace RFPP_ABI {

/// Where a network's weights come from: a file, or bytes in the program. Neither: deterministic, untrained
/// ones.
struct Weights {
  std::filesystem::path file{};
  std::span<const std::byte> embedded{};
  bool shipped = false;  ///< whether they come with rfpp

  bool empty() const { return file.empty(); }
  /// Whether they are a file, beside which a cache can lie.
  bool on_disk() const { return !file.empty() && embedded.empty(); }
  io::Checkpoint open() const {
    return embedded.empty() ? io::Checkpoint::open(file) : io::Checkpoint::parse(embedded, file.string());
  }
};

/// The weights that come with the library under a name: those in the program, or else the first file
/// NAME.safetensors in io::shipped_folders(folder); empty where there are none.
inline Weights shipped_weights(std::string_view name, const std::filesystem::path& folder) {
  const std::string file = std::string(name) + ".safetensors";
  if (const auto bytes = io::embedded_file(file); !bytes.empty()) return {file, bytes, true};
  return {io::find_file(file, io::shipped_folders(folder)), {}, true};
}

/// The same; throws Error, saying where it looked, where there are none: a network must never run on noise.
inline Weights require_shipped_weights(std::string_view name, const std::filesystem::path& folder) {
  Weights weights = shipped_weights(name, folder);
  if (weights.empty()) {
    const std::string network(name);
    throw Error("no weights for " + network + ": expected --weights, or " + network +
                ".safetensors in one of " + io::list_of(io::shipped_folders(folder)) +
                "; --hashed runs it with deterministic, untrained ones");
  }
  return weights;
}

}  // namespace RFPP_ABI
}  // namespace rfpp

#endif
