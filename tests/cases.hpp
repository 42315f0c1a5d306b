#ifndef RFPP_TESTS_CASES_HPP
#define RFPP_TESTS_CASES_HPP

#include <string>
#include <vector>

#include "little_networks.hpp"
#include "rfpp/degrade/pointwise.hpp"
#include "rfpp/expr/concatenate.hpp"
#include "rfpp/expr/depthwise.hpp"
#include "rfpp/expr/jpeg.hpp"
#include "rfpp/expr/separable_filter.hpp"
#include "rfpp/expr/transfer.hpp"
#include "rfpp/io/parameters.hpp"
#include "rfpp/metrics/similarity.hpp"
#include "rfpp/model/hashed.hpp"
#include "rfpp/model/network.hpp"
#include "rfpp/nn/bilinear.hpp"
#include "rfpp/nn/deformable_conv2d.hpp"
#include "rfpp/nn/modulated_conv2d.hpp"
#include "rfpp/nn/transformer.hpp"
#include "rfpp/train/losses.hpp"
#include "rfpp/train/tape.hpp"

// The same cases for every executor, in float and in double: what they find is compared with what the
// processor's finds.

namespace rfpp::test {

struct CaseResult {
  std::string name;
  std::vector<double> elements;
};

template <class D, class Ex> class Cases {
 public:
  explicit Cases(Ex& ex) : ex_(ex) {}

  std::vector<CaseResult> run() {
    maps();
    reductions();
    contractions();
    convolutions();
    deformation();
    images();
    modulated();
    similarity();
    network<LittleRestorer>();
    network<LittleAutoencoder>();
    return std::move(results_);
  }

 private:
  Tensor<D> given(const std::string& name, Extents e) { return ex_.upload(hashed_tensor<D>(name, e)); }
  template <class E> void add(const std::string& name, const E& e) {
    const auto t = ex_.download(bare(eval(ex_, e)));
    results_.push_back({name, std::vector<double>(t.elements().begin(), t.elements().end())});
  }

  void maps() {
    const auto x = given("x", {2, 6, 5, 8}), y = given("y", {2, 6, 5, 8});
    const auto bias = given("bias", vector_extents(8)), scale = given("scale", {2, 1, 1, 8});
    add("map with broadcast", silu(x * scale + bias) * y - exp(y * 0.3));
    add("leaky relu and square", leaky_relu(x, 0.2) + square(y));
    add("GELU, quotient and reciprocal root",
        gelu(x * 3.0) / exp(y) + reciprocal_square_root(square(y), 1e-2));
    add("upsample", upsample2(silu(x)));
    add("split heads", split_heads(x, 4) * 2.0);
    add("merge heads", merge_heads(eval(ex_, split_heads(x, 4)), 4, 6, 5) + y);
    add("concatenation, sliced",
        channel_slice(concatenate(x, silu(y), given("z", {2, 6, 5, 3})), 5, 12) * 2.0);
    add("one channel of many", x * channel_slice(y, 3, 1));
    add("pixels shuffled", pixel_shuffle<2>(x) * 2.0);
    add("pixels unshuffled", pixel_unshuffle<2>(given("even", {2, 6, 4, 3})) * 2.0);
    add("normal noise", x + Normal<D>{{1, 2, 3}, {2, 6, 5, 8}});
    add("Poisson noise", degrade::Poisson<Tensor<D>>{eval(ex_, square(x)), {4, 5, 6}, 40.0});
    const auto face = given("face", {1, 6, 5, 3});
    add("haze, rounded", degrade::round_to_byte(map(degrade::Haze{0.8}, face)));
    add("gray of a shifted mirror image",
        degrade::gray(degrade::shifted({3, 1, 5}, degrade::mirrored(face))));
    add("constant", Constant<D>{0.5, {1, 1, 1, 8}} * x);
    const auto sum = eval(ex_, x * 1.0);
    ex_.run(sum, x * 2.0, true);
    add("accumulated", sum);
  }
  void reductions() {
    const auto x = given("x", {2, 6, 5, 8}), y = given("y", {2, 6, 5, 8});
    GroupNorm<8, 4, D> norm;
    fill_hashed(norm);
    upload_parameters(ex_, norm);
    add("moments", moments(x, 4, 1e-6));
    add("moments of a batch", batch_moments(x, 1e-6));
    add("group norm", silu(norm(ex_, x)));
    add("softmax", softmax(ex_, x));
    LayerNorm<8, D> layer_norm;
    fill_hashed(layer_norm);
    upload_parameters(ex_, layer_norm);
    add("layer norm", gelu(layer_norm(ex_, x)));
    TransformerLayer<TransformerSpec{8, 2, 12, 30}, D> layer;
    fill_hashed(layer);
    upload_parameters(ex_, layer);
    add("transformer layer",
        layer(ex_, eval(ex_, reshaped(x, {1, 1, 60, 8}) * 1.0), given("positions", {30, 1, 1, 8})));
    add("sum over channels, epilogue", reduce<Sum>(square(x), Over::channels) * 0.5);
    add("maximum over channels", reduce<Maximum>(x, Over::channels));
    add("sum over all, epilogue", reduce<Sum>(x * y, Over::all) * 0.25);
    const auto large = given("large", {2, 70, 60, 8});
    add("sum over many", reduce<Sum>(square(large), Over::all));
    add("moments of many", moments(large, 4, 1e-6));
    for (const Extents e : {Extents{1, 1, 1, 8}, Extents{2, 1, 1, 8}, Extents{1, 6, 5, 1}, Extents{}}) {
      const auto target = given("target", e);
      ex_.add_reduced(target, x * y);
      add("added up into " + to_string(e), target);
    }
  }
  void contractions() {
    const auto x = given("x", {2, 6, 5, 8}), table = given("table", matrix_extents(5, 8));
    Tensor<int> indices(Extents{2, 6, 5, 1});
    for (std::size_t i = 0; i < indices.elements().size(); ++i)
      indices.data()[i] = static_cast<int>(i * 7 % 5);
    const auto index = ex_.upload(indices);
    add("gather", map(StraightThrough{}, x, detach(Gather<D>{table, index})));
    add("nearest: indices", nearest(x * 1.5, table));
    add("argmax: indices", argmax(x * 1.5));
    add("argmax of many: indices", argmax(given("logits", {2, 3, 4, 1500})));
    add("nearest of many: indices", nearest(x, given("entries", matrix_extents(2000, 8))));
    ex_.scatter_rows(table, index, x);
    add("scatter rows", table);
    for (const bool ta : {false, true})
      for (const bool tb : {false, true}) {
        const auto a = given("a", ta ? Extents{3, 1, 300, 7} : Extents{3, 1, 7, 300});
        const auto b = given("b", tb ? Extents{3, 1, 9, 300} : Extents{3, 1, 300, 9});
        add("matrix product " + std::to_string(ta) + std::to_string(tb), matmul(silu(a), b, ta, tb) * 0.5);
      }
  }
  void convolutions() {
    for (const ConvolutionGeometry g : {ConvolutionGeometry{3, 1, 1, 1}, ConvolutionGeometry{3, 2, 0, 1},
                                        ConvolutionGeometry{1, 1, 0, 0}, ConvolutionGeometry{4, 2, 1, 1}}) {
      const std::string name = std::to_string(g.kernel) + " by " + std::to_string(g.stride);
      const auto x = given("x", {2, 10, 8, 5});
      Filter<D> filter({7, g.kernel, g.kernel, 5});
      filter.assign(given("filter", filter.extents()));
      const Extents out{2, g.output(10), g.output(8), 7};
      const auto residual = given("residual", out);
      const auto activated = operand(silu(x));
      add("depthwise convolution " + name,
          depthwise(g, silu(x), given("depthwise", {5, g.kernel, g.kernel, 1})) * 0.5);
      add("convolution " + name,
          anchor(ConvolutionCore<std::remove_cvref_t<decltype(activated)>>{g, activated, filter}) + residual);
      const auto a = given("a", {2, 10, 8, 3}), b = given("b", {2, 10, 8, 2});
      const auto joined = operand(concatenate(a, leaky_relu(b, 0.2)));
      add("convolution of a concatenation " + name,
          anchor(ConvolutionCore<std::remove_cvref_t<decltype(joined)>>{g, joined, filter}));
      add("data gradient " + name,
          anchor(ConvolutionDataGradientCore<Tensor<D>>{g, residual, filter, x.extents()}));
      add("filter gradient " + name,
          anchor(ConvolutionFilterGradientCore<Tensor<D>, Tensor<D>>{g, x, residual, filter.extents()}));
    }
  }
  void deformation() {
    const auto x = given("x", {2, 6, 5, 8}), features = given("features", {2, 6, 5, 8});
    DeformableConv2d<8, 2, D> layer;
    fill_hashed(layer);
    upload_parameters(ex_, layer);
    Tape<Ex> tape(ex_);
    tape.watch(x);
    tape.watch_parameters(layer);
    const auto y = bare(eval(tape, layer(tape, x, features)));
    const Gradients gradients = tape.backward(y);
    add("deformable convolution", y);
    add("deformable convolution: gradient of what is sampled", gradients.of(x));
    add("deformable convolution: gradient of the offsets' filter",
        gradients.of(layer.conv_offset.weight.raw()));
  }
  void modulated() {
    const auto x = given("x", {2, 6, 5, 8}), style = given("style", {1, 1, 2, 3}),
               noise = given("noise", {1, 12, 10, 1});
    ModulatedConv2d<ModulatedSpec{.style = 3, .in = 8, .out = 7, .gain_squared = 3}, D> layer;
    fill_hashed(layer);
    upload_parameters(ex_, layer);
    add("modulated convolution of an enlarged image",
        leaky_relu(layer(ex_, bilinear_upsample2(x), style) + noise * 0.5, 0.2));
    add("modulated convolution", layer.modulated(ex_, mean2(x), style));
    ModulatedConv2d<ModulatedSpec{.style = 3, .in = 8, .out = 7, .use = FilterUse::modulated_transposed}, D>
        transposed;
    fill_hashed(transposed);
    upload_parameters(ex_, transposed);
    add("transposed modulated convolution", leaky_relu(bare(transposed(ex_, x, style)), 0.2));
    add("enlarged with zeros beyond", bilinear_upsample2(x, Border::zero));
  }
  void images() {
    const auto face = given("face", {2, 19, 22, 3});
    FilterTaps<D> rows{3, {}, {}}, columns{2, {}, {}};
    for (int i = 0; i < 9; ++i) {
      rows.first.push_back(2 * i - 1);
      for (const double w : {0.2, 0.5, 0.3}) rows.weights.push_back(static_cast<D>(w + 0.01 * i));
    }
    for (int i = 0; i < 30; ++i) {
      columns.first.push_back(i - 3);
      for (const double w : {0.7, 0.1}) columns.weights.push_back(static_cast<D>(w - 0.01 * i));
    }
    add("separable filter",
        filtered(silu(face), SeparableFilter<D>{{{rows, columns}, {rows, columns}}}) * 2.0);
    for (const Extents e : {Extents{2, 19, 22, 3}, Extents{1, 16, 32, 3}, Extents{1, 5, 3, 3}})
      for (const int quality : {10, 60, 95})
        add("JPEG " + to_string(e) + " at " + std::to_string(quality),
            jpeg(square(given("photo", e)), quality));
  }
  void similarity() {
    const auto a = ex_.upload(hashed_tensor<double>("a", {1, 20, 24, 3})),
               b = ex_.upload(hashed_tensor<double>("b", {1, 20, 24, 3}));
    const auto x = eval(ex_, a * 50.0), y = eval(ex_, x + b);
    results_.push_back({"PSNR and SSIM", {metrics::psnr(ex_, x, y), metrics::ssim(ex_, x, y)}});
  }
  template <class N> void network() {
    Network<N, D> model;
    fill_hashed(model);
    upload_parameters(ex_, model);
    const auto face = given("input", {1, 32, 32, 3}), truth = given("target", {1, 32, 32, 3});
    Tape<Ex> tape(ex_);
    tape.watch_parameters(model);
    const auto output = model(tape, face);
    const auto loss = losses::l1(tape, output.image, truth);
    const Gradients gradients = tape.backward(loss);
    const std::string name = N::name;
    add(name + ": latent", output.encoded.latent);
    add(name + ": indices", output.encoded.indices);
    add(name + ": image", output.image);
    CaseResult all{name + ": gradients of all parameters", {}};  // together: some are zero but for rounding
    walk(
        [&](const std::string&, const auto& p) {
          const auto gradient = gradients.find(io::raw(p));
          if (!gradient) return;
          const auto t = ex_.download(*gradient);
          all.elements.insert(all.elements.end(), t.elements().begin(), t.elements().end());
        },
        model);
    results_.push_back(std::move(all));
  }

  Ex& ex_;
  std::vector<CaseResult> results_;
};

template <class T, class Ex> std::vector<CaseResult> cases(Ex& ex) { return Cases<T, Ex>(ex).run(); }
/// What Cpu finds; compiled once for all that compare with it, in cpu_cases_*.cpp.
template <class T> std::vector<CaseResult> cpu_cases();
template <> std::vector<CaseResult> cpu_cases<float>();
template <> std::vector<CaseResult> cpu_cases<double>();

}  // namespace rfpp::test

#endif
