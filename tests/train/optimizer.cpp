#include "rfpp/train/optimizer.hpp"

#include "golden.hpp"
#include "instances.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/train/objective.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// Losses of four steps of Adam on hashed weights, against the golden ones.
template <class N, class T> void check_trace(const std::string& name, double bar) {
  INFO(name);
  const auto file = io::Checkpoint::open(std::string(RFPP_TEST_DATA "/model/") + name + ".safetensors");
  const auto expected = golden<double>(file, "train.adam_loss_trace");
  Cpu cpu(2);
  Network<N, T> network;
  fill_hashed(network);
  Objective<T> objective;
  objective.preset = {"", 1, 0, 0, 0, 0.25, 1, 0, 0, 0, 0};
  Adam<Network<N, T>> adam(cpu, network, {0.5, 0.9, 1e-8});
  const TrainingBatch<T> batch{
      hashed_tensor<T>("input", {1, 64, 64, 3}), hashed_tensor<T>("target", {1, 64, 64, 3}), {}};
  double worst = 0;
  for (int step = 0; step < 4; ++step) {
    const auto found = objective.generator(cpu, network, batch, step);
    worst = std::max(worst, std::abs(found.terms.front().value / expected.data()[step] - 1));
    Network<N, T> gradients;
    CHECK(add_gradients(cpu, network, found.gradients, gradients));
    adam.step(cpu, network, gradients, 1, 1e-3);
  }
  std::printf("Adam, %s, %zu bits: the worst loss is off by %.1e\n", name.c_str(), 8 * sizeof(T), worst);
  CHECK(worst <= bar);
}

/// A model of one convolution and one norm.
struct TwoLayers {
  Conv2d<conv3x3(5, 7)> conv;
  GroupNorm<200001, 1> norm;
  static void fields(auto&& f, auto&... models) {
    f("decoder", models.conv...);
    f("norm", models.norm...);
  }
};
TwoLayers filled(const std::string& seed, double scale) {
  TwoLayers s;
  walk(
      [&](const std::string& path, auto& p) {
        io::assign(p, hashed_tensor<typename std::remove_cvref_t<decltype(p)>::value>(seed + path,
                                                                                      p.extents(), scale));
      },
      s);
  return s;
}
bool same(const TwoLayers& a, const TwoLayers& b) {
  bool equal = true;
  walk([&](const std::string&, const auto& x,
           const auto& y) { equal = equal && same_bits(io::raw(x), io::raw(y)); },
       a, b);
  return equal;
}

}  // namespace

TEST_CASE("four steps of Adam have the losses of the reference") {
  check_trace<RestoreFormerPlusPlusTiny, float>("restoreformer_pp_tiny", 2e-4);
  check_trace<RohqdTiny, float>("rohqd_tiny", 2e-4);
  check_trace<RestoreFormerPlusPlusTiny, double>("restoreformer_pp_tiny", 1e-6);
  check_trace<RohqdTiny, double>("rohqd_tiny", 1e-6);
}

TEST_CASE("Adam has the same bits on any number of threads") {
  std::vector<TwoLayers> models, averages;
  for (const int threads : {1, 3}) {
    Cpu cpu(threads);
    TwoLayers model = filled("p", 1), average = rfpp::copy_of(cpu, model);
    Adam<TwoLayers> adam(cpu, model, {0.9, 0.99, 1e-8});
    for (int i = 0; i < 3; ++i)
      adam.step(cpu, model, filled("g" + std::to_string(i), 0.1), 0.5, 1e-2, {}, &average, 0.9);
    models.push_back(model);
    averages.push_back(average);
  }
  CHECK(same(models[0], models[1]));
  CHECK(same(averages[0], averages[1]));
}

TEST_CASE("the first step of Adam is the rate, and the average follows") {
  Cpu cpu(1);
  TwoLayers model = filled("p", 1), average = rfpp::copy_of(cpu, model);
  const TwoLayers before = rfpp::copy_of(cpu, model), gradients = filled("g", 1);
  Adam<TwoLayers> adam(cpu, model, {0.9, 0.99, 1e-8});
  adam.step(cpu, model, gradients, 1, 0.1, {}, &average, 0.75);
  const float g = gradients.norm.bias.data()[7],
              moved = model.norm.bias.data()[7] - before.norm.bias.data()[7];
  CHECK(moved == Approx(g > 0 ? -0.1 : 0.1).epsilon(1e-4));
  CHECK(average.norm.bias.data()[7] - before.norm.bias.data()[7] == Approx(0.25 * moved).epsilon(1e-4));
}

TEST_CASE("groups have rates of their own, and parameters without a gradient stay") {
  Cpu cpu(1);
  TwoLayers model = filled("p", 1), gradients = filled("g", 1);
  const TwoLayers before = rfpp::copy_of(cpu, model);
  gradients.norm.weight = Tensor<float>::declared(gradients.norm.weight.extents());
  Adam<TwoLayers> adam(cpu, model, {0.9, 0.99, 1e-8});
  const ParameterGroups groups{{[](std::string_view path) { return path.starts_with("decoder."); }, 10},
                               {[](std::string_view path) { return path == "decoder.bias"; }, 0}};
  adam.step(cpu, model, gradients, 1, 1e-3, groups);
  const auto change = [](const Tensor<float>& a, const Tensor<float>& b) {
    return std::abs(a.data()[3] - b.data()[3]);
  };
  CHECK(change(model.conv.weight.raw(), before.conv.weight.raw()) == Approx(1e-2).epsilon(1e-3));
  CHECK(change(model.norm.bias, before.norm.bias) == Approx(1e-3).epsilon(1e-3));
  CHECK(same_bits(model.conv.bias, before.conv.bias));
  CHECK(same_bits(model.norm.weight, before.norm.weight));
}

TEST_CASE("groups by path, and milestones") {
  CHECK(is_decoder_attention("decoder.mid.attn_1.q.weight"));
  CHECK(is_decoder_attention("decoder.up.3.attn.0.norm1.bias"));
  CHECK_FALSE(is_decoder_attention("decoder.up.3.block.0.norm1.bias"));
  CHECK_FALSE(is_decoder_attention("encoder.mid.attn_1.q.weight"));
  CHECK(is_codebook("quantize.embedding.weight"));
  const Schedule schedule{1e-3, {10, 20}, 0.1};
  CHECK(schedule.at(9) == 1e-3);
  CHECK(schedule.at(10) == Approx(1e-4));
  CHECK(schedule.at(25) == Approx(1e-5));
}
