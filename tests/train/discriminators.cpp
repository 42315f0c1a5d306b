#include "golden.hpp"

#include "rfpp/model/component_discriminator.hpp"
#include "rfpp/model/patch_discriminator.hpp"
#include "rfpp/nn/roi_align.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {
constexpr double discriminator_bar = 2e-4;
}

TEST_CASE("the patch discriminator agrees with the golden values in training and in evaluation") {
  const auto& file = golden_losses();
  PatchDiscriminator<> network;
  fill_golden(network, "patch_d.");
  const auto x = hashed_tensor<float>("patch_d.x", {2, 64, 64, 3});
  Cpu cpu(2);
  check_close(network(cpu, x), golden(file, "patch_d.eval.y"), 5e-6, "evaluation");

  Tape<Cpu, Mode::training> tape(cpu);
  tape.watch(x);
  tape.watch_parameters(network);
  const auto y = network(tape, x);
  check_close(y, golden(file, "patch_d.train.y"), 5e-6, "training");
  const auto gradients = tape.backward(eval(tape, reduce<Sum>(y, Over::all)));
  check_every(file, "patch_d.train.dx_of_sum", 24, gradients.of(x), 2e-5);
  check_norms(file, "patch_d.grad_norm.", network, gradients, discriminator_bar);

  const auto before = copy_of(network.norm3.running_var);
  tape.update_running_statistics();
  CHECK(!same_bits(before, network.norm3.running_var));
  int compared = 0;
  walk(
      [&](const std::string& name, const auto& parameter) {
        if (!is_running_statistic(name)) return;
        check_close(io::raw(parameter), golden(file, "patch_d.after_train_step." + name), 1e-6, name);
        ++compared;
      },
      network);
  CHECK(compared == 6);
}

TEST_CASE("the component discriminator agrees with the golden values") {
  const auto& file = golden_losses();
  ComponentDiscriminator<> network;
  fill_golden(network, "comp_d.");
  const auto x = hashed_tensor<float>("comp_d.x", {1, 80, 80, 3});
  Cpu cpu(2);
  Tape<Cpu> tape(cpu);
  tape.watch(x);
  tape.watch_parameters(network);
  const auto output = network(tape, x);
  check_close(output.score, golden(file, "comp_d.y"), 5e-6, "score");
  check_every(file, "comp_d.feat0", 200, output.features[0], 5e-6);
  check_every(file, "comp_d.feat1", 100, output.features[1], 5e-6);
  const auto gradients = tape.backward(eval(tape, reduce<Sum>(output.score, Over::all)));
  check_every(file, "comp_d.dx_of_sum", 18, gradients.of(x), 2e-5);
  check_norms(file, "comp_d.grad_norm.", network, gradients, discriminator_bar);
}

TEST_CASE("RoIAlign agrees with the golden values, also for boxes beyond the image") {
  const auto& file = golden_losses();
  const auto single = [](double v) { return static_cast<double>(static_cast<float>(v)); };
  const std::vector<Region> regions{{0, single(10.3), single(12.7), single(30.9), single(33.1)},
                                    {1, single(-2.5), single(40.2), 20, single(62.7)},
                                    {1, 50, 50, 70, 70}};
  Cpu cpu(2);
  const auto x = hashed_tensor<double>("roi.x", {2, 64, 64, 3});
  check_close(roi_align(cpu, x, regions, 10), golden(file, "roi.eye"), 1e-6, "crops");
  CHECK(contains(error_of([&] { roi_align(cpu, x, {{2, 0, 0, 1, 1}}, 4); }), "image 2"));
}

TEST_CASE("discriminators refuse images that they cannot take") {
  Cpu cpu(1);
  const Tensor<float> small(Extents{1, 3, 64, 3}), gray(Extents{1, 64, 64, 1});
  CHECK(contains(error_of([&] { PatchDiscriminator<>()(cpu, small); }), "[1,3,64,3]"));
  CHECK(contains(error_of([&] { ComponentDiscriminator<>()(cpu, gray); }), "[1,64,64,1]"));
}
