#include "rfpp/io/image_write.hpp"

#include <cstdlib>
#include <string>

#include "catch.hpp"
#include "io/files.hpp"
#include "rfpp/io/image_read.hpp"

using files::error_of;
using rfpp::io::Image;
using rfpp::io::read_image;
using rfpp::io::write_image;

namespace {

Image patterned(int width, int height, int channels) {
  Image image(width, height, channels);
  for (std::size_t i = 0; i < image.samples.size(); ++i)
    image.samples[i] = static_cast<std::uint8_t>(i * i / 3);
  return image;
}

Image ramps(int width, int height, int channels) {
  Image image(width, height, channels);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width * channels; ++x)
      image.row(y)[x] = static_cast<std::uint8_t>(x / channels * 2 + y);
  }
  return image;
}

}  // namespace

TEST_CASE("A PNG comes back as it was written") {
  const files::TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = patterned(37, 11, channels);
    write_image(folder.path / "a.PNG", image);
    const Image read = read_image(folder.path / "a.PNG");
    CHECK(read.width == 37);
    CHECK(read.height == 11);
    CHECK(read.channels == channels);
    CHECK((read.samples == image.samples));
  }
  CHECK(folder.file_count() == 1);
}

TEST_CASE("A PNG of 16 bits comes back as it was written, samples that were changed in 8 bits too") {
  const files::TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    Image image(37, 11, channels);
    std::vector<std::uint16_t> wide(image.samples.size());
    for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = static_cast<std::uint16_t>(i * i * 31);
    set_samples16(image, wide);
    image.samples[5] = wide[5] < 32768 ? 200 : 20;
    wide[5] = static_cast<std::uint16_t>(image.samples[5] * 257);
    write_image(folder.path / "a.png", image);
    const Image read = read_image(folder.path / "a.png");
    CHECK(read.channels == channels);
    CHECK((read.samples == image.samples));
    CHECK((read.samples16 == wide));
  }
}

TEST_CASE("A JPEG comes back nearly as it was written, without alpha") {
  const files::TemporaryFolder folder;
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = ramps(50, 30, channels);
    write_image(folder.path / "a.jpeg", image);
    const Image read = read_image(folder.path / "a.jpeg");
    REQUIRE(read.channels == image.colors());
    int most = 0;
    for (int y = 0; y < 30; ++y) {
      for (int x = 0; x < 50; ++x) {
        for (int color = 0; color < read.channels; ++color) {
          most = std::max(
              most, std::abs(read.row(y)[x * read.channels + color] - image.row(y)[x * channels + color]));
        }
      }
    }
    INFO(channels << " channels");
    CHECK(most <= 4);
  }
}

TEST_CASE("A lower JPEG quality makes a smaller file") {
  const Image image = patterned(64, 64, 3);
  CHECK(rfpp::io::encode_jpeg(image, 30).size() < rfpp::io::encode_jpeg(image, 95).size());
}

TEST_CASE("Color profiles are written to PNG and JPEG where they fit the colors") {
  const files::TemporaryFolder folder;
  const Image source = read_image(RFPP_TEST_DATA "/io/images/baseline.jpg");
  REQUIRE(source.icc_profile.size() == 588);
  for (const std::string name : {"a.png", "a.jpg"}) {
    write_image(folder.path / name, source);
    CHECK((read_image(folder.path / name).icc_profile == source.icc_profile));
  }
  Image large = source;  // more than one JPEG segment holds
  large.icc_profile.resize(200'000, 7);
  large.icc_profile[1] = 3, large.icc_profile[2] = 0x0D, large.icc_profile[3] = 0x40;
  write_image(folder.path / "a.jpg", large);
  CHECK((read_image(folder.path / "a.jpg").icc_profile == large.icc_profile));
  Image gray(8, 8, 1);
  gray.icc_profile = source.icc_profile;
  write_image(folder.path / "a.png", gray);
  CHECK(read_image(folder.path / "a.png").icc_profile.empty());
}

TEST_CASE("What cannot be written is one clear line and leaves no file") {
  const files::TemporaryFolder folder;
  const std::string path = folder.path.string();
  const Image image(4, 4, 3);
  CHECK(error_of([&] { write_image(path + "/a.gif", image); }) ==
        path + "/a.gif: cannot write: expected a name that ends in .png, .jpg or .jpeg");
  CHECK(error_of([&] { write_image(path + "/a.jpg", image, 0); }) ==
        path + "/a.jpg: cannot write: expected a quality of 1 to 100, found 0");
  CHECK(error_of([&] {
          write_image(path + "/a.png", Image());
        }).starts_with(path + "/a.png: cannot write: image of 0x0"));
  CHECK(error_of([&] { write_image(path + "/none/a.png", image); }) ==
        path + "/none/a.png: cannot write: No such file or directory");
  CHECK(folder.file_count() == 0);
}

TEST_CASE("Images become floats in [-1, 1] and back") {
  for (int channels = 1; channels <= 4; ++channels) {
    const Image image = patterned(16, 16, channels);
    std::vector<float> floats(16 * 16 * 3);
    rfpp::io::to_floats(image, floats);
    const Image back = rfpp::io::to_image(floats, 16, 16);
    for (std::size_t pixel = 0; pixel < 256; ++pixel) {
      for (std::size_t color = 0; color < 3; ++color) {
        const std::size_t from = pixel * static_cast<std::size_t>(channels) + (channels < 3 ? 0 : color);
        REQUIRE(floats[pixel * 3 + color] >= -1);
        REQUIRE(floats[pixel * 3 + color] <= 1);
        REQUIRE(back.samples[pixel * 3 + color] == image.samples[from]);
      }
    }
  }
  const float wild[] = {-7, 7, NAN};
  CHECK((rfpp::io::to_image(wild, 1, 1).samples == std::vector<std::uint8_t>{0, 255, 0}));
  CHECK(error_of([&] { rfpp::io::to_image(wild, 2, 1); }) == "to_image: expected 6 samples, found 3");
  std::vector<float> few(2);
  CHECK(error_of([&] { rfpp::io::to_floats(Image(1, 1, 3), few); }) ==
        "to_floats: expected room for 3 samples, found 2");
}
