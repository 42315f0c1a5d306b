// A face as 256 indices into the dictionary of face features, and back, with ROHQD.
#include "program.hpp"
#include "rfpp/io/image_read.hpp"
#include "rfpp/io/image_write.hpp"
#include "rfpp/photo/restore.hpp"

using namespace rfpp;

namespace {

constexpr NetworkSpec spec = Rohqd::spec;
constexpr Extents face{1, spec.resolution, spec.resolution, 3};

/// Every latent cell as a square whose colour is its index's.
io::Image index_map(const Tensor<int>& indices) {
  constexpr int cell = spec.side_multiple();
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

void encode(const std::string& input, const std::string& output, const std::string& map,
            const std::string& weights) {
  Cpu ex;
  Network<Rohqd> model;
  make_ready(ex, model, weights, face);
  const io::Image image = photo::resize(io::read_image(input), face.w, face.h);
  const Tensor<int> indices = model.encode(ex, photo::to_tensor(image)).indices;
  const Extents e = indices.extents();
  const std::vector<std::int16_t> codes(indices.elements().begin(), indices.elements().end());
  io::SafetensorsWriter writer(output, {{"indices", io::DType::int16, {e.h, e.w}}},
                               {{"network", Rohqd::name}});
  writer.write_bytes("indices", std::as_bytes(std::span(codes)));
  if (!map.empty()) io::write_image(map, index_map(indices));
  writer.commit();
  std::printf("%s: %zu indices, perplexity %.1f -> %s\n", input.c_str(), codes.size(),
              perplexity(indices.elements(), spec.codebook_entries), output.c_str());
}

void decode(const std::string& input, const std::string& output, const std::string& weights) {
  const auto file = io::Checkpoint::open(input);
  constexpr int side = spec.resolution / spec.side_multiple();
  const auto& view = file.at("indices");
  if (view.shape != std::vector<std::int64_t>{side, side} || view.dtype != io::DType::int16)
    throw Error(input + ": expected indices I16 (16, 16), found " + std::string(io::dtype_name(view.dtype)) +
                " " + io::to_string(view.shape));
  std::vector<float> values(static_cast<std::size_t>(view.count()));
  io::read_elements(view, std::span(values));
  Tensor<int> indices(Extents{1, side, side, 1});
  for (std::size_t i = 0; i < values.size(); ++i) {
    indices.data()[i] = static_cast<int>(values[i]);
    if (indices.data()[i] < 0 || indices.data()[i] >= spec.codebook_entries)
      throw Error(input + ": index " + std::to_string(indices.data()[i]) + " is not one of " +
                  std::to_string(spec.codebook_entries) + " entries");
  }
  Cpu ex;
  Network<Rohqd> model;
  make_ready(ex, model, weights, face);
  io::write_image(output, photo::to_image(model.decode_indices(ex, indices)));
  std::printf("%s -> %s\n", input.c_str(), output.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string input, output, map, weights;
  CLI::App app("A face as 256 codebook indices, and back", "codebook");
  app.require_subcommand(1);
  auto* encoding = app.add_subcommand("encode", "picture of an aligned face to indices");
  auto* decoding = app.add_subcommand("decode", "indices to picture");
  for (auto* command : {encoding, decoding}) {
    command->add_option("input", input)->required();
    command
        ->add_option("-o,--output", output, command == encoding ? "file of indices (safetensors)" : "picture")
        ->required();
    command->add_option("--weights", weights, "ROHQD checkpoint (default: deterministic, untrained weights)");
  }
  encoding->add_option("--map", map, "picture of the index map");
  return run_program(app, argc, argv, [&] {
    encoding->parsed() ? encode(input, output, map, weights) : decode(input, output, weights);
  });
}
