// A face as indices into the dictionary of face features, and back, with ROHQD or its small network.
#include "program.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/photo/restore.hpp"

using namespace rfpp;

namespace {

using Autoencoders = NetworkList<RohqdSmall, Rohqd>;

template <class N> constexpr Extents face{1, N::spec.resolution, N::spec.resolution, 3};

struct Options {
  std::string input, output, map, weights, model, device = "cpu";
  bool hashed = false;
};

/// Every latent cell as a square of `cell` pixels whose colour is its index's.
io::Image index_map(const Tensor<int>& indices, int cell) {
  const Extents e = indices.extents();
  io::Image map(e.w * cell, e.h * cell, 3);
  for (int y = 0; y < map.height; ++y)
    for (int x = 0; x < map.width; ++x) {
      const auto hash =
          static_cast<std::uint32_t>(indices.data()[y / cell * e.w + x / cell] + 1) * 0x9E3779B1u;
      for (int c = 0; c < 3; ++c) map.row(y)[3 * x + c] = static_cast<std::uint8_t>(hash >> (8 + 8 * c));
    }
  return map;
}

/// on_cpu(executor, network) or on_gpu(network), ready for a face.
template <class N> auto with_network(const Options& o, auto&& on_cpu, auto&& on_gpu) {
  Network<N> model;
  if (const int gpu = gpu_index(o.device); gpu >= 0) {
    load_raw(model, o.weights);
    return on_gpu(*network_on_gpu(gpu, model, face<N>, {}, Keep::decoder_needs));
  }
  Cpu ex;
  make_ready(ex, model, o.weights, face<N>);
  return on_cpu(ex, model);
}

template <class N> void encode(const Options& o) {
  const auto image = photo::to_tensor(photo::resize(io::read_image(o.input), face<N>.w, face<N>.h));
  const Tensor<int> indices = with_network<N>(
      o, [&](auto& ex, const auto& model) { return model.encode(ex, image).indices; },
      [&](auto& network) { return network.encode(image).indices; });
  const Extents e = indices.extents();
  const std::vector<std::int16_t> codes(indices.elements().begin(), indices.elements().end());
  io::SafetensorsWriter writer(o.output, {{"indices", io::DType::int16, {e.h, e.w}}}, {{"network", N::name}});
  writer.write_bytes("indices", std::as_bytes(std::span(codes)));
  if (!o.map.empty()) io::write_image(o.map, index_map(indices, N::spec.side_multiple()));
  writer.commit();
  std::printf("%s: %zu indices, perplexity %.1f -> %s\n", o.input.c_str(), codes.size(),
              perplexity(indices.elements(), N::spec.codebook_entries), o.output.c_str());
}

/// The network whose indices a file holds.
std::string network_of(const std::string& indices) {
  const auto file = io::Checkpoint::open(indices);
  file.at("indices");
  const auto found = file.metadata().find("network");
  if (found == file.metadata().end())
    throw Error(indices + ": expected indices, and the network that made them");
  return found->second;
}

template <class N> Tensor<int> read_indices(const std::string& path) {
  const auto file = io::Checkpoint::open(path);
  constexpr int side = N::spec.resolution / N::spec.side_multiple();
  const auto& view = file.at("indices");
  if (view.shape != std::vector<std::int64_t>{side, side} || view.dtype != io::DType::int16)
    throw Error(path + ": expected indices I16 " + io::to_string(std::vector<std::int64_t>{side, side}) +
                ", found " + std::string(io::dtype_name(view.dtype)) + " " + io::to_string(view.shape));
  std::vector<float> values(static_cast<std::size_t>(view.count()));
  io::read_elements(view, std::span(values));
  Tensor<int> indices(Extents{1, side, side, 1});
  for (std::size_t i = 0; i < values.size(); ++i) {
    indices.data()[i] = static_cast<int>(values[i]);
    if (indices.data()[i] < 0 || indices.data()[i] >= N::spec.codebook_entries)
      throw Error(path + ": index " + std::to_string(indices.data()[i]) + " is not one of " +
                  std::to_string(N::spec.codebook_entries) + " entries");
  }
  return indices;
}

template <class N> void decode(const Options& o) {
  const Tensor<int> indices = read_indices<N>(o.input);
  const auto image = with_network<N>(
      o, [&](auto& ex, const auto& model) { return model.decode_indices(ex, indices); },
      [&](auto& network) { return network.decode_indices(indices); });
  io::write_image(o.output, photo::to_image(image));
  std::printf("%s -> %s\n", o.input.c_str(), o.output.c_str());
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
    add_weights(*command, o.weights, o.hashed);
    add_device(*command, o.device);
  }
  encoding->add_option("--map", o.map, "picture of the index map");
  return run_program(app, argc, argv, [&] {
    if (decoding->parsed())
      o.model = network_of(o.input);
    else if (!o.weights.empty())
      o.model = fitting_network<Autoencoders>(io::Checkpoint::open(o.weights));
    if (o.model.empty()) o.model = o.weights.empty() ? RohqdSmall::name : Rohqd::name;
    Autoencoders::visit(o.model, [&](auto network) {
      using N = decltype(network);
      o.weights = weights_for(N::name, o.weights, o.hashed);
      encoding->parsed() ? encode<N>(o) : decode<N>(o);
    });
  });
}
