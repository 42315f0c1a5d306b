#ifndef RFPP_TESTS_MODEL_GOLDEN_HPP
#define RFPP_TESTS_MODEL_GOLDEN_HPP

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "catch.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "rfpp/io/checkpoint.hpp"
#include "rfpp/io/parameters.hpp"
#include "support.hpp"

// Networks against golden values: what every layer wrote, and tensors of which files hold a part.

namespace rfpp::test {

/// A Cpu that keeps what every convolution and every linear layer wrote, by the layer's name in the model.
class Observer {
 public:
  template <class Model> Observer(Cpu& ex, const Model& model) : ex_(ex) {
    walk(
        [&](const std::string& name, const auto& p) {
          if (name.ends_with("weight")) names_[io::raw(p).id()] = name.substr(0, name.rfind('.'));
        },
        model);
  }
  template <class T> Tensor<T> tensor(Extents e) { return ex_.tensor<T>(e); }
  template <class T, class E> void run(const Tensor<T>& out, const E& e) { ex_.run(out, e); }
  template <class T, class X, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<ConvolutionCore<X>, Epilogue>& a) {
    ex_.run(out, a);
    keep(a.core.filter.raw().id(), out);
  }
  template <class T, class A, class B, class Epilogue>
  void run(const Tensor<T>& out, const Anchor<MatmulCore<A, B>, Epilogue>& a) {
    ex_.run(out, a);
    if constexpr (is_tensor<B>) keep(a.core.b.id(), out);
  }
  /// The output of a block or layer: that of its last convolution or linear layer.
  Tensor<float> operator()(const std::string& name) const {
    for (const char* last : {"", ".conv2", ".proj_out", ".conv", ".linear2", ".shift.2"})
      if (const auto found = outputs_.find(name + last); found != outputs_.end()) return found->second;
    FAIL("nothing was observed for " << name);
    return {};
  }

 private:
  template <class T> void keep(const Block* weight, const Tensor<T>& out) {
    if (const auto found = names_.find(weight); found != names_.end()) outputs_[found->second] = copy_of(out);
  }

  Cpu& ex_;
  std::map<const Block*, std::string> names_;
  std::map<std::string, Tensor<float>> outputs_;
};

/// Compares with a golden tensor "name", "name.every_N" or both, whichever the file has: relative L2.
inline void check_golden(const io::Checkpoint& file, const std::string& name, const Tensor<float>& found,
                         double bar) {
  const std::vector<float> all = to_nchw(found);
  int compared = 0;
  for (const auto& [key, view] : file.tensors()) {
    std::size_t step = 1;
    if (key.starts_with(name + ".every_"))
      step = std::stoul(key.substr(name.size() + 7));
    else if (key != name)
      continue;
    std::vector<float> expected(static_cast<std::size_t>(view.count()));
    io::read_elements(view, std::span(expected));
    std::vector<float> picked;
    for (std::size_t i = 0; i < all.size(); i += step) picked.push_back(all[i]);
    INFO(key << " of " << to_string(found.extents()));
    REQUIRE(picked.size() >= expected.size());
    picked.resize(expected.size());
    CHECK(relative_l2(std::span<const float>(picked), std::span<const float>(expected)) <= bar);
    ++compared;
  }
  INFO(name);
  CHECK(compared > 0);
}

/// Every `step`-th row and column of an image, 64 each, from row and column `first` on.
inline Tensor<float> picked(const Tensor<float>& image, int first, int step) {
  auto t = Tensor<float>::uninitialized({1, 64, 64, 3});
  for (int h = 0; h < 64; ++h)
    for (int w = 0; w < 64; ++w)
      std::copy_n(image.data() + ((first + h * step) * image.extents().w + first + w * step) * 3, 3,
                  t.data() + (h * 64 + w) * 3);
  return t;
}

/// Compares an image of 512x512 with the golden "name.sub8", "name.crop" and "name.stats" that the file has.
inline void check_golden_image(const io::Checkpoint& file, const std::string& name,
                               const Tensor<float>& image, double bar) {
  check_close(picked(image, 0, 8), golden(file, name + ".sub8"), bar, name + ".sub8");
  if (file.find(name + ".crop") != nullptr)
    check_close(picked(image, 200, 1), golden(file, name + ".crop"), bar, name + ".crop");

  double sum = 0, squares = 0;
  for (float v : image.elements()) sum += static_cast<double>(v);
  const double count = static_cast<double>(image.extents().size()), mean = sum / count;
  for (float v : image.elements())
    squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  const auto [low, high] = std::ranges::minmax(image.elements());
  const auto stats = golden<double>(file, name + ".stats");
  const double deviation = std::sqrt(squares / (count - 1));
  CHECK(std::abs(mean - stats.data()[0]) <= bar * deviation);
  CHECK(std::abs(deviation / stats.data()[1] - 1) <= bar);
  CHECK(std::abs(static_cast<double>(low) - stats.data()[2]) <= 1e-4 * deviation);
  CHECK(std::abs(static_cast<double>(high) - stats.data()[3]) <= 1e-4 * deviation);
}

/// Of logits {1,1,cells,entries} every 16th cell and every 8th entry.
inline Tensor<float> part_of_logits(const Tensor<float>& logits) {
  const Extents e = logits.extents();
  auto part = Tensor<float>::uninitialized(matrix_extents(e.w / 16, e.c / 8));
  for (int t = 0; t < e.w / 16; ++t)
    for (int k = 0; k < e.c / 8; ++k) part.data()[t * (e.c / 8) + k] = logits.data()[16 * t * e.c + 8 * k];
  return part;
}

/// A golden tensor of integers.
inline std::vector<int> golden_integers(const io::Checkpoint& file, const std::string& name) {
  const auto& view = file.at(name);
  std::vector<int> integers(static_cast<std::size_t>(view.count()));
  std::memcpy(integers.data(), view.data.data(), view.data.size());
  return integers;
}

/// The entries that a network chose are all those of the float64 run.
inline void check_golden_indices(const io::Checkpoint& file, const Tensor<int>& found) {
  const auto indices = found.elements();
  CHECK(std::vector<int>(indices.begin(), indices.end()) == golden_integers(file, "logits.argmax"));
}

}  // namespace rfpp::test

#endif
