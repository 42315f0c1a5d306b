// Runs a network on named tensors, for comparing it with another implementation.
#include "program.hpp"

using namespace rfpp;

namespace {

struct Options {
  std::string input, output, model = RestoreFormerPlusPlus::name, weights, save_weights;
  bool hashed = false, all = false;
  RunOptions run;
};

using NamedTensors = std::vector<std::pair<std::string, Tensor<float>>>;

template <class N>
void write_results(const std::string& path, const Tensor<int>& indices, const NamedTensors& tensors) {
  const Extents cells = indices.extents();
  std::vector<io::TensorInfo> infos{{"indices", io::DType::int32, {cells.n, cells.h, cells.w}}};
  for (const auto& [name, t] : tensors) infos.push_back({name, io::DType::float32, io::file_shape(t)});
  io::SafetensorsWriter writer(path, infos, {{"network", N::name}});
  writer.write_bytes("indices", std::as_bytes(indices.elements()));
  for (const auto& [name, t] : tensors) writer.write(name, io::channels_first(t));
  writer.commit();
}

template <class N>
typename Network<N>::Output output_of(Cpu& ex, Network<N>& model, const Tensor<float>& image,
                                      const Options& o) {
  const Keep keep = o.all ? Keep::all : Keep::decoder_needs;
  if (const int gpu = gpu_index(o.run.device); gpu >= 0)
    return network_on_gpu(gpu, model, image.extents(), o.run.cuda_precision(), keep)->run(image);
  prepare(ex, model, image.extents(), o.run.policy(), RawWeights::drop);
  return model(ex, image, keep);
}

template <class N> void run(const Options& o) {
  Network<N> model;
  load_raw(model, o.weights);
  if (!o.save_weights.empty())
    io::save_parameters(model, o.save_weights, io::DType::float32, {{"network", N::name}});
  if (o.input.empty()) return;

  const auto file = io::Checkpoint::open(o.input);
  const auto image = io::read_images(file.at("input"), o.input + ": input");
  Cpu ex(o.run.threads);
  const auto output = output_of(ex, model, image, o);
  const auto& encoded = output.encoded;
  NamedTensors results{
      {"output", output.image},
      {"codebook_loss", codebook_loss(ex, encoded.latent, model.quantize.lookup(encoded.indices))}};
  if (o.all) {
    const auto& features = encoded.features;
    const int last = N::spec.levels - 1;
    results.emplace_back("latent", encoded.latent);
    results.emplace_back("hs.in", features.in);
    for (int i = 0; i <= last; ++i)
      results.emplace_back("hs.block_" + std::to_string(i) + (i == last ? "_atten" : ""),
                           features.level[static_cast<std::size_t>(i)]);
    results.emplace_back("hs.mid_atten", features.middle);
    results.emplace_back("hs.out", features.out);
  }
  write_results<N>(o.output, encoded.indices, results);
  std::printf("%s %s -> %s\n", N::name, to_string(image.extents()).c_str(), o.output.c_str());
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app("Runs a network on named tensors", "rfpp-forward");
  auto* input = app.add_option(
      "--input", o.input, "safetensors with `input` (N, 3, H, W), float, in [-1, 1]; sides multiples of 32");
  auto* output = app.add_option("--output", o.output, "safetensors for `output`, `indices`, `codebook_loss`");
  input->needs(output);
  output->needs(input);
  app.add_option("--model", o.model, "network: " + PublishedNetworks::names())->capture_default_str();
  auto* weights = app.add_option_group("weights")->require_option(1);
  weights->add_option("--weights", o.weights, "checkpoint: .ckpt, .pth or .safetensors");
  weights->add_flag("--hashed", o.hashed, "deterministic weights, a hash of each parameter's name and place");
  app.add_flag("--all", o.all, "write the latent and every feature map that the encoder keeps, too");
  app.add_option("--save-weights", o.save_weights, "write the weights to this safetensors file");
  o.run.add_to(app);
  return run_program(app, argc, argv, [&] {
    PublishedNetworks::visit(o.model, [&](auto network) { run<decltype(network)>(o); });
  });
}
