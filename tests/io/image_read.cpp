#include "rfpp/io/image_read.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "io/files.hpp"

using files::bytes_of;
using files::error_of;
using rfpp::io::decode_image;
using rfpp::io::Image;
using rfpp::io::read_image;

namespace {

const std::string images_folder = RFPP_TEST_DATA "/io/images/";

/// The pattern of make_images.py: its red, green, blue and alpha.
int pattern_at(int x, int y, int channel) {
  const int values[] = {x * 19, y * 31, (x * y * 7 + 40) % 256, 255 - (x + y) * 9};
  return values[channel];
}

/// How far, at most, the image is from the pattern, of which it holds `channels`.
int distance_from_pattern(const Image& image, const std::vector<int>& channels) {
  REQUIRE(image.width == 13);
  REQUIRE(image.height == 7);
  REQUIRE(image.channels == static_cast<int>(channels.size()));
  REQUIRE(image.samples.size() == 13 * 7 * channels.size());
  int most = 0;
  for (std::size_t i = 0; i < image.samples.size(); ++i) {
    const int pixel = static_cast<int>(i / channels.size());
    most = std::max(
        most, std::abs(image.samples[i] - pattern_at(pixel % 13, pixel / 13, channels[i % channels.size()])));
  }
  return most;
}

int distance_from_smooth(const Image& image) {
  REQUIRE(image.width == 24);
  REQUIRE(image.height == 16);
  REQUIRE(image.channels == 3);
  int most = 0;
  for (int y = 0; y < 16; ++y) {
    for (int x = 0; x < 24; ++x) {
      const std::uint8_t* pixel = image.row(y) + x * 3;
      most = std::max(
          {most, std::abs(pixel[0] - x * 10), std::abs(pixel[1] - y * 15), std::abs(pixel[2] - 128)});
    }
  }
  return most;
}

std::string reading_error(const std::string& name) {
  const std::string error = error_of([&] { read_image(images_folder + name); });
  return error.starts_with(images_folder + name + ": ") ? error.substr(images_folder.size() + name.size() + 2)
                                                        : error;
}

std::string png_size(const std::string& width_and_height) {
  return std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16) + width_and_height +
         std::string("\x08\2\0\0\0????\0\0\0\1IDAT????????\0\0\0\0IEND????", 37);
}

}  // namespace

TEST_CASE("Lossless files are read exactly") {
  for (const std::string name : {"rgb.png", "palette.png", "interlaced.png", "rgb.bmp", "rgb.ppm"}) {
    INFO(name);
    CHECK(distance_from_pattern(read_image(images_folder + name), {0, 1, 2}) == 0);
  }
  CHECK(distance_from_pattern(read_image(images_folder + "rgba.png"), {0, 1, 2, 3}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "top_down.bmp"), {0, 1, 2, 3}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "gray.png"), {2}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "gray.pgm"), {2}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "gray.bmp"), {2, 2, 2}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "gray_alpha.png"), {2, 3}) == 0);
}

TEST_CASE("16 bits are rounded to 8") {
  CHECK(distance_from_pattern(read_image(images_folder + "rgb16.png"), {0, 1, 2}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "rgb16.ppm"), {0, 1, 2}) == 0);
  CHECK(distance_from_pattern(read_image(images_folder + "gray16.png"), {2}) == 0);
}

TEST_CASE("Few bits are spread over 0 to 255") {
  const Image bits = read_image(images_folder + "one_bit.png"),
              levels = read_image(images_folder + "fifteen.pgm");
  REQUIRE(bits.channels == 1);
  REQUIRE(levels.channels == 1);
  for (int y = 0; y < 7; ++y) {
    for (int x = 0; x < 13; ++x) {
      REQUIRE(bits.row(y)[x] == ((x + y) % 3 == 0 ? 255 : 0));
      REQUIRE(levels.row(y)[x] == pattern_at(x, y, 2) / 17 * 17);
    }
  }
}

TEST_CASE("JPEGs are read as another decoder reads them") {
  CHECK(distance_from_smooth(read_image(images_folder + "baseline.jpg")) <= 6);
  CHECK(distance_from_smooth(read_image(images_folder + "progressive.jpg")) <= 6);
  CHECK(distance_from_smooth(read_image(images_folder + "subsampled.jpg")) <= 12);
  const Image gray = read_image(images_folder + "gray.jpg");
  REQUIRE(gray.channels == 1);
  for (int x = 0; x < 24; ++x) CHECK(std::abs(gray.row(7)[x] - x * 10) <= 6);
}

TEST_CASE("All eight EXIF orientations, in both byte orders, are turned upright") {
  for (int orientation = 1; orientation <= 8; ++orientation) {
    INFO("orientation " << orientation);
    const Image image = read_image(images_folder + "orientation_" + std::to_string(orientation) + ".jpg");
    CHECK(distance_from_smooth(image) <= 6);
  }
}

TEST_CASE("A broken EXIF block leaves the picture as it is") {
  std::string file = files::read(images_folder + "orientation_3.jpg");
  const Image upright = decode_image(bytes_of(file));
  const std::size_t tiff = file.find("II*") == file.npos ? file.find("MM") : file.find("II*");
  for (std::size_t i = tiff; i < tiff + 30; ++i) {
    std::string broken = file;
    broken[i] = '\xFF';
    const Image image = decode_image(bytes_of(broken));
    CHECK(image.samples.size() == upright.samples.size());
  }
}

