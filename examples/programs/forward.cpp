// Runs a network on named tensors, for comparing it with another implementation.
#include "program.hpp"
#include "rfpp/restorer/networks.hpp"

using namespace rfpp;

namespace {

struct Options {
  std::string input, output, model = "restoreformer++", weights, save_weights;
  bool all = false;
  FaceOptions face;
  RunOptions run;
};

void write_results(const std::string& path, const std::string& network, const NetworkOutput& result,
                   bool all) {
  std::vector<io::TensorInfo> infos;
  std::vector<std::pair<std::string, Tensor<float>>> tensors{{"output", result.image}};
  for (const auto& feature : result.features)
    if (all || feature.first == "codebook_loss") tensors.push_back(feature);
  if (result.indices.has_storage()) {
    const Extents cells = result.indices.extents();
    infos.push_back({"indices", io::DType::int32, {cells.n, cells.h, cells.w}});
  }
  for (const auto& [name, t] : tensors) infos.push_back({name, io::DType::float32, io::file_shape(t)});
  io::SafetensorsWriter writer(path, infos, {{"network", network}});
  if (result.indices.has_storage()) writer.write_bytes("indices", std::as_bytes(result.indices.elements()));
  for (const auto& [name, t] : tensors) writer.write(name, io::channels_first(t));
  writer.commit();
}

void run(const Options& o) {
  const NetworkEntry& network = network_named(o.model);
  const Weights weights{o.weights};
  require_fit(network, weights);
  if (!o.save_weights.empty()) network.save(weights, o.save_weights, io::DType::float32);
  if (o.input.empty()) return;

  const auto file = io::Checkpoint::open(o.input);
  const auto image = io::read_images(file.at("input"), o.input + ": input");
  const RestorerOptions options = o.run.options("rfpp-forward");
  const auto result =
      network.open({options, weights, image.extents(), true})->run(image, network.settings(o.face));
  write_results(o.output, network.info.name, result, o.all);
  std::printf("%s %s -> %s\n", network.info.name, to_string(image.extents()).c_str(), o.output.c_str());
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
  app.add_option("--model", o.model, "network: " + network_names())->capture_default_str();
  auto* weights = app.add_option_group("weights")->require_option(1);
  weights->add_option("--weights", o.weights, "checkpoint: .ckpt, .pth or .safetensors");
  weights->add_flag("--hashed", o.run.restorer.hashed,
                    "deterministic weights, a hash of each parameter's name and place");
  app.add_flag("--all", o.all, "write the latent and every feature map that the encoder keeps, too");
  app.add_option("--save-weights", o.save_weights, "write the weights to this safetensors file");
  add_choices(app, o.face);
  o.run.add_to(app);
  return run_program(app, argc, argv, [&] { run(o); });
}
