// Counts codebook indices of real faces that float gets otherwise than double, for each precision. Also
// writes the faces and double's indices, for indices.py to hold PyTorch to.
#include "rfpp/io/image_read.hpp"
#include "rfpp/photo/restore.hpp"

#include "program.hpp"
#include "ready.hpp"

using namespace rfpp;

namespace {

using Float = Network<RestoreFormerPlusPlus>;
constexpr int side = RestoreFormerPlusPlus::spec.resolution;
constexpr Extents input{1, side, side, 3};

template <class Model> std::vector<std::int32_t> indices_of(Cpu& ex, const Model& model, const auto& image) {
  const Tensor<int> indices = model.encode(ex, image).indices;
  return {indices.elements().begin(), indices.elements().end()};
}

void measure(const std::vector<std::filesystem::path>& faces, const std::string& weights,
             const std::string& output) {
  Cpu ex;
  Network<RestoreFormerPlusPlus, double> exact;
  if (weights.empty())
    fill_hashed(exact);
  else
    io::load_parameters(exact, weights);
  prepare(ex, exact, RawWeights::drop);
  const char* names[] = {"reference", "exact", "fast"};
  std::vector<Float> models;
  for (const char* name : names) make_ready(ex, models.emplace_back(), weights, input, precision_named(name));

  const auto count = static_cast<std::int64_t>(faces.size());
  constexpr std::int64_t cells = side / RestoreFormerPlusPlus::spec.side_multiple();
  io::SafetensorsWriter writer(output, {{"images", io::DType::float32, {count, side, side, 3}},
                                        {"indices", io::DType::int32, {count, cells, cells}}});
  std::vector<float> images;
  std::vector<std::int32_t> all;
  std::size_t differing[std::size(names)] = {};
  for (const auto& path : faces) {
    const auto image = photo::to_tensor(photo::resize(io::read_image(path), side, side));
    auto wide = Tensor<double>::uninitialized(image.extents());
    std::ranges::copy(image.elements(), wide.data());
    const auto expected = indices_of(ex, exact, wide);
    images.insert(images.end(), image.elements().begin(), image.elements().end());
    all.insert(all.end(), expected.begin(), expected.end());
    for (std::size_t i = 0; i < std::size(names); ++i) {
      const auto found = indices_of(ex, models[i], image);
      for (std::size_t k = 0; k < found.size(); ++k) differing[i] += found[k] != expected[k];
    }
    std::fprintf(stderr, "\r%zu of %zu faces", all.size() / static_cast<std::size_t>(cells * cells),
                 faces.size());
  }
  writer.write("images", images);
  writer.write_bytes("indices", std::as_bytes(std::span(all)));
  writer.commit();
  std::printf("\n%zu indices of %zu faces; other than double's:", all.size(), faces.size());
  for (std::size_t i = 0; i < std::size(names); ++i) std::printf(" %s %zu", names[i], differing[i]);
  std::printf("\n");
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> inputs;
  std::string weights, output = "indices.safetensors";
  std::size_t most = 200;
  CLI::App app("Counts codebook indices that float gets otherwise than double", "bench_indices");
  app.add_option("faces", inputs, "aligned faces: files or folders")->required();
  app.add_option("--weights", weights, "checkpoint (default: deterministic, untrained weights)");
  app.add_option("--most", most, "faces taken, evenly from all")->capture_default_str();
  app.add_option("-o,--output", output, "images and double's indices (safetensors)")->capture_default_str();
  return run_program(app, argc, argv, [&] {
    const auto all = list_images(inputs, false);
    std::vector<std::filesystem::path> faces;
    for (std::size_t i = 0; i < std::min(most, all.size()); ++i)
      faces.push_back(all[i * all.size() / std::min(most, all.size())]);
    measure(faces, weights, output);
  });
}