TEST_CASE("Color profiles are read from JPEG and PNG") {
  const Image jpeg = read_image(images_folder + "baseline.jpg"), png = read_image(images_folder + "icc.png");
  CHECK(jpeg.icc_profile.size() == 588);
  CHECK(jpeg.icc_profile == png.icc_profile);
}

TEST_CASE("What is not an image is one clear line") {
  const std::string other = "expected a PNG, JPEG, BMP, PBM, PGM, PPM or PAM image, found something else";
  CHECK(reading_error("text.png") == other);
  CHECK(reading_error("none.png") == "cannot read: No such file or directory");
  CHECK(error_of([] { read_image(RFPP_TEST_DATA); }) == RFPP_TEST_DATA
        ": cannot read: expected a file, found a folder");
  CHECK(error_of([] { decode_image({}); }) == "expected an image, found an empty file");
  CHECK(error_of([] { decode_image(bytes_of("no image")); }) == other);
  CHECK(error_of([] {
          decode_image(bytes_of("GIF89a"));
        }).ends_with("found GIF; convert it to PNG or JPEG first"));
}

TEST_CASE("Sizes out of bounds are refused and named") {
  const std::string bounds = " pixels, expected sides of 1 to 32768 and at most 200000000 pixels";
  CHECK(reading_error("large_20000.png") == "image of 20000x20000" + bounds);
  CHECK(error_of([] { decode_image(bytes_of("P6 20000 20000 255 ")); }) == "image of 20000x20000" + bounds);
  CHECK(error_of([] { decode_image(bytes_of("P5 0 0 255 ")); }) == "image of 0x0" + bounds);
  CHECK(error_of([] { decode_image(bytes_of(png_size(std::string(8, '\0')))); }) == "image of 0x0" + bounds);
  CHECK(error_of([] { decode_image(bytes_of("P5 15000 15000 255 ")); }) == "image of 15000x15000" + bounds);
}

TEST_CASE("A few bytes cannot ask for much memory") {
  CHECK(error_of([] { decode_image(bytes_of(png_size(std::string("\0\0\x10\0\0\0\x10\0", 8)))); }) ==
        "corrupt or truncated: 61 bytes cannot hold 4096x4096 pixels");
  CHECK(error_of([] { decode_image(bytes_of("P6 8000 8000 255 123")); }) ==
        "truncated PNM: expected 192000000 bytes of samples, found 3");
  CHECK(reading_error("bomb.png") == "corrupt, truncated or unsupported image data");
  CHECK(reading_error("chunk_length.png") == "corrupt, truncated or unsupported image data");
}

TEST_CASE("What would harm the decoder is refused before") {
  CHECK(reading_error("huffman.jpg") == "corrupt JPEG: a Huffman table of 640 symbols");
  CHECK(reading_error("scans.jpg") == "corrupt JPEG: more than 64 scans");
  CHECK(error_of([] { decode_image(bytes_of("P5 99999999999999 1 255 ")); }) ==
        "corrupt PNM: expected a number in the header");
  std::string bmp = files::read(images_folder + "rgb.bmp");
  bmp.replace(22, 4, std::string("\0\0\0\x80", 4));  // the one height without an absolute value
  CHECK(error_of([&] { decode_image(bytes_of(bmp)); }).starts_with("image of 13x2147483648 pixels"));
}

TEST_CASE("A file that ends early is refused, wherever it ends") {
  for (const std::string name :
       {"rgb.png", "interlaced.png", "icc.png", "gray16.png", "baseline.jpg", "progressive.jpg",
        "orientation_6.jpg", "rgb.bmp", "top_down.bmp", "rgb.ppm", "rgb16.ppm"}) {
    const std::string file = files::read(images_folder + name);
    // A PNG's last checksum and the padding of a BMP's last row are not needed.
    const std::size_t needed = file.size() - (name.ends_with("png") ? 4 : name == "rgb.bmp" ? 1 : 0);
    for (std::size_t size = 0; size < needed; ++size) {
      INFO(name << " cut to " << size << " of " << file.size() << " bytes");
      bool warned = false;  // JPEGs are read as far as they go, with a word
      const std::string error =
          error_of([&] { warned = !decode_image(bytes_of(file.substr(0, size))).warnings.empty(); });
      REQUIRE((!error.empty() || (name.ends_with("jpg") && warned)));
    }
  }
}

TEST_CASE("Damaged files are read or refused, never more") {
  int refused = 0;
  for (const std::string name :
       {"rgb.png", "palette.png", "baseline.jpg", "progressive.jpg", "gray.bmp", "rgb16.ppm"}) {
    const std::string file = files::read(images_folder + name);
    for (std::size_t i = 0; i < file.size(); ++i) {
      std::string damaged = file;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << i % 8));
      refused += error_of([&] { decode_image(bytes_of(damaged)); }).empty() ? 0 : 1;
    }
  }
  CHECK(refused > 100);
}
