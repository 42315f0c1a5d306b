#ifndef RFPP_DEGRADE_STAGES_HPP
#define RFPP_DEGRADE_STAGES_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "rfpp/degrade/blur.hpp"
#include "rfpp/degrade/pointwise.hpp"
#include "rfpp/degrade/resize.hpp"
#include "rfpp/expr/jpeg.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::degrade {
inline namespace RFPP_ABI {

/// Bilinear, to the size that Python's `extent // ratio` gives for each side.
struct Downsample {
  static constexpr const char* name = "downsample";
  double ratio = 1;
  friend bool operator==(const Downsample&, const Downsample&) = default;
};
/// Bilinear.
struct Resize {
  static constexpr const char* name = "resize";
  int height = 0, width = 0;
  friend bool operator==(const Resize&, const Resize&) = default;
};
/// Normal noise of a standard deviation of `sigma` levels of an 8-bit image, independent per channel; the
/// result is clipped to [0, 1].
struct GaussianNoise {
  static constexpr const char* name = "gaussian_noise";
  double sigma = 0;
  RandomStream stream;
  friend bool operator==(const GaussianNoise&, const GaussianNoise&) = default;
};
/// Shot noise of a sensor that counts `scale` events where the image is 1; the result is clipped to [0, 1].
struct PoissonNoise {
  static constexpr const char* name = "poisson_noise";
  double scale = 1;
  RandomStream stream;
  friend bool operator==(const PoissonNoise&, const PoissonNoise&) = default;
};
/// Rounded to 8 bits, written as a JPEG of quality 1 to 100, and read again.
struct Jpeg {
  static constexpr const char* name = "jpeg";
  int quality = 100;
  friend bool operator==(const Jpeg&, const Jpeg&) = default;
};
struct Gray {
  static constexpr const char* name = "gray";
  friend bool operator==(const Gray&, const Gray&) = default;
};

/// One thing done to an image {1,h,w,3}, RGB in [0, 1], with its parameters.
using Stage =
    std::variant<Blur, Haze, Downsample, Resize, GaussianNoise, PoissonNoise, Jpeg, Gray, ColorJitter>;

/// The side that Python's `extent // ratio` makes of `extent`.
inline int downsampled_side(int extent, double ratio) {
  return static_cast<int>(std::nearbyint((extent - std::fmod(extent, ratio)) / ratio));
}

inline void check(const Haze& s) {
  detail::check_parameter(s.clean >= 0 && s.clean <= 1, s.name, "a clean part of 0 to 1", s.clean);
}
inline void check(const Downsample& s) {
  detail::check_parameter(s.ratio >= 0.1 && s.ratio <= io::max_side, s.name, "a ratio of at least 0.1",
                          s.ratio);
}
inline void check(const Resize& s) {
  for (const int side : {s.height, s.width})
    detail::check_parameter(side >= 1 && side <= io::max_side, s.name,
                            "sides of 1 to " + std::to_string(io::max_side) + " pixels", side);
  const double pixels = static_cast<double>(s.height) * s.width;
  detail::check_parameter(pixels <= static_cast<double>(io::max_pixels), s.name,
                          "at most " + std::to_string(io::max_pixels) + " pixels", pixels);
}
inline void check(const GaussianNoise& s) {
  detail::check_parameter(s.sigma >= 0 && s.sigma <= 255, s.name, "a sigma of 0 to 255 levels", s.sigma);
}
inline void check(const PoissonNoise& s) {
  detail::check_parameter(s.scale >= 1e-3 && s.scale <= 1e9, s.name, "a scale of 0.001 to 1e9 events",
                          s.scale);
}
inline void check(const Jpeg& s) {
  detail::check_parameter(s.quality >= 1 && s.quality <= 100, s.name, "a quality of 1 to 100", s.quality);
}
inline void check(const Gray&) {}
inline void check(const ColorJitter& s) {
  for (const double shift : {s.red, s.green, s.blue})
    detail::check_parameter(std::abs(shift) <= 255, s.name, "shifts of -255 to 255 levels", shift);
}
/// Throws Error, naming the stage, for parameters that are impossible.
inline void check(const Stage& stage) {
  std::visit([](const auto& s) { check(s); }, stage);
}

/// Applies stages one after the other. A blur, haze and resizing that follow one another are linear: they
/// wait until the next stage, and are then one filter, which computes only the pixels that are sampled.
template <class Ex> class StageRunner {
 public:
  /// image {1,h,w,3}, RGB in [0, 1].
  StageRunner(Ex& ex, Tensor<float> image) : ex_(ex), image_(std::move(image)) {}

  void operator()(const Blur& s) {
    if (kernel_ || size_) run_filter();
    kernel_ = separable_kernel(s);
  }
  void operator()(const Haze& s) { clean_ *= s.clean; }
  void operator()(const Downsample& s) {
    const Resize now = size();
    resize({downsampled_side(now.height, s.ratio), downsampled_side(now.width, s.ratio)});
  }
  void operator()(const Resize& s) { resize(s); }
  void operator()(const GaussianNoise& s) {
    const Tensor<float>& x = filtered_image();
    replace(clamp_to_unit(x + Normal<float>{s.stream, x.extents()} * (s.sigma / 255)));
  }
  void operator()(const PoissonNoise& s) {
    replace(clamp_to_unit(Poisson<Tensor<float>>{filtered_image(), s.stream, s.scale}));
  }
  void operator()(const Jpeg& s) { replace(jpeg(filtered_image(), s.quality)); }
  void operator()(const Gray&) { replace(gray(filtered_image())); }
  void operator()(const ColorJitter& s) { replace(color_jittered(s, filtered_image())); }

  Tensor<float> result() { return filtered_image(); }

 private:
  Resize size() const { return size_ ? *size_ : Resize{image_.extents().h, image_.extents().w}; }
  void resize(const Resize& s) {
    if (size_) run_filter();
    check(s);
    size_ = s;
  }
  void run_filter() {
    const Resize to = size();
    const SeparableKernel kernel = kernel_ ? *kernel_ : SeparableKernel{OuterProduct{}};
    const std::span terms(kernel);
    const std::size_t at_once = terms_at_once(terms, to.height, to.width);
    const auto part = [&](std::size_t first) {
      const auto some = terms.subspan(first, std::min(at_once, terms.size() - first));
      return filtered(image_, blur_and_resize<float>(some, image_.extents(), to.height, to.width));
    };
    Tensor<float> sum = eval(ex_, map(Haze{clean_}, part(0)));
    for (std::size_t i = at_once; i < terms.size(); i += at_once) sum = eval(ex_, sum + part(i) * clean_);
    image_ = std::move(sum);
    kernel_.reset();
    size_.reset();
    clean_ = 1;
  }
  const Tensor<float>& filtered_image() {
    if (kernel_ || size_ || clean_ != 1) run_filter();
    return image_;
  }
  template <class E> void replace(const E& e) { image_ = eval(ex_, e); }

  Ex& ex_;
  Tensor<float> image_;
  std::optional<SeparableKernel> kernel_;
  std::optional<Resize> size_;
  double clean_ = 1;
};

/// The stages applied to an image {1,h,w,3}, RGB in [0, 1], in order. Throws Error for impossible parameters.
template <class Ex> Tensor<float> apply(Ex& ex, std::span<const Stage> stages, const Tensor<float>& image) {
  const Extents e = image.extents();
  if (e.n != 1 || e.c != 3 || e.h < 1 || e.w < 1)
    throw Error("degrade: expected one image of 3 channels, found " + to_string(e));
  StageRunner<Ex> run(ex, image);
  for (const Stage& stage : stages) {
    check(stage);
    std::visit([&](const auto& s) { run(s); }, stage);
  }
  return run.result();
}

}  // namespace RFPP_ABI
}  // namespace rfpp::degrade

#endif
