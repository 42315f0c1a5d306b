// A program that compiles stb for itself, between and after our headers.
#include <stb_image.h>

#include "rfpp/io/image_read.hpp"

#define STB_IMAGE_IMPLEMENTATION
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <stb_image.h>
#include "rfpp/io/image_write.hpp"
#define STB_IMAGE_WRITE_IMPLEMENTATION
#include <stb_image_write.h>
#pragma GCC diagnostic pop

#include "catch.hpp"
#include "io/files.hpp"

TEST_CASE("A program's own stb works beside the one inside") {
  const std::string file = files::read(RFPP_TEST_DATA "/io/images/gray.pgm");  // a format ours leaves out
  int width = 0, height = 0, channels = 0;
  stbi_uc* samples = stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                                           static_cast<int>(file.size()), &width, &height, &channels, 0);
  REQUIRE(samples != nullptr);
  const rfpp::io::Image image = rfpp::io::decode_image(files::bytes_of(file));
  CHECK(std::equal(image.samples.begin(), image.samples.end(), samples));
  int size = 0;
  unsigned char* png = stbi_write_png_to_mem(samples, 0, width, height, channels, &size);
  const auto ours = rfpp::io::encode_png(image);
  CHECK(std::equal(ours.begin(), ours.end(), png, png + size));
  std::free(png);
  stbi_image_free(samples);
}

TEST_CASE("A JPEG's samples are stb's own, though its colors are made four channels at a time") {
  for (const std::string name : {"baseline.jpg", "progressive.jpg", "subsampled.jpg", "gray.jpg",
                                 "adobe_rgb.jpg", "cmyk.jpg", "ycck.jpg"}) {
    INFO(name);
    const std::string file = files::read(RFPP_TEST_DATA "/io/images/" + name);
    int width = 0, height = 0, channels = 0;
    stbi_uc* samples = stbi_load_from_memory(reinterpret_cast<const stbi_uc*>(file.data()),
                                             static_cast<int>(file.size()), &width, &height, &channels, 0);
    REQUIRE(samples != nullptr);
    const rfpp::io::Image image = rfpp::io::decode_image(files::bytes_of(file));
    CHECK(image.channels == channels);
    CHECK(std::equal(image.samples.begin(), image.samples.end(), samples));
    stbi_image_free(samples);
  }
}
