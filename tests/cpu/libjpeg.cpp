#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <jpeglib.h>

#include "rfpp/core/random.hpp"
#include "rfpp/cpu/cpu.hpp"
#include "support.hpp"

using namespace rfpp;
using namespace rfpp::test;

namespace {

/// The image as the installed libjpeg codes and decodes it, with its defaults.
std::vector<unsigned char> through_libjpeg(std::vector<unsigned char> rgb, int width, int height,
                                           int quality) {
  const std::size_t pitch = static_cast<std::size_t>(width) * 3;
  unsigned char* file = nullptr;
  unsigned long size = 0;
  jpeg_error_mgr errors;
  jpeg_compress_struct coder{};
  coder.err = jpeg_std_error(&errors);
  jpeg_create_compress(&coder);
  jpeg_mem_dest(&coder, &file, &size);
  coder.image_width = static_cast<JDIMENSION>(width);
  coder.image_height = static_cast<JDIMENSION>(height);
  coder.input_components = 3;
  coder.in_color_space = JCS_RGB;
  jpeg_set_defaults(&coder);
  jpeg_set_quality(&coder, quality, TRUE);
  jpeg_start_compress(&coder, TRUE);
  for (unsigned char* row = rgb.data(); coder.next_scanline < coder.image_height; row += pitch)
    jpeg_write_scanlines(&coder, &row, 1);
  jpeg_finish_compress(&coder);
  jpeg_destroy_compress(&coder);

  jpeg_decompress_struct decoder{};
  decoder.err = jpeg_std_error(&errors);
  jpeg_create_decompress(&decoder);
  jpeg_mem_src(&decoder, file, size);
  jpeg_read_header(&decoder, TRUE);
  jpeg_start_decompress(&decoder);
  for (unsigned char* row = rgb.data(); decoder.output_scanline < decoder.output_height; row += pitch)
    jpeg_read_scanlines(&decoder, &row, 1);
  jpeg_finish_decompress(&decoder);
  jpeg_destroy_decompress(&decoder);
  std::free(file);
  return rgb;
}

/// Smooth colors under some noise, with black and white borders.
std::vector<unsigned char> picture(const RandomStream& stream, int width, int height) {
  std::vector<unsigned char> rgb;
  const double noise = 80 * uniform(stream, 0);
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c) {
        const double wave = 128 + 150 * std::sin(0.05 * (c + 1) * x + 0.08 * y + c);
        const auto element = static_cast<std::uint32_t>(16 + rgb.size());
        rgb.push_back(static_cast<unsigned char>(
            std::clamp(wave + noise * (uniform(stream, element) - 0.5), 0.0, 255.0)));
      }
  return rgb;
}

}  // namespace

TEST_CASE("a JPEG is that of the installed libjpeg, bit for bit") {
  Cpu ex(2);
  for (std::uint64_t i = 0; i < 200; ++i) {
    const RandomStream stream{1, i, 0};
    const int width = 1 + static_cast<int>(90 * uniform(stream, 1)),
              height = 1 + static_cast<int>(90 * uniform(stream, 2));
    const int quality = 1 + static_cast<int>(100 * uniform(stream, 3));
    const auto rgb = picture(stream, width, height);
    Tensor<float> x(Extents{1, height, width, 3});
    std::transform(rgb.begin(), rgb.end(), x.data(),
                   [](unsigned char v) { return static_cast<float>(v) / 255; });
    const auto coded = eval(ex, jpeg(x, quality));
    const auto expected = through_libjpeg(rgb, width, height, quality);
    int differ = 0;
    for (std::size_t k = 0; k < expected.size(); ++k)
      differ += coded.data()[k] != static_cast<float>(expected[k]) / 255;
    INFO(width << "x" << height << ", quality " << quality);
    CHECK(differ == 0);
  }
}
