// Shows what is in a checkpoint and which network it fits; converts it to safetensors.
#include "program.hpp"
#include "rfpp/restorer/networks.hpp"

using namespace rfpp;

namespace {

void print_contents(const io::Checkpoint& checkpoint) {
  std::int64_t elements = 0;
  for (const auto& [name, view] : checkpoint.tensors()) {
    std::printf("%-60s %-5s %s\n", name.c_str(), std::string(io::dtype_name(view.dtype)).c_str(),
                io::to_string(view.shape).c_str());
    elements += view.count();
  }
  for (const auto& [name, type] : checkpoint.unread())
    std::printf("%-60s %s, not read\n", name.c_str(), type.c_str());
  for (const auto& [key, value] : checkpoint.metadata())
    std::printf("metadata %s: %s\n", key.c_str(), value.c_str());
  std::printf("%s, %zu tensors, %lld elements\n", std::string(checkpoint.format()).c_str(),
              checkpoint.tensors().size(), static_cast<long long>(elements));
}

/// The networks that it fits, or else the nearest.
void print_fit(const io::Checkpoint& checkpoint) {
  bool any = false;
  for (const NetworkEntry& network : all_networks())
    if (io::compare_parameters(network.parameters(), checkpoint).empty()) {
      std::printf("%s\n", text_of_fit(network, checkpoint).c_str());
      any = true;
    }
  if (!any) std::printf("%s\n", text_of_fit(nearest_network(checkpoint), checkpoint).c_str());
}

}  // namespace

int main(int argc, char** argv) {
  std::string file, output, network;
  bool half = false;
  CLI::App app("Shows what is in a checkpoint", "rfpp-inspect");
  app.add_option("checkpoint", file, ".ckpt, .pth or .safetensors")->required();
  auto* convert =
      app.add_option("--convert", output, "write the network's parameters to this safetensors file");
  app.add_option("--model", network,
                 "network to convert: " + network_names() + " (default: the first that fits)");
  app.add_flag("--half", half, "convert to float16")->needs(convert);
  return run_program(app, argc, argv, [&] {
    const auto checkpoint = io::Checkpoint::open(file);
    print_contents(checkpoint);
    print_fit(checkpoint);
    if (output.empty()) return;
    const NetworkEntry* fits = network.empty() ? fitting_network(checkpoint) : &network_named(network);
    if (fits == nullptr) fits = &nearest_network(checkpoint);
    require_fit(*fits, {file});
    fits->save({file}, output, half ? io::DType::float16 : io::DType::float32);
    std::printf("wrote %s\n", output.c_str());
  });
}
