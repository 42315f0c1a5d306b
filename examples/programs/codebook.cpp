// A face as indices into the dictionary of face features, and back, with ROHQD or its small network.
#include <algorithm>
#include <cmath>
#include <map>

#include "program.hpp"
#include "rfpp/io/safetensors_writer.hpp"
#include "rfpp/model/codebook.hpp"
#include "rfpp/restorer.hpp"
#include "rfpp/restorer/networks.hpp"

using namespace rfpp;

namespace {

struct Options {
  std::string input, output, map, weights;
  RestorerOptions restorer;
};

/// Every latent cell as a square of `cell` pixels whose color is its index's.
io::Image index_map(const FaceCodes& codes, int cell) {
  io::Image map(codes.side * cell, codes.side * cell, 3);
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x) {
      const auto at = static_cast<std::size_t>(y / cell) * static_cast<std::size_t>(codes.side) +
                      static_cast<std::size_t>(x / cell);
      const auto hash = static_cast<std::uint32_t>(codes.indices[at] + 1) * 0x9E3779B1u;
      for (int c = 0; c < 3; ++c) map.row(y)[3 * x + c] = static_cast<std::uint8_t>(hash >> (8 + 8 * c));
    }
  return map;
}

void encode(const Options& o) {
  const io::Image face = load_input(o.input);
  auto restorer = Restorer::open(o.weights, o.restorer);
  const NetworkInfo& network = restorer.network();
  const FaceCodes codes = restorer.encode_face(face);
  io::SafetensorsWriter writer(o.output, {{"indices", io::DType::int16, {codes.side, codes.side}}},
                               {{"network", codes.network}});
  writer.write_bytes("indices", std::as_bytes(std::span(codes.indices)));
  if (!o.map.empty()) save_image(o.map, index_map(codes, network.resolution / network.code_side));
  writer.commit();
  const std::vector<int> indices(codes.indices.begin(), codes.indices.end());
  std::printf("%s: %zu indices, perplexity %.1f -> %s\n", o.input.c_str(), indices.size(),
              perplexity(indices, network.codebook_entries), o.output.c_str());
}

/// The network that made the codes in a file.
std::string network_of_codes(const std::string& path) {
  const auto file = io::Checkpoint::open(path);
  file.at("indices");
  const auto found = file.metadata().find("network");
  if (found == file.metadata().end())
    throw Error(path + ": expected indices, and the network that made them");
  return found->second;
}

FaceCodes read_codes(const std::string& path, const NetworkInfo& network) {
  const auto file = io::Checkpoint::open(path);
  const auto& view = file.at("indices");
  const std::int64_t side = network.code_side;
  if (view.shape != std::vector<std::int64_t>{side, side} || view.dtype != io::DType::int16)
    throw Error(path + ": expected indices I16 " + io::to_string(std::vector<std::int64_t>{side, side}) +
                ", found " + std::string(io::dtype_name(view.dtype)) + " " + io::to_string(view.shape));
  std::vector<float> values(static_cast<std::size_t>(view.count()));
  io::read_elements(view, std::span(values));
  return {network.name, network.code_side, {values.begin(), values.end()}};
}

void decode(Options o) {
  o.restorer.network = network_of_codes(o.input);
  auto restorer = Restorer::open(o.weights, o.restorer);
  try {
    save_image(o.output, restorer.decode_face(read_codes(o.input, restorer.network())));
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(what.find(o.input) == what.npos && what.find(o.output) == what.npos ? o.input + ": " + what
                                                                                    : what);
  }
  std::printf("%s -> %s\n", o.input.c_str(), o.output.c_str());
}

/// The network of the weights, of those that make faces of codes.
std::string network_of(const std::string& weights) {
  if (weights.empty()) return "rohqd-medium";
  const NetworkEntry* fits = fitting_network(io::Checkpoint::open(weights), makes_faces_of_codes);
  return fits == nullptr ? "rohqd" : fits->info.name;
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("A face as codebook indices, and back", "rfpp-codebook");
  app.require_subcommand(1);
  auto* encoding = app.add_subcommand("encode", "picture of an aligned face to indices");
  auto* decoding = app.add_subcommand("decode", "indices to picture");
  for (auto* command : {encoding, decoding}) {
    command->add_option("input", o.input)->required();
    command
        ->add_option("-o,--output", o.output,
                     command == encoding ? "file of indices (safetensors)" : "picture")
        ->required();
    add_weights(*command, o.weights, o.restorer.hashed);
    add_device(*command, o.restorer.device);
  }
  encoding->add_option("--map", o.map, "picture of the index map");
  return run_program(app, argc, argv, [&] {
    if (decoding->parsed()) return decode(o);
    o.restorer.network = network_of(o.weights);
    encode(o);
  });
}
