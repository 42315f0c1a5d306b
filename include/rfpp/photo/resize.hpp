#ifndef RFPP_PHOTO_RESIZE_HPP
#define RFPP_PHOTO_RESIZE_HPP

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

#include "rfpp/core/error.hpp"
#include "rfpp/io/image.hpp"

namespace rfpp::photo {
inline namespace RFPP_ABI {

/// Which inputs, with which weights, make each output along one axis.
struct ResizeTaps {
  int count = 0;               ///< per output
  std::vector<int> first;      ///< per output; first + k may lie outside the input, whose edge then counts
  std::vector<float> weights;  ///< outputs x count, each output's sum is 1
};

/// Lanczos with a = 4, samples at (i + 0.5) in / out - 0.5; wider in proportion where the image shrinks.
inline ResizeTaps lanczos_taps(int in, int out) {
  const double ratio = static_cast<double>(in) / out, stretch = std::max(1.0, ratio);
  const auto lanczos = [](double x) {
    if (std::abs(x) < 1e-9) return 1.0;
    if (std::abs(x) >= 4) return 0.0;
    const double a = std::numbers::pi * x;
    return std::sin(a) * std::sin(a / 4) * 4 / (a * a);
  };
  ResizeTaps taps{2 * static_cast<int>(std::ceil(4 * stretch)), {}, {}};
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * ratio - 0.5;
    const int first = static_cast<int>(std::floor(center)) - taps.count / 2 + 1;
    std::vector<double> weights;
    double sum = 0;
    for (int k = 0; k < taps.count; ++k) sum += weights.emplace_back(lanczos((first + k - center) / stretch));
    taps.first.push_back(first);
    for (const double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
  }
  return taps;
}

/// One row of samples, of 8 or 16 bits, resized.
template <class Sample>
void resize_row(const Sample* in, int in_width, int channels, const ResizeTaps& taps, float* out) {
  const float* weight = taps.weights.data();
  for (const int first : taps.first) {
    for (int channel = 0; channel < channels; ++channel) out[channel] = 0;
    for (int k = 0; k < taps.count; ++k, ++weight) {
      const Sample* pixel = in + std::clamp(first + k, 0, in_width - 1) * channels;
      for (int channel = 0; channel < channels; ++channel)
        out[channel] += *weight * static_cast<float>(pixel[channel]);
    }
    out += channels;
  }
}

/// Calls write(y, row of floats) for each row of `image`'s samples at width x height; row(y) gives those of
/// the image.
void resize_rows(const io::Image& image, int width, int height, auto&& row, auto&& write) {
  const std::size_t row_size = static_cast<std::size_t>(width) * static_cast<std::size_t>(image.channels);
  const ResizeTaps across = lanczos_taps(image.width, width), down = lanczos_taps(image.height, height);
  // Input rows already resized: as many as an output row needs, each at its index modulo their number.
  const int kept = std::min(down.count, image.height);
  std::vector<std::vector<float>> rows(static_cast<std::size_t>(kept), std::vector<float>(row_size));
  std::vector<float> sum(row_size);
  int next = 0;
  for (int y = 0; y < height; ++y) {
    const int first = down.first[static_cast<std::size_t>(y)];
    const float* weights = down.weights.data() + static_cast<std::ptrdiff_t>(y) * down.count;
    const auto row_of = [&](int input) -> std::vector<float>& {
      return rows[static_cast<std::size_t>(input % kept)];
    };
    for (; next < std::min(first + down.count, image.height); ++next) {
      resize_row(row(next), image.width, image.channels, across, row_of(next).data());
    }
    std::fill(sum.begin(), sum.end(), 0.0F);
    for (int k = 0; k < down.count; ++k) {
      const float* in = row_of(std::clamp(first + k, 0, image.height - 1)).data();
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += weights[k] * in[i];
    }
    write(y, sum);
  }
}

/// Width and height of an image at `scale` times its size. Throws Error for a scale below 1 and a result
/// beyond io::check_size.
inline std::pair<int, int> enlarged_size(const io::Image& image, double scale) {
  if (!(scale >= 1 && scale <= io::max_side))
    throw Error("expected a scale of 1 or more, found " + std::to_string(scale));
  const auto width = std::llround(image.width * scale), height = std::llround(image.height * scale);
  io::check_size(width, height);
  return {static_cast<int>(width), static_cast<int>(height)};
}

/// The image at width x height, by Lanczos interpolation (a = 4); shrinking averages enough pixels not to
/// alias. 16 bits stay 16 bits. Throws Error for a size beyond io::check_size.
inline io::Image resize(const io::Image& image, int width, int height) {
  io::Image out(width, height, image.channels);
  static_cast<io::ImageMetadata&>(out) = image;
  if (image.samples16.empty()) {
    resize_rows(
        image, width, height, [&](int y) { return image.row(y); },
        [&](int y, const std::vector<float>& row) {
          std::transform(row.begin(), row.end(), out.row(y), io::round_to_byte);
        });
    return out;
  }
  std::vector<std::uint16_t> wide, row(image.row_size());
  wide.reserve(out.samples.size());
  resize_rows(
      image, width, height,
      [&](int y) {
        for (std::size_t i = 0; i < row.size(); ++i)
          row[i] = image.sample16(static_cast<std::size_t>(y) * row.size() + i);
        return row.data();
      },
      [&](int, const std::vector<float>& values) {
        for (const float value : values)
          wide.push_back(static_cast<std::uint16_t>(std::clamp(value, 0.0F, 65535.0F) + 0.5F));
      });
  set_samples16(out, std::move(wide));
  return out;
}

}  // namespace RFPP_ABI
}  // namespace rfpp::photo

#endif
